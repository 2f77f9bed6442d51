//! Where a fact comes from.

use loopguard_pattern::json::Span;
use std::fmt;
use std::sync::Arc;

/// The source of one fact, so that a diagnostic can point at it and a gap can be named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A place in a file.
    File(FilePlace),
    /// A read of the account.
    Api {
        /// The operation, as `events:DescribeRule`.
        operation: Arc<str>,
        /// When the answer came, RFC 3339; empty where the reader had no clock.
        at: Arc<str>,
    },
    /// A fact that the user gave beside the account.
    Overlay(FilePlace),
    /// Taken for granted; the report lists it among its assumptions.
    Assumed(Arc<str>),
}

/// A range of text in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePlace {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// Bytes of the file.
    pub span: Span,
    /// Line of the first byte, from 1.
    pub line: u32,
    /// Column of the first byte in characters, from 1.
    pub column: u32,
}

impl Origin {
    /// Returns the place in a file, if the fact has one.
    pub fn place(&self) -> Option<&FilePlace> {
        match self {
            Self::File(place) | Self::Overlay(place) => Some(place),
            Self::Api { .. } | Self::Assumed(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(place) | Self::Overlay(place) => {
                write!(f, "{}:{}:{}", place.file, place.line, place.column)
            }
            Self::Api { operation, .. } => f.write_str(operation),
            Self::Assumed(why) => write!(f, "assumed: {why}"),
        }
    }
}
