//! What was found of a guard, judged.

use super::super::told::{Told, add};
use super::super::words;
use crate::exit::Exit;
use loopguard_account::{CallError, Pause, Timestamp};
use loopguard_aws::{CHANGE_RULES, ChangeRule, Function, Installation, Listeners, Mapping, Queue};
use loopguard_decision::{Mode, Settings};
use loopguard_model::{Scope, Trails};
use loopguard_pattern::{matches, parse};
use loopguard_report::escaped;
use serde_json::{Value, json};

/// Who looks, when and where, and what the guard's ledger said.
#[derive(Debug)]
pub(in super::super) struct Conversation<'a> {
    pub(in super::super) scope: &'a Scope,
    pub(in super::super) by: &'a str,
    /// The pause; none: the table is not known.
    pub(in super::super) pause: Option<Result<Option<Pause>, CallError>>,
    /// The IAM actions that the guard's role lacks; none: the role is not known.
    pub(in super::super) lacks: Option<Result<Vec<String>, CallError>>,
    /// When a selftest last ended in an act; none: never, or nobody could look.
    pub(in super::super) tried: Option<Timestamp>,
    pub(in super::super) now: Timestamp,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Ok,
    /// Worth knowing; the guard works.
    Note,
    /// It keeps the guard from its work, or that could not be seen.
    Bad,
}

impl Health {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Bad => "BAD",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug)]
struct Check {
    what: &'static str,
    health: Health,
    says: String,
    /// What to do.
    mend: Option<String>,
}

/// Returns what was found, judged: [`Exit::Found`] iff something keeps the guard from its work.
pub(in super::super) fn examine(found: &Installation, with: &Conversation<'_>) -> Told {
    let mut checks = Checks::default();
    checks.trails(&found.trails);
    checks.rules(&found.rules, with);
    checks.queue(found.queue.as_ref());
    checks.mappings(found.mappings.as_ref());
    let settings = checks.function(found.function.as_ref(), found.rules.as_ref().ok(), with);
    checks.permissions(with.lacks.as_ref());
    checks.ledger(with.pause.as_ref(), with.now);
    checks.listeners(found.listeners.as_ref(), settings.as_ref());
    checks.tried(settings.as_ref(), with.tried);
    checks.told(with)
}

