//! The events of one API call: CloudTrail records and native events.

use super::{Emission, Family, Field, Fields};
use crate::bus::Bus;
use crate::catalogue::{Binding, Catalogue, Kind, Operation};
use crate::few::Few;
use crate::glob::Glob;
use crate::iam::Bound;
use crate::{Aspect, Certainty, Emits};
use loopguard_model::Scope;
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The detail-type of API calls.
pub(crate) const API_CALL: &str = "AWS API Call via CloudTrail";

/// Whether a call went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It did: no error code.
    Success,
    /// It was refused or failed: an error code, the request perhaps left out.
    Failure,
}

/// Returns the CloudTrail records of one call, whoever makes it, one for each event source that records differ in.
///
/// None where CloudTrail does not record the call.
pub(crate) fn record(
    catalogue: &Catalogue,
    operation: &Operation,
    outcome: Outcome,
    scope: &Scope,
    certainty: Certainty,
) -> Vec<Emission> {
    let family = match operation.kind {
        Kind::Unlogged => return Vec::new(),
        Kind::Management => Family::Record { read_only: operation.read_only },
        Kind::Data => Family::DataRecord { resource_type: operation.data_type.clone() },
    };
    let made = match outcome {
        Outcome::Success => Aspect::CallRecords,
        Outcome::Failure => Aspect::FailedCalls,
    };
    if !catalogue.has(made) {
        return Vec::new();
    }
    let global = operation.global && catalogue.has(Aspect::HomeRegions);
    let region = global.then(|| home_region(scope));
    let own = std::slice::from_ref(&operation.name);
    let names = if catalogue.has(Aspect::RecordedNames) { &*operation.event_names } else { own };
    let names: Vec<Glob> = names.iter().map(|name| Glob::exact(name.clone().into())).collect();
    let names = Few::from(names);
    let one = |event_source: &Arc<str>| {
        let source = format!("aws.{}", event_source.strip_suffix(".amazonaws.com").unwrap_or(event_source));
        let mut fields = envelope(catalogue, &source, API_CALL, scope, region.as_ref());
        if catalogue.has(Aspect::RecordMembers) {
            fields.shut(catalogue.records().members.clone());
        }
        if catalogue.has(Aspect::Sources) {
            fields.exactly("detail.eventSource", event_source.clone());
        }
        if catalogue.has(Aspect::CallNames) {
            fields.set("detail.eventName", Field::Exactly(names.clone()));
        }
        if catalogue.has(Aspect::ShownPlaces) {
            fields.exactly("detail.awsRegion", region.clone().unwrap_or_else(|| scope.region.clone()));
        }
        if catalogue.has(Aspect::RecordFlags) {
            fields.exactly("detail.eventType", "AwsApiCall");
            fields.set("detail.readOnly", Field::Flag(operation.read_only));
            fields.set("detail.managementEvent", Field::Flag(operation.kind == Kind::Management));
        }
        match outcome {
            Outcome::Success => {
                fields.set("detail.errorCode", Field::Absent);
                fields.set("detail.errorMessage", Field::Absent);
            }
            Outcome::Failure => {
                fields.set("detail.errorCode", Field::Exactly(Glob::any().into()));
                fields.set("detail.errorMessage", Field::Maybe(Glob::any().into()));
            }
        }
        Emission {
            fields,
            granted: BTreeSet::new(),
            resources: Few::default(),
            emits: Emits {
                source: source.as_str().into(),
                detail_type: API_CALL.into(),
                event_name: operation.event_names.first().cloned(),
            },
            action: operation.action().clone(),
            certainty,
            every_run: false,
            only_whole: false,
            bus: Bus::default_here().told_apart(catalogue),
            region: region.clone(),
            family: family.clone(),
            note: match outcome {
                Outcome::Success => "".into(),
                Outcome::Failure => "a call that is refused or fails is an event too".into(),
            },
        }
    };
    operation.event_sources.iter().map(one).collect()
}

