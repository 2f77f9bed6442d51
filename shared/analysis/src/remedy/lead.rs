//! What the search for a remedy takes from the graph: who causes which event along a cycle.

use crate::emission::{Fields, Identity};
use crate::graph::{Event, Told, Within};
use std::sync::Arc;

/// One finding's cycle.
#[derive(Debug, Clone)]
pub(crate) struct Lead {
    /// The finding's place in the analysis.
    pub(crate) finding: usize,
    /// The rules that are in cycles with it, whatever keeps these from running now; sorted.
    pub(crate) component: Arc<[usize]>,
    /// The hops, in the order of the finding's; none where the component is too large to look for a remedy.
    pub(crate) steps: Vec<Step>,
    /// What can be in cycles of these rules.
    pub(crate) within: Within,
}

/// One hop.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The rule that hears.
    pub(crate) to: usize,
    /// Who makes the call, where somebody does.
    pub(crate) identity: Option<Identity>,
    /// The call, as an IAM action.
    pub(crate) action: Arc<str>,
    /// The event's name, for API calls.
    pub(crate) event_name: Option<Arc<str>>,
    /// The event's detail-type.
    pub(crate) detail_type: Arc<str>,
    /// What is known of the event.
    pub(crate) fields: Fields,
}

impl Step {
    pub(crate) fn of(told: &Told) -> Self {
        Self {
            to: told.to,
            identity: told.identity.clone(),
            action: told.hop.action.clone(),
            event_name: told.hop.emits.event_name.clone(),
            detail_type: told.hop.emits.detail_type.clone(),
            fields: told.event.as_ref().map(Event::fields).unwrap_or_default(),
        }
    }
}
