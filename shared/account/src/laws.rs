//! What every implementation of [`Account`] and of [`Ledger`](crate::Ledger) must do, as one function each.
//!
//! The analysis asks in pieces and the guard compares what it read with what it reads again, so the pieces and
//! the whole have to tell one story.

mod history;
mod interrupted;
mod inventory;
mod ledger;
mod watched;

pub use history::check_history;
pub use inventory::check_inventory;
pub use ledger::check_ledger;
pub use watched::check_watched;

use crate::{Account, CallError, Concurrency, INCIDENT_TAG, Operator, RuleRef};
use loopguard_model::{Facts, Need, Rule, RuleState, Trigger};
use loopguard_pattern::Term;

/// A law that an account breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A call failed that has no reason to.
    #[error(transparent)]
    Failed(#[from] CallError),
    /// An answer is not what the law says.
    #[error("{law}, but here: {seen}")]
    Law {
        /// The law.
        law: &'static str,
        /// What was seen.
        seen: String,
    },
}

fn law(law: &'static str, holds: bool, seen: impl Into<String>) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken::Law { law, seen: seen.into() }) }
}

/// Checks the laws on an account in which the rule exists and is on, and no rule and no bus is called
/// `absent`. The rule is off afterwards.
pub async fn check(account: &impl Account, bus: &str, rule: &str, absent: &str) -> Result<(), Broken> {
    let described = described(account, bus, rule).await?;
    law(
        "a rule has the name and bus it was asked by",
        is_named(&described, bus, rule),
        described.key.to_string(),
    )?;
    law("a rule is read with its targets", described.targets.is_some(), "targets: none")?;
    law("a rule is read without its tags", described.tags.is_empty(), format!("{:?}", described.tags))?;
    law("the rule is on", described.state != RuleState::Disabled, described.state.as_str())?;
    listings_agree(account, &described).await?;
    law(
        "what is kept of the targets is all of them",
        kept_ids(account, bus, rule).await? == target_ids(&described),
        format!("{:?}", target_ids(&described)),
    )?;
    account.remove_targets(bus, rule, &["absent-loopguard"]).await?;
    law(
        "removing what is not there changes nothing",
        kept_ids(account, bus, rule).await? == target_ids(&described),
        "other targets",
    )?;
    absence_is_no_error(account, bus, absent).await?;
    for _ in 0..2 {
        // Twice: switching off what is off is no error.
        account.disable_rule(bus, rule).await?;
    }
    let after = self::described(account, bus, rule).await?;
    law("a disabled rule is read as disabled", after.state == RuleState::Disabled, after.state.as_str())?;
    law(
        "disabling keeps the targets",
        target_ids(&after) == target_ids(&described),
        format!("{:?}", target_ids(&after)),
    )
}