/// Returns a native event of a call.
pub(crate) fn native(
    catalogue: &Catalogue,
    operation: &Operation,
    (source, detail_type): &(Arc<str>, Arc<str>),
    fixed: &BTreeMap<Arc<str>, Vec<Arc<str>>>,
    note: &str,
    scope: &Scope,
    certainty: Certainty,
) -> Emission {
    let mut fields = envelope(catalogue, source, detail_type, scope, None);
    if !shows_call(detail_type) && catalogue.has(Aspect::CallsOfNativeEvents) {
        without_call(source, &mut fields);
    }
    let shown = |_: &(_, _)| catalogue.has(Aspect::FieldsOfNativeEvents);
    for (path, texts) in fixed.iter().filter(shown) {
        let texts: Vec<Glob> = texts.iter().map(|text| Glob::of_stars(text)).collect();
        fields.set(path, Field::Exactly(texts.into()));
    }
    let bucket = &**source == "aws.s3";
    Emission {
        fields,
        granted: BTreeSet::new(),
        resources: Few::default(),
        emits: Emits { source: source.clone(), detail_type: detail_type.clone(), event_name: None },
        action: operation.action().clone(),
        certainty,
        every_run: false,
        only_whole: false,
        bus: Bus::default_here().told_apart(catalogue),
        region: None,
        family: if bucket { Family::Bucket } else { Family::Native },
        note: note.into(),
    }
}

/// Returns true iff events of the detail-type are CloudTrail's, and so show a call or what a service did.
pub(crate) fn shows_call(detail_type: &str) -> bool {
    detail_type.ends_with("via CloudTrail")
}

/// Returns true iff the source's own events have an `eventName`: ECS service actions and deployments do.
pub(crate) fn shows_event_name(source: &str) -> bool {
    source == "aws.ecs"
}

/// Native events carry neither a caller nor a call, but for the few named here.
fn without_call(source: &str, fields: &mut Fields) {
    if !shows_event_name(source) {
        fields.set("detail.eventName", Field::Absent);
    }
    for path in [
        "detail.eventSource",
        "detail.errorCode",
        "detail.requestParameters.bucketName",
        "detail.userIdentity.type",
        "detail.userIdentity.arn",
        "detail.userIdentity.principalId",
        "detail.userIdentity.invokedBy",
        "detail.userIdentity.sessionContext.sessionIssuer.arn",
        "detail.userIdentity.sessionContext.sessionIssuer.userName",
    ] {
        fields.set(path, Field::Absent);
    }
}

fn envelope(
    catalogue: &Catalogue,
    source: &str,
    detail_type: &str,
    scope: &Scope,
    region: Option<&Term>,
) -> Fields {
    let mut fields = Fields::default();
    if catalogue.has(Aspect::Sources) {
        fields.exactly("source", source);
    }
    if catalogue.has(Aspect::DetailTypes) {
        fields.exactly("detail-type", detail_type);
    }
    if catalogue.has(Aspect::ShownPlaces) {
        fields.exactly("account", scope.account.clone());
        fields.exactly("region", region.unwrap_or(&scope.region).clone());
    }
    // Only replayed events have it.
    if catalogue.has(Aspect::ReplayNames) {
        fields.set("replay-name", Field::Absent);
    }
    fields
}

/// The region in which a partition records the calls of its global services.
pub(crate) fn home_region(scope: &Scope) -> Term {
    let partition = scope.partition.as_literal();
    Term::literal(match partition.as_deref() {
        Some("aws-cn") => "cn-northwest-1",
        Some("aws-us-gov") => "us-gov-west-1",
        _ => "us-east-1",
    })
}

impl Emission {
    /// Returns the record as a call that goes through leaves it, with its request: records leave it out only where the
    /// call is refused, or the request is larger than 100 KB.
    pub(crate) fn with_request(&self) -> Option<Self> {
        if !self.is_of_call() || !self.every_run {
            return None;
        }
        let mut full = self.clone();
        full.fields.surely_below("detail.requestParameters").then_some(full)
    }

    /// Writes what the resource of the call shows in this event, its [ARNs](resources) aside.
    pub(crate) fn bind(
        &mut self,
        catalogue: &Catalogue,
        binding: &Binding,
        bound: &Bound,
        operation: &Operation,
        scope: &Scope,
    ) {
        match &self.family {
            Family::Record { .. } | Family::DataRecord { .. } => {
                for (path, templates) in binding.request_of(&operation.name).into_iter().flatten() {
                    if let Some(globs) = filled(templates, bound, scope).map(Few::from) {
                        // A record may leave its request out: over 100 KB, or on a refused call.
                        let shown = if catalogue.has(Aspect::LeftOutRequests) {
                            Field::Maybe(globs)
                        } else {
                            Field::Exactly(globs)
                        };
                        self.fields.set(path, shown);
                        self.granted.extend(bound.is_granted().then(|| path.clone()));
                    }
                    leave_out(&mut self.fields, path, templates, bound);
                }
            }
            Family::Native | Family::Bucket => {
                for (path, templates) in binding.native_of(&self.emits.source, &self.emits.detail_type) {
                    if let Some(globs) = filled(templates, bound, scope).map(Few::from) {
                        self.fields.set(path, Field::Exactly(globs));
                        self.granted.extend(bound.is_granted().then(|| path.clone()));
                    }
                    leave_out(&mut self.fields, path, templates, bound);
                }
            }
            Family::Custom | Family::Forwarded => {}
        }
    }
}

