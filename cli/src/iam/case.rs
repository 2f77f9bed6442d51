//! A case as it is written: a request and its policies.

use loopguard_model::{Origin, Policy};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// One line of the input. Members that do not decide (`kind`, `expected`) are passed over.
#[derive(Debug, Deserialize)]
pub(crate) struct Case<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Option<&'a RawValue>,
    pub(crate) action: String,
    pub(crate) resource: String,
    #[serde(default)]
    pub(crate) principal: Option<String>,
    #[serde(default)]
    pub(crate) context: BTreeMap<String, Value>,
    #[serde(borrow, default)]
    identity: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    boundary: Option<Entry<'a>>,
    #[serde(borrow, default)]
    scps: Option<Vec<Vec<Entry<'a>>>>,
    #[serde(borrow, default)]
    session: Option<Entry<'a>>,
    #[serde(borrow, default)]
    resource_policy: Option<Entry<'a>>,
}

/// A policy by its document or its name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<'a> {
    #[serde(borrow, default)]
    inline: Option<&'a RawValue>,
    #[serde(default)]
    managed: Option<String>,
}

/// A policy of a case.
#[derive(Debug)]
pub(crate) enum Named {
    /// Its document was in the case.
    Inline(Policy),
    /// The name of an AWS managed policy.
    Managed(String),
}

/// The policies of a case, by layer.
#[derive(Debug)]
pub(crate) struct Policies {
    pub(crate) identity: Vec<Named>,
    pub(crate) boundary: Option<Named>,
    pub(crate) scps: Vec<Vec<Named>>,
    pub(crate) session: Option<Named>,
    pub(crate) resource: Option<Named>,
}

impl Case<'_> {
    /// Returns the policies; documents are named by their layer and place.
    pub(crate) fn policies(&self) -> Result<Policies, String> {
        let one = |entry: &Option<Entry<'_>>, what: &str| {
            entry.as_ref().map(|entry| entry.named(what, what)).transpose()
        };
        let levels = self.scps.iter().flatten().enumerate();
        Ok(Policies {
            identity: list(&self.identity, "identity", "inline")?,
            boundary: one(&self.boundary, "boundary")?,
            scps: levels
                .map(|(level, entries)| list(entries, "scps", &format!("level {}, policy", level + 1)))
                .collect::<Result<_, _>>()?,
            session: one(&self.session, "session")?,
            resource: one(&self.resource_policy, "resource_policy")?,
        })
    }
}

fn list(entries: &[Entry<'_>], member: &str, name: &str) -> Result<Vec<Named>, String> {
    let numbered = entries.iter().enumerate();
    numbered.map(|(index, entry)| entry.named(member, &format!("{name} {}", index + 1))).collect()
}

impl Entry<'_> {
    fn named(&self, member: &str, name: &str) -> Result<Named, String> {
        match (self.inline, &self.managed) {
            (Some(document), None) => {
                let origin = Origin::Assumed("given with the case".into());
                Ok(Named::Inline(Policy::from_text(name, document.get(), origin)))
            }
            (None, Some(managed)) => Ok(Named::Managed(managed.clone())),
            _ => Err(format!("a policy of `{member}` needs one of `inline` and `managed`")),
        }
    }
}
