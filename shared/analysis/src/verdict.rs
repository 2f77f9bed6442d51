//! From the graph to verdicts and findings.

use crate::dead::why_dead;
use crate::entry::Entries;
use crate::finding::{Analysis, Entrance, Finding, RuleVerdict};
use crate::graph::{Graph, Ground, Hubs, Level, Search, Teller, Told, Within, Withins, node, ways, why_none};
use crate::needs::Open;
use crate::remedy::{Lead, MOST_RULES, Step};
use crate::{Certainty, Code, Status, Verdict, lint};
use loopguard_model::{Gap, Rule, RuleKey, RuleState, Trigger};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Cycles of one kind, and the verdict that they give.
struct Stage {
    verdict: Verdict,
    /// How sure each edge is, and some edge of a cycle is not surer.
    certainty: Certainty,
    level: Level,
    hubs: Hubs,
}

/// The most edges that a hop is made of where hops are told as sentences: beyond, its reason is left out.
const MOST_EDGES_OF_A_HOP: usize = 64;

/// The most hops that the reasons of one rule tell; the finding tells all.
const TOLD_HOPS: usize = 6;

/// Judges every rule.
pub(crate) fn judge(ground: &Ground<'_>, graph: &Graph<'_>, open: Open, widest: &Level) -> Analysis {
    let inventory = ground.inventory;
    let mut judge = Judge {
        ground,
        graph,
        teller: Teller::new(graph, ground),
        search: Search::new(graph.nodes),
        entries: Entries::default(),
        rings: BTreeMap::new(),
        components: widest.rules(graph),
        waiting: BTreeSet::new(),
        verdicts: BTreeMap::new(),
        found: Vec::new(),
        told: BTreeSet::new(),
    };
    judge.at_sight();
    judge.cycles(widest);
    judge.others();
    let (findings, mut leads) = numbered(judge.found);
    // A remedy is looked for in small components alone: in an account of thousands of rules most are in none.
    let mut small = leads.iter_mut().filter(|lead| lead.component.len() <= MOST_RULES).peekable();
    if small.peek().is_some() {
        let withins = Withins::of(graph, widest);
        for lead in small {
            lead.within = withins.of_rules(widest, &lead.component);
        }
    }
    let rules: Vec<RuleVerdict> = judge.verdicts.into_values().collect();
    let verdicts: Vec<Verdict> = rules.iter().map(|rule| rule.verdict).collect();
    Analysis {
        rules,
        findings,
        lints: lint::all(inventory, ground.catalogue, &verdicts),
        needs: open.needs,
        assumptions: open.assumptions,
        gaps: ground.answers.gaps().cloned().collect(),
        leads,
        cost: cost(ground, graph),
    }
}

/// What a comparison of an event with a pattern takes, in edges of a graph.
const EDGES_OF_A_COMPARISON: usize = 4;

/// Returns about what the analysis took, in edges: building one takes some microseconds.
fn cost(ground: &Ground<'_>, graph: &Graph<'_>) -> usize {
    let inventory = ground.inventory;
    let facts = inventory.rules.len() + inventory.roles.len() + inventory.workloads.len();
    let made = graph.nodes + graph.edges.len() + inventory.connections.len();
    facts.saturating_add(made).saturating_add(ground.compared.get().saturating_mul(EDGES_OF_A_COMPARISON))
}

/// A finding of a rule, and what the search for a remedy starts from, if one is looked for.
struct Found {
    rule: usize,
    finding: Finding,
    lead: Option<Lead>,
}

/// Returns the findings in the order of their rules, each with an id of its own.
fn numbered(mut found: Vec<Found>) -> (Vec<Finding>, Vec<Lead>) {
    found.sort_by_key(|found| found.rule);
    let mut ids = BTreeSet::new();
    let (mut findings, mut leads) = (Vec::new(), Vec::new());
    for Found { mut finding, lead, .. } in found {
        leads.extend(lead.map(|lead| Lead { finding: findings.len(), ..lead }));
        finding.id = id(finding.code, &finding.rules, &mut ids);
        findings.push(finding);
    }
    (findings, leads)
}

