//! The account that is simulated: every symbol with a value, what its runs do, which events come.

use super::SimulateArgs;
use crate::progress::Progress;
use crate::scan::sources::Sources;
use anyhow::{Result, bail};
use loopguard_analysis::{Analysis, Catalogue, Certainty, Finding, Hop, Verdict};
use loopguard_decision::cost::{Prices, RunawayCost, runaway};
use loopguard_model::{Inventory, RuleState, Scope};
use loopguard_world::{Script, Settings, World, makes, parameters_for};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who deploys the rules.
const DEPLOYER: &str = "user/deployer";

/// When that is: after the functions have begun, so that they see it come.
const DEPLOYED_AT: u64 = 10_000;

/// An account, ready to run.
#[derive(Debug)]
pub(super) struct Subject {
    inventory: Inventory,
    analysis: Analysis,
    settings: Settings,
    prices: Prices,
    pub(super) script: Script,
    /// Events that come after a minute, each with its bus.
    pub(super) events: Vec<(String, Value)>,
    /// The calls that runs are taken to make: of which workload, which call.
    pub(super) assumed: BTreeSet<(Arc<str>, Arc<str>)>,
    /// What a loop does and the simulation does not, as sentences.
    pub(super) left_out: BTreeSet<String>,
}

impl Subject {
    /// Gives every symbol its value, and analyses what that comes to.
    pub(super) fn new(
        inventory: &Inventory,
        sources: &Sources,
        catalogue: &Catalogue,
        args: &SimulateArgs,
        progress: &mut Progress,
    ) -> Result<Self> {
        let named = |term: &loopguard_pattern::Term, or: &str| {
            term.as_literal().map_or_else(|| or.to_owned(), |name| name.to_string())
        };
        let settings = Settings {
            account: named(&inventory.scope.account, &args.account_id),
            region: named(&inventory.scope.region, &args.region),
            ..Settings::with_seed(args.seed)
        };
        if inventory.rules.is_empty() {
            let why = inventory.notes.iter().map(|note| format!("\n  {}: {}", note.origin, note.message));
            bail!("there is no rule to simulate in what was read{}", why.collect::<Vec<_>>().concat());
        }
        let mut inventory = World::new(inventory, &Script::default(), settings.clone())?.inventory();
        let analysis = sources.analyse(&mut inventory, catalogue, progress);
        let (script, events) = (Script::default(), Vec::new());
        let (assumed, left_out) = (BTreeSet::new(), BTreeSet::new());
        let prices = Prices::of_region(&settings.region);
        Ok(Self { inventory, analysis, settings, prices, script, events, assumed, left_out })
    }

    /// Returns the account and the region.
    pub(super) fn home(&self) -> Scope {
        let [account, region] =
            [&self.settings.account, &self.settings.region].map(|text| text.as_str().into());
        Scope { partition: self.inventory.scope.partition.clone(), account, region }
    }

    /// Returns the loops that there are or may be, in the order of the findings.
    pub(super) fn loops(&self) -> impl Iterator<Item = &Finding> {
        let is_loop = |finding: &&Finding| matches!(finding.verdict, Verdict::Loop | Verdict::Unknown);
        self.analysis.findings.iter().filter(is_loop)
    }

    /// Returns what a loop costs.
    pub(super) fn cost(&self, finding: &Finding) -> RunawayCost {
        runaway(finding, &self.inventory, &self.prices)
    }

    /// Has every run make the calls by which the analysis says that a rule loops.
    pub(super) fn assume_calls(&mut self) {
        let loops: Vec<Finding> = self.loops().cloned().collect();
        for finding in &loops {
            // The event of a hop comes to the bus of the next rule.
            let heard = finding.rules.iter().cycle().skip(1);
            for (hop, next) in finding.hops.iter().zip(heard) {
                if let Err(why) = self.assume_call(hop, &next.bus) {
                    self.left_out.insert(format!("rule `{}`: {why}", hop.rule.id));
                }
            }
        }
    }

    /// Has every run make the call of a hop. An error is why that is not done, as a clause.
    fn assume_call(&mut self, hop: &Hop, bus: &str) -> Result<(), String> {
        let shown =
            hop.witness.as_ref().and_then(|witness| serde_json::from_str::<Value>(&witness.event).ok());
        let event = shown.ok_or("no event is known by which it goes on")?;
        let action = &*hop.action;
        if !action.contains(':') {
            return Err("which call makes it go on is not known".to_owned());
        }
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        if !makes(action, &event) {
            let (source, detail_type) = (text("source"), text("detail-type"));
            return Err(format!(
                "the simulation knows no `{source}` / `{detail_type}` of `{action}`, so that nothing goes on there"
            ));
        }
        // What the delivery itself is, the account does anyway.
        if hop.certainty == Certainty::Declared && hop.origins.call.is_none() {
            return Ok(());
        }
        let workload = self
            .caller(hop)
            .ok_or_else(|| format!("who calls `{action}` is not known, so that nobody does"))?;
        if self.assumed.insert((workload.clone(), hop.action.clone())) {
            if text("source").starts_with("aws.") {
                self.script.add_call(&workload, action, parameters_for(action, &event), &[]);
            } else {
                self.script.add_call(&workload, action, json!({}), &[(bus, &event)]);
            }
        }
        Ok(())
    }

    /// Returns the ARN of the workload that makes the call of a hop: the target, else who runs under the caller's role.
    fn caller(&self, hop: &Hop) -> Option<Arc<str>> {
        let workloads = &self.inventory.workloads;
        let is_target = |arn: &str| arn == &*hop.target.arn;
        let role = hop.caller.as_ref().map(|caller| &caller.role);
        let target = workloads.iter().find(|one| is_target(&one.arn.to_string()));
        let by_role = || workloads.iter().find(|one| one.role.is_some() && one.role.as_ref() == role);
        target.or_else(by_role).map(|one| one.arn.to_string().into())
    }

    /// Has every rule that is on come into the account at the start.
    pub(super) fn deploy_rules(&mut self) {
        let by = format!("arn:{}:iam::{}:{DEPLOYER}", self.inventory.scope.partition, self.settings.account);
        for rule in self.inventory.rules.iter().filter(|rule| rule.state != RuleState::Disabled) {
            if rule.trigger.pattern().is_some() {
                self.script.add_deploy(DEPLOYED_AT, &rule.bus.to_string(), &rule.name.to_string(), &by);
            }
        }
    }

    /// Has an event come for each loop that its first rule matches.
    pub(super) fn events_of_loops(&mut self) {
        let last = |finding: &Finding| {
            let hop = finding.hops.last()?;
            let event = serde_json::from_str(&hop.witness.as_ref()?.event).ok()?;
            Some((finding.rules.first()?.bus.to_string(), event))
        };
        self.events = self.loops().filter_map(last).collect();
    }

    /// Returns the account at the start of its clock.
    pub(super) fn world(&self) -> Result<World> {
        Ok(World::new(&self.inventory, &self.script, self.settings.clone())?)
    }
}
