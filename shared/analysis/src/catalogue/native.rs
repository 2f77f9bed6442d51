//! Native events: what a call causes on the default bus besides its CloudTrail record.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One row: these calls can cause this event.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Native {
    /// Calls as `prefix:Operation`.
    #[serde(default)]
    pub(crate) apis: Vec<Arc<str>>,
    /// IAM prefixes whose every write causes it.
    #[serde(default)]
    pub(crate) writes_of: Vec<Arc<str>>,
    /// Source and detail-type.
    pub(crate) event: (Arc<str>, Arc<str>),
    /// Fields that the call fixes: path -> texts.
    #[serde(default)]
    pub(crate) fields: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// Fields that show a member of the request: path -> member.
    #[serde(default)]
    pub(crate) given: BTreeMap<Arc<str>, Arc<str>>,
    /// The call causes it only through something that no source reads, and that is taken not to be there: the
    /// assumption that the report prints.
    pub(crate) taken_as_absent: Option<Arc<str>>,
    /// Where the spelling of source and detail-type was seen.
    pub(crate) name: String,
    /// Who says that the call causes it.
    pub(crate) source: String,
    /// How sure that is.
    pub(crate) confidence: String,
}

impl Native {
    /// Returns true iff nobody says that the call causes the event.
    pub(crate) fn is_inferred(&self) -> bool {
        self.confidence == "inferred"
    }

    /// Returns what a reader should know of the row; empty where the service's own guide says it.
    pub(crate) fn note(&self) -> String {
        let link = if self.confidence == "documented" {
            String::new()
        } else {
            format!("that the call causes this event is {} ({})", self.confidence, self.source)
        };
        let name = if self.name == "unverified" { "the event's name is not verified" } else { "" };
        [link.as_str(), name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

#[derive(Debug, Deserialize)]
struct Table {
    native: Vec<Native>,
}

pub(crate) fn read(text: &str) -> Result<Vec<Native>, CatalogueError> {
    let table: Table = toml::from_str(text)
        .map_err(|source| CatalogueError::Table { table: "natives.toml", source: Box::new(source) })?;
    for row in &table.native {
        check("natives.toml", &row.source, &row.confidence)?;
    }
    Ok(table.native)
}