/// `code:rule` or `code:rule+rule`, with the source where another finding has the same name.
fn id(code: Code, rules: &[RuleKey], ids: &mut BTreeSet<Arc<str>>) -> Arc<str> {
    let names: Vec<&str> = rules.iter().map(|key| &*key.id).collect();
    let plain = format!("{code}:{}", names.join("+"));
    let source = rules.first().map(|key| key.source.clone()).unwrap_or_default();
    let mut id: Arc<str> = plain.as_str().into();
    let mut number = 1;
    while !ids.insert(id.clone()) {
        id = match number {
            1 => format!("{plain}@{source}").into(),
            _ => format!("{plain}@{source}#{number}").into(),
        };
        number += 1;
    }
    id
}

/// A cycle, and where in it a node begins.
type Ring = (Arc<[usize]>, usize);

struct Judge<'a, 'g> {
    ground: &'g Ground<'a>,
    graph: &'g Graph<'a>,
    teller: Teller<'g, 'a>,
    search: Search,
    entries: Entries,
    /// Rings of the stage that stand alone: node -> the ring, and where in it the node begins.
    rings: BTreeMap<usize, Ring>,
    /// Rule -> the rules that it is in cycles with, whatever keeps these from running now.
    components: BTreeMap<usize, Arc<[usize]>>,
    /// Rules that are not judged yet.
    waiting: BTreeSet<usize>,
    verdicts: BTreeMap<usize, RuleVerdict>,
    found: Vec<Found>,
    /// Cycles that are told already: their rules from the least on.
    told: BTreeSet<Vec<usize>>,
}

impl Judge<'_, '_> {
    /// Judges the rules that no cycle has to be looked for.
    fn at_sight(&mut self) {
        for (at, rule) in self.ground.inventory.rules.iter().enumerate() {
            if let Some(why) = why_dead(rule, self.ground.catalogue) {
                let verdict = self.dead(at, rule, why);
                self.verdicts.insert(at, verdict);
            } else if let Trigger::Unreadable(why) = &rule.trigger {
                let reasons = vec![format!("its pattern cannot be read: {why}")];
                self.verdicts.insert(at, verdict(rule, Verdict::Unknown, None, reasons));
            } else {
                self.waiting.insert(at);
            }
        }
    }

    /// Judges the rules that are in cycles, the surest cycles first: a rule has the verdict of the first that it is in.
    ///
    /// Stage by stage and not rule by rule, so that the edges of one stage at a time are held.
    fn cycles(&mut self, widest: &Level) {
        let latent = widest.narrowed(self.graph, &|edge| !matches!(edge.status, Status::Bounded(_)));
        let live = latent.narrowed(self.graph, &|edge| edge.status == Status::Live);
        for (verdict, level) in
            [(Verdict::Loop, &live), (Verdict::Latent, &latent), (Verdict::Bounded, widest)]
        {
            for least in Certainty::SUREST_FIRST {
                if !self.waiting.iter().any(|rule| start_in(level, *rule).is_some()) {
                    break;
                }
                let verdict = match least {
                    Certainty::Assumed if verdict == Verdict::Loop => Verdict::Unknown,
                    _ => verdict,
                };
                let level = level.narrowed(self.graph, &|edge| edge.certainty >= least);
                self.stage(verdict, least, level);
            }
        }
    }

    fn stage(&mut self, verdict: Verdict, certainty: Certainty, level: Level) {
        let starts: Vec<(usize, usize)> =
            self.waiting.iter().filter_map(|rule| Some((*rule, start_in(&level, *rule)?))).collect();
        if starts.is_empty() {
            return;
        }
        self.rings.clear();
        let stage = Stage { verdict, certainty, hubs: Hubs::new(&level), level };
        for (at, start) in starts {
            let rule = self.ground.inventory.rules.get(at);
            if let Some((rule, cycle)) = rule.zip(self.shortest(&stage, start)) {
                let verdict = self.cycle(at, rule, &stage, &cycle);
                self.verdicts.insert(at, verdict);
                self.waiting.remove(&at);
            }
        }
    }