async fn kept_ids(account: &impl Account, bus: &str, rule: &str) -> Result<Vec<String>, Broken> {
    let kept = account.kept_targets(bus, rule).await?;
    let mut ids: Vec<String> = kept.iter().map(|target| target.id.to_string()).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// Checks what an operator's account does besides, on a rule that exists and has targets. The rule is on afterwards, for
/// all events.
pub async fn check_operator(account: &impl Operator, bus: &str, rule: &str) -> Result<(), Broken> {
    let all = RuleState::EnabledWithAllManagementEvents;
    for states in [&[RuleState::Enabled, RuleState::Enabled, all][..], &[all, all]] {
        account.disable_rule(bus, rule).await?;
        account.mark_rule(bus, rule, "incident").await?;
        let off = described(account, bus, rule).await?;
        for &state in states {
            account.enable_rule(bus, rule, state).await?;
            let on = described(account, bus, rule).await?;
            law("a rule is switched on in the state named", on.state == state, on.state.as_str())?;
            let [was, is] = [&off, &on].map(|rule| written(&rule.trigger));
            law("switching on keeps pattern and schedule", was == is, is)?;
            let tags = account.tags(bus, rule).await?;
            law("switching on keeps the tags", tags.contains_key(INCIDENT_TAG), format!("{tags:?}"))?;
            let [was, is] = [&off, &on].map(target_ids);
            law("switching on keeps the targets", was == is, format!("{is:?}"))?;
        }
    }
    targets_come_back(account, bus, rule).await?;
    for _ in 0..2 {
        // Twice: taking away a tag that is not there is no error.
        account.unmark_rule(bus, rule).await?;
    }
    let tags = account.tags(bus, rule).await?;
    law("the mark can be taken away", !tags.contains_key(INCIDENT_TAG), format!("{tags:?}"))?;
    let refused = account.enable_rule(bus, rule, RuleState::Disabled).await;
    law("a rule cannot be switched on in the state off", refused.is_err(), "that was accepted")
}

/// Checks what an operator's account does with a function that exists, has no concurrency reserved and is a target of the rule, and
/// of no other. It has so much reserved as before afterwards.
pub async fn check_brake(
    account: &impl Operator,
    function: &str,
    rule: &RuleRef,
    absent: &str,
) -> Result<(), Broken> {
    let seen = account.function(function).await?;
    let Some(seen) = seen else { return law("a function that exists is found", false, function) };
    law("a function has the ARN it was asked by", *seen.arn == *function, &*seen.arn)?;
    law(
        "a function knows the rules that it is a target of",
        seen.rules.iter().eq([rule]),
        format!("{:?}", seen.rules),
    )?;
    law("all of the function could be read", seen.unread.is_empty(), format!("{:?}", seen.unread))?;
    let reserved = async || account.concurrency(function).await;
    let is = |law_is, wanted: Concurrency, is: Concurrency| law(law_is, is == wanted, format!("{is:?}"));
    is("nothing is reserved for the function", Concurrency::Unreserved, reserved().await?)?;
    for prior in [None, Some(7), Some(1), None] {
        for _ in 0..2 {
            // Twice: braking what is braked changes nothing.
            account.brake(function).await?;
        }
        is("a braked function has a concurrency of 0", Concurrency::Reserved(0), reserved().await?)?;
        let seen = account.function(function).await?.and_then(|seen| seen.reserved);
        law("both readings tell the same", seen == Some(0), format!("{seen:?}"))?;
        for _ in 0..2 {
            // Twice: so does releasing what is released.
            account.release(function, prior).await?;
        }
        let wanted = prior.map_or(Concurrency::Unreserved, Concurrency::Reserved);
        is("a released function has what it is given", wanted, reserved().await?)?;
    }
    let none = account.function(absent).await?;
    law("a function that does not exist is none", none.is_none(), "a function")?;
    is("what does not exist has none reserved", Concurrency::NoFunction, account.concurrency(absent).await?)?;
    law("what does not exist cannot be braked", account.brake(absent).await.is_err(), "that was accepted")
}

/// A target that was removed comes back as it was, and the others are not touched.
async fn targets_come_back(account: &impl Operator, bus: &str, rule: &str) -> Result<(), Broken> {
    let before = described(account, bus, rule).await?;
    let kept = account.kept_targets(bus, rule).await?;
    for target in &kept {
        for _ in 0..2 {
            // Twice: removing a target that is gone is no error.
            account.remove_targets(bus, rule, &[&*target.id]).await?;
        }
        let ids = kept_ids(account, bus, rule).await?;
        let others = kept.iter().filter(|other| other.id != target.id).count();
        law(
            "a removed target is gone, and it alone",
            ids.len() == others && !ids.contains(&target.id.to_string()),
            format!("{ids:?}"),
        )?;
        for _ in 0..2 {
            // Twice: putting a target that is there is no error.
            account.put_targets(bus, rule, std::slice::from_ref(target)).await?;
        }
    }
    let [mut was, mut is] = [kept, account.kept_targets(bus, rule).await?];
    was.sort_unstable();
    is.sort_unstable();
    law("a target that was put back is as it was", was == is, format!("{is:?}"))?;
    let after = described(account, bus, rule).await?;
    law("the rule is as it was", after.state == before.state, after.state.as_str())
}

fn written(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Pattern(pattern) => pattern.to_string(),
        Trigger::Schedule(schedule) => schedule.to_string(),
        Trigger::Both(pattern, schedule) => format!("{pattern} {schedule}"),
        Trigger::Unreadable(why) => why.to_string(),
    }
}

async fn described(account: &impl Account, bus: &str, rule: &str) -> Result<Rule, Broken> {
    let read = account.rule(bus, rule).await?;
    read.ok_or_else(|| Broken::Law { law: "a rule that exists is found", seen: format!("`{rule}` is not") })
}

fn is_named(rule: &Rule, bus: &str, name: &str) -> bool {
    rule.bus == Term::literal(bus) && rule.name == Term::literal(name)
}

fn target_ids(rule: &Rule) -> Vec<&str> {
    let mut ids: Vec<&str> = rule.targets.iter().flatten().map(|target| &*target.id).collect();
    ids.sort_unstable();
    ids
}

/// The pieces that the analysis asks for tell the same as the rule as a whole.
async fn listings_agree(account: &impl Account, described: &Rule) -> Result<(), Broken> {
    let bus = described.bus.clone();
    let Facts::Rules(rules) = account.answer(&Need::RulesOfBus { bus: bus.clone() }).await? else {
        return law("a listing of rules answers with rules", false, "other facts");
    };
    let Some(listed) = rules.iter().find(|rule| rule.key == described.key) else {
        return law("a listing has every rule, under one key", false, format!("{} rules", rules.len()));
    };
    law("a listing leaves targets unread", listed.targets.is_none(), "targets are there")?;
    law("a listing tells the state", listed.state == described.state, listed.state.as_str())?;
    let need = Need::Targets { bus, rule: described.name.clone() };
    let Facts::Targets(targets) = account.answer(&need).await? else {
        return law("a listing of targets answers with targets", false, "other facts");
    };
    let listed = Rule { targets: Some(targets), ..described.clone() };
    law(
        "both readings have the same targets",
        target_ids(&listed) == target_ids(described),
        format!("{:?}", target_ids(&listed)),
    )
}

async fn absence_is_no_error(account: &impl Account, bus: &str, absent: &str) -> Result<(), Broken> {
    let found = account.rule(bus, absent).await?;
    law("a rule that does not exist is none", found.is_none(), "a rule")?;
    let tags = account.tags(bus, absent).await?;
    law("what does not exist has no tags", tags.is_empty(), format!("{tags:?}"))?;
    let need = Need::Targets { bus: Term::literal(bus), rule: Term::literal(absent) };
    let facts = account.answer(&need).await?;
    law("targets of no rule are missing", matches!(facts, Facts::Missing), format!("{facts:?}"))
}
