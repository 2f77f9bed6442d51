//! Undoing one act: read the rule, analyse it as it would be, make it so, note that.

use super::super::told::{Told, add};
use super::super::{Desk, incidents, words};
use super::backlog::Waiting;
use super::way::{Way, named};
use crate::exit::Exit;
use anyhow::{Context, Result, bail};
use loopguard_account::{INCIDENT_TAG, Ledger, Operator};
use loopguard_analysis::{Catalogue, Finding, Verdict};
use loopguard_decision::{Act, Alert, Incident, State};
use loopguard_guard::{Gathered, gather};
use loopguard_model::{Rule, RuleState, Scope};
use loopguard_report::{Levels, Report, escaped};
use serde_json::{Map, Value};

/// Reads that one restoring may cost: far above what a rule reaches.
const MAX_READS: usize = 10_000;

/// The account as the operator has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'a, A> {
    pub(crate) account: &'a A,
    pub(crate) home: &'a Scope,
    pub(crate) catalogue: &'a Catalogue,
}

/// Restores what the incident changed.
pub(crate) async fn restore<A: Operator>(
    ledger: &impl Ledger,
    site: Site<'_, A>,
    id: &str,
    force: bool,
    desk: &Desk,
) -> Result<Told> {
    let incident = incidents::find(ledger, id, desk).await?;
    let alert = words::alert(&incident);
    check_home(&incident, alert.as_ref(), site.home)?;
    let waiting = Waiting::of(&incident, alert.as_ref(), site.account, desk.now).await;
    let mut told = undo(ledger, site, &incident, force, desk).await?;
    told.text.insert_str(0, &waiting.text);
    if let Some(members) = told.json.as_object_mut() {
        members.insert("backlog".to_owned(), waiting.json);
    }
    Ok(told)
}

/// Undoes it, if there is something to undo and the rule does not loop then.
async fn undo<A: Operator>(
    ledger: &impl Ledger,
    site: Site<'_, A>,
    incident: &Incident,
    force: bool,
    desk: &Desk,
) -> Result<Told> {
    let alert = words::alert(incident);
    let name = escaped(&incident.rule.to_string());
    let found = site.account.rule(&incident.rule.bus, &incident.rule.name).await?;
    let rule = match found {
        Some(rule) => rule,
        // Its function is braked all the same.
        None if incident.act.brakes().is_some() => return without_rule(ledger, site, incident, desk).await,
        None => bail!("rule {name} does not exist any more, so there is nothing to restore"),
    };
    if let Some(why) = nothing_to_undo(incident, rule.state.as_str()) {
        return Ok(refused(incident, rule.state, &format!("{name}: {why}\n"), None));
    }
    let way = Way::of(incident, rule.state, site.account).await?;
    if let Way::Nothing = way {
        return already_so(ledger, site.account, incident, rule.state, desk).await;
    }
    if let Way::Reserved { now } = way {
        return Ok(refused(incident, rule.state, &reserved_since(&name, now), None));
    }
    if let Way::Taken(target) = &way {
        let target = std::slice::from_ref(target);
        let text = format!("REFUSED: {name} has another {} now, which this would overwrite\n", named(target));
        return Ok(refused(incident, rule.state, &text, None));
    }
    let then = way.after(&rule, site.home)?;
    let after = gather(site.account, site.catalogue, site.home, then, MAX_READS);
    let after = after.await.context("the rule could not be analysed, so it stays as it is")?;
    let loops = finding(&after, &rule);
    let told = loops.map(|finding| told(&after, finding, site.catalogue));
    if let (Some(finding), Some(told), false) = (loops, &told, force) {
        let would = match finding.verdict {
            Verdict::Loop => "would loop again",
            _ => "may loop again, and what is missing to know that could not be read",
        };
        let text = format!(
            "REFUSED: {name} {would}; {}\n\n{told}\nChange the pattern or the target first; or {}: `{}`\n",
            way.stays(&rule),
            way.all_the_same(),
            desk.command(&format!("restore {} --force", incident.id), None)
        );
        return Ok(refused(incident, rule.state, &text, Some(finding)));
    }
    let receipt = way.take(incident, site.account).await?;
    let mut text = format!("restored {name}: {} (request {})\n", way.done(), escaped(&receipt.request_id));
    unmark(site.account, incident, &mut text).await;
    let noted = note(ledger, incident, desk, &mut text).await;
    match &told {
        Some(told) => {
            text.push_str(&guard_acts_again(ledger, incident, desk).await);
            add(&mut text, format_args!("\n{told}"));
        }
        None => text.push_str("it loops no more, as far as it was analysed\n"),
    }
    text.push_str(&advice(incident, alert.as_ref(), told.is_none()));
    let more = [
        ("request_id", (&*receipt.request_id).into()),
        ("finding", loops.map(|finding| &*finding.id).into()),
    ];
    let json = answer(incident, way.state(&rule), true, noted, more);
    Ok(Told { text, json, exit: if noted { Exit::Clean } else { Exit::Failed } })
}