    /// Judges the rules that are in no cycle.
    fn others(&mut self) {
        for at in std::mem::take(&mut self.waiting) {
            let Some(rule) = self.ground.inventory.rules.get(at) else { continue };
            let judged = if self.graph.unasked.contains(&at) {
                let reason = "its targets were not read, and nothing that was read leads to it".to_owned();
                verdict(rule, Verdict::Unknown, None, vec![reason])
            } else if let Some(why) = self.unplaced(at) {
                verdict(rule, Verdict::Unknown, None, vec![why])
            } else {
                verdict(rule, Verdict::None, None, self.why_none(at, rule))
            };
            self.verdicts.insert(at, judged);
        }
    }

    /// Returns that the rule hears an event of which nobody knows by whose calls it comes about, if something works for it
    /// that might make them.
    fn unplaced(&self, at: usize) -> Option<String> {
        let listener = self.ground.listeners.of_rule(at)?;
        let why = self.ground.listeners.unplaced(listener)?;
        self.graph.works(at).then(|| why.to_string())
    }

    fn dead(&mut self, at: usize, rule: &Rule, why: String) -> RuleVerdict {
        let finding = Finding {
            id: "".into(),
            code: Code::DeadRule,
            verdict: Verdict::Dead,
            certainty: None,
            rules: vec![rule.key.clone()],
            hops: Vec::new(),
            entered_from: Vec::new(),
            remedies: Vec::new(),
            policy_remedies: Vec::new(),
            no_remedy: None,
            gaps: Vec::new(),
        };
        self.found.push(Found { rule: at, finding, lead: None });
        verdict(rule, Verdict::Dead, None, vec![why])
    }

    /// Returns a shortest cycle through the node, from it on. All nodes of a ring that stands alone have the same.
    fn shortest(&mut self, stage: &Stage, start: usize) -> Option<Vec<usize>> {
        if let Some((ring, at)) = self.rings.get(&start).cloned() {
            let (before, behind) = ring.split_at_checked(at)?;
            return Some([behind, before].concat());
        }
        let ends = |place: usize| self.graph.edges.get(place).map(|edge| (edge.from, edge.to));
        let cycle = self.search.shortest(&stage.level, &stage.hubs, &ends, start)?;
        if stage.level.is_alone(self.graph, &cycle) {
            let ring: Arc<[usize]> = cycle.as_slice().into();
            for (at, place) in cycle.iter().enumerate() {
                let node = self.graph.edges.get(*place).map_or(start, |edge| edge.from);
                self.rings.insert(node, (ring.clone(), at));
            }
        }
        Some(cycle)
    }

    fn cycle(&mut self, at: usize, rule: &Rule, stage: &Stage, cycle: &[usize]) -> RuleVerdict {
        let edges = || cycle.iter().filter_map(|place| self.graph.edges.get(*place));
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
        self.finding_of(at, stage, cycle, &rules);
        verdict(rule, stage.verdict, Some(stage.certainty), reasons)
    }

    /// The first hops of the cycle, from the rule on, as sentences.
    fn reasons(&self, rule: &Rule, cycle: &[usize], hops: usize) -> Vec<String> {
        let told = cycle.len().min(TOLD_HOPS * MOST_EDGES_OF_A_HOP);
        let ways = ways(self.graph, cycle.get(..told).unwrap_or_default());
        let mut reasons: Vec<String> =
            ways.iter().take(TOLD_HOPS).filter_map(|way| self.teller.sentence(way)).collect();
        if hops > TOLD_HOPS {
            reasons.push(format!("and {} more hops, back to rule `{}`", hops - TOLD_HOPS, rule.key));
        }
        reasons
    }

    /// Tells the cycle, unless it is told already.
    fn finding_of(&mut self, at: usize, stage: &Stage, cycle: &[usize], rules: &[usize]) {
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
        let hops: Vec<Told> = ways.iter().filter_map(|way| self.teller.told(way)).collect();
        let lead = (stage.verdict == Verdict::Loop).then(|| self.lead(&hops, rules));
        let mut finding = self.finding(stage, hops);
        let entries = self.entries.of(self.graph, rules);
        let entrance = |(from, to)| Some(Entrance { from: self.key(from)?, to: self.key(to)? });
        finding.entered_from = entries.into_iter().filter_map(entrance).collect();
        finding.entered_from.sort();
        self.found.push(Found { rule: at, finding, lead });
    }

