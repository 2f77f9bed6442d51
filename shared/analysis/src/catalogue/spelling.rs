//! Operations as code and definitions spell them: `s3` and `put_object`, `client-sfn` and `StartExecution`.
//!
//! A service is named by botocore's id, by the id that other SDKs derive their names from, or by its IAM prefix; an
//! operation in any case, with or without underscores.

use crate::catalogue::error::check;
use crate::catalogue::packed;
use crate::catalogue::{Catalogue, CatalogueError, Operation, Service};
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

/// One row: a service and further names of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Arc<str>,
    also: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

#[derive(Debug, Default, Deserialize)]
struct Table {
    service: Vec<Row>,
}

/// A table that cannot be read leaves the ids and prefixes alone; a test reads it.
static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| read().unwrap_or_default());

fn read() -> Result<Vec<Row>, CatalogueError> {
    let table: Table = packed::SPELLING.read()?;
    for row in &table.service {
        check(packed::SPELLING.name, &row.source, &row.confidence)?;
    }
    Ok(table.service)
}

impl Catalogue {
    /// Returns the operation that an SDK's names for service and operation stand for, if the catalogue has it.
    ///
    /// Of several services the one that is called so goes first, then other names of services, then IAM prefixes.
    pub(crate) fn spelled(&self, service: &str, operation: &str) -> Option<&Arc<Operation>> {
        let also = |known: &Service| {
            TABLE
                .iter()
                .any(|row| row.id == known.id && row.also.iter().any(|name| same_letters(name, service)))
        };
        let by_id = self.services().iter().filter(|known| same_letters(&known.id, service));
        let by_name = self.services().iter().filter(|known| also(known));
        let by_prefix = self.services().iter().filter(|known| same_letters(&known.prefix, service));
        by_id
            .chain(by_name)
            .chain(by_prefix)
            .find_map(|known| known.operations().iter().find(|known| same_letters(&known.name, operation)))
    }
}

/// Returns true iff both have the same letters and digits in the same order, whatever the case.
pub(crate) fn same_letters(left: &str, right: &str) -> bool {
    fn plain(text: &str) -> impl Iterator<Item = u8> + '_ {
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase())
    }
    plain(left).eq(plain(right))
}

#[cfg(test)]
mod tests;
