//! Services and their operations, decoded per service on first use.

use crate::catalogue::quirk::{Rows, ServiceQuirks};
use crate::catalogue::table::Table;
use crate::catalogue::{CatalogueError, CatalogueInfo, Operation};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

/// What must be known of each service at the start; the build writes it.
const SERVICES: &str = include_str!(concat!(env!("OUT_DIR"), "/services.txt"));

/// A row for each service: the names of its operations, and what deviates; the build writes it.
pub(crate) const OPERATIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/operations.bin"));

static TABLE: LazyLock<Table<()>> =
    LazyLock::new(|| Table::read("operations.bin", OPERATIONS).unwrap_or_default());

/// One service of the SDKs.
#[derive(Debug)]
pub(crate) struct Service {
    /// botocore's id (`stepfunctions`).
    pub(crate) id: Arc<str>,
    /// The prefix of its IAM actions (`states`).
    pub(crate) prefix: Arc<str>,
    /// What CloudTrail writes as `eventSource`; several where records differ.
    pub(crate) event_sources: Vec<Arc<str>>,
    /// Its calls are recorded in the home region of the partition only.
    pub(crate) global: bool,
    /// Event names that are no operation's, separated by spaces.
    renamed: &'static str,
    decoded: OnceLock<Decoded>,
    operations: OnceLock<Vec<Arc<Operation>>>,
    /// Name -> the place of the operation.
    by_name: OnceLock<BTreeMap<Arc<str>, usize>>,
    /// Event name -> the places of the operations that may be recorded under it.
    by_event_name: OnceLock<BTreeMap<Arc<str>, Vec<usize>>>,
}

/// A service's row.
#[derive(Debug)]
struct Decoded {
    /// Names of operations, separated by spaces.
    names: &'static str,
    quirks: ServiceQuirks,
}

impl Service {
    fn decoded(&self) -> &Decoded {
        self.decoded.get_or_init(|| {
            let (names, _) = self.row();
            // A test reads all rows; one that could not be read would leave what the model says.
            Decoded { names, quirks: self.rows().unwrap_or_default().into() }
        })
    }

    /// Returns the names of the operations, and the text of the rows that say what deviates.
    fn row(&self) -> (&'static str, &'static str) {
        TABLE.text(&self.id).and_then(|row| row.split_once('\t')).unwrap_or_default()
    }

    /// Returns the rows that say what deviates; fails iff they do not have the expected members.
    pub(crate) fn rows(&self) -> Result<Rows, CatalogueError> {
        Rows::read(self.row().1)
    }

    /// Returns what deviates.
    pub(crate) fn quirks(&self) -> &ServiceQuirks {
        &self.decoded().quirks
    }

    /// Returns the operations, in the order of their names, extra ones last.
    pub(crate) fn operations(&self) -> &[Arc<Operation>] {
        self.operations
            .get_or_init(|| self.all_names().map(|name| Arc::new(Operation::new(self, name))).collect())
    }

    /// Returns the operations that may be recorded under the event name, in their order.
    pub(crate) fn recorded_as(&self, event_name: &str) -> impl Iterator<Item = &Arc<Operation>> {
        let by_name = self.by_event_name.get_or_init(|| {
            let mut by_name: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
            for (place, operation) in self.operations().iter().enumerate() {
                for name in &operation.event_names {
                    let places = by_name.entry(name.clone()).or_default();
                    if places.last() != Some(&place) {
                        places.push(place);
                    }
                }
            }
            by_name
        });
        let places = by_name.get(event_name).into_iter().flatten();
        places.filter_map(|place| self.operations().get(*place))
    }

    /// Returns the operation of that name. The operations are read where there is one, and then found by their names.
    pub(crate) fn operation(&self, name: &str) -> Option<&Arc<Operation>> {
        if self.by_name.get().is_none() && !self.names(name) {
            return None;
        }
        let by_name = self.by_name.get_or_init(|| {
            let mut places = BTreeMap::new();
            for (place, operation) in self.operations().iter().enumerate() {
                places.entry(operation.name.clone()).or_insert(place);
            }
            places
        });
        self.operations().get(*by_name.get(name)?)
    }

    /// Returns the names of all operations, extra ones last.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = &str> {
        let Decoded { names, quirks } = self.decoded();
        names.split(' ').chain(quirks.extra.iter().map(|name| &**name))
    }

    /// Returns true if the text of the operations holds `name` as a whole word.
    pub(crate) fn names(&self, name: &str) -> bool {
        let Decoded { names, quirks } = self.decoded();
        !name.is_empty()
            && (quirks.extra.iter().any(|extra| &**extra == name)
                || names.match_indices(name).any(|(at, found)| {
                    let bytes = names.as_bytes();
                    let border = |place: Option<usize>| {
                        place.and_then(|place| bytes.get(place)).is_none_or(|byte| *byte == b' ')
                    };
                    border(at.checked_sub(1)) && border(Some(at + found.len()))
                }))
    }

    /// Returns the event names under which the service records operations of another name.
    pub(crate) fn renamed(&self) -> impl Iterator<Item = Arc<str>> {
        self.renamed.split(' ').filter(|name| !name.is_empty()).map(Into::into)
    }
}

/// Reads the list of services; their operations are read when they are asked for.
pub(crate) fn read() -> Result<(CatalogueInfo, Vec<Service>), CatalogueError> {
    let mut info = CatalogueInfo::default();
    let mut services = Vec::new();
    for (number, line) in SERVICES.lines().enumerate() {
        if let Some(head) = line.strip_prefix("# ") {
            read_head(head, &mut info);
            continue;
        }
        let columns: Vec<&'static str> = line.split('\t').collect();
        let [id, prefix, sources, global, renamed] = *columns.as_slice() else {
            return Err(CatalogueError::Line { line: number + 1, text: line.chars().take(60).collect() });
        };
        services.push(Service {
            id: id.into(),
            prefix: prefix.into(),
            event_sources: sources.split(' ').map(Into::into).collect(),
            global: global == "1",
            renamed,
            decoded: OnceLock::new(),
            operations: OnceLock::new(),
            by_name: OnceLock::new(),
            by_event_name: OnceLock::new(),
        });
    }
    info.services = services.len();
    Ok((info, services))
}

fn read_head(head: &str, info: &mut CatalogueInfo) {
    let mut words = head.split(' ');
    let package = words.next().unwrap_or_default();
    let version = words.next().unwrap_or_default();
    info.generated_from = format!("{package} {version}");
    for word in words {
        let Some((name, value)) = word.split_once('=') else { continue };
        let number = || value.parse().unwrap_or_default();
        match name {
            "operations" => info.operations = number(),
            "targets" => info.target_kinds = number(),
            "natives" => info.native_rows = number(),
            "sha256" => value.clone_into(&mut info.sha256),
            _ => {}
        }
    }
}

/// Returns how many bytes the services are in the program.
#[cfg(test)]
pub(crate) fn size() -> usize {
    SERVICES.len() + OPERATIONS.len()
}
