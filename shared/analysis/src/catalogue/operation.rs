//! One operation: what IAM calls it and what CloudTrail writes.

use crate::catalogue::Service;
use std::sync::Arc;

/// Whether and how CloudTrail records a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As a management event.
    Management,
    /// As a data event, only where a trail selects it.
    Data,
    /// Not at all.
    Unlogged,
}

/// An operation of a service.
#[derive(Debug)]
pub(crate) struct Operation {
    /// `s3:PutBucketEncryption`: prefix and name, which names the operation here.
    pub(crate) call: Arc<str>,
    /// The IAM prefix of its service.
    pub(crate) prefix: Arc<str>,
    /// The name in the SDKs.
    pub(crate) name: Arc<str>,
    /// The IAM actions it needs (`s3:PutEncryptionConfiguration`); the operation may succeed only if those of
    /// its own service are allowed. Empty: no permission is needed.
    pub(crate) actions: Vec<Arc<str>>,
    /// IAM has no action of the operation's name, and nobody tells which it needs: any of `actions` may be it.
    pub(crate) assumed: bool,
    /// What CloudTrail writes as `eventName`: one of these.
    pub(crate) event_names: Vec<Arc<str>>,
    /// What CloudTrail writes as `eventSource`: one of these.
    pub(crate) event_sources: Vec<Arc<str>>,
    /// How CloudTrail records it.
    pub(crate) kind: Kind,
    /// CloudTrail marks it read-only.
    pub(crate) read_only: bool,
    /// Recorded in the home region of the partition only.
    pub(crate) global: bool,
    /// For data events: the resource type that a trail selects, where it is known.
    pub(crate) data_type: Option<Arc<str>>,
}

impl Operation {
    pub(crate) fn new(service: &Service, name: &str) -> Self {
        let quirks = service.quirks();
        let full = |action: &Arc<str>| -> Arc<str> {
            if action.contains(':') { action.clone() } else { format!("{}:{action}", service.prefix).into() }
        };
        let call: Arc<str> = format!("{}:{name}", service.prefix).into();
        let reads = name.starts_with("Get") || name.starts_with("List") || name.starts_with("Describe");
        let kind = if quirks.unlogged.contains(name) {
            Kind::Unlogged
        } else if quirks.data.contains(name) {
            Kind::Data
        } else {
            Kind::Management
        };
        let alike = quirks.assumed.get(name);
        let by_name = || std::iter::once(call.clone()).chain(alike.into_iter().flatten().map(full)).collect();
        Self {
            actions: quirks
                .actions
                .get(name)
                .map_or_else(by_name, |actions| actions.iter().map(full).collect()),
            assumed: alike.is_some(),
            event_names: quirks.names.get(name).cloned().unwrap_or_else(|| vec![name.into()]),
            event_sources: service.event_sources.clone(),
            kind,
            read_only: quirks.read_only.contains(name) || (reads && !quirks.writes.contains(name)),
            global: service.global,
            data_type: if kind == Kind::Data { quirks.data_type.clone() } else { None },
            call,
            prefix: service.prefix.clone(),
            name: name.into(),
        }
    }

    /// Returns the actions of which one must be allowed: all where they are assumed, else the one of the operation's own name if it has one, else
    /// those of its own service, else all.
    ///
    /// The others (`iam:PassRole`, tags) depend on what the call asks for.
    pub(crate) fn deciding(&self) -> Vec<&Arc<str>> {
        if self.assumed {
            return self.actions.iter().collect();
        }
        let named: Vec<&Arc<str>> =
            self.actions.iter().filter(|action| action.eq_ignore_ascii_case(&self.call)).collect();
        if !named.is_empty() {
            return named;
        }
        let of_service = |action: &&Arc<str>| {
            action.split_once(':').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(&self.prefix))
        };
        let own: Vec<&Arc<str>> = self.actions.iter().filter(of_service).collect();
        if own.is_empty() { self.actions.iter().collect() } else { own }
    }

    /// Returns the action that stands for the operation in reports.
    pub(crate) fn action(&self) -> &Arc<str> {
        self.deciding().first().copied().unwrap_or(&self.call)
    }
}
