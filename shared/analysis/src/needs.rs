//! Drivers: analyse, answer the needs, analyse again; and what an analysis leaves open.

use crate::definition::Definitions;
use crate::graph::{Fact, Graph, Ground, Level};
use crate::listener::Listeners;
use crate::{Analysis, Catalogue, analyse_deep, remedy, verdict};
use loopguard_model::{Facts, Gap, Inventory, Need, gap_of};
use loopguard_pattern::Term;
use std::collections::BTreeSet;

/// The most rounds of analysing and answering. A chain of needs is bus, targets, workload, role, so that
/// even a cycle through many buses ends far below.
pub const MAX_ROUNDS: usize = 64;

/// Analyses, answers every need with `answer`, and analyses again, until no need is new or
/// [`MAX_ROUNDS`] is reached. Each need is asked once.
pub fn analyse_with(
    inventory: &mut Inventory,
    catalogue: &Catalogue,
    answer: impl FnMut(&Need) -> Result<Facts, Gap>,
) -> Analysis {
    analyse_watched(inventory, catalogue, answer, &mut |_| {})
}

/// Does what [`analyse_with`] does and looks for no remedies: for those to whom verdicts and hops are enough.
pub fn judge_with(
    inventory: &mut Inventory,
    catalogue: &Catalogue,
    answer: impl FnMut(&Need) -> Result<Facts, Gap>,
) -> Analysis {
    judged(inventory, catalogue, answer, &mut |_| {})
}

/// Does what [`analyse_with`] does and calls `watch` at the end of each step; for measuring.
pub fn analyse_watched(
    inventory: &mut Inventory,
    catalogue: &Catalogue,
    answer: impl FnMut(&Need) -> Result<Facts, Gap>,
    watch: &mut dyn FnMut(Step),
) -> Analysis {
    let mut analysis = judged(inventory, catalogue, answer, watch);
    remedy::propose(inventory, catalogue, &mut analysis);
    watch(Step::Proposed);
    analysis
}

fn judged(
    inventory: &mut Inventory,
    catalogue: &Catalogue,
    mut answer: impl FnMut(&Need) -> Result<Facts, Gap>,
    watch: &mut dyn FnMut(Step),
) -> Analysis {
    for _ in 0..MAX_ROUNDS {
        inventory.sort();
        let (answers, judged) = round(inventory, catalogue, &mut answer, watch);
        for (need, facts) in answers {
            inventory.absorb(need, facts);
        }
        if let Some(analysis) = judged {
            return analysis;
        }
    }
    inventory.sort();
    analyse_deep(inventory, catalogue, None)
}

/// The answers of one round, in their order.
type Answered = Vec<(Need, Result<Facts, Gap>)>;

/// Asks what the inventory leaves open; returns the answers, and the analysis unless one of them says something new.
/// Nobody reads the findings of a round in between.
fn round(
    inventory: &Inventory,
    catalogue: &Catalogue,
    answer: &mut impl FnMut(&Need) -> Result<Facts, Gap>,
    watch: &mut dyn FnMut(Step),
) -> (Answered, Option<Analysis>) {
    let listeners = Listeners::new(inventory, catalogue);
    watch(Step::Listeners { rules: listeners.all.len() });
    let definitions = Definitions::new(inventory);
    let mut ground = Ground::new(inventory, catalogue, &listeners, &definitions, None);
    let graph = Graph::build(&ground);
    watch(Step::Graph { nodes: graph.nodes, edges: graph.edges.len(), compared: ground.compared.get() });
    let mut answered = Vec::new();
    // Each turn answers what the answers of the one before leave open; the graph hangs on facts alone.
    let widest = Level::widest(&graph);
    loop {
        let open = Open::of(&ground, &graph, &widest);
        let left: Vec<Need> =
            open.needs.iter().filter(|need| !ground.answers.is_answered(need)).cloned().collect();
        watch(Step::Open { needs: left.len() });
        if left.is_empty() {
            let analysis = verdict::judge(&ground, &graph, open, &widest);
            watch(Step::Judged { findings: analysis.findings.len() });
            return (answered, Some(analysis));
        }
        let mut is_new = false;
        for need in left {
            let facts = answer(&need);
            ground.answers.to_mut().note(&need, gap_of(&need, &facts));
            // A rule whose targets cannot be read may do anything, once that is known.
            is_new |= matches!(need, Need::Targets { .. }) || !facts.as_ref().map_or(true, Facts::is_empty);
            answered.push((need, facts));
        }
        watch(Step::Answered);
        if is_new {
            return (answered, None);
        }
    }
}