/// Undoes a brake whose rule is gone: there is nothing to analyse.
async fn without_rule<A: Operator>(
    ledger: &impl Ledger,
    site: Site<'_, A>,
    incident: &Incident,
    desk: &Desk,
) -> Result<Told> {
    let (name, state) = (escaped(&incident.rule.to_string()), RuleState::Unknown);
    if let Some(why) = nothing_to_undo(incident, "gone") {
        return Ok(refused(incident, state, &format!("{name}: {why}\n"), None));
    }
    let way = Way::of(incident, state, site.account).await?;
    match way {
        Way::Nothing => return already_so(ledger, site.account, incident, state, desk).await,
        Way::Reserved { now } => return Ok(refused(incident, state, &reserved_since(&name, now), None)),
        _ => {}
    }
    let receipt = way.take(incident, site.account).await?;
    let request = escaped(&receipt.request_id);
    let mut text =
        format!("restored {name}, a rule that does not exist any more: {} (request {request})\n", way.done());
    let noted = note(ledger, incident, desk, &mut text).await;
    let json = answer(incident, state, true, noted, [("request_id", (&*receipt.request_id).into())]);
    Ok(Told { text, json, exit: if noted { Exit::Clean } else { Exit::Failed } })
}

fn reserved_since(name: &str, now: Option<u32>) -> String {
    let now = words::reserved(now);
    format!(
        "REFUSED: somebody has set the reserved concurrency of {name}'s function to {now}, which this would overwrite\n"
    )
}

/// An incident of one account or region says nothing about a rule of that name elsewhere.
fn check_home(incident: &Incident, alert: Option<&Alert>, home: &Scope) -> Result<()> {
    let Some(alert) = alert else { return Ok(()) };
    let here = [home.account.to_string(), home.region.to_string()];
    if here == [&*alert.account, &*alert.region] {
        return Ok(());
    }
    let [account, region] = here;
    bail!(
        "incident {} is of account {}, region {}; these credentials are of account {account}, region {region}",
        escaped(&incident.id),
        escaped(&alert.account),
        escaped(&alert.region)
    )
}

/// Returns why the incident leaves nothing to undo.
fn nothing_to_undo(incident: &Incident, now: &str) -> Option<String> {
    if incident.may_be_undone() {
        return None;
    }
    match &incident.state {
        State::Intended => Some(format!(
            "the act is not ended yet: the guard ends it within minutes, if need be with its next sweep (the rule is {now})"
        )),
        State::Ended { end, .. } => Some(format!(
            "the guard did nothing to the rule here ({}), so there is nothing to undo (the rule is {now})",
            end.as_str()
        )),
        State::Restored { at, by, .. } => Some(format!(
            "it was restored at {at} by {}; whatever happened since is another matter (the rule is {now})",
            escaped(by)
        )),
    }
}

async fn already_so(
    ledger: &impl Ledger,
    account: &impl Operator,
    incident: &Incident,
    state: RuleState,
    desk: &Desk,
) -> Result<Told> {
    let name = escaped(&incident.rule.to_string());
    let mut text = match &incident.act {
        Act::DisableRule | Act::InterruptRule { .. } => {
            format!("{name} is on already ({}); nothing was done\n", state.as_str())
        }
        Act::RemoveTargets { targets } => {
            format!("{name} has {} already; nothing was done\n", named(targets))
        }
        Act::BrakeFunction { prior, .. } => format!(
            "the function of {name} has its reserved concurrency already ({}); nothing was done\n",
            words::reserved(*prior)
        ),
    };
    unmark(account, incident, &mut text).await;
    let noted = note(ledger, incident, desk, &mut text).await;
    let json = answer(incident, state, false, noted, []);
    Ok(Told { text, json, exit: if noted { Exit::Clean } else { Exit::Failed } })
}

