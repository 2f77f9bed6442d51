//! From the graph to verdicts and findings.

use crate::catalogue::Catalogue;
use crate::dead::why_dead;
use crate::finding::{Analysis, Code, Finding, Hop, HopOrigins, HopTarget, RuleVerdict};
use crate::graph::{Edge, Graph, Level, node, rule_of, shortest_cycle};
use crate::remedy::exclude;
use crate::{Certainty, Remedy, Status, Verdict};
use loopguard_model::{Gap, Inventory, Need, Origin, Rule, RuleKey, RuleState, Trigger};
use std::collections::BTreeSet;
use std::sync::Arc;

/// One way to count edges, and what a cycle of them means.
struct Stage {
    verdict: Verdict,
    certainty: Option<Certainty>,
    level: Level,
}

/// The most findings for which a remedy is looked for: each costs an analysis.
const MOST_REMEDIES: usize = 8;

/// The most hops that the reasons of one rule tell; the finding tells all.
const TOLD_HOPS: usize = 6;

/// Judges every rule.
pub(crate) fn judge(
    inventory: &Inventory,
    catalogue: &Catalogue,
    graph: &Graph<'_>,
    remedies: bool,
) -> Analysis {
    let stages = stages(graph);
    let mut judge = Judge {
        inventory,
        catalogue,
        graph,
        remedies: if remedies { MOST_REMEDIES } else { 0 },
        findings: Vec::new(),
        told: BTreeSet::new(),
        needs: BTreeSet::new(),
        assumptions: inventory.assumptions.iter().map(ToString::to_string).collect(),
    };
    if let Some(widest) = stages.last() {
        judge.collect(&widest.level);
    }
    let rules = inventory
        .rules
        .iter()
        .enumerate()
        .map(|(at, rule)| {
            let why = why_dead(rule, catalogue);
            match why {
                Some(why) => judge.dead(rule, why),
                None => judge.rule(at, rule, &stages),
            }
        })
        .collect();
    judge.buses();
    Analysis {
        rules,
        findings: judge.findings,
        needs: judge.needs,
        assumptions: judge.assumptions,
        gaps: inventory.gaps().cloned().collect(),
    }
}

fn stages(graph: &Graph<'_>) -> Vec<Stage> {
    let live = |edge: &Edge<'_>| edge.status == Status::Live;
    let mut stages: Vec<Stage> = Certainty::SUREST_FIRST
        .into_iter()
        .map(|least| Stage {
            verdict: if least == Certainty::Assumed { Verdict::Unknown } else { Verdict::Loop },
            certainty: Some(least),
            level: Level::new(graph, &|edge| live(edge) && edge.certainty >= least),
        })
        .collect();
    stages.push(Stage {
        verdict: Verdict::Latent,
        certainty: None,
        level: Level::new(graph, &|edge| !matches!(edge.status, Status::Bounded(_))),
    });
    stages.push(Stage { verdict: Verdict::Bounded, certainty: None, level: Level::new(graph, &|_| true) });
    stages
}

struct Judge<'a> {
    inventory: &'a Inventory,
    catalogue: &'a Catalogue,
    graph: &'a Graph<'a>,
    /// For how many more findings a remedy is looked for.
    remedies: usize,
    findings: Vec<Finding>,
    /// Cycles that are told already, in a form that does not depend on where they begin.
    told: BTreeSet<Vec<usize>>,
    needs: BTreeSet<Need>,
    assumptions: BTreeSet<String>,
}

