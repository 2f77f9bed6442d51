//! Drivers: analyse, answer the needs, analyse again; and what an analysis leaves open.

use crate::definition::Definitions;
use crate::graph::{Fact, Graph, Ground, Level};
use crate::listener::Listeners;
use crate::{Analysis, Catalogue, analyse, remedy, verdict};
use loopguard_model::{Facts, Gap, Inventory, Need};
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

/// Does what [`analyse_with`] does and calls `watch` at the end of each step; for measuring.
pub fn analyse_watched(
    inventory: &mut Inventory,
    catalogue: &Catalogue,
    mut answer: impl FnMut(&Need) -> Result<Facts, Gap>,
    watch: &mut dyn FnMut(Step),
) -> Analysis {
    for _ in 0..MAX_ROUNDS {
        match judged_or_open(inventory, catalogue, watch) {
            Ok(analysis) => return analysis,
            Err(open) => {
                for need in open {
                    let facts = answer(&need);
                    inventory.absorb(need, facts);
                }
                watch(Step::Answered);
            }
        }
    }
    analyse(inventory, catalogue)
}

/// Returns the analysis if nothing is left to be asked, else what is: nobody reads the findings of a round in between.
fn judged_or_open(
    inventory: &Inventory,
    catalogue: &Catalogue,
    watch: &mut dyn FnMut(Step),
) -> Result<Analysis, Vec<Need>> {
    let listeners = Listeners::new(inventory, catalogue);
    watch(Step::Listeners { rules: listeners.all.len() });
    let definitions = Definitions::new(inventory);
    let ground = Ground::new(inventory, catalogue, &listeners, &definitions);
    let graph = Graph::build(&ground);
    watch(Step::Graph { nodes: graph.nodes, edges: graph.edges.len(), compared: ground.compared.get() });
    let needs = Open::of(&ground, &graph).needs;
    let open: Vec<Need> = needs.into_iter().filter(|need| !inventory.is_answered(need)).collect();
    watch(Step::Open { needs: open.len() });
    if !open.is_empty() {
        return Err(open);
    }
    let mut analysis = verdict::judge(&ground, &graph);
    watch(Step::Judged { findings: analysis.findings.len() });
    remedy::propose(inventory, catalogue, &mut analysis);
    watch(Step::Proposed);
    Ok(analysis)
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
    /// The reads are answered, and the next round begins.
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
    pub(crate) fn of(ground: &Ground<'_>, graph: &Graph<'_>) -> Self {
        let assumptions = ground.inventory.assumptions.iter().map(ToString::to_string).collect();
        let mut open = Self { needs: graph.needs.clone(), assumptions };
        open.of_cycles(ground, graph);
        open.of_buses(ground, graph);
        open
    }

    /// Takes needs and assumptions from the edges that lie on some cycle: no other edge decides anything.
    fn of_cycles(&mut self, ground: &Ground<'_>, graph: &Graph<'_>) {
        for place in Level::new(graph, &|_| true).edges() {
            match graph.edges.get(place).map(|edge| &edge.fact) {
                Some(Fact::Hears { presence, .. }) => {
                    let open = presence.needs.iter().filter(|need| !ground.inventory.is_answered(need));
                    self.needs.extend(open.cloned());
                    for assumption in &presence.assumptions {
                        if !self.assumptions.contains(assumption) {
                            self.assumptions.insert(assumption.clone());
                        }
                    }
                }
                Some(Fact::Guesses { need: Some(need), .. }) if !ground.inventory.is_answered(need) => {
                    self.needs.insert(need.clone());
                }
                _ => {}
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
            if inventory.is_answered(&need) {
                if inventory.gap(&need).is_some() {
                    self.assumptions
                        .insert(format!("rules of bus `{bus}` that were not read are not part of any cycle"));
                }
            } else {
                self.needs.insert(need);
            }
        }
    }
}