#[derive(Debug, Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, what: &'static str, health: Health, says: impl Into<String>, mend: Option<&str>) {
        self.0.push(Check { what, health, says: says.into(), mend: mend.map(ToOwned::to_owned) });
    }

    fn unread(&mut self, what: &'static str, error: &CallError) {
        let mend = format!("allow `{}`, or look yourself", error.operation);
        self.add(
            what,
            Health::Bad,
            format!("could not be read: {}", escaped(&error.to_string())),
            Some(&mend),
        );
    }

    fn trails(&mut self, trails: &Result<Trails, CallError>) {
        match trails {
            Err(error) => self.unread("trail", error),
            Ok(trails) if !trails.logging => self.add(
                "trail",
                Health::Bad,
                "no trail logs here, so that no call becomes an event and the guard is never woken",
                Some("create a trail that logs management events; one of the organisation counts"),
            ),
            Ok(trails) if !trails.management_writes => self.add(
                "trail",
                Health::Bad,
                "trails log here, but none selects management events that write",
                Some("have a trail select management events, `WriteOnly` or `All`"),
            ),
            Ok(_) => self.add("trail", Health::Ok, "a trail logs management events", None),
        }
    }

    fn rules(&mut self, rules: &Result<Vec<ChangeRule>, CallError>, with: &Conversation<'_>) {
        let rules = match rules {
            Ok(rules) => rules,
            Err(error) => return self.unread("rule", error),
        };
        let Some(rule) = rules.first() else {
            return self.add(
                "rule",
                Health::Bad,
                format!(
                    "no rule `{CHANGE_RULES}*` on the default bus: there is no guard in {}",
                    with.scope.region
                ),
                Some("deploy it (docs/deploy.md), or name its region with --region"),
            );
        };
        let name = escaped(&rule.name);
        if !rule.is_on {
            let mend = format!("aws events enable-rule --name {name}");
            self.add("rule", Health::Bad, format!("rule `{name}` is disabled"), Some(&mend));
        } else if rule.queue_arn.is_none() {
            let says = format!("rule `{name}` has no queue as target");
            self.add("rule", Health::Bad, says, Some("deploy the stack again"));
        } else if !hears(rule, &change(with, &json!({"type": "IAMUser"}))) {
            let says =
                format!("the pattern of rule `{name}` does not hear a change of a rule by an IAM user");
            self.add("rule", Health::Bad, says, Some("deploy the stack again"));
        } else {
            self.add("rule", Health::Ok, format!("`{name}` is on and hears changes of rules"), None);
        }
        if rules.len() > 1 {
            let says = format!("{} rules `{CHANGE_RULES}*`: so many guards look at each change", rules.len());
            self.add("rule", Health::Note, says, Some("one stack in a region is enough"));
        }
    }

    fn queue(&mut self, queue: Option<&Result<Queue, CallError>>) {
        match queue {
            None => {}
            Some(Err(error)) => self.unread("queue", error),
            Some(Ok(Queue { waiting, dead })) => {
                self.add("queue", Health::Ok, format!("{waiting} changes wait"), None);
                match dead {
                    None => self.add(
                        "dead letters",
                        Health::Note,
                        "the queue has none, so that what cannot be looked at is lost in the end",
                        Some("deploy the stack again"),
                    ),
                    Some(0) => self.add("dead letters", Health::Ok, "none", None),
                    Some(dead) => self.add(
                        "dead letters",
                        Health::Bad,
                        format!("{dead} changes could not be looked at, or alerts not be sent"),
                        Some("read the function's log, then send them back (docs/runbook.md)"),
                    ),
                }
            }
        }
    }

    fn mappings(&mut self, mappings: Option<&Result<Vec<Mapping>, CallError>>) {
        match mappings {
            None => {}
            Some(Err(error)) => self.unread("function", error),
            Some(Ok(mappings)) if mappings.is_empty() => {
                self.add(
                    "function",
                    Health::Bad,
                    "no function takes from the queue",
                    Some("deploy the stack again"),
                );
            }
            Some(Ok(mappings)) => {
                for mapping in mappings.iter().filter(|mapping| !mapping.is_on) {
                    let says =
                        format!("`{}` does not take from the queue: that is off", escaped(&mapping.function));
                    self.add("function", Health::Bad, says, Some("switch the event-source mapping on"));
                }
            }
        }
    }

    /// Judges the function and returns its settings, if they are understood.
    fn function(
        &mut self,
        function: Option<&Result<Function, CallError>>,
        rules: Option<&Vec<ChangeRule>>,
        with: &Conversation<'_>,
    ) -> Option<Settings> {
        let function = match function? {
            Ok(function) => function,
            Err(error) => {
                self.unread("function", error);
                return None;
            }
        };
        match &function.broken {
            Some(why) => self.add("function", Health::Bad, escaped(why), Some("deploy the stack again")),
            None => self.add("function", Health::Ok, format!("`{}` can run", escaped(&function.arn)), None),
        }
        let settings = match Settings::from_pairs(function.environment.clone()) {
            Ok(settings) => settings,
            Err(error) => {
                self.add(
                    "settings",
                    Health::Bad,
                    escaped(&error.to_string()),
                    Some("change the stack's parameters"),
                );
                return None;
            }
        };
        let mode = format!("mode `{}`", settings.mode);
        if settings.mode == Mode::Enforce && settings.scope == loopguard_decision::Scope::nothing() {
            let mend = Some("name rules that may be disabled with the parameter `Scope`");
            self.add(
                "settings",
                Health::Note,
                format!("{mode}, but the scope is empty: nothing is disabled"),
                mend,
            );
        } else {
            self.add("settings", Health::Ok, mode, None);
        }
        let own = settings.own_role_arn.as_deref().unwrap_or_default();
        let itself =
            json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"type": "Role", "arn": own}}});
        if rules.and_then(|rules| rules.first()).is_some_and(|rule| hears(rule, &change(with, &itself))) {
            let says = "the rule hears the guard's own calls, each of which wakes it again";
            self.add("rule", Health::Bad, says, Some("deploy the stack again"));
        }
        Some(settings)
    }

    fn permissions(&mut self, lacks: Option<&Result<Vec<String>, CallError>>) {
        match lacks {
            None => {}
            Some(Err(error)) => self.unread("permissions", error),
            Some(Ok(lacks)) if lacks.is_empty() => {
                self.add("permissions", Health::Ok, "the guard's role has what its code asks for", None);
            }
            Some(Ok(lacks)) => {
                let says = format!("the guard's role may not {}", escaped(&lacks.join(", ")));
                self.add(
                    "permissions",
                    Health::Bad,
                    says,
                    Some("deploy the stack again, or mend the role's boundary"),
                );
            }
        }
    }

    fn ledger(&mut self, pause: Option<&Result<Option<Pause>, CallError>>, now: Timestamp) {
        match pause {
            None => {}
            Some(Err(error)) => self.unread("ledger", error),
            Some(Ok(Some(pause))) if pause.holds(now) => {
                let (by, until) = (escaped(&pause.by), words::until(pause));
                let says = format!("paused by {by} {until}: the guard tells and does nothing");
                self.add("ledger", Health::Note, says, Some("loopguard resume"));
            }
            Some(Ok(_)) => self.add("ledger", Health::Ok, "answers; the guard is not paused", None),
        }
    }

    fn listeners(&mut self, listeners: Option<&Result<Listeners, CallError>>, settings: Option<&Settings>) {
        match listeners {
            None if settings.is_some_and(|settings| settings.topic_arn.is_none()) => self.add(
                "alerts",
                Health::Bad,
                "the function has no topic, so that alerts are in its log alone",
                Some("deploy the stack again"),
            ),
            None => {}
            Some(Err(error)) => self.unread("alerts", error),
            Some(Ok(Listeners { confirmed: 0, pending })) => {
                let says = format!("nobody is told; {pending} subscriptions wait to be confirmed");
                let mend = "confirm the mail, or subscribe what your people on call use to the topic";
                self.add("alerts", Health::Bad, says, Some(mend));
            }
            Some(Ok(Listeners { confirmed, pending })) => {
                self.add("alerts", Health::Ok, format!("{confirmed} confirmed subscriptions"), None);
                if *pending > 0 {
                    let says = format!("{pending} subscriptions wait to be confirmed, and get nothing");
                    self.add("alerts", Health::Note, says, None);
                }
            }
        }
    }

    /// Whoever lets the guard act wants to have seen once that it does.
    fn tried(&mut self, settings: Option<&Settings>, tried: Option<Timestamp>) {
        if settings.is_none_or(|settings| settings.mode != Mode::Enforce) {
            return;
        }
        match tried {
            Some(at) => {
                self.add("selftest", Health::Ok, format!("a loop was stopped for trial at {at}"), None);
            }
            None => self.add(
                "selftest",
                Health::Note,
                "mode `enforce`, but nobody has seen this guard stop a loop",
                Some("loopguard selftest"),
            ),
        }
    }

    fn told(self, with: &Conversation<'_>) -> Told {
        let worst = self.0.iter().map(|check| check.health).max().unwrap_or(Health::Ok);
        let place = format!("account {}, region {}", with.scope.account, with.scope.region);
        let mut text = format!("{}, as {}\n\n", escaped(&place), escaped(with.by));
        for Check { what, health, says, mend } in &self.0 {
            add(&mut text, format_args!("{:<5} {what:<13} {says}\n", health.as_str()));
            if let Some(mend) = mend {
                add(&mut text, format_args!("{:<19} -> {mend}\n", ""));
            }
        }
        text.push_str(match worst {
            Health::Bad => "\nsomething keeps the guard from its work\n",
            Health::Ok | Health::Note => "\nthe guard can do its work\n",
        });
        let check = |check: &Check| {
            json!({"what": check.what, "health": check.health.as_str().to_lowercase(), "says": check.says,
                "mend": check.mend})
        };
        let checks: Vec<Value> = self.0.iter().map(check).collect();
        let json = json!({"account": with.scope.account.to_string(), "region": with.scope.region.to_string(),
            "well": worst != Health::Bad, "checks": checks});
        Told { text, json, exit: if worst == Health::Bad { Exit::Found } else { Exit::Clean } }
    }
}

fn hears(rule: &ChangeRule, event: &Value) -> bool {
    parse(&rule.pattern).is_ok_and(|pattern| matches(&pattern, &event.to_string()).unwrap_or(false))
}

/// The event of a change of a rule by whom the identity says.
fn change(with: &Conversation<'_>, identity: &Value) -> Value {
    json!({
        "version": "0", "id": "00000000-0000-4000-8000-000000000000", "source": "aws.events",
        "detail-type": "AWS API Call via CloudTrail", "time": "2026-01-01T00:00:00Z", "resources": [],
        "account": with.scope.account.to_string(), "region": with.scope.region.to_string(),
        "detail": {
            "eventSource": "events.amazonaws.com", "eventName": "PutTargets", "userIdentity": identity,
            "requestParameters": {"rule": "r"}, "readOnly": false,
        },
    })
}

#[cfg(test)]
mod tests;
