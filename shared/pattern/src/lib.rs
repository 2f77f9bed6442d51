//! The Amazon EventBridge event-pattern language: parse, match, and the algebra of patterns.

mod address;
mod assign;
mod ast;
mod compile;
mod error;
mod event;
mod event_set;
mod fold;
pub mod json;
mod matching;
mod number;
mod operator;
mod overlap;
mod print;
mod ruleset;
mod schema;
mod set;
mod subset;
mod term;
mod witness;

pub use ast::{
    Affix, AnythingBut, Branch, Cidr, EventPattern, Field, MAX_BRANCHES, Matcher, MatcherKind, Note,
    NoteKind, Number, NumericRange, Wildcard,
};
pub use error::PatternError;
pub use event::{Event, EventError, MAX_EVENT_BYTES};
pub use event_set::EventSet;
pub use matching::matches;
pub use overlap::{Disjoint, Overlap, Undecided, is_empty, overlap};
pub use ruleset::{RuleMatcher, RuleSet};
pub use schema::Schema;
pub use set::ValueSet;
pub use subset::{Subset, subset};
pub use term::{Part, Symbol, SymbolKind, Term};
pub use witness::Witness;

/// Reads a pattern.
pub fn parse(text: &str) -> Result<EventPattern, PatternError> {
    compile::compile(&json::parse(text))
}

/// Reads a pattern from bytes.
pub fn parse_bytes(bytes: &[u8]) -> Result<EventPattern, PatternError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => {
            let at = error.valid_up_to();
            Err(PatternError::new(
                format!("Invalid UTF-8 at byte {at}"),
                json::Span { start: at, end: at + 1 },
            ))
        }
    }
}

impl EventPattern {
    /// Compiles a value.
    pub fn from_value(value: &json::Value) -> Result<EventPattern, PatternError> {
        compile::compile(value)
    }
}