/// Takes the tag away that says why the rule is not as it was. Only a courtesy, as setting it is.
async fn unmark(account: &impl Operator, incident: &Incident, text: &mut String) {
    let rule = &incident.rule;
    if incident.act.brakes().is_some() {
        // The rule was not tagged: a service manages it.
        return;
    }
    if let Err(error) = account.unmark_rule(&rule.bus, &rule.name).await {
        let why = escaped(&error.to_string());
        add(text, format_args!("the tag `{INCIDENT_TAG}` is still on the rule: {why}\n"));
    }
}

/// Notes in the ledger that the act is undone, and says so. What was done is told even if that fails.
async fn note(ledger: &impl Ledger, incident: &Incident, desk: &Desk, text: &mut String) -> bool {
    match ledger.restored(&incident.id, desk.now, &desk.by).await {
        Ok(_) => {
            add(text, format_args!("noted with incident {}, by {}\n", incident.id, escaped(&desk.by)));
            true
        }
        Err(error) => {
            add(
                text,
                format_args!(
                    "NOT NOTED in the ledger, so the guard may do it again: {}\nrun the same command again\n",
                    escaped(&error.to_string())
                ),
            );
            false
        }
    }
}

/// Returns the finding by which the rule loops, or may.
fn finding<'a>(after: &'a Gathered, rule: &Rule) -> Option<&'a Finding> {
    let of_rule = || after.analysis.findings.iter().filter(|finding| finding.rules.contains(&rule.key));
    let first = |verdict: Verdict| of_rule().find(|finding| finding.verdict == verdict);
    first(Verdict::Loop).or_else(|| first(Verdict::Unknown))
}

fn told(after: &Gathered, finding: &Finding, catalogue: &Catalogue) -> String {
    let report = Report {
        inventory: &after.inventory,
        analysis: &after.analysis,
        catalogue: catalogue.describe(),
        levels: &Levels::default(),
    };
    loopguard_report::finding(&report, finding)
}

/// A rule that loops and is switched on is a new cause for the guard, unless something holds it back.
async fn guard_acts_again(ledger: &impl Ledger, incident: &Incident, desk: &Desk) -> String {
    let held = ledger.view(&incident.rule, desk.now).await;
    if let Ok(view) = &held {
        if let Some(exemption) = &view.exemption {
            return format!("it loops; the guard leaves it on until {}: it is exempt\n", exemption.until);
        }
        if let Some(pause) = &view.pause {
            return format!("it loops; the guard leaves it on while it is paused, {}\n", words::until(pause));
        }
    }
    let exempt = format!("exempt {} --until 1d --reason TEXT", incident.rule);
    format!(
        "IT LOOPS, and the guard may do the same again within minutes; to keep it on: `{}`\n",
        escaped(&desk.command(&exempt, None))
    )
}

/// What is left to do: whoever deploys the rule still has it as it was.
fn advice(incident: &Incident, alert: Option<&Alert>, is_mended: bool) -> String {
    let mut text = String::new();
    // A managed rule stands in no template.
    if incident.act.brakes().is_none() {
        text.push_str("\nThe next deployment of the rule's template brings back what it says: ");
        text.push_str(if is_mended { "change it there, too\n" } else { "change the rule there\n" });
    }
    for remedy in alert.iter().flat_map(|alert| &alert.remedies) {
        add(&mut text, format_args!("a change that breaks the loop: {}\n", escaped(remedy)));
    }
    text
}

fn refused(incident: &Incident, state: RuleState, text: &str, finding: Option<&Finding>) -> Told {
    let more =
        [("refused", text.lines().next().into()), ("finding", finding.map(|finding| &*finding.id).into())];
    let json = answer(incident, state, false, false, more);
    Told { text: text.to_owned(), json, exit: Exit::Found }
}

/// What every answer says, for programs, and what this one says besides.
fn answer<const N: usize>(
    incident: &Incident,
    state: RuleState,
    restored: bool,
    noted: bool,
    more: [(&str, Value); N],
) -> Value {
    let all = [
        ("id", (&*incident.id).into()),
        ("bus", (&*incident.rule.bus).into()),
        ("rule", (&*incident.rule.name).into()),
        ("state", state.as_str().into()),
        ("restored", restored.into()),
        ("noted", noted.into()),
    ];
    all.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
}