    /// What the search for a remedy starts from.
    fn lead(&self, hops: &[Told], rules: &[usize]) -> Lead {
        let component = rules.first().and_then(|rule| self.components.get(rule)).cloned().unwrap_or_default();
        let component = self.with_passed_on(component);
        // Where too much would have to be analysed again, nobody looks at the hops.
        let small = component.len() <= MOST_RULES;
        let steps = hops.iter().filter(|_| small).map(Step::of).collect();
        Lead { finding: 0, component, steps, within: Within::default() }
    }

    /// Returns the rules with those that are in other cycles of theirs: a rule that hears events as they are put and as
    /// another bus passes them on may be in two components.
    fn with_passed_on(&self, component: Arc<[usize]>) -> Arc<[usize]> {
        let others = || component.iter().filter_map(|rule| self.components.get(rule));
        if component.len() > MOST_RULES || others().all(|other| *other == component) {
            return component;
        }
        others().flat_map(|other| other.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn finding(&self, stage: &Stage, hops: Vec<Told>) -> Finding {
        let mut rules: Vec<RuleKey> = hops.iter().map(|told| told.hop.rule.clone()).collect();
        rules.dedup();
        let code = match (stage.verdict, rules.len()) {
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
            id: "".into(),
            code,
            verdict: stage.verdict,
            certainty: Some(stage.certainty),
            hops: hops.into_iter().map(|told| told.hop).collect(),
            rules,
            entered_from: Vec::new(),
            remedies: Vec::new(),
            policy_remedies: Vec::new(),
            no_remedy: None,
            gaps,
        }
    }

    fn key(&self, rule: usize) -> Option<RuleKey> {
        self.ground.inventory.rules.get(rule).map(|rule| rule.key.clone())
    }

    /// Returns why nothing that the rule's targets can cause is what the rule listens to.
    fn unheard(&self, at: usize) -> String {
        let listener = self.ground.listeners.of_rule(at);
        let listeners = self.ground.listeners;
        let calls = |at| listeners.nearest_first(at, listeners.calls_of(at).iter().collect());
        match listener.map(calls).unwrap_or_default().as_slice() {
            [] => "nothing that its targets can cause has a source that a rule listens to".to_owned(),
            [call] => format!("the rule hears `{call}`, which nothing that its targets do leads to"),
            [call, other] => {
                format!("the rule hears `{call}` and `{other}`, to neither of which its targets lead")
            }
            [call, others @ ..] => format!(
                "the rule hears `{call}` and what {} other calls cause, to none of which its targets lead",
                others.len()
            ),
        }
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
        match rule.trigger.pattern().and_then(|pattern| self.ground.catalogue.why_unprompted(pattern)) {
            Some(why) => reasons.push(format!("source: {why}")),
            None => reasons.extend(cuts),
        }
        if reasons.is_empty() {
            reasons.push(format!("source: {}", self.unheard(at)));
        }
        if rule.state == RuleState::Disabled {
            reasons.push("it is disabled".to_owned());
        }
        reasons
    }
}

/// Returns the node of the rule that is in a cycle of the level.
fn start_in(level: &Level, rule: usize) -> Option<usize> {
    [false, true].into_iter().map(|passed_on| node(rule, passed_on)).find(|start| level.holds(*start))
}

fn verdict(rule: &Rule, verdict: Verdict, certainty: Option<Certainty>, reasons: Vec<String>) -> RuleVerdict {
    RuleVerdict { key: rule.key.clone(), path: rule.path.clone(), verdict, certainty, reasons }
}

/// Keeps the first of equal sentences.
fn dedup(sentences: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    let firsts: Vec<bool> = sentences.iter().map(|sentence| seen.insert(sentence.as_str())).collect();
    let mut firsts = firsts.into_iter();
    sentences.retain(|_| firsts.next().unwrap_or_default());
}
