//! Native events: what a call causes on the default bus besides its CloudTrail record.

use crate::catalogue::binding::Shown;
use crate::catalogue::error::check;
use crate::catalogue::given::Given;
use crate::catalogue::packed;
use crate::catalogue::{CatalogueError, Kind, Members, Operation};
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
    /// The members of `detail`, where its guide lists them: the event has no others.
    #[serde(default)]
    members: Vec<Arc<str>>,
    /// IAM prefix -> the fields that a call of this service fixes besides.
    #[serde(default)]
    of_service: BTreeMap<Arc<str>, Shown>,
    /// Values among them that somebody else or what runs decides on: a rule that asks for these alone hears what may come.
    #[serde(default)]
    pub(crate) aside: Vec<Arc<str>>,
    /// Fields that show a member of the request: path -> what of it.
    #[serde(default)]
    pub(crate) given: BTreeMap<Arc<str>, Given>,
    /// The event comes only when a field of a thing changes, the call makes no new thing, and none leaves what the call
    /// makes of it by itself.
    pub(crate) settles: Option<Settles>,
    /// The call causes it only through something that no source reads, and that is taken not to be there: the
    /// assumption that the report prints.
    pub(crate) taken_as_absent: Option<Arc<str>>,
    /// The event is about a thing that is made instead of the one that the call names.
    #[serde(default)]
    pub(crate) fresh: bool,
    /// It is the work that the call starts that causes it, under a role of its own: where such a role was read, that
    /// decides.
    #[serde(default)]
    pub(crate) by_work: bool,
    /// Where the spelling of source and detail-type was seen.
    pub(crate) name: String,
    /// Who says that the call causes it.
    pub(crate) source: String,
    /// How sure that is.
    pub(crate) confidence: String,
}

/// What a call settles.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settles {
    /// The field that the call fixes.
    pub(crate) path: Arc<str>,
    /// The field that says of which thing.
    pub(crate) of: Arc<str>,
}

impl Native {
    /// Returns the values that the call settles.
    pub(crate) fn values(&self) -> Option<&Vec<Arc<str>>> {
        self.fields.get(&self.settles.as_ref()?.path)
    }

    /// Returns the fields that a call of the operation fixes.
    pub(crate) fn fixed(&self, operation: &Operation) -> Shown {
        let of_service = self.of_service.get(&operation.prefix).into_iter().flatten();
        self.fields.iter().chain(of_service).map(|(path, texts)| (path.clone(), texts.clone())).collect()
    }

    /// Returns the members of `detail`, if it surely has no others.
    pub(crate) fn shut(&self) -> Option<Arc<Members>> {
        (!self.members.is_empty()).then(|| Arc::new(self.members.iter().cloned().collect()))
    }

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

/// All rows, found by calls.
#[derive(Debug, Default)]
pub(crate) struct Natives {
    rows: Vec<Native>,
    /// `prefix:Operation` -> rows.
    of_call: BTreeMap<Arc<str>, Vec<usize>>,
    /// Rows that every write of these services causes, by prefix.
    of_writes: BTreeMap<Arc<str>, Vec<usize>>,
    /// Rows of events with that detail-type.
    of_type: BTreeMap<Arc<str>, Vec<usize>>,
}

impl Natives {
    /// Reads the table; fails iff it is not what is expected.
    pub(crate) fn read() -> Result<Self, CatalogueError> {
        let Table { native: rows } = packed::NATIVES.read()?;
        let mut all = Self::default();
        for (index, row) in rows.iter().enumerate() {
            check(packed::NATIVES.name, &row.source, &row.confidence)?;
            all.of_type.entry(row.event.1.clone()).or_default().push(index);
            for api in &row.apis {
                all.of_call.entry(api.clone()).or_default().push(index);
            }
            for prefix in &row.writes_of {
                all.of_writes.entry(prefix.clone()).or_default().push(index);
            }
        }
        Ok(Self { rows, ..all })
    }

    /// Returns all rows.
    pub(crate) fn rows(&self) -> &[Native] {
        &self.rows
    }

    /// Returns the rows of events with that detail-type.
    pub(crate) fn of_type(&self, detail_type: &str) -> impl Iterator<Item = &Native> {
        self.of_type.get(detail_type).into_iter().flatten().filter_map(|index| self.rows.get(*index))
    }

    /// Returns the rows that a call of the operation can cause.
    pub(crate) fn of(&self, operation: &Operation) -> impl Iterator<Item = &Native> {
        let writes = (!operation.read_only && operation.kind == Kind::Management)
            .then(|| self.of_writes.get(&operation.prefix))
            .flatten();
        let places = self.of_call.get(&*operation.call).into_iter().chain(writes).flatten();
        places.filter_map(|index| self.rows.get(*index))
    }
}
