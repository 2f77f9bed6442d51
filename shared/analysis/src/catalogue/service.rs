//! Services and their operations, decoded per service on first use.

use crate::catalogue::quirk::ServiceQuirks;
use crate::catalogue::{CatalogueError, CatalogueInfo, Operation};
use std::sync::{Arc, OnceLock};

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
    pub(crate) quirks: ServiceQuirks,
    /// Names of operations, separated by spaces.
    text: &'static str,
    decoded: OnceLock<Vec<Arc<Operation>>>,
}

impl Service {
    /// Returns the operations, in the order of their names, extra ones last.
    pub(crate) fn operations(&self) -> &[Arc<Operation>] {
        self.decoded.get_or_init(|| {
            let extra = self.quirks.extra.iter().map(|name| &**name);
            self.text.split(' ').chain(extra).map(|name| Arc::new(Operation::new(self, name))).collect()
        })
    }

    /// Returns the names of all operations, extra ones last.
    pub(crate) fn all_names(&self) -> impl Iterator<Item = &str> {
        self.text.split(' ').chain(self.quirks.extra.iter().map(|name| &**name))
    }

    /// Returns true if the text of the operations holds `name` as a whole word.
    pub(crate) fn names(&self, name: &str) -> bool {
        !name.is_empty()
            && (self.quirks.extra.iter().any(|extra| &**extra == name)
                || self.text.match_indices(name).any(|(at, found)| {
                    let bytes = self.text.as_bytes();
                    let border = |place: Option<usize>| {
                        place.and_then(|place| bytes.get(place)).is_none_or(|byte| *byte == b' ')
                    };
                    border(at.checked_sub(1)) && border(Some(at + found.len()))
                }))
    }

    /// Returns the event names under which the service records operations of another name.
    pub(crate) fn renamed(&self) -> impl Iterator<Item = Arc<str>> {
        self.quirks.names.values().flatten().cloned()
    }
}

/// Reads the generated table.
pub(crate) fn read(text: &'static str) -> Result<(CatalogueInfo, Vec<Service>), CatalogueError> {
    let mut info = CatalogueInfo {
        format: 1,
        generated_from: String::new(),
        sha256: String::new(),
        services: 0,
        operations: 0,
        target_kinds: 0,
        native_rows: 0,
    };
    let mut services = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(head) = line.strip_prefix("# ") {
            read_head(head, &mut info);
            continue;
        }
        let columns: Vec<&'static str> = line.split('\t').collect();
        let [id, prefix, _endpoint, operations] = *columns.as_slice() else {
            return Err(CatalogueError::Line { line: number + 1, text: line.chars().take(60).collect() });
        };
        services.push(Service {
            id: id.into(),
            prefix: prefix.into(),
            event_sources: vec![format!("{prefix}.amazonaws.com").into()],
            global: false,
            quirks: ServiceQuirks::default(),
            text: operations,
            decoded: OnceLock::new(),
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
        match word.split_once('=') {
            Some(("operations", count)) => info.operations = count.parse().unwrap_or_default(),
            Some(("sha256", digest)) => digest.clone_into(&mut info.sha256),
            _ => {}
        }
    }
}
