//! Native events of which no row says what causes them.

use crate::accept;
use crate::catalogue::error::check;
use crate::catalogue::table::Table;
use crate::catalogue::{Catalogue, CatalogueError, packed, same_letters};
use crate::emission::{API_CALL, shows_call};
use loopguard_pattern::{Branch, EventPattern};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Source and detail-type.
pub(crate) type Event = (Arc<str>, Arc<str>);

/// More such events than this in one pattern, and no more is said of them than that there are many.
pub(crate) const MOST_UNTOLD: usize = 256;

/// The detail-types of the schemas, by source.
pub(super) const SCHEMAS: &[u8] = include_bytes!("generated/events.bin");

/// What the tables know of such events.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Untold {
    origin: Vec<Origin>,
    unprompted: Vec<Unprompted>,
}

/// A source of events that no service's calls are recorded under.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    of: Arc<str>,
    /// IAM prefixes of the calls that may cause its events.
    prefixes: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

/// Events that no call causes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unprompted {
    of: Arc<str>,
    /// Detail-types; a `*` at the end stands for any rest.
    types: Vec<Arc<str>>,
    why: Arc<str>,
    source: String,
    confidence: String,
}

/// Reads the table; fails iff it is not what is expected.
pub(crate) fn read() -> Result<Untold, CatalogueError> {
    let untold: Untold = packed::UNTOLD.read()?;
    let origins = untold.origin.iter().map(|row| (&row.source, &row.confidence));
    let unprompted = untold.unprompted.iter().map(|row| (&row.source, &row.confidence));
    for (source, confidence) in origins.chain(unprompted) {
        check(packed::UNTOLD.name, source, confidence)?;
    }
    Ok(untold)
}

impl Untold {
    /// Returns why no call causes the event; none: a call may.
    pub(crate) fn why_unprompted(&self, (source, detail_type): &Event) -> Option<&Arc<str>> {
        let is = |pattern: &Arc<str>| match pattern.strip_suffix('*') {
            Some(start) => detail_type.starts_with(start),
            None => pattern == detail_type,
        };
        let row = self.unprompted.iter().find(|row| row.of == *source && row.types.iter().any(is));
        row.map(|row| &row.why)
    }
}

impl Catalogue {
    /// Returns the native events of AWS that the branch may accept and of which no row says what causes them, though a
    /// call may: those of the schemas, and those that the branch itself names. Of a branch that names too many, the first
    /// [`MOST_UNTOLD`] and one more.
    pub(crate) fn untold_events(&self, branch: &Branch) -> Vec<Event> {
        let types = accept::listed(branch, "detail-type");
        if types.as_ref().is_some_and(|types| types.iter().all(|text| &**text == API_CALL)) {
            return Vec::new();
        }
        let may_be = |event: &Event| {
            is_of_aws(&event.0) && accept::may_be_native(branch, event) && self.is_untold(event)
        };
        match (accept::listed(branch, "source"), types) {
            (Some(sources), Some(types)) => {
                let named = types.iter().flat_map(|detail_type| self.named(&sources, detail_type));
                named.filter(may_be).take(MOST_UNTOLD + 1).collect()
            }
            _ => self.schema_events(branch).into_iter().filter(may_be).collect(),
        }
    }

    /// Returns the events of that detail-type that a branch names which lists these sources: where the type is known to be
    /// of some of them, those of the others are in the lists by chance. Records have the same types whatever the source is.
    fn named(&self, sources: &[Arc<str>], detail_type: &Arc<str>) -> Vec<Event> {
        let of = |source: &Arc<str>| (source.clone(), detail_type.clone());
        let is_known = |event: &Event| {
            let schema = self.schemas().get(&event.0);
            schema.is_some_and(|types| types.contains(&event.1)) || !self.is_untold(event)
        };
        let known: Vec<Event> = sources.iter().map(of).filter(is_known).collect();
        if known.is_empty() || shows_call(detail_type) { sources.iter().map(of).collect() } else { known }
    }

    fn schemas(&self) -> &BTreeMap<Arc<str>, Vec<Arc<str>>> {
        self.schemas.get_or_init(schemas)
    }

