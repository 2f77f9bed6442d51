#![doc = include_str!("../README.md")]

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
mod narrow;
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
pub use witness::{ENVELOPE, Witness};

/// The most characters of a pattern's text: the maximum of AWS's API (`PutRule`, `EventPattern`).
///
/// ```
/// use loopguard_pattern::{MAX_PATTERN_CHARS, parse};
/// let of = |count| format!(r#"{{"a":["{}"]}}"#, "x".repeat(count - 10));
/// assert!(parse(&of(MAX_PATTERN_CHARS)).is_ok() && parse(&of(MAX_PATTERN_CHARS + 1)).is_err());
/// ```
pub const MAX_PATTERN_CHARS: usize = 4_096;

/// Returns the pattern of a text, or the first fault with its place and AWS's own words.
///
/// *Valid* means that AWS's rule engine compiles it; see [`EventPattern::check_bus_limits`] for what the
/// bus refuses beyond. A text over [`MAX_PATTERN_CHARS`], nesting over [`json::MAX_DEPTH`], more than
/// [`MAX_BRANCHES`] combinations of `$or` and more than 256 paths in one of them are errors.
///
/// ```
/// use loopguard_pattern::{matches, parse};
/// let pattern = parse(r#"{"source": ["aws.s3"], "detail": {"size": [{"numeric": [">", 10]}]}}"#)?;
/// assert!(matches(&pattern, r#"{"source": "aws.s3", "detail": {"size": 11}}"#)?);
/// assert_eq!(parse(r#"{"source": "aws.s3"}"#).unwrap_err().to_string(), "\"source\" must be an object or an array");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn parse(text: &str) -> Result<EventPattern, PatternError> {
    // A character is at least a byte, so most texts need no count.
    if text.len() > MAX_PATTERN_CHARS && text.chars().count() > MAX_PATTERN_CHARS {
        return Err(PatternError::new(
            format!("more than {MAX_PATTERN_CHARS} characters in the pattern"),
            json::Span { start: 0, end: text.len() },
        ));
    }
    compile::compile(&json::parse(text))
}

/// Returns the pattern of UTF-8 text, as [`parse`] does; other bytes are an error.
///
/// ```
/// use loopguard_pattern::parse_bytes;
/// assert!(parse_bytes(br#"{"a":["x"]}"#).is_ok());
/// assert_eq!(parse_bytes(b"{\"a\":[\"\xff\"]}").unwrap_err().span().start, 7);
/// ```
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
    /// Returns the pattern of a value that was read already, perhaps from a template; the length of its
    /// text is not looked at.
    ///
    /// ```
    /// use loopguard_pattern::{EventPattern, json};
    /// let value = json::parse_strict(r#"{"a":["x"]}"#)?;
    /// assert_eq!(EventPattern::from_value(&value)?.to_string(), r#"{"a":["x"]}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_value(value: &json::Value) -> Result<EventPattern, PatternError> {
        compile::compile(value)
    }
}
