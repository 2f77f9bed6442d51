//! From the graph to verdicts and findings.

use crate::dead::why_dead;
use crate::entry::Entries;
use crate::finding::{Analysis, Finding, RuleVerdict};
use crate::graph::{Graph, Ground, Level, Search, Told, node, sentence, told, ways, why_none};
use crate::needs::Open;
use crate::remedy::{Lead, MOST_RULES, Step};
use crate::{Certainty, Code, Status, Verdict, lint};
use loopguard_model::{Gap, Rule, RuleKey, RuleState, Trigger};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One way to count edges, and what a cycle of them means.
struct Stage {
    verdict: Verdict,
    certainty: Option<Certainty>,
    level: Level,
}

/// The most edges that a hop is made of where hops are told as sentences: beyond, its reason is left out.
const MOST_EDGES_OF_A_HOP: usize = 64;

/// The most hops that the reasons of one rule tell; the finding tells all.
const TOLD_HOPS: usize = 6;

/// Judges every rule.
pub(crate) fn judge(ground: &Ground<'_>, graph: &Graph<'_>, open: Open, widest: Level) -> Analysis {
    let inventory = ground.inventory;
    let stages = stages(graph, widest);
    let mut judge = Judge {
        ground,
        graph,
        search: Search::new(graph),
        entries: Entries::default(),
        rings: BTreeMap::new(),
        components: stages.last().map(|widest| widest.level.rules(graph)).unwrap_or_default(),
        findings: Vec::new(),
        leads: Vec::new(),
        ids: BTreeSet::new(),
        told: BTreeSet::new(),
    };
    let rules: Vec<RuleVerdict> = inventory
        .rules
        .iter()
        .enumerate()
        .map(|(at, rule)| match why_dead(rule, ground.catalogue) {
            Some(why) => judge.dead(rule, why),
            None => judge.rule(at, rule, &stages),
        })
        .collect();
    let verdicts: Vec<Verdict> = rules.iter().map(|rule| rule.verdict).collect();
    Analysis {
        rules,
        findings: judge.findings,
        lints: lint::all(inventory, ground.catalogue, &verdicts),
        needs: open.needs,
        assumptions: open.assumptions,
        gaps: ground.answers.gaps().cloned().collect(),
        leads: judge.leads,
    }
}

/// The stages, the one to be told first in front; each level's edges are among those of the next.
fn stages(graph: &Graph<'_>, widest: Level) -> Vec<Stage> {
    let mut stages = Vec::new();
    let latent = widest.narrowed(graph, &|edge| !matches!(edge.status, Status::Bounded(_)));
    let mut level = latent.narrowed(graph, &|edge| edge.status == Status::Live);
    stages.push(Stage { verdict: Verdict::Bounded, certainty: None, level: widest });
    stages.push(Stage { verdict: Verdict::Latent, certainty: None, level: latent });
    for least in Certainty::SUREST_FIRST.into_iter().rev() {
        let verdict = if least == Certainty::Assumed { Verdict::Unknown } else { Verdict::Loop };
        level = level.narrowed(graph, &|edge| edge.certainty >= least);
        stages.push(Stage { verdict, certainty: Some(least), level: level.clone() });
    }
    stages.reverse();
    stages
}

/// A cycle, and where in it a node begins.
type Ring = (Arc<[usize]>, usize);

struct Judge<'a, 'g> {
    ground: &'g Ground<'a>,
    graph: &'g Graph<'a>,
    search: Search,
    entries: Entries,
    /// Rings that stand alone: stage and node -> the ring, and where in it the node begins.
    rings: BTreeMap<(Verdict, Option<Certainty>, usize), Ring>,
    /// Rule -> the rules that it is in cycles with, whatever keeps these from running now.
    components: BTreeMap<usize, Arc<[usize]>>,
    findings: Vec<Finding>,
    leads: Vec<Lead>,
    ids: BTreeSet<Arc<str>>,
    /// Cycles that are told already: their rules from the least on.
    told: BTreeSet<Vec<usize>>,
}

