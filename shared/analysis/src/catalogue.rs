//! Facts of AWS as tables: operations, quirks of their names, native events, targets, bindings, managed policies.
//!
//! The tables stand beside this file; each row of a hand-written one has a source and a confidence. The build packs them
//! (`build.rs`); each is read when it is first asked for, operations per service, managed policies in blocks.

mod binding;
mod carrier;
mod error;
mod facts;
mod given;
mod guarded;
mod kinds;
mod managed;
mod naming;
mod native;
mod operation;
pub(crate) mod packed;
mod places;
mod quirk;
mod records;
mod second;
mod service;
mod spelling;
mod table;
mod takeover;
mod target;
#[cfg(test)]
mod tests;
mod untold;

pub use error::CatalogueError;
pub use facts::{Change, Fact, Said, compare};

pub(crate) use error::check;

pub(crate) use binding::Binding;
pub(crate) use carrier::{Carriers, Feed, Link};
pub(crate) use native::{Native, Natives};
pub(crate) use operation::{Kind, Operation};
pub(crate) use records::Members;
pub(crate) use second::Second;
pub(crate) use service::Service;
pub(crate) use spelling::same_letters;
pub(crate) use takeover::Takeovers;

pub(crate) use target::{Caller, Seen, TargetKind, TargetNative, Then};
pub(crate) use untold::{Event, MOST_UNTOLD, Untold};

use crate::Aspect;
use loopguard_model::Policy;
use loopguard_pattern::Term;
use naming::Naming;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// The facts of AWS that the analysis rests on.
#[derive(Debug, Default)]
pub struct Catalogue {
    info: CatalogueInfo,
    services: Vec<Service>,
    by_prefix: BTreeMap<Arc<str>, Vec<usize>>,
    by_event_source: BTreeMap<Arc<str>, Vec<usize>>,
    /// Services that record an operation under another name: event name -> service.
    renamed: BTreeMap<Arc<str>, Vec<usize>>,
    natives: OnceLock<Natives>,
    targets: OnceLock<Vec<TargetKind>>,
    /// The operations that targets and the analysis itself name, found once.
    named: OnceLock<BTreeMap<Arc<str>, Arc<Operation>>>,
    /// Which services have an operation of a name; read when it is first asked for.
    naming: OnceLock<Naming>,
    bindings: OnceLock<BTreeMap<Arc<str>, Vec<Binding>>>,
    managed: OnceLock<managed::Managed>,
    guarded: OnceLock<Vec<guarded::Guarded>>,
    kinds: OnceLock<kinds::Kinds>,
    carriers: OnceLock<Carriers>,
    places: OnceLock<Vec<places::Places>>,
    records: OnceLock<records::Records>,
    takeovers: OnceLock<Takeovers>,
    seconds: OnceLock<Vec<Second>>,
    untold: OnceLock<Untold>,
    /// The detail-types of the schemas, by source; read when a pattern does not name its events.
    schemas: OnceLock<BTreeMap<Arc<str>, Vec<Arc<str>>>>,
    /// What the analysis is to take no account of.
    lacks: Option<Aspect>,
}

/// What a report says about the catalogue it used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogueInfo {
    /// Version of the catalogue's own format.
    pub format: u32,
    /// Where the generated part comes from (`botocore 1.44.5`).
    pub generated_from: String,
    /// SHA-256 of the generated rows, as the generator wrote it.
    pub sha256: String,
    /// Services whose operations are known.
    pub services: usize,
    /// Operations known.
    pub operations: usize,
    /// Kinds of targets known.
    pub target_kinds: usize,
    /// Rows that map calls to a native event.
    pub native_rows: usize,
}

impl Catalogue {
    /// Returns the catalogue that is built in. Loaded once per process.
    ///
    /// The tables are part of the program, and a test loads them; so a table that cannot be read is an empty one rather
    /// than an error that no caller could act on.
    pub fn embedded() -> Arc<Self> {
        static EMBEDDED: OnceLock<Arc<Catalogue>> = OnceLock::new();
        EMBEDDED.get_or_init(|| Arc::new(Self::lazy().unwrap_or_default())).clone()
    }

    /// Returns the catalogue that is built in, by which the analysis judges as if there were no such aspect.
    ///
    /// For showing that each aspect is needed; nothing else asks for it.
    pub fn without(aspect: Aspect) -> Self {
        Self { lacks: Some(aspect), ..Self::lazy().unwrap_or_default() }
    }

    /// Returns true iff the analysis takes account of the aspect.
    pub(crate) fn has(&self, aspect: Aspect) -> bool {
        self.lacks != Some(aspect)
    }

