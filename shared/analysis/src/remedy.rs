//! Changes of a pattern that break a loop, each proved by analysing again.
//!
//! What is analysed again is the part of the account that can be in a cycle with the changed rule, its rules, its roles and
//! what runs under these: a change takes events away, so nothing else can come into one.

mod advice;
mod change;
mod lead;
mod options;
mod policy;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use lead::{Lead, Step};

use crate::{Analysis, Catalogue, PolicyRemedy, Remedy, StatementPlace, Verdict, analyse_deep};
use change::Change;
use loopguard_model::{Inventory, Role, Rule, Trigger};
use loopguard_pattern::EventPattern;
use options::Choice;
use std::sync::Arc;

/// The most characters of a pattern that AWS takes unless the quota is raised (quotas of EventBridge).
const MOST_CHARS: usize = 2_048;

/// The most rules of one cycle's part of the account that are analysed again.
pub(crate) const MOST_RULES: usize = 150;

/// The most times that a change grows by the next caller.
const MOST_CALLERS: usize = 4;

/// What all proofs may take whatever the account, in edges of a graph: about a second.
const FREE: usize = 300_000;

/// Fills in the remedies of all loops, or why there is none.
pub(crate) fn propose(inventory: &Inventory, catalogue: &Catalogue, analysis: &mut Analysis) {
    let leads = std::mem::take(&mut analysis.leads);
    if leads.is_empty() {
        return;
    }
    let mut search = Search::new(inventory, catalogue, analysis.cost);
    for lead in &leads {
        let found = search.of(lead);
        let limit = search.limit(lead);
        if let Some(finding) = analysis.findings.get_mut(lead.finding) {
            match found {
                Ok(remedy) => finding.remedies.push(remedy),
                Err(_) if limit.is_some() => {}
                Err(why) => finding.no_remedy = Some(why.into()),
            }
            finding.policy_remedies.extend(limit);
        }
    }
}

struct Search<'a> {
    inventory: &'a Inventory,
    catalogue: &'a Catalogue,
    /// The account without its rules, once a change is tried: those of one cycle are put in.
    part: Option<Inventory>,
    /// What may still be analysed, in edges of a graph: half of what the analysis itself took, and some.
    budget: usize,
}

impl<'a> Search<'a> {
    fn new(inventory: &'a Inventory, catalogue: &'a Catalogue, cost: usize) -> Self {
        Self { inventory, catalogue, part: None, budget: (cost / 2).saturating_add(FREE) }
    }

    /// Returns the first change along the cycle that is proved to break it, else why there is none.
    fn of(&mut self, lead: &Lead) -> Result<Remedy, String> {
        if lead.component.len() > MOST_RULES {
            return Err(advice::too_many(lead.component.len()));
        }
        let mut last = None;
        // All hops by who calls first: that loses nothing.
        for free in [true, false] {
            for step in &lead.steps {
                let Some(rule) = self.inventory.rules.get(step.to) else { continue };
                for choice in options::of(step, rule, self.inventory) {
                    if choice.loses.is_empty() != free {
                        continue;
                    }
                    match self.prove(lead, rule, step.to, choice) {
                        Ok(remedy) => return Ok(remedy),
                        Err(why) => last = last.or(why),
                    }
                }
            }
        }
        Err(last.unwrap_or_else(|| advice::of(&lead.steps)))
    }

    /// Applies the change, and analyses again; where another caller closes a cycle, leaves out that one too.
    fn prove(
        &mut self,
        lead: &Lead,
        rule: &Rule,
        place: usize,
        choice: Choice,
    ) -> Result<Remedy, Option<String>> {
        let old = rule.trigger.pattern().ok_or(None)?;
        let mut choice = choice;
        for _ in 0..MOST_CALLERS {
            let value = choice.change.apply(old).ok_or(None)?;
            let new = EventPattern::from_value(&value).map_err(|_| None)?;
            let text = tree::write(&value);
            if text.chars().count() > MOST_CHARS {
                return Err(Some(advice::too_long()));
            }
            let after = self.after(lead, place, &new).ok_or_else(|| Some(advice::enough()))?;
            let at = lead.component.iter().position(|known| *known == place).ok_or(None)?;
            let verdict = after.rules.get(at).map(|rule| rule.verdict);
            if verdict == Some(Verdict::None) {
                let only = choice.change.loses_no_more(old, &new);
                return Ok(remedy(rule, text, choice, only));
            }
            choice = self.grown(&choice, &after, at, rule).ok_or(None)?;
        }
        Err(None)
    }

    /// The choice, with the caller of the cycle that is left.
    fn grown(&self, choice: &Choice, after: &Analysis, at: usize, rule: &Rule) -> Option<Choice> {
        let step = after.leads.iter().flat_map(|lead| &lead.steps).find(|step| step.to == at)?;
        let more = options::identity(step, rule, self.inventory)?;
        let change = choice.change.and(&more.change).filter(|change| *change != choice.change)?;
        let loses = if choice.loses.is_empty() { more.loses } else { choice.loses.clone() };
        Some(Choice { headline: headline(&change), change, loses })
    }

