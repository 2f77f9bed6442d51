//! How the resource of a call shows in its events.

#[cfg(test)]
mod tests;

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use crate::iam::{Read, Shapes, bind};
use loopguard_model::Scope;
use loopguard_pattern::Term;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Paths of an event with what they hold: texts with `{variable}`.
pub(crate) type Shown = BTreeMap<Arc<str>, Vec<Arc<str>>>;

/// One row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Binding {
    service: Arc<str>,
    /// Names of operations; a `*` at the end stands for any rest.
    operations: Vec<Arc<str>>,
    /// The service of the ARN, where it is not the prefix.
    arn: Option<Arc<str>>,
    /// Resource parts of ARNs, with `{variable}`; the first that fits is taken.
    pub(crate) resource: Vec<Arc<str>>,
    /// Those of the resource parts whose ARNs name a region.
    #[serde(default)]
    placed: Vec<Arc<str>>,
    /// The last variable cannot hold this text.
    without: Option<Arc<str>>,
    /// Request parameters of the CloudTrail record.
    #[serde(default)]
    pub(crate) request: Shown,
    /// Variable -> the members of requests that hold its value, or a list of them, where these have other names.
    #[serde(default)]
    pub(crate) members: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// The request parameters hold for these operations only.
    operations_request: Option<Vec<Arc<str>>>,
    /// Requests name the resource by the text that policies name it by: what a policy does not fit is refused.
    #[serde(default)]
    pub(crate) named_as_granted: bool,
    /// Fields of native events.
    #[serde(default)]
    pub(crate) native: Vec<NativeShown>,
    pub(crate) source: String,
    pub(crate) confidence: String,
}

/// Fields of native events of one source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NativeShown {
    /// The source.
    pub(crate) of: Arc<str>,
    /// The detail-types that show the fields.
    pub(crate) types: Vec<Arc<str>>,
    pub(crate) fields: Shown,
}

impl Binding {
    /// Returns the service as the resources' ARNs name it.
    pub(crate) fn service(&self) -> &str {
        self.arn.as_ref().unwrap_or(&self.service)
    }

    /// Returns true iff the resources have this one shape.
    pub(crate) fn is_only(&self, template: &Arc<str>) -> bool {
        self.resource.as_slice() == [template.clone()]
    }

    /// Returns how a policy's resource reads as a resource of the operations.
    pub(crate) fn read(&self, resource: &Term, scope: &Scope) -> Read {
        let shapes = Shapes {
            service: self.service(),
            templates: &self.resource,
            placed: &self.placed,
            without: self.without.as_deref(),
        };
        bind(resource, shapes, scope)
    }

    /// Returns how a name reads that a request gives for the variable, with what stands behind a colon; none: no resource of
    /// the operations has such a part.
    pub(crate) fn read_named(&self, variable: &str, name: &Term, scope: &Scope) -> Option<Read> {
        let start = self.start_of_qualified(variable)?;
        let Scope { partition, account, region } = scope;
        let text = Term::literal;
        let head = [text("arn:"), partition.clone(), text(":"), text(self.service()), text(":")];
        let place = [region.clone(), text(":"), account.clone(), text(":"), text(start), name.clone()];
        Some(self.read(&Term::concat(head.into_iter().chain(place)), scope))
    }

    /// Returns true iff a name for the variable is all of it: nothing can stand behind a colon.
    pub(crate) fn reads_names(&self, variable: &str) -> bool {
        self.start_of_qualified(variable).is_none()
    }

    /// Returns what stands before the variable in a resource part in which a colon and another variable follow it.
    fn start_of_qualified(&self, variable: &str) -> Option<&str> {
        let qualified = format!("{{{variable}}}:{{");
        self.resource.iter().find_map(|template| template.split_once(&*qualified).map(|(start, _)| start))
    }

    /// Returns the fields that the row fixes in the native event.
    pub(crate) fn native_of(
        &self,
        source: &str,
        detail_type: &str,
    ) -> impl Iterator<Item = (&Arc<str>, &Vec<Arc<str>>)> {
        self.native
            .iter()
            .filter(move |row| *row.of == *source && row.types.iter().any(|known| **known == *detail_type))
            .flat_map(|row| &row.fields)
    }

    /// Returns true iff the row is about the operation.
    pub(crate) fn covers(&self, operation: &str) -> bool {
        self.operations.iter().any(|known| match known.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => &**known == operation,
        })
    }

    /// Returns the request parameters that the row fixes for the operation.
    pub(crate) fn request_of(&self, operation: &str) -> Option<&Shown> {
        match &self.operations_request {
            Some(only) if !only.iter().any(|known| &**known == operation) => None,
            _ => Some(&self.request),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Table {
    bind: Vec<Binding>,
}

pub(crate) fn read() -> Result<BTreeMap<Arc<str>, Vec<Binding>>, CatalogueError> {
    let table: Table = packed::BINDS.read()?;
    let mut by_service: BTreeMap<Arc<str>, Vec<Binding>> = BTreeMap::new();
    for row in table.bind {
        check(packed::BINDS.name, &row.source, &row.confidence)?;
        by_service.entry(row.service.clone()).or_default().push(row);
    }
    Ok(by_service)
}
