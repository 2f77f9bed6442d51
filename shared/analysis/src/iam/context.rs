//! What is known of a request's condition keys.

use std::sync::Arc;

/// What the keys are that nobody listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Absent: what is given is all there is.
    Closed,
    /// Unknown: a request may carry them, with any value.
    Open,
}

/// The condition keys of a request. Names have no case.
#[derive(Debug, Clone)]
pub struct Context {
    /// A short list: a scan is quicker than a map that needs lower-case copies of the names.
    keys: Vec<(Arc<str>, Vec<Arc<str>>)>,
    world: World,
}

/// What is known of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known<'a> {
    /// The request does not carry it.
    Absent,
    /// It may be there or not, with any value.
    Unknown,
    /// Its values, at least one.
    Values(&'a [Arc<str>]),
}

impl Context {
    /// Returns a context of which no key is listed.
    pub fn new(world: World) -> Self {
        Self { keys: Vec::new(), world }
    }

    /// Lists a key with its values; none: the request does not carry it. A later call replaces an earlier one.
    pub fn set<T: Into<Arc<str>>>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let values = values.into_iter().map(Into::into).collect();
        match self.keys.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, old)) => *old = values,
            None => self.keys.push((key.into(), values)),
        }
    }

    /// Returns what unlisted keys are.
    pub fn world(&self) -> World {
        self.world
    }

    pub(crate) fn get(&self, key: &str) -> Known<'_> {
        match self.keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, values)) if values.is_empty() => Known::Absent,
            Some((_, values)) => Known::Values(values),
            None if self.world == World::Open => Known::Unknown,
            None => Known::Absent,
        }
    }
}
