//! Accounts made up from a seed, as snapshots: for measuring, and for what must hold of any account.
//!
//! The shape of an account is stated: how many rules, buses and roles, how broad the roles are, what share of
//! them may do everything. The same shape and seed make the same text.

#![allow(dead_code, reason = "each of the programs that make accounts uses a part of this")]

mod draw;
mod patterns;
mod roles;
mod targets;
pub(crate) mod template;

pub(crate) use draw::Draw;

use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-east-1";

/// How an account is made.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) seed: u64,
    pub(crate) rules: usize,
    /// The default bus and named ones.
    pub(crate) buses: usize,
    /// Each with one function, machine, project or task definition that runs under it.
    pub(crate) roles: usize,
    /// Shares of the roles in thousandths; the others name one to five actions on named resources.
    pub(crate) breadth: Breadth,
    /// Share of the rules, in thousandths, that listen to nearly everything.
    pub(crate) catch_all: u64,
}

/// Shares of the roles in thousandths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Breadth {
    /// `*` on `*`.
    pub(crate) admin: u64,
    /// `service:*` of one or two services on `*`.
    pub(crate) service: u64,
    /// Ten to thirty actions of three or four services, some with wildcards.
    pub(crate) several: u64,
}

impl Shape {
    /// The shape of the table in `docs/performance.md`: a bus for 300 rules, a role for three, 1 % of the roles
    /// administrators, 9 % with all of a service, 30 % with ten to thirty actions.
    pub(crate) fn of(rules: usize) -> Self {
        Self {
            seed: 1,
            rules,
            buses: (rules / 300).max(1),
            roles: (rules / 3).max(1),
            breadth: Breadth { admin: 10, service: 90, several: 300 },
            catch_all: 2,
        }
    }

    /// Rules that all may trigger each other: each listens to calls or custom events that its own administrator may
    /// make.
    pub(crate) fn broad(rules: usize) -> Self {
        Self {
            breadth: Breadth { admin: 1_000, service: 0, several: 0 },
            buses: 1,
            catch_all: 0,
            ..Self::of(rules)
        }
    }
}

/// Returns the snapshot of such an account as JSON text.
pub(crate) fn snapshot(shape: &Shape) -> String {
    document(shape).to_string()
}

/// Returns the snapshot of such an account.
pub(crate) fn document(shape: &Shape) -> Value {
    let names: Vec<String> = (0..shape.buses).map(bus_name).collect();
    let buses: Vec<Value> = names
        .iter()
        .map(|name| json!({"Name": name, "Arn": arn("events", &format!("event-bus/{name}"))}))
        .collect();
    let mut account = json!({
        "account": ACCOUNT, "partition": "aws", "region": REGION, "buses": buses,
        "rules": (0..shape.rules).map(|at| rule(shape, at)).collect::<Vec<_>>(),
        "roles": (0..shape.roles).map(|at| roles::role(shape, at)).collect::<Vec<_>>(),
        "documents": [], "policies": [], "subscriptions": [], "event_source_mappings": [], "invoke_configs": [],
        "pipes": [], "schedules": [],
        "bucket_notifications": buckets(shape),
        "trails": [{"Name": "all", "IsMultiRegionTrail": true, "Status": {"IsLogging": true},
            "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true}]}],
    });
    for (section, of_it) in targets::workloads(shape) {
        account[section] = Value::Array(of_it);
    }
    json!({"loopguard_snapshot": 1, "taken_at": "2026-01-01T00:00:00Z", "accounts": [account]})
}

fn rule(shape: &Shape, at: usize) -> Value {
    let mut draw = Draw::of(shape.seed, "rule", at);
    // The first bus is the default one, where AWS's own events arrive; it has a third of the rules.
    let bus = if draw.chance(333) { 0 } else { draw.below(shape.buses) };
    let name = format!("rule-{at:05}");
    let place = if bus == 0 { name.clone() } else { format!("{}/{name}", bus_name(bus)) };
    json!({
        "Name": name, "Arn": arn("events", &format!("rule/{place}")), "EventBusName": bus_name(bus),
        "State": if draw.chance(970) { "ENABLED" } else { "DISABLED" },
        "EventPattern": patterns::pattern(shape, bus, &mut draw).to_string(),
        "Targets": targets::targets(shape, bus, &mut draw),
    })
}

fn buckets(shape: &Shape) -> Vec<Value> {
    (0..bucket_count(shape))
        .map(|at| {
            let on = Draw::of(shape.seed, "bucket", at).chance(800);
            let mut bucket = json!({"Bucket": format!("bucket-{at}")});
            if on {
                bucket["EventBridgeConfiguration"] = json!({});
            }
            bucket
        })
        .collect()
}

/// Returns how many buckets, and how many sources of custom events, the account has.
pub(crate) fn bucket_count(shape: &Shape) -> usize {
    (shape.rules / 10).max(2)
}

pub(crate) fn bus_name(at: usize) -> String {
    if at == 0 { "default".to_owned() } else { format!("bus-{at}") }
}

pub(crate) fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}
