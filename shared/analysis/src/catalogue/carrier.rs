//! What carries an event on without a rule: resources that hand on, and connections.

use crate::catalogue::CatalogueError;
use crate::catalogue::binding::Shown;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use loopguard_model::ConnectionKind;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A kind of resource that hands on what it is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feed {
    /// What it is called.
    pub(crate) id: Arc<str>,
    /// Service and beginning of the resource part.
    pub(crate) arn: (Arc<str>, Arc<str>),
    /// The calls that give it something.
    pub(crate) calls: Vec<Arc<str>>,
    /// The request members of these calls that name it.
    pub(crate) member: Vec<Arc<str>>,
    /// Those of them that start nothing: they let go on what waits.
    #[serde(default)]
    pub(crate) resumes: Vec<Arc<str>>,
    /// Texts of which the definition of what waits has one.
    #[serde(default)]
    pub(crate) waits: Vec<Arc<str>>,
    /// The CloudFormation types of what was read of the kind; none: what was not read does not count.
    #[serde(default)]
    pub(crate) read: Vec<Arc<str>>,
    /// It acts itself, under a role.
    #[serde(default)]
    pub(crate) runs: bool,
    /// The CloudFormation type of what acts, where no kind of target says it.
    pub(crate) class: Option<Arc<str>>,
    /// It hands on changes: what a call writes that is there already goes no further.
    #[serde(default)]
    pub(crate) on_change: bool,
    /// Call -> path -> the texts that what is handed on has there after this call.
    #[serde(default)]
    pub(crate) tells: BTreeMap<Arc<str>, Shown>,
    source: String,
    confidence: String,
}

/// What is known of a kind of connection.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    kind: String,
    /// The service that hands on, where no role does.
    pub(crate) principal: Option<Arc<str>>,
    /// Source and detail-type of what a bus at its end receives.
    pub(crate) put: Option<(Arc<str>, Arc<str>)>,
    /// The end's role makes the call.
    #[serde(default)]
    pub(crate) role: bool,
    /// The service that takes that role on, where it is asked whether it may.
    pub(crate) assumed_by: Option<Arc<str>>,
    /// All that arrives is handed on.
    pub(crate) every: bool,
    /// Its end reads by itself: nobody calls it.
    #[serde(default)]
    pub(crate) takes: bool,
    /// The feeds that it can take from, where the ARN of what it takes from is not known.
    #[serde(default)]
    pub(crate) begins: Vec<Arc<str>>,
    /// The kinds of targets that its end can be, whatever its ARN; none: the ARN alone tells.
    #[serde(default)]
    pub(crate) ends: Vec<Arc<str>>,
    /// The same for what a rule's target names.
    #[serde(default)]
    pub(crate) ends_of_rule: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

/// Both tables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Carriers {
    feed: Vec<Feed>,
    connection: Vec<Link>,
}

impl Carriers {
    /// Returns all kinds of resources that hand on.
    pub(crate) fn feeds(&self) -> &[Feed] {
        &self.feed
    }

    /// Returns what is known of a kind of connection.
    pub(crate) fn link(&self, kind: ConnectionKind) -> Option<&Link> {
        self.connection.iter().find(|link| link.kind == kind.as_str())
    }
}

pub(crate) fn read() -> Result<Carriers, CatalogueError> {
    let carriers: Carriers = packed::CARRIERS.read()?;
    for feed in &carriers.feed {
        check(packed::CARRIERS.name, &feed.source, &feed.confidence)?;
    }
    for link in &carriers.connection {
        check(packed::CARRIERS.name, &link.source, &link.confidence)?;
    }
    Ok(carriers)
}
