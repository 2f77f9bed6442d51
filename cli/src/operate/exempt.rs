//! `loopguard exempt`: rules that the guard leaves alone, until a date and for a reason.

use super::told::{Told, add};
use super::{Command, Desk, Place, dates, words};
use crate::exit::Exit;
use anyhow::{Result, anyhow, bail};
use clap::{ArgGroup, Args};
use loopguard_account::Ledger;
use loopguard_decision::{Exemption, RuleRef};
use loopguard_report::escaped;
use serde_json::{Value, json};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard exempt nightly-copy --until 2026-12-24 --reason 'moves to a new bucket, \
    ticket 4711'\n  loopguard exempt orders/retry --until 30d --reason 'ends by itself after three rounds'\n  loopguard \
    exempt nightly-copy --end\n  loopguard exempt --list\n\nThe guard still tells of an exempt rule, and does not disable \
    it. An earlier exemption of the rule is replaced; 400 days is the longest.\n\nExit codes: 0 done, 1 --end of what is \
    not exempt, 2 could not run."
)]
#[command(group = ArgGroup::new("what").required(true).args(["until", "end", "list"]))]
pub(crate) struct ExemptArgs {
    /// NAME on the default bus, BUS/NAME, or the rule's ARN
    #[arg(required_unless_present = "list", conflicts_with = "list")]
    rule: Option<String>,
    /// Until when: 2026-12-24 (its beginning, UTC), 2026-12-24T10:00Z, or 30d
    #[arg(long, value_name = "DATE", requires = "reason", allow_hyphen_values = true)]
    until: Option<String>,
    /// Why, for whoever finds it
    #[arg(long, value_name = "TEXT", requires = "until")]
    reason: Option<String>,
    /// End the exemption of the rule
    #[arg(long)]
    end: bool,
    /// List the exemptions
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    place: Place,
}

impl Command for ExemptArgs {
    fn place(&self) -> &Place {
        &self.place
    }

    #[cfg(feature = "account")]
    fn rule(&self) -> Option<RuleRef> {
        // What is ended need not exist any more.
        let named = self.until.as_ref().and(self.rule.as_deref())?;
        rule(named, None).ok()
    }

    async fn run<L: Ledger>(&self, ledger: &L, desk: &Desk) -> Result<Told> {
        let Some(named) = &self.rule else { return list(ledger, desk).await };
        let rule = rule(named, Some(desk))?;
        match (&self.until, &self.reason) {
            (Some(until), Some(reason)) => exempt(ledger, &rule, until, reason, desk).await,
            _ => end(ledger, &rule, desk).await,
        }
    }
}

/// Reads what names a rule. An ARN has to be of the account and region of the desk.
pub(super) fn rule(text: &str, desk: Option<&Desk>) -> Result<RuleRef> {
    let (bus, name) = if text.starts_with("arn:") { of_arn(text, desk)? } else { of_name(text) };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    // API reference, `PutRule` and `CreateEventBus`.
    let is_rule = (1..=64).contains(&name.len()) && name.chars().all(plain);
    let is_bus = (1..=256).contains(&bus.len()) && bus.chars().all(|c| plain(c) || c == '/');
    if is_rule && is_bus {
        Ok(RuleRef { bus: bus.into(), name: name.into() })
    } else {
        bail!("`{}` names no rule: write NAME, BUS/NAME or the rule's ARN", escaped(text))
    }
}

fn of_name(text: &str) -> (&str, &str) {
    text.rsplit_once('/').unwrap_or(("default", text))
}

fn of_arn<'a>(arn: &'a str, desk: Option<&Desk>) -> Result<(&'a str, &'a str)> {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "events", region, account, resource] = fields.as_slice() else {
        bail!("`{}` is no ARN of a rule (`arn:aws:events:REGION:ACCOUNT:rule/NAME`)", escaped(arn));
    };
    let Some(path) = resource.strip_prefix("rule/") else {
        bail!("`{}` is the ARN of no rule, but of `{}`", escaped(arn), escaped(resource));
    };
    if let Some(home) = desk.and_then(|desk| desk.home.as_ref()) {
        let here = [home.account.to_string(), home.region.to_string()];
        if here != [*account, *region] {
            let [account, region] = here;
            bail!("`{}` is a rule elsewhere: this is account {account}, region {region}", escaped(arn));
        }
    }
    Ok(of_name(path))
}