    /// Reads all built-in tables; fails iff one of them is not what its loader expects.
    pub fn load() -> Result<Self, CatalogueError> {
        let catalogue = Self::lazy()?;
        for service in &catalogue.services {
            service.rows()?;
        }
        let whole = Self {
            natives: OnceLock::from(Natives::read()?),
            targets: OnceLock::from(target::read()?),
            bindings: OnceLock::from(binding::read()?),
            carriers: OnceLock::from(carrier::read()?),
            managed: OnceLock::from(managed::Managed::embedded()?),
            guarded: OnceLock::from(guarded::read()?),
            kinds: OnceLock::from(kinds::Kinds::embedded()?),
            takeovers: OnceLock::from(takeover::read()?),
            seconds: OnceLock::from(second::read()?),
            untold: OnceLock::from(untold::read()?),
            places: OnceLock::from(places::read()?),
            records: OnceLock::from(records::read()?),
            ..catalogue
        };
        Ok(whole)
    }

    /// Reads what must be known of every service; the rest when it is asked for.
    fn lazy() -> Result<Self, CatalogueError> {
        let (info, services) = service::read()?;
        let mut catalogue = Self { info, ..Self::default() };
        for (index, service) in services.iter().enumerate() {
            catalogue.by_prefix.entry(service.prefix.clone()).or_default().push(index);
            for source in &service.event_sources {
                catalogue.by_event_source.entry(source.clone()).or_default().push(index);
            }
            for name in service.renamed() {
                catalogue.renamed.entry(name).or_default().push(index);
            }
        }
        Ok(Self { services, ..catalogue })
    }

    /// Returns what a report says about the catalogue.
    pub fn describe(&self) -> &CatalogueInfo {
        &self.info
    }

    /// Returns all services, in the order of their ids.
    pub(crate) fn services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the services whose IAM prefix this is.
    pub(crate) fn services_of_prefix(&self, prefix: &str) -> impl Iterator<Item = &Service> {
        self.pick(self.by_prefix.get(prefix))
    }

    /// Returns the services whose calls CloudTrail records with this `eventSource`.
    pub(crate) fn services_of_event_source(&self, source: &str) -> impl Iterator<Item = &Service> {
        self.pick(self.by_event_source.get(source))
    }

    fn pick<'a>(&'a self, indices: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a Service> {
        indices.into_iter().flatten().filter_map(|index| self.services.get(*index))
    }

    /// Returns the operations that CloudTrail may record under this `eventName`.
    pub(crate) fn operations_of_event_name(&self, name: &str) -> Vec<&Arc<Operation>> {
        let naming = self.naming.get_or_init(|| Naming::new(&self.services));
        let renamed = self.renamed.get(name).into_iter().flatten();
        let places: BTreeSet<usize> = naming.of(name).iter().chain(renamed).copied().collect();
        places
            .into_iter()
            .filter_map(|place| self.services.get(place))
            .flat_map(|service| service.recorded_as(name))
            .collect()
    }

    /// Returns the operations `prefix:Operation`: one for each service of that prefix that has it.
    pub(crate) fn operations_of(&self, call: &str) -> Vec<&Arc<Operation>> {
        let Some((prefix, name)) = call.split_once(':') else { return Vec::new() };
        self.services_of_prefix(prefix).filter_map(|service| service.operation(name)).collect()
    }

    /// Returns the operation `prefix:Operation` of the service that the prefix is called after, else of any.
    pub(crate) fn operation(&self, call: &str) -> Option<&Arc<Operation>> {
        let named = self.named.get_or_init(|| {
            let own = ["events:PutEvents", "events:StartReplay", "sts:AssumeRole"];
            let calls = self.targets().iter().filter_map(|kind| kind.call.as_deref()).chain(own);
            calls.filter_map(|call| Some((call.into(), self.find(call)?.clone()))).collect()
        });
        named.get(call).or_else(|| self.find(call))
    }

    fn find(&self, call: &str) -> Option<&Arc<Operation>> {
        let (prefix, name) = call.split_once(':')?;
        let mut main = self.services_of_prefix(prefix).filter(|service| &*service.id == prefix);
        let found = main.find_map(|service| service.operation(name));
        found.or_else(|| self.services_of_prefix(prefix).find_map(|service| service.operation(name)))
    }

    /// Returns the native events that a call of the operation can cause.
    pub(crate) fn natives_of(&self, operation: &Operation) -> impl Iterator<Item = &Native> {
        self.all_natives().of(operation)
    }

