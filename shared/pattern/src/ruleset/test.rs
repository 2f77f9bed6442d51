//! A field's alternatives in a compact form.
//!
//! Among thousands of rules the fields that only one rule has are judged straight from memory that is not
//! in any cache; so the common ones stand in one or two pieces of it instead of a tree.

use crate::event::LeafRef;
use crate::matching::accepts;
use crate::{AnythingBut, MatcherKind, Wildcard};

/// The most pieces of a wildcard that is kept compact.
const PIECES: usize = 4;

/// What a field accepts: one of the alternatives.
#[derive(Debug)]
pub(super) enum Test {
    /// `anything-but` one string.
    Not(Box<str>),
    /// `anything-but` one wildcard.
    NotLike(Pieces),
    /// One wildcard.
    Like(Pieces),
    /// Anything else.
    Any(Box<[MatcherKind]>),
}

/// The pieces of a wildcard behind each other, and where each ends.
#[derive(Debug)]
pub(super) struct Pieces {
    text: Box<str>,
    ends: [u16; PIECES],
    count: u8,
}

impl Pieces {
    fn of(wildcard: &Wildcard) -> Option<Self> {
        let mut text = String::new();
        let mut ends = [0; PIECES];
        if wildcard.pieces.len() < 2 {
            return None;
        }
        for (index, piece) in wildcard.pieces.iter().enumerate() {
            text.push_str(piece.as_str()?);
            *ends.get_mut(index)? = u16::try_from(text.len()).ok()?;
        }
        let count = u8::try_from(wildcard.pieces.len()).ok()?;
        Some(Self { text: text.into(), ends, count })
    }

    fn fit(&self, mut text: &str) -> bool {
        let last = usize::from(self.count) - 1;
        let mut from = 0;
        for (index, end) in self.ends.iter().take(last + 1).enumerate() {
            let end = usize::from(*end);
            let piece = self.text.get(from..end).unwrap_or_default();
            from = end;
            let rest = match index {
                0 => text.strip_prefix(piece),
                _ if index == last => return text.ends_with(piece),
                _ => text.split_once(piece).map(|(_, after)| after),
            };
            let Some(rest) = rest else { return false };
            text = rest;
        }
        false
    }
}

impl Test {
    pub(super) fn of(matchers: Vec<MatcherKind>) -> Self {
        if let [one] = matchers.as_slice() {
            let compact = match one {
                MatcherKind::AnythingBut(AnythingBut::Strings(terms)) => match terms.as_slice() {
                    [term] => term.as_str().map(|text| Self::Not(text.into())),
                    _ => None,
                },
                MatcherKind::AnythingBut(AnythingBut::Wildcard(wildcards)) => match wildcards.as_slice() {
                    [wildcard] => Pieces::of(wildcard).map(Self::NotLike),
                    _ => None,
                },
                MatcherKind::Wildcard(wildcard) => Pieces::of(wildcard).map(Self::Like),
                _ => None,
            };
            if let Some(compact) = compact {
                return compact;
            }
        }
        Self::Any(matchers.into())
    }

    pub(super) fn accepts(&self, leaf: LeafRef<'_>) -> bool {
        match self {
            Self::Not(text) => !matches!(leaf, LeafRef::Text(found) if *found == **text),
            Self::NotLike(pieces) => !matches!(leaf, LeafRef::Text(found) if pieces.fit(found)),
            Self::Like(pieces) => matches!(leaf, LeafRef::Text(found) if pieces.fit(found)),
            Self::Any(matchers) => accepts(matchers.iter(), leaf),
        }
    }
}