impl Judge<'_, '_> {
    fn dead(&mut self, rule: &Rule, why: String) -> RuleVerdict {
        let id = self.id(Code::DeadRule, std::slice::from_ref(&rule.key));
        self.findings.push(Finding {
            id,
            code: Code::DeadRule,
            verdict: Verdict::Dead,
            certainty: None,
            rules: vec![rule.key.clone()],
            hops: Vec::new(),
            entered_from: Vec::new(),
            remedies: Vec::new(),
            no_remedy: None,
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
                    && let Some(cycle) = self.shortest(stage, start)
                {
                    return self.cycle(rule, stage, &cycle);
                }
            }
        }
        if self.graph.unasked.contains(&at) {
            let reasons = vec!["its targets were not read, and nothing that was read leads to it".to_owned()];
            return verdict(rule, Verdict::Unknown, None, reasons);
        }
        verdict(rule, Verdict::None, None, self.why_none(at, rule))
    }

    /// Returns a shortest cycle through the node, from it on. All nodes of a ring that stands alone have the same.
    fn shortest(&mut self, stage: &Stage, start: usize) -> Option<Vec<usize>> {
        let of_ring = self.rings.get(&(stage.verdict, stage.certainty, start)).cloned();
        if let Some((ring, at)) = of_ring {
            let (before, behind) = ring.split_at_checked(at)?;
            return Some([behind, before].concat());
        }
        let cycle = self.search.shortest(self.graph, &stage.level, start)?;
        if stage.level.is_alone(self.graph, &cycle) {
            let ring: Arc<[usize]> = cycle.as_slice().into();
            for (at, place) in cycle.iter().enumerate() {
                let node = self.graph.edges.get(*place).map_or(start, |edge| edge.from);
                self.rings.insert((stage.verdict, stage.certainty, node), (ring.clone(), at));
            }
        }
        Some(cycle)
    }

    fn cycle(&mut self, rule: &Rule, stage: &Stage, cycle: &[usize]) -> RuleVerdict {
        let edges = || cycle.iter().filter_map(|place| self.graph.edges.get(*place));
        let certainty = stage
            .certainty
            .or_else(|| edges().map(|edge| edge.certainty).min())
            .unwrap_or(Certainty::Assumed);
        let rules: Vec<usize> = edges().filter_map(|edge| self.graph.rule_of(edge.from)).collect();
        let mut reasons = self.reasons(rule, cycle, rules.len());
        for edge in edges() {
            reasons.extend(edge.doubt().map(ToString::to_string));
            match &edge.status {
                Status::Live => {}
                Status::Off(why) => reasons.push(format!("off: {why}")),
                Status::Bounded(why) => reasons.push(format!("bounded: {why}")),
            }
        }
        dedup(&mut reasons);
        self.finding_of(stage.verdict, certainty, cycle, &rules);
        verdict(rule, stage.verdict, Some(certainty), reasons)
    }

    /// The first hops of the cycle, from the rule on, as sentences.
    fn reasons(&self, rule: &Rule, cycle: &[usize], hops: usize) -> Vec<String> {
        let told = cycle.len().min(TOLD_HOPS * MOST_EDGES_OF_A_HOP);
        let ways = ways(self.graph, cycle.get(..told).unwrap_or_default());
        let mut reasons: Vec<String> =
            ways.iter().take(TOLD_HOPS).filter_map(|way| sentence(self.graph, self.ground, way)).collect();
        if hops > TOLD_HOPS {
            reasons.push(format!("and {} more hops, back to rule `{}`", hops - TOLD_HOPS, rule.key));
        }
        reasons
    }

    /// Tells the cycle, unless it is told already.
    fn finding_of(&mut self, verdict: Verdict, certainty: Certainty, cycle: &[usize], rules: &[usize]) {
        // From the least key, whatever the order in which rules were read: the finding's id hangs on it.
        let key = |rule: &usize| self.ground.inventory.rules.get(*rule).map(|rule| &rule.key);
        let least = rules.iter().enumerate().min_by_key(|(_, rule)| key(rule)).map_or(0, |(least, _)| least);
        let mut canonical = rules.to_vec();
        canonical.rotate_left(least);
        if !self.told.insert(canonical) {
            return;
        }
        let mut ways = ways(self.graph, cycle);
        let turn = least.min(ways.len());
        ways.rotate_left(turn);
        let hops: Vec<Told> = ways.iter().filter_map(|way| told(self.graph, self.ground, way)).collect();
        if verdict == Verdict::Loop {
            self.lead(&hops, rules);
        }
        let mut finding = self.finding(verdict, certainty, hops);
        let entries = self.entries.of(self.graph, rules);
        finding.entered_from = entries.into_iter().filter_map(|rule| self.key(rule)).collect();
        finding.entered_from.sort();
        self.findings.push(finding);
    }