impl Judge<'_> {
    /// Takes needs and assumptions from the edges that lie on some cycle: no other edge decides anything.
    fn collect(&mut self, widest: &Level) {
        for place in widest.edges() {
            let Some(edge) = self.graph.edges.get(place) else { continue };
            self.needs
                .extend(edge.facts.needs.iter().filter(|need| !self.inventory.is_answered(need)).cloned());
            self.assumptions.extend(edge.facts.assumptions.iter().cloned());
        }
    }

    /// Rules that were not read may be part of a cycle: the default bus hears everything, a custom bus what is put.
    fn buses(&mut self) {
        let mut buses = self.graph.buses.clone();
        for (at, rule) in self.inventory.rules.iter().enumerate() {
            let acts = !self.graph.edges_of(at).is_empty()
                || self.graph.cuts.get(at).is_some_and(|cuts| !cuts.is_empty());
            if acts && rule.targets.is_some() {
                buses.insert(rule.bus.clone());
                buses.insert(loopguard_pattern::Term::literal("default"));
            }
            if let Some(ends) = self.graph.ends.get(at) {
                self.assumptions.extend(ends.iter().cloned());
            }
        }
        for bus in buses {
            let need = Need::RulesOfBus { bus: bus.clone() };
            if self.inventory.is_answered(&need) {
                if self.inventory.gap(&need).is_some() {
                    self.assumptions
                        .insert(format!("rules of bus `{bus}` that were not read are not part of any cycle"));
                }
            } else {
                self.needs.insert(need);
            }
        }
    }

    fn dead(&mut self, rule: &Rule, why: String) -> RuleVerdict {
        self.findings.push(Finding {
            id: self.id(Code::DeadRule, std::slice::from_ref(&rule.key)),
            code: Code::DeadRule,
            verdict: Verdict::Dead,
            certainty: None,
            rules: vec![rule.key.clone()],
            hops: Vec::new(),
            remedies: Vec::new(),
            gaps: Vec::new(),
        });
        verdict(rule, Verdict::Dead, None, vec![why])
    }

    fn rule(&mut self, at: usize, rule: &Rule, stages: &[Stage]) -> RuleVerdict {
        if let Trigger::Unreadable(why) = &rule.trigger {
            return verdict(rule, Verdict::Unknown, None, vec![format!("its pattern cannot be read: {why}")]);
        }
        for stage in stages {
            for passed_on in [false, true] {
                let start = node(at, passed_on);
                if stage.level.holds(start)
                    && let Some(cycle) = shortest_cycle(self.graph, &stage.level, start)
                {
                    return self.cycle(rule, stage, &cycle);
                }
            }
        }
        let reasons = self.why_none(at, rule);
        if self.graph.unasked.contains(&at) {
            let reasons = vec!["its targets were not read, and nothing that was read leads to it".to_owned()];
            return verdict(rule, Verdict::Unknown, None, reasons);
        }
        verdict(rule, Verdict::None, None, reasons)
    }

    fn cycle(&mut self, rule: &Rule, stage: &Stage, cycle: &[usize]) -> RuleVerdict {
        let edges: Vec<&Edge<'_>> = cycle.iter().filter_map(|place| self.graph.edges.get(*place)).collect();
        let certainty = stage
            .certainty
            .or_else(|| edges.iter().map(|edge| edge.certainty).min())
            .unwrap_or(Certainty::Assumed);
        let mut reasons: Vec<String> = edges.iter().take(TOLD_HOPS).map(|edge| self.tell(edge)).collect();
        if edges.len() > TOLD_HOPS {
            reasons.push(format!("and {} more hops, back to rule `{}`", edges.len() - TOLD_HOPS, rule.key));
        }
        for edge in &edges {
            if let Some(why) = &edge.facts.why
                && edge.certainty == Certainty::Assumed
            {
                reasons.push(why.clone());
            }
            match &edge.status {
                Status::Live => {}
                Status::Off(why) => reasons.push(format!("off: {why}")),
                Status::Bounded(why) => reasons.push(format!("bounded: {why}")),
            }
        }
        dedup(&mut reasons);
        let mut canonical = cycle.to_vec();
        // From the least key, whatever the order in which rules were read: the finding's id hangs on it.
        let key = |place: usize| self.graph.edges.get(place).and_then(|edge| self.key(rule_of(edge.from)));
        let least = canonical.iter().enumerate().min_by_key(|(_, place)| (key(**place), **place));
        if let Some((least, _)) = least {
            canonical.rotate_left(least);
        }
        if self.told.insert(canonical.clone()) {
            let finding = self.finding(stage.verdict, certainty, &canonical);
            self.findings.push(finding);
        }
        verdict(rule, stage.verdict, Some(certainty), reasons)
    }

    /// Returns the first exclusion along the cycle that is proved to break it.
    fn remedies(&mut self, verdict: Verdict, edges: &[&Edge<'_>]) -> Vec<Remedy> {
        if verdict != Verdict::Loop || self.remedies == 0 {
            return Vec::new();
        }
        self.remedies -= 1;
        let proved = edges.iter().find_map(|edge| {
            let heard_by = self.inventory.rules.get(rule_of(edge.to))?;
            exclude(edge, heard_by, self.inventory, self.catalogue)
        });
        proved.into_iter().collect()
    }

    fn finding(&mut self, verdict: Verdict, certainty: Certainty, cycle: &[usize]) -> Finding {
        let edges: Vec<&Edge<'_>> = cycle.iter().filter_map(|place| self.graph.edges.get(*place)).collect();
        let mut rules: Vec<RuleKey> = edges.iter().filter_map(|edge| self.key(rule_of(edge.from))).collect();
        rules.dedup();
        let code = match (verdict, rules.len()) {
            (Verdict::Unknown, _) => Code::PossibleLoop,
            (Verdict::Latent, _) => Code::LatentLoop,
            (Verdict::Bounded, _) => Code::BoundedLoop,
            (_, 1) => Code::SelfTrigger,
            _ => Code::MultiRuleLoop,
        };
        let mut gaps: Vec<Gap> = edges
            .iter()
            .flat_map(|edge| &edge.facts.needs)
            .filter_map(|need| self.inventory.gap(need).cloned())
            .collect();
        gaps.extend(edges.iter().filter_map(|edge| edge.facts.gap.clone()));
        gaps.sort();
        gaps.dedup();
        Finding {
            id: self.id(code, &rules),
            code,
            verdict,
            certainty: Some(certainty),
            hops: edges.iter().filter_map(|edge| self.hop(edge)).collect(),
            rules,
            remedies: self.remedies(verdict, &edges),
            gaps,
        }
    }

    fn hop(&self, edge: &Edge<'_>) -> Option<Hop> {
        let rule = self.inventory.rules.get(rule_of(edge.from))?;
        let target = edge.target.map_or_else(
            || HopTarget { id: "".into(), arn: "".into() },
            |target| HopTarget { id: target.id.clone(), arn: target.arn.to_string().into() },
        );
        let mut note: Vec<&str> = Vec::new();
        if !edge.facts.note.is_empty() {
            note.push(&edge.facts.note);
        }
        if let Some(why) = &edge.facts.why {
            note.push(why);
        }
        Some(Hop {
            rule: rule.key.clone(),
            target,
            via: edge.via.to_vec(),
            action: edge.facts.action.clone(),
            emits: edge.facts.emits.clone(),
            certainty: edge.certainty,
            gain: edge.gain,
            status: edge.status.clone(),
            witness: edge.facts.witness.clone(),
            origins: HopOrigins {
                rule: rule.origin.clone(),
                target: edge.target.map_or_else(|| rule.origin.clone(), |target| target.origin.clone()),
                policy: edge.facts.policy.as_ref().map(|(origin, _): &(Origin, _)| origin.clone()),
                statement: edge.facts.policy.as_ref().map(|(_, span)| *span),
            },
            note: note.join("; "),
        })
    }

    fn tell(&self, edge: &Edge<'_>) -> String {
        let from = self.key(rule_of(edge.from)).map(|key| key.to_string()).unwrap_or_default();
        let to = self.key(rule_of(edge.to)).map(|key| key.to_string()).unwrap_or_default();
        let target =
            edge.target.map_or_else(|| "its targets".to_owned(), |target| format!("target `{}`", target.id));
        let does = if edge.facts.action.is_empty() {
            "may cause an event".to_owned()
        } else {
            format!("can call `{}`", edge.facts.action)
        };
        format!("rule `{from}` runs {target}, which {does} that rule `{to}` matches ({})", edge.certainty)
    }

    fn key(&self, rule: usize) -> Option<RuleKey> {
        self.inventory.rules.get(rule).map(|rule| rule.key.clone())
    }

    /// `code:rule` or `code:rule+rule`, with the source where another finding has the same name.
    fn id(&self, code: Code, rules: &[RuleKey]) -> Arc<str> {
        let names: Vec<&str> = rules.iter().map(|key| &*key.id).collect();
        let plain = format!("{code}:{}", names.join("+"));
        if !self.findings.iter().any(|finding| *finding.id == plain) {
            return plain.into();
        }
        let source = rules.first().map(|key| key.source.clone()).unwrap_or_default();
        let mut id = format!("{plain}@{source}");
        let mut number = 2;
        while self.findings.iter().any(|finding| *finding.id == id) {
            id = format!("{plain}@{source}#{number}");
            number += 1;
        }
        id.into()
    }

    fn why_none(&self, at: usize, rule: &Rule) -> Vec<String> {
        if matches!(rule.trigger, Trigger::Schedule(_)) {
            return vec!["the clock alone starts it: no event does".to_owned()];
        }
        if rule.targets.as_ref().is_some_and(Vec::is_empty) {
            return vec!["it has no targets".to_owned()];
        }
        let mut leads_to: BTreeSet<RuleKey> = BTreeSet::new();
        for edge in self.graph.edges_of(at) {
            if let Some(key) = self.key(rule_of(edge.to)) {
                leads_to.insert(key);
            }
        }
        let mut reasons = Vec::new();
        let cuts = self.graph.cuts.get(at).map(Vec::as_slice).unwrap_or_default();
        if !leads_to.is_empty() {
            let names: Vec<String> = leads_to.iter().take(3).map(|key| format!("`{key}`")).collect();
            reasons.push(format!("it leads to rule {}, from where nothing leads back", names.join(", ")));
        }
        match cuts.first() {
            Some(first) => {
                for cut in cuts.iter().filter(|cut| cut.refinement == first.refinement).take(3) {
                    reasons.push(format!("{}: {}", cut.refinement.as_str(), cut.text));
                }
            }
            None if reasons.is_empty() => {
                reasons.push(
                    "source: nothing that its targets can cause has a source that a rule listens to"
                        .to_owned(),
                );
            }
            None => {}
        }
        if rule.state == RuleState::Disabled {
            reasons.push("it is disabled".to_owned());
        }
        reasons
    }
}

fn verdict(rule: &Rule, verdict: Verdict, certainty: Option<Certainty>, reasons: Vec<String>) -> RuleVerdict {
    RuleVerdict { key: rule.key.clone(), path: rule.path.clone(), verdict, certainty, reasons }
}

/// Keeps the first of equal sentences.
fn dedup(sentences: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    sentences.retain(|sentence| seen.insert(sentence.clone()));
}
