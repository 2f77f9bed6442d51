//! What can be wrong with a table.

use thiserror::Error;

/// A table that its loader does not understand.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// A hand-written table does not have the expected members.
    #[error("table `{table}` cannot be read")]
    Table {
        /// The file's name.
        table: &'static str,
        /// What the reader says.
        #[source]
        source: serde_json::Error,
    },
    /// A generated table is not what the generator writes.
    #[error("table `{table}` is not one that the generator wrote")]
    Generated {
        /// The file's name.
        table: &'static str,
    },
    /// A line of the services does not have its five columns.
    #[error("line {line} of the services is `{text}`, not id, prefix, event sources, global and event names")]
    Line {
        /// The line, from 1.
        line: usize,
        /// Its beginning.
        text: String,
    },
    /// A hand-written row does not say who says so, or how sure that is.
    #[error(
        "a row of table `{table}` has source `{origin}` and confidence `{confidence}`; it needs a source and one of {CONFIDENCES:?}"
    )]
    Row {
        /// The file's name.
        table: &'static str,
        /// The row's source.
        origin: String,
        /// The row's confidence.
        confidence: String,
    },
}

/// How sure a row can be.
const CONFIDENCES: [&str; 5] = ["documented", "mapped", "logged", "known", "inferred"];

/// Returns an error iff a row lacks a source or a known confidence.
pub(crate) fn check(table: &'static str, source: &str, confidence: &str) -> Result<(), CatalogueError> {
    if !source.is_empty() && CONFIDENCES.contains(&confidence) {
        return Ok(());
    }
    Err(CatalogueError::Row { table, origin: source.to_owned(), confidence: confidence.to_owned() })
}