    /// Returns why no call causes what the pattern accepts, with one of these events, if no call causes any of them.
    pub(crate) fn why_unprompted(&self, pattern: &EventPattern) -> Option<String> {
        let all: Option<Vec<_>> = pattern.branches().iter().map(|branch| self.unprompted(branch)).collect();
        let ((source, detail_type), why) = all?.into_iter().next()?;
        Some(format!("no call causes `{detail_type}` of `{source}`: {why}"))
    }

    /// Returns the last of the events that the branch lists, and why no call causes it, if no call causes any of them.
    fn unprompted(&self, branch: &Branch) -> Option<(Event, &Arc<str>)> {
        let types = accept::listed(branch, "detail-type")?;
        let mut last = None;
        for source in accept::listed(branch, "source")? {
            for detail_type in &types {
                let event = (source.clone(), detail_type.clone());
                let why = self.untold().why_unprompted(&event)?;
                last = Some((event, why));
            }
        }
        last
    }

    /// Returns true iff no row says what causes the event, or that nothing in the account does.
    pub(super) fn is_untold(&self, event: &Event) -> bool {
        let (_, detail_type) = event;
        let by_target = || self.targets().iter().flat_map(|kind| &kind.native).any(|row| row.event == *event);
        &**detail_type != API_CALL
            && !self.natives_of_type(detail_type).any(|row| row.event == *event)
            && self.untold().why_unprompted(event).is_none()
            && !by_target()
    }

    /// Returns the events of the schemas that the branch may accept.
    fn schema_events(&self, branch: &Branch) -> Vec<Event> {
        let of_source = self.schemas().iter().filter(|(source, _)| accept::may(branch, "source", source));
        let all =
            of_source.flat_map(|(source, types)| types.iter().map(move |one| (source.clone(), one.clone())));
        all.filter(|(_, detail_type)| accept::may(branch, "detail-type", detail_type)).collect()
    }

    /// Returns true iff the service of the source is known to have events of its own, besides the records of its calls.
    pub(crate) fn has_native_events(&self, source: &str) -> bool {
        let own = |types: &Vec<Arc<str>>| types.iter().any(|detail_type| &**detail_type != API_CALL);
        self.natives().iter().any(|native| &*native.event.0 == source)
            || self.untold().unprompted.iter().any(|row| &*row.of == source)
            || self.schemas().get(source).is_some_and(own)
    }

    /// Returns the IAM prefixes of the calls that may cause events of the source, if any are known.
    pub(crate) fn prefixes_of_source(&self, source: &str) -> Vec<Arc<str>> {
        if let Some(row) = self.untold().origin.iter().find(|row| &*row.of == source) {
            return row.prefixes.clone();
        }
        let service = source.strip_prefix("aws.").unwrap_or(source);
        let event_source = format!("{service}.amazonaws.com");
        let by_record = self.services_of_event_source(&event_source);
        let mut prefixes: Vec<Arc<str>> =
            by_record.chain(self.services_of_prefix(service)).map(|service| service.prefix.clone()).collect();
        prefixes.sort();
        prefixes.dedup();
        prefixes
    }

    /// Returns what a reader should know of an event of which no row says what causes it.
    pub(crate) fn untold_note(&self, (source, detail_type): &Event) -> String {
        let known = self.schemas().get(source);
        let alike = |known: &&Arc<str>| same_letters(known, detail_type) && *known != detail_type;
        let told = self.natives().iter().filter(|row| row.event.0 == *source).map(|row| &row.event.1);
        let spelled = known.into_iter().flatten().chain(told).find(alike);
        let hint = spelled.map(|known| format!("; an event of that source is called `{known}`"));
        format!("which calls cause `{detail_type}` of `{source}` is not known{}", hint.unwrap_or_default())
    }
}

fn is_of_aws(source: &str) -> bool {
    source.starts_with("aws.") && !source.starts_with("aws.partner/")
}

/// Returns the detail-types of the schemas by source. A test reads the table.
fn schemas() -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let table = Table::<()>::read("events.bin", SCHEMAS).unwrap_or_default();
    let first = |kind: &str| kind.split('\u{1f}').next().unwrap_or_default().into();
    let rows = table.rows().map(|(source, rest)| (source.into(), rest.split('\t').map(first).collect()));
    rows.collect()
}