/// Returns the ARNs that the resource may have, as far as they are known.
pub(crate) fn resources(catalogue: &Catalogue, binding: &Binding, bound: &Bound, scope: &Scope) -> Few<Glob> {
    if let Some(arn) = bound.get("arn") {
        return arn.into();
    }
    let (region, account) = catalogue.places(binding.service());
    let field = |is_there, own: &Term| if is_there { own.clone() } else { Term::EMPTY };
    let colon = || Term::literal(":");
    let start = Glob::exact(Term::concat([
        Term::literal("arn:"),
        scope.partition.clone(),
        Term::literal(&[":", binding.service(), ":"].concat()),
        field(region, &scope.region),
        colon(),
        field(account, &scope.account),
        colon(),
    ]));
    let arn = |template: &Arc<str>| {
        let mut arn = start.clone();
        arn.push(&Glob::fill(template, &|name| match place_of(name, scope) {
            Some(term) => Some(Glob::exact(term.clone())),
            None => bound.get(name),
        }));
        arn
    };
    // A resource of one shape has the names of that shape alone.
    let shaped = binding.resource.iter().filter(|template| bound.is_of(template));
    let shaped: Vec<Glob> = shaped.map(arn).collect();
    if shaped.is_empty() {
        binding.resource.iter().map(arn).collect::<Vec<_>>().into()
    } else {
        shaped.into()
    }
}

/// Returns the part of the place that a variable of templates names.
fn place_of<'s>(name: &str, scope: &'s Scope) -> Option<&'s Term> {
    match name {
        "partition" => Some(&scope.partition),
        "region" => Some(&scope.region),
        "account" => Some(&scope.account),
        _ => None,
    }
}

/// Writes which texts the path surely does not have, since the resource's variable does not have them.
fn leave_out(fields: &mut Fields, path: &Arc<str>, templates: &[Arc<str>], bound: &Bound) {
    for (variable, globs) in bound.left_out() {
        let place = format!("{{{variable}}}");
        // Behind the variable nothing may be open: what stands there could be part of another value.
        let tells = |template: &&Arc<str>| {
            template
                .split_once(&*place)
                .is_some_and(|(before, after)| !before.contains('{') && after.is_empty())
        };
        for template in templates.iter().filter(tells) {
            let texts = globs.iter().map(|glob| Glob::fill(template, &|_| Some(glob.clone())));
            fields.leave_out(path, texts);
        }
    }
}

/// Returns the values that a path has, by the templates whose variables the resource has; none: any.
fn filled(templates: &[Arc<str>], bound: &Bound, scope: &Scope) -> Option<Vec<Glob>> {
    let place = |name: &str| place_of(name, scope);
    let known = |template: &&Arc<str>| {
        variables(template).all(|text| place(text).is_some() || bound.has(Changed::of(text).name))
    };
    let value = |text: &str| match place(text) {
        Some(term) => Some(Glob::exact(term.clone())),
        None => Changed::of(text).value(bound),
    };
    let globs: Vec<Glob> =
        templates.iter().filter(known).map(|template| Glob::fill(template, &value)).collect();
    (!globs.is_empty() && !globs.iter().any(Glob::is_any)).then_some(globs)
}

fn variables(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(text, _)| text))
}

/// A variable of a template, perhaps with a change of its value.
struct Changed<'t> {
    name: &'t str,
    change: &'t str,
}

impl<'t> Changed<'t> {
    fn of(text: &'t str) -> Self {
        let (name, change) = text.split_once('!').unwrap_or((text, ""));
        Self { name, change }
    }

    fn value(&self, bound: &Bound) -> Option<Glob> {
        let value = bound.get(self.name)?;
        match self.change {
            "last" => Some(value.last_segment()),
            "unsuffixed" => Some(value.without_random_suffix()),
            _ => Some(value),
        }
    }
}
