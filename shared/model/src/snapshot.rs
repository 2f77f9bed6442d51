//! An account in a file: what the AWS API told of it, in the API's own shapes, as an inventory.
//!
//! `docs/snapshot.md` describes the format. What is there is read strictly: a value of another type than the API's
//! is an error with its place, since a fact that silently goes missing would hide a loop. Members that are not
//! known here are passed over, those of the format itself with a note.

mod account;
mod answer;
mod connections;
mod document;
mod node;
mod queues;
mod resource_policies;
mod roles;
mod rules;
mod scps;
mod trails;
mod understood;
mod workloads;
mod write;

#[cfg(test)]
mod tests;

pub use answer::consumers;
pub use node::SnapshotError;
pub use write::{Look, LookFinding, Written, write};

use crate::{Inventory, Scope};
use answer::Coverage;
use document::Document;
use node::Node;
use std::sync::Arc;

/// The version of the format that is read and written here.
pub const VERSION: u32 = 1;

/// The member by which a document says that it is a snapshot, and of which version.
pub const MARK: &str = "loopguard_snapshot";

/// Sections of an account, by the members of the format.
pub mod section {
    /// Event buses.
    pub const BUSES: &str = "buses";
    /// Rules with their targets and tags.
    pub const RULES: &str = "rules";
    /// Functions, without their code.
    pub const FUNCTIONS: &str = "functions";
    /// State machines with their definitions.
    pub const STATE_MACHINES: &str = "state_machines";
    /// Runbooks that targets name.
    pub const DOCUMENTS: &str = "documents";
    /// Build projects that targets name.
    pub const PROJECTS: &str = "projects";
    /// Task definitions that targets name.
    pub const TASK_DEFINITIONS: &str = "task_definitions";
    /// Roles with their inline policies.
    pub const ROLES: &str = "roles";
    /// Managed policies that roles have.
    pub const POLICIES: &str = "policies";
    /// Policies of resources: buckets, queues, topics, keys, buses, functions.
    pub const RESOURCE_POLICIES: &str = "resource_policies";
    /// Subscriptions of topics.
    pub const SUBSCRIPTIONS: &str = "subscriptions";
    /// Event-source mappings of functions.
    pub const EVENT_SOURCE_MAPPINGS: &str = "event_source_mappings";
    /// Destinations of functions.
    pub const INVOKE_CONFIGS: &str = "invoke_configs";
    /// Pipes.
    pub const PIPES: &str = "pipes";
    /// Schedules of EventBridge Scheduler.
    pub const SCHEDULES: &str = "schedules";
    /// Trails with their status and event selectors.
    pub const TRAILS: &str = "trails";
    /// Notifications of buckets.
    pub const BUCKET_NOTIFICATIONS: &str = "bucket_notifications";
    /// Log groups that targets name, with their subscription filters.
    pub const LOG_GROUPS: &str = "log_groups";
    /// Queues that something names, with where what is received too often goes.
    pub const QUEUES: &str = "queues";
    /// Service control policies, level by level.
    pub const SCPS: &str = "service_control_policies";
    /// What runs, whatever told it: in snapshots of one look.
    pub const WORKLOADS: &str = "workloads";
    /// What hands on, whatever told it: in snapshots of one look.
    pub const CONNECTIONS: &str = "connections";
    /// What one look asked for, and what was not answered.
    pub const ANSWERS: &str = "answers";
    /// What could not be read.
    pub const GAPS: &str = "gaps";
}

/// What a snapshot holds.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// All facts, those of every account and region of the snapshot.
    pub inventory: Inventory,
    /// When it was taken, as the snapshot says (RFC 3339).
    pub taken_at: Arc<str>,
    coverage: Vec<Coverage>,
}

impl Snapshot {
    /// Returns the accounts and regions of the snapshot, in its order.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.coverage.iter().map(|coverage| &coverage.scope)
    }
}

/// Reads a snapshot that stands in a file; every fact has its place there as origin.
pub fn read(text: &str, file: &str) -> Result<Snapshot, SnapshotError> {
    snapshot(&Document::of_file(text, file))
}

/// Reads a snapshot that was just taken; every fact has the operation that told it as origin.
pub fn read_live(text: &str) -> Result<Snapshot, SnapshotError> {
    snapshot(&Document::live(text))
}

/// Returns true iff the text says that it is a snapshot, of whatever version; it may still be unreadable.
pub fn is_snapshot(text: &str) -> bool {
    let quoted = format!("\"{MARK}\"");
    text.strip_prefix('\u{feff}').unwrap_or(text).trim_start().starts_with('{') && text.contains(&quoted)
}

fn snapshot(document: &Document) -> Result<Snapshot, SnapshotError> {
    let root = document.parse()?;
    let root = Node::root(document, &root);
    check_version(&root)?;
    let taken_at = root.optional_text("taken_at")?.unwrap_or_default();
    let accounts = root.required("accounts")?.items()?;
    let mut read = Vec::new();
    for account in &accounts {
        read.push(account::account(account, &taken_at)?);
    }
    let mut notes = root.unknown_members(&[MARK, "taken_at", "look", "accounts"]);
    let mut parts = read.into_iter();
    let Some((mut inventory, first)) = parts.next() else {
        return Err(root.required("accounts")?.error("an empty list: a snapshot holds one account at least"));
    };
    let mut coverage = vec![first];
    for (more, covered) in parts {
        inventory.join_region(more);
        coverage.push(covered);
    }
    inventory.notes.append(&mut notes);
    inventory
        .assumptions
        .insert("functions do what their roles allow: code in an account is not read".into());
    Ok(Snapshot { inventory, taken_at, coverage })
}

fn check_version(root: &Node<'_>) -> Result<(), SnapshotError> {
    let Some(version) = root.member(MARK)? else {
        return Err(root.error(&format!("not a snapshot: it has no `{MARK}`")));
    };
    match version.number()? {
        Some(VERSION) => Ok(()),
        Some(newer) if newer > VERSION => Err(version.error(&format!(
            "version {newer} of the format, and this loopguard reads versions up to {VERSION}: use a newer one"
        ))),
        _ => Err(version.error(&format!("not a version of the format: `{VERSION}` is the first"))),
    }
}
