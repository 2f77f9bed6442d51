//! The Amazon EventBridge event-pattern language: parse, match, and the algebra of patterns.