    /// Returns the first condition on what a role puts that is proved to break the cycle, if there is one.
    fn limit(&mut self, lead: &Lead) -> Option<PolicyRemedy> {
        if lead.component.len() > MOST_RULES {
            return None;
        }
        for step in &lead.steps {
            let Some(caller) = policy::role_of(step, self.inventory) else { continue };
            let pattern = self.inventory.rules.get(step.to).and_then(|rule| rule.trigger.pattern());
            for limit in pattern.map(|pattern| policy::limits(pattern)).unwrap_or_default() {
                if let Some(remedy) = self.prove_limit(lead, step.to, caller, &limit) {
                    return Some(remedy);
                }
            }
        }
        None
    }

    /// Puts the condition into the role's policies, and analyses again; where another role closes a cycle by such
    /// events, into those of that one too.
    fn prove_limit(
        &mut self,
        lead: &Lead,
        place: usize,
        role: &'a Role,
        limit: &policy::Limit,
    ) -> Option<PolicyRemedy> {
        let at = lead.component.iter().position(|known| *known == place)?;
        let mut roles = vec![role];
        for _ in 0..MOST_CALLERS {
            let applied: Option<Vec<_>> = roles.iter().map(|role| limit.applied(role)).collect();
            let (limited, places): (Vec<Role>, Vec<Vec<StatementPlace>>) = applied?.into_iter().unzip();
            let after = self.after_limited(lead, limited)?;
            if after.rules.get(at).map(|rule| rule.verdict) == Some(Verdict::None) {
                return Some(limit.remedy(&roles, places.concat(), self.inventory));
            }
            let mut steps = after.leads.iter().flat_map(|lead| &lead.steps).filter(|step| step.to == at);
            let next = steps.find_map(|step| policy::role_of(step, self.inventory))?;
            if roles.iter().any(|known| known.arn == next.arn) {
                return None;
            }
            roles.push(next);
        }
        None
    }

    /// Analyses the lead's part of the account with roles changed; none where enough was analysed.
    fn after_limited(&mut self, lead: &Lead, limited: Vec<Role>) -> Option<Analysis> {
        let of_lead = lead.component.iter().filter_map(|at| self.inventory.rules.get(*at));
        let rules = of_lead.cloned().collect();
        let kept = exchange(&mut self.part().roles, limited);
        let after = self.analysed(lead, rules);
        exchange(&mut self.part().roles, kept);
        after
    }

    /// Analyses the lead's part of the account with the changed pattern; none where enough was analysed.
    fn after(&mut self, lead: &Lead, place: usize, pattern: &EventPattern) -> Option<Analysis> {
        let mut rules = Vec::new();
        for at in lead.component.iter() {
            let mut rule = self.inventory.rules.get(*at)?.clone();
            if *at == place {
                rule.trigger = match &rule.trigger {
                    Trigger::Both(_, schedule) => Trigger::Both(Arc::new(pattern.clone()), schedule.clone()),
                    _ => Trigger::Pattern(Arc::new(pattern.clone())),
                };
            }
            rules.push(rule);
        }
        self.analysed(lead, rules)
    }

    fn part(&mut self) -> &mut Inventory {
        self.part.get_or_insert_with(|| self.inventory.without_rules())
    }

    /// Analyses the part with these rules, at the budget's cost; none where enough was analysed.
    fn analysed(&mut self, lead: &Lead, rules: Vec<Rule>) -> Option<Analysis> {
        if self.budget == 0 {
            return None;
        }
        let catalogue = self.catalogue;
        let part = self.part();
        part.rules = rules;
        let after = analyse_deep(part, catalogue, Some(&lead.within));
        self.budget = self.budget.saturating_sub(after.cost);
        Some(after)
    }
}

/// Puts roles in the place of those with the same ARNs, and returns these.
fn exchange(all: &mut [Role], with: Vec<Role>) -> Vec<Role> {
    let mut kept = Vec::new();
    for role in with {
        for known in all.iter_mut().filter(|known| known.arn == role.arn) {
            kept.push(std::mem::replace(known, role.clone()));
        }
    }
    kept
}

fn headline(change: &Change) -> String {
    match change {
        Change::Without { texts, .. } => {
            let names: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
            format!("leave out the calls that {} make themselves", names.join(", "))
        }
        Change::WithoutPrefix { .. } | Change::Only { .. } => String::new(),
    }
}

fn remedy(rule: &Rule, pattern: String, choice: Choice, only: bool) -> Remedy {
    let mut loses = choice.loses;
    if !only {
        let beside = if loses.is_empty() { "" } else { "; " };
        loses = format!("{loses}{beside}that nothing else is lost could not be shown");
    }
    Remedy { rule: rule.key.clone(), headline: choice.headline, pattern, loses }
}
