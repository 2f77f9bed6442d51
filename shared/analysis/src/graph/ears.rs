//! Who listens, by what is called: each group of listeners is indexed once.

use super::build::{Builder, Part};
use super::events::Refusal;
use crate::audience::Audience;
use crate::catalogue::Operation;
use crate::listener::Listeners;
use std::rc::Rc;
use std::sync::Arc;

/// Which listeners are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Who {
    /// Those that listen to the call or a native event of it.
    Listed(Arc<str>),
    /// Those that listen to nearly everything.
    Wide,
    /// Both.
    Call(Arc<str>),
    /// Those that may hear custom events.
    Custom,
    /// All.
    Everybody,
    /// All, by the sources that they list.
    Sources,
}

/// Some of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ears {
    pub(super) who: Who,
    /// Only those that ask for the caller, or only those that do not.
    pub(super) by_caller: Option<bool>,
}

impl Ears {
    pub(super) fn all(who: Who) -> Self {
        Self { who, by_caller: None }
    }

    pub(super) fn only(who: Who, by_caller: bool) -> Self {
        Self { who, by_caller: Some(by_caller) }
    }

    pub(super) fn members(&self, listeners: &Listeners) -> Vec<usize> {
        let mut members = match &self.who {
            Who::Listed(call) => listeners.listing(call).to_vec(),
            Who::Wide => listeners.wide.clone(),
            Who::Call(call) => listeners.of_call(call),
            Who::Custom => listeners.custom.clone(),
            Who::Everybody | Who::Sources => (0..listeners.all.len()).collect(),
        };
        members.retain(|at| self.by_caller.is_none_or(|asks| asks == listeners.asks_for_caller(*at)));
        members
    }
}

impl Part {
    /// Returns whether the call is refused.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::Listed(refusal) | Self::Wide(refusal) => refusal,
            Self::Made => Refusal::Perhaps,
            Self::Refused => Refusal::Surely,
        }
    }

    /// Returns who hears the part of a call's events, of those that ask for the caller or of the others.
    pub(super) fn ears(self, operation: &Operation, by_caller: bool) -> Ears {
        let call = || operation.call.clone();
        let who = match self {
            Self::Listed(_) => Who::Listed(call()),
            Self::Wide(_) => Who::Wide,
            Self::Made | Self::Refused => Who::Call(call()),
        };
        Ears::only(who, by_caller)
    }
}

impl Builder<'_, '_> {
    /// Returns the listeners, indexed.
    pub(super) fn audience(&mut self, ears: Ears) -> Rc<Audience> {
        if let Some(known) = self.audiences.get(&ears) {
            return known.clone();
        }
        let listeners = self.ground.listeners;
        let (members, by_source) = (ears.members(listeners), ears.who == Who::Sources);
        let of = self.audiences_of.entry((members, by_source));
        let indexed = |(members, by_source): &(Vec<usize>, bool)| {
            let members = members.iter().copied();
            Rc::new(if *by_source {
                Audience::by_source(members, &listeners.all)
            } else {
                Audience::new(members, &listeners.all)
            })
        };
        let audience = of.or_insert_with_key(indexed).clone();
        self.audiences.insert(ears, audience.clone());
        audience
    }
}
