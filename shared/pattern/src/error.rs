//! Why a pattern is refused.

use crate::json::Span;
use std::fmt;

/// A pattern that AWS would refuse, with AWS's own words and the place.
///
/// ```
/// let error = loopguard_pattern::parse(r#"{"a":[]}"#).unwrap_err();
/// assert_eq!(error.to_string(), "Empty arrays are not allowed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    message: String,
    span: Span,
}

impl PatternError {
    pub(crate) fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), span }
    }

    /// Returns where the fault stands.
    ///
    /// ```
    /// let error = loopguard_pattern::parse(r#"{"a":[]}"#).unwrap_err();
    /// assert_eq!(error.span().start, 5);
    /// ```
    pub fn span(&self) -> Span {
        self.span
    }

    /// Returns the text of the bus: the engine's words behind its prefix.
    ///
    /// ```
    /// let error = loopguard_pattern::parse(r#"{"a":[]}"#).unwrap_err();
    /// assert_eq!(error.bus_message(), "Event pattern is not valid. Reason: Empty arrays are not allowed");
    /// ```
    pub fn bus_message(&self) -> String {
        format!("Event pattern is not valid. Reason: {}", self.message)
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatternError {}