    /// Returns the rows of native events with that detail-type.
    pub(crate) fn natives_of_type(&self, detail_type: &str) -> impl Iterator<Item = &Native> {
        self.all_natives().of_type(detail_type)
    }

    /// Returns all rows of native events.
    pub(crate) fn natives(&self) -> &[Native] {
        self.all_natives().rows()
    }

    fn all_natives(&self) -> &Natives {
        self.natives.get_or_init(|| Natives::read().unwrap_or_default())
    }

    /// Returns the ids of all kinds of targets: what [`HopTarget::kind`](crate::HopTarget) may be.
    pub fn target_ids(&self) -> impl Iterator<Item = &str> {
        self.targets().iter().map(|kind| &*kind.id)
    }

    /// Returns all kinds of targets.
    pub(crate) fn targets(&self) -> &[TargetKind] {
        self.targets.get_or_init(|| target::read().unwrap_or_default())
    }

    /// Returns true iff what has the CloudFormation type makes calls of its own once it is started.
    pub(crate) fn runs(&self, class: &Arc<str>) -> bool {
        let is_target = |kind: &TargetKind| kind.then.runs() && kind.class.as_ref() == Some(class);
        let is_fed = |feed: &Feed| feed.class.as_ref() == Some(class);
        self.targets().iter().any(is_target) || self.carriers().feeds().iter().any(is_fed)
    }

    /// Returns how the resource of the operation shows in its events, if that is known.
    pub(crate) fn binding(&self, operation: &Operation) -> Option<&Binding> {
        self.bindings().get(&operation.prefix)?.iter().find(|binding| binding.covers(&operation.name))
    }

    /// Returns how resources show in events, by the IAM prefix of their service.
    pub(crate) fn bindings(&self) -> &BTreeMap<Arc<str>, Vec<Binding>> {
        self.bindings.get_or_init(|| binding::read().unwrap_or_default())
    }

    /// Returns what carries an event on without a rule.
    pub(crate) fn carriers(&self) -> &Carriers {
        self.carriers.get_or_init(|| carrier::read().unwrap_or_default())
    }

    /// Returns true iff the resource's own policy must allow the action, whatever the principal's policies say.
    pub fn needs_resource_policy(&self, action: &str, resource: &str) -> bool {
        let guarded = self.guarded.get_or_init(|| guarded::read().unwrap_or_default());
        guarded.iter().any(|guarded| guarded.is(action, resource))
    }

    /// Returns false only if what a policy names surely is no resource of the action, by its IAM name.
    pub(crate) fn may_allow_on(&self, action: &str, resource: &Term) -> bool {
        let kinds = self.kinds.get_or_init(|| kinds::Kinds::embedded().unwrap_or_default());
        kinds.of(action).is_none_or(|starts| kinds::may_allow(starts, resource))
    }

    /// Returns how a caller gets work done under another role.
    pub(crate) fn takeovers(&self) -> &Takeovers {
        self.takeovers.get_or_init(|| takeover::read().unwrap_or_default())
    }

    /// Returns which calls a service makes because of others.
    pub(crate) fn seconds(&self) -> &[Second] {
        self.seconds.get_or_init(|| second::read().unwrap_or_default())
    }

    /// Returns what is known of events of which no row says what causes them.
    pub(crate) fn untold(&self) -> &Untold {
        self.untold.get_or_init(|| untold::read().unwrap_or_default())
    }

    /// Returns what is known of every record of CloudTrail.
    pub(crate) fn records(&self) -> &records::Records {
        self.records.get_or_init(|| records::read().unwrap_or_default())
    }

    /// Returns whether the ARNs of the service name a region, and whether they name an account.
    pub(crate) fn places(&self, service: &str) -> (bool, bool) {
        let places = self.places.get_or_init(|| places::read().unwrap_or_default());
        let row = places.iter().find(|row| &*row.service == service);
        row.map_or((true, true), |row| (row.region, row.account))
    }

    /// Returns the variable of the service's bindings whose value is in one region, though no ARN says it.
    pub(crate) fn home(&self, service: &str) -> Option<&Arc<str>> {
        let places = self.places.get_or_init(|| places::read().unwrap_or_default());
        places.iter().find(|row| &*row.service == service)?.home.as_ref()
    }

    /// Returns the AWS managed policy of that name, if the table has it.
    pub fn managed_policy(&self, name: &str) -> Option<&Policy> {
        self.managed.get_or_init(|| managed::Managed::embedded().unwrap_or_default()).of(name)
    }
}
