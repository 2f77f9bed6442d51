//! What can be in the cycles of some rules: enough of an account to look again for a cycle of theirs.
//!
//! A graph of which something was taken away, an event from a pattern or a permission from a role, has no cycle that the
//! whole one does not have. What is outside every cycle of a rule then stays outside and need not be built.

use super::build::{Graph, Kind};
use super::level::Level;
use super::node;
use crate::actor::Act;
use loopguard_model::{Role, Workload};
use loopguard_pattern::Term;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The roles and the workloads that are in cycles of one component.
#[derive(Debug, Default)]
struct Members {
    roles: FxHashSet<Term>,
    workloads: FxHashSet<Term>,
}

/// The roles and the workloads that are in cycles of some rules.
#[derive(Debug, Clone, Default)]
pub(crate) struct Within(Vec<Arc<Members>>);

impl Within {
    /// Returns true iff what the role allows can be in a cycle.
    pub(super) fn has_role(&self, role: &Role) -> bool {
        self.0.iter().any(|members| members.roles.contains(&role.arn))
    }

    /// Returns true iff what the workload does can be in a cycle.
    pub(super) fn has_workload(&self, workload: &Workload) -> bool {
        self.0.iter().any(|members| members.workloads.contains(&workload.arn))
    }
}

/// The same for every component of a level.
#[derive(Debug)]
pub(crate) struct Withins(FxHashMap<u32, Arc<Members>>);

impl Withins {
    pub(crate) fn of(graph: &Graph<'_>, level: &Level) -> Self {
        let mut all: FxHashMap<u32, Members> = FxHashMap::default();
        for (node, role) in &graph.uses {
            if let Some(component) = level.component(*node) {
                let roles = &mut all.entry(component).or_default().roles;
                if !roles.contains(&role.arn) {
                    roles.insert(role.arn.clone());
                }
            }
        }
        for (at, kind) in graph.kinds.iter().enumerate() {
            if let Kind::Actor(actor) = kind
                && let Act::Work { workload: Some(workload), .. } = &actor.act
                && let Some(component) = level.component(graph.rule_nodes + at)
            {
                all.entry(component).or_default().workloads.insert(workload.arn.clone());
            }
        }
        Self(all.into_iter().map(|(component, members)| (component, Arc::new(members))).collect())
    }

    /// Returns what is in the level's cycles of any of the rules.
    pub(crate) fn of_rules(&self, level: &Level, rules: &[usize]) -> Within {
        let nodes = rules.iter().flat_map(|rule| [node(*rule, false), node(*rule, true)]);
        let components: BTreeSet<u32> = nodes.filter_map(|node| level.component(node)).collect();
        Within(components.iter().filter_map(|component| self.0.get(component).cloned()).collect())
    }
}
