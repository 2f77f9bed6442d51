//! The Amazon EventBridge event-pattern language: parse, match, and the algebra of patterns.

mod assign;
mod ast;
pub mod json;
mod term;

pub use ast::{
    Affix, AnythingBut, Branch, Cidr, EventPattern, Field, MAX_BRANCHES, Matcher, MatcherKind, Note, NoteKind,
    Number, NumericRange, Wildcard,
};
pub use term::{Part, Symbol, SymbolKind, Term};