/// A step of an analysis that has ended, with the size of what it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// What each rule could hear is known.
    Listeners {
        /// The rules with a pattern.
        rules: usize,
    },
    /// The triggering graph is built.
    Graph {
        /// Its nodes: rules, what acts, permissions, classes of events.
        nodes: usize,
        /// Its edges.
        edges: usize,
        /// How often an event was held against a pattern.
        compared: usize,
    },
    /// What is left open is known.
    Open {
        /// The reads that would say more.
        needs: usize,
    },
    /// The reads are answered; unless that says something new, the graph stays.
    Answered,
    /// All rules have their verdicts.
    Judged {
        /// The findings told.
        findings: usize,
    },
    /// Loops have their remedies.
    Proposed,
}

/// Analyses templates: there is nothing more to read, so every need is left as a gap.
pub fn close(inventory: &mut Inventory, catalogue: &Catalogue) -> Analysis {
    analyse_with(inventory, catalogue, |need| {
        Err(Gap { need: need.clone(), reason: "not in the templates read".into() })
    })
}

/// What a graph leaves open: the reads that would say more, and what is taken for granted without them.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) needs: BTreeSet<Need>,
    pub(crate) assumptions: BTreeSet<String>,
}

impl Open {
    pub(crate) fn of(ground: &Ground<'_>, graph: &Graph<'_>, widest: &Level) -> Self {
        let assumptions = ground.inventory.assumptions.iter().map(ToString::to_string).collect();
        let mut open = Self { needs: BTreeSet::new(), assumptions };
        open.of_cycles(ground, graph, widest);
        open.of_ends(ground, graph);
        open.of_buses(ground, graph);
        open
    }

    /// Takes needs and assumptions from the edges that lie on some cycle: no other edge decides anything.
    fn of_cycles(&mut self, ground: &Ground<'_>, graph: &Graph<'_>, widest: &Level) {
        for place in widest.edges() {
            match graph.edges.get(place).map(|edge| &edge.fact) {
                Some(Fact::Hears { presence, .. }) => {
                    let open = presence.needs.iter().filter(|need| !ground.answers.is_answered(need));
                    self.needs.extend(open.cloned());
                    for assumption in &presence.assumptions {
                        if !self.assumptions.contains(assumption) {
                            self.assumptions.insert(assumption.clone());
                        }
                    }
                }
                Some(Fact::Guesses(guess)) => {
                    let open = guess.need.iter().filter(|need| !ground.answers.is_answered(need));
                    self.needs.extend(open.cloned());
                }
                _ => {}
            }
        }
    }

    /// Where nothing is known to take from a resource, something that was not read may.
    fn of_ends(&mut self, ground: &Ground<'_>, graph: &Graph<'_>) {
        for arn in &graph.ends {
            let need = Need::Consumers { arn: arn.clone() };
            let answered = ground.answers.is_answered(&need);
            if !answered || ground.answers.gap(&need).is_some() {
                self.assumptions.insert(format!("nothing outside what was read consumes `{arn}`"));
            }
            if !answered {
                self.needs.insert(need);
            }
        }
    }

    /// Rules that were not read may be part of a cycle: the default bus hears everything, a custom bus what is put.
    fn of_buses(&mut self, ground: &Ground<'_>, graph: &Graph<'_>) {
        let inventory = ground.inventory;
        let mut buses = graph.buses.clone();
        for (at, rule) in inventory.rules.iter().enumerate() {
            if rule.targets.is_some() && graph.acts(at) {
                buses.insert(rule.bus.clone());
                buses.insert(Term::literal("default"));
            }
        }
        self.assumptions.extend(graph.assumptions.iter().cloned());
        for bus in buses {
            let need = Need::RulesOfBus { bus: bus.clone() };
            if ground.answers.is_answered(&need) {
                if ground.answers.gap(&need).is_some() {
                    self.assumptions
                        .insert(format!("rules of bus `{bus}` that were not read are not part of any cycle"));
                }
            } else {
                self.needs.insert(need);
            }
        }
    }
}