/// Exempts a rule.
pub(super) async fn exempt(
    ledger: &impl Ledger,
    rule: &RuleRef,
    until: &str,
    reason: &str,
    desk: &Desk,
) -> Result<Told> {
    let until = dates::until(until, desk.now).map_err(|error| anyhow!("--until: {error}"))?;
    let reason = reason.trim();
    if reason.is_empty() {
        bail!("--reason is empty: whoever finds the exemption has to know why it is there");
    }
    let before = held(ledger, rule).await?.filter(|exemption| exemption.holds(desk.now));
    let exemption = Exemption { until, reason: reason.into(), at: desk.now, by: desk.by.clone() };
    ledger.set_exemption(rule, Some(exemption.clone())).await?;
    let name = escaped(&rule.to_string());
    let mut text = format!(
        "{name} is exempt until {until}, by {}: {}\nthe guard tells if it loops and does not disable it\n",
        escaped(&desk.by),
        escaped(reason)
    );
    if let Some(before) = &before {
        add(
            &mut text,
            format_args!("before, it was exempt until {}: {}\n", before.until, escaped(&before.reason)),
        );
    }
    if desk.rule_exists == Some(false) {
        add(&mut text, format_args!("NOTE: there is no rule {name} now; is it spelt right?\n"));
    }
    add(&mut text, format_args!("end it: `{}`\n", desk.command(&format!("exempt {name} --end"), None)));
    let json = json!({
        "exemption": words::exemption(rule, &exemption, desk.now),
        "before": before.map(|before| words::exemption(rule, &before, desk.now)),
        "rule_exists": desk.rule_exists,
    });
    Ok(Told::done(text, json))
}

/// Ends the exemption of a rule.
pub(super) async fn end(ledger: &impl Ledger, rule: &RuleRef, desk: &Desk) -> Result<Told> {
    let name = escaped(&rule.to_string());
    let Some(before) = held(ledger, rule).await? else {
        let mut told = list(ledger, desk).await?;
        told.text = format!("{name} is not exempt\n\n{}", told.text);
        return Ok(Told { exit: Exit::Found, ..told });
    };
    ledger.set_exemption(rule, None).await?;
    let was = words::exemption(rule, &before, desk.now);
    let over = if before.holds(desk.now) { "would have held" } else { "had held" };
    let text = format!(
        "{name} is not exempt any more; the exemption {over} until {}: {}\n",
        before.until,
        escaped(&before.reason)
    );
    Ok(Told::done(text, json!({ "exemption": null, "before": was })))
}

async fn held(ledger: &impl Ledger, rule: &RuleRef) -> Result<Option<Exemption>> {
    let all = ledger.exemptions().await?;
    Ok(all.into_iter().find(|(exempt, _)| exempt == rule).map(|(_, exemption)| exemption))
}

/// Lists the exemptions, those that ran out too, as long as the ledger keeps them.
pub(super) async fn list(ledger: &impl Ledger, desk: &Desk) -> Result<Told> {
    let all = ledger.exemptions().await?;
    let row = |(rule, exemption): &(RuleRef, Exemption)| {
        let until = if exemption.holds(desk.now) { "until" } else { "RAN OUT" };
        vec![
            escaped(&rule.to_string()),
            format!("{until} {}", exemption.until),
            format!("by {}", escaped(&exemption.by)),
            escaped(&exemption.reason),
        ]
    };
    let text = if all.is_empty() {
        "no rule is exempt\n".to_owned()
    } else {
        words::table(&all.iter().map(row).collect::<Vec<_>>())
    };
    let json: Vec<Value> =
        all.iter().map(|(rule, exemption)| words::exemption(rule, exemption, desk.now)).collect();
    Ok(Told::done(text, json!({ "exemptions": json })))
}