    /// Keeps what the search for a remedy starts from.
    fn lead(&mut self, hops: &[Told], rules: &[usize]) {
        let component = rules.first().and_then(|rule| self.components.get(rule)).cloned().unwrap_or_default();
        // Where too much would have to be analysed again, nobody looks at the hops.
        let small = component.len() <= MOST_RULES;
        let steps = hops.iter().filter(|_| small).map(Step::of).collect();
        self.leads.push(Lead { finding: self.findings.len(), component, steps });
    }

    fn finding(&mut self, verdict: Verdict, certainty: Certainty, hops: Vec<Told>) -> Finding {
        let mut rules: Vec<RuleKey> = hops.iter().map(|told| told.hop.rule.clone()).collect();
        rules.dedup();
        let code = match (verdict, rules.len()) {
            (Verdict::Unknown, _) => Code::PossibleLoop,
            (Verdict::Latent, _) => Code::LatentLoop,
            (Verdict::Bounded, _) => Code::BoundedLoop,
            (_, 1) => Code::SelfTrigger,
            _ => Code::MultiRuleLoop,
        };
        let needs = hops.iter().flat_map(|told| &told.needs);
        let mut gaps: Vec<Gap> = needs.filter_map(|need| self.ground.answers.gap(need).cloned()).collect();
        gaps.extend(hops.iter().filter_map(|told| told.gap.clone()));
        gaps.sort();
        gaps.dedup();
        Finding {
            id: self.id(code, &rules),
            code,
            verdict,
            certainty: Some(certainty),
            hops: hops.into_iter().map(|told| told.hop).collect(),
            rules,
            entered_from: Vec::new(),
            remedies: Vec::new(),
            no_remedy: None,
            gaps,
        }
    }

    fn key(&self, rule: usize) -> Option<RuleKey> {
        self.ground.inventory.rules.get(rule).map(|rule| rule.key.clone())
    }

    /// `code:rule` or `code:rule+rule`, with the source where another finding has the same name.
    fn id(&mut self, code: Code, rules: &[RuleKey]) -> Arc<str> {
        let names: Vec<&str> = rules.iter().map(|key| &*key.id).collect();
        let plain = format!("{code}:{}", names.join("+"));
        let source = rules.first().map(|key| key.source.clone()).unwrap_or_default();
        let mut id: Arc<str> = plain.as_str().into();
        let mut number = 1;
        while !self.ids.insert(id.clone()) {
            id = match number {
                1 => format!("{plain}@{source}").into(),
                _ => format!("{plain}@{source}#{number}").into(),
            };
            number += 1;
        }
        id
    }

    fn why_none(&self, at: usize, rule: &Rule) -> Vec<String> {
        if matches!(rule.trigger, Trigger::Schedule(_)) {
            return vec!["the clock alone starts it: no event does".to_owned()];
        }
        if rule.targets.as_ref().is_some_and(Vec::is_empty) {
            return vec!["it has no targets".to_owned()];
        }
        let (cuts, leads_to) = why_none(self.graph, self.ground, at);
        let mut reasons = Vec::new();
        if !leads_to.is_empty() {
            let names: Vec<String> = leads_to
                .into_iter()
                .filter_map(|rule| self.key(rule))
                .map(|key| format!("`{key}`"))
                .collect();
            reasons.push(format!("it leads to rule {}, from where nothing leads back", names.join(", ")));
        }
        reasons.extend(cuts);
        if reasons.is_empty() {
            reasons.push(
                "source: nothing that its targets can cause has a source that a rule listens to".to_owned(),
            );
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
