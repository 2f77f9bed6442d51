//! Lists that mostly have one member: no memory of their own for that one, and cheap to copy.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A list that is not changed.
#[derive(Clone)]
pub(crate) enum Few<T: 'static> {
    One(T),
    Many(Arc<[T]>),
    Fixed(&'static [T]),
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
            Self::Fixed(fixed) => fixed,
        }
    }
}

impl<T> From<T> for Few<T> {
    fn from(one: T) -> Self {
        Self::One(one)
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(mut many: Vec<T>) -> Self {
        match many.len() {
            1 => many.pop().map_or(Self::Fixed(&[]), Self::One),
            _ => Self::Many(many.into()),
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Fixed(&[])
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: Ord> PartialOrd for Few<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> Ord for Few<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(other)
    }
}

impl<T: Hash> Hash for Few<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
