//! Where events come into a cycle: the rules outside it that lead to one of its rules.

use crate::graph::{Graph, node};
use crate::{MOST_ENTRIES, Status};
use std::collections::BTreeMap;

/// The most edges that are walked for one cycle.
const MOST_STEPS: usize = 2_000;

/// Looks for entries; keeps the edges by their ends, since a large account asks often.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    /// Node -> places of the edges to it; empty until the first question.
    into: Vec<Vec<usize>>,
    /// Node -> the last question for which it was come to.
    seen: Vec<u32>,
    questions: u32,
}

impl Entries {
    /// Returns the first rules that lead to one of these without another rule between, themselves left out, each with one that it
    /// leads to; what is switched off leads nowhere.
    pub(crate) fn of(&mut self, graph: &Graph<'_>, rules: &[usize]) -> Vec<(usize, usize)> {
        if self.into.is_empty() {
            self.into = by_end(graph);
            self.seen = vec![0; graph.nodes];
        }
        self.questions += 1;
        let mut found = BTreeMap::new();
        let own = rules.iter().flat_map(|rule| [(*rule, node(*rule, false)), (*rule, node(*rule, true))]);
        // The deepest first: rules stand at the ends of the ways, and a class may have thousands of causes. Each node
        // with how many of the edges to it were looked at, and the rule that it leads to.
        let mut open: Vec<(usize, usize, usize)> = own.map(|(rule, node)| (node, 0, rule)).collect();
        let mut steps = 0;
        while let Some((at, looked, to)) = open.last_mut() {
            let place = self.into.get(*at).and_then(|places| places.get(*looked));
            let Some(edge) = place.and_then(|place| graph.edges.get(*place)) else {
                open.pop();
                continue;
            };
            *looked += 1;
            let to = *to;
            steps += 1;
            if matches!(edge.status, Status::Off(_)) {
                continue;
            }
            match graph.rule_of(edge.from) {
                Some(rule) if rules.contains(&rule) => {}
                Some(rule) => {
                    found.entry(rule).or_insert(to);
                }
                None => {
                    if let Some(seen) = self.seen.get_mut(edge.from)
                        && *seen != self.questions
                    {
                        *seen = self.questions;
                        open.push((edge.from, 0, to));
                    }
                }
            }
            if found.len() >= MOST_ENTRIES || steps > MOST_STEPS {
                break;
            }
        }
        found.into_iter().take(MOST_ENTRIES).collect()
    }
}

fn by_end(graph: &Graph<'_>) -> Vec<Vec<usize>> {
    let mut into = vec![Vec::new(); graph.nodes];
    for (place, edge) in graph.edges.iter().enumerate() {
        if let Some(places) = into.get_mut(edge.to) {
            places.push(place);
        }
    }
    into
}
