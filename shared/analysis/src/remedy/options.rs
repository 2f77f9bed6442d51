//! Which changes may break a hop, the one that loses least first.

use super::change::Change;
use super::lead::Step;
use crate::emission::{API_CALL, Field, Identity};
use loopguard_model::{Inventory, Rule, Scope};
use loopguard_pattern::Term;

const ISSUER: &str = "detail.userIdentity.sessionContext.sessionIssuer.arn";
const CALLER: &str = "detail.userIdentity.arn";

/// The most fields of an event that are tried as what tells it apart.
const MOST_FIELDS: usize = 4;

/// Paths that say what an event is about, not which thing it happened to.
const NO_RESOURCE: [&str; 7] = [
    "detail.eventName",
    "detail.eventSource",
    "detail.awsRegion",
    "detail.eventType",
    "detail.errorCode",
    "detail.errorMessage",
    "detail.requestParameters.source",
];

/// Paths that many things share: the first are tried last, since most is lost with them.
const SHARED: [&str; 24] = [
    "detail.state",
    "detail.status",
    "detail.Status",
    "detail.lastStatus",
    "detail.desiredStatus",
    "detail.build-status",
    "detail.currentPipelineExecutionStatus",
    "detail.event",
    "detail.EventID",
    "detail.result",
    "detail.reason",
    "detail.configurationItem.resourceType",
    "detail.resourceType",
    "detail.resource-type",
    "detail.clusterArn",
    "detail.requestParameters.cluster",
    "detail.jobQueue",
    "detail.requestParameters.jobQueue",
    "detail.bucket.name",
    "detail.requestParameters.bucketName",
    "detail.databaseName",
    "detail.requestParameters.databaseName",
    "detail.requestParameters.eventBusName",
    "detail.requestParameters.clusterName",
];

/// One change, in words.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) change: Change,
    /// What the change does.
    pub(super) headline: String,
    /// What it loses beside the target's own events; empty: nothing.
    pub(super) loses: String,
}

/// Returns the changes of the rule that hears which may break the hop.
pub(super) fn of(step: &Step, rule: &Rule, inventory: &Inventory) -> Vec<Choice> {
    let mut choices = Vec::new();
    if *step.detail_type == *API_CALL {
        choices.extend(identity(step, rule, inventory));
        choices.push(Choice {
            change: Change::Only { absent: "detail.errorCode".to_owned() },
            headline: "leave out calls that fail".to_owned(),
            loses: "calls that fail, whoever makes them".to_owned(),
        });
    }
    if &*step.action == "events:StartReplay" {
        choices.push(Choice {
            change: Change::Only { absent: "replay-name".to_owned() },
            headline: "leave out events that are replayed from an archive".to_owned(),
            loses: "replayed events, whoever replays them".to_owned(),
        });
    }
    choices.extend(resources(step));
    if let Some(name) = &step.event_name {
        choices.push(Choice {
            change: Change::Without { path: "detail.eventName".to_owned(), texts: vec![Term::literal(name)] },
            headline: format!("do not listen to `{name}`"),
            loses: format!("every `{name}`, whoever calls it"),
        });
    }
    choices
}

/// By who calls: the whole role iff nothing else that was read uses it, else the one session where it is fixed.
pub(super) fn identity(step: &Step, rule: &Rule, inventory: &Inventory) -> Option<Choice> {
    let Identity::Role { arn: Some(issuer), name, session, .. } = step.identity.as_ref()? else {
        return None;
    };
    let shared = inventory.users_of(issuer) > 1;
    let (path, value, loses) = match (shared, name, session) {
        (true, Some(name), Some(session)) => (CALLER, caller(&rule.scope, name, session), ""),
        (true, ..) => (ISSUER, issuer.clone(), "the calls of others that use the role"),
        (false, ..) => (ISSUER, issuer.clone(), ""),
    };
    Some(Choice {
        headline: format!("leave out the calls that `{value}` makes itself"),
        change: Change::Without { path: path.to_owned(), texts: vec![value] },
        loses: loses.to_owned(),
    })
}

fn caller(scope: &Scope, role: &Term, session: &Term) -> Term {
    let start =
        [Term::literal("arn:"), scope.partition.clone(), Term::literal(":sts::"), scope.account.clone()];
    let end = [Term::literal(":assumed-role/"), role.clone(), Term::literal("/"), session.clone()];
    Term::concat(start.into_iter().chain(end))
}

/// By what the event is about, where that is known: another bucket, another machine, another state.
fn resources(step: &Step) -> Vec<Choice> {
    let about = |path: &str| {
        path.starts_with("detail.")
            && !path.starts_with("detail.userIdentity.")
            && !path.starts_with("detail.source")
            && !NO_RESOURCE.contains(&path)
    };
    let mut fields: Vec<_> = step.fields.iter().filter(|(path, _)| about(path)).collect();
    fields.sort_by_key(|(path, _)| std::cmp::Reverse(narrowness(path)));
    let changes = fields.into_iter().filter_map(|(path, field)| elsewhere(path, field));
    changes.take(MOST_FIELDS).map(by_resource).collect()
}

/// Returns how few things share what stands at the path.
fn narrowness(path: &str) -> usize {
    SHARED.iter().position(|shared| *shared == path).unwrap_or(SHARED.len())
}

/// The change that leaves out what stands at the path, where that is known.
fn elsewhere(path: &str, field: &Field) -> Option<Change> {
    let (Field::Exactly(globs) | Field::Maybe(globs)) = field else { return None };
    let exact: Option<Vec<Term>> = globs.iter().map(|glob| glob.as_exact().cloned()).collect();
    if let Some(texts) = exact {
        return Some(Change::Without { path: path.to_owned(), texts });
    }
    let [glob] = &**globs else { return None };
    let pieces = glob.to_wildcard().pieces;
    let [prefix, rest] = pieces.as_slice() else { return None };
    (*rest == Term::default() && *prefix != Term::default())
        .then(|| Change::WithoutPrefix { path: path.to_owned(), prefix: prefix.clone() })
}

fn by_resource(change: Change) -> Choice {
    let (path, texts) = match &change {
        Change::Without { path, texts } => {
            (path, texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", "))
        }
        Change::WithoutPrefix { path, prefix } => (path, format!("`{prefix}...`")),
        Change::Only { absent } => (absent, "anything".to_owned()),
    };
    Choice {
        headline: format!("leave out events with {texts} as `{path}`"),
        loses: format!("every event with {texts} as `{path}`, whoever causes it"),
        change,
    }
}
