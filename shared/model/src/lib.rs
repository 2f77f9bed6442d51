//! What exists in an account or a template, each fact with its origin.
//!
//! Input: whatever a source can read (a template, the API). Output: an [`Inventory`] that the analysis
//! takes, and the [`Need`]s by which it asks for more. Deliberately not here: how anything is read, what
//! AWS does with it, and what follows.

mod answers;
mod call;
mod connection;
mod inventory;
mod need;
mod origin;
mod policy;
mod resource_policy;
mod rule;
mod scope;
mod scp;
pub mod snapshot;
mod trail;
mod whole;
mod workload;

pub use answers::Answers;
pub use call::{Call, Code, CodeSource, Given, Runs};
pub use connection::{Connection, ConnectionKind, filter_of_policy};
pub use inventory::{Inventory, ReadNote, gap_of};
pub use need::{Facts, Gap, Need};
pub use origin::{FilePlace, Origin};
pub use policy::{Condition, Effect, Policy, Principal, Principals, Scoped, Statement};
pub use resource_policy::{ResourcePolicies, ResourcePolicy};
pub use rule::{Rule, RuleKey, RuleState, Target, Trigger};
pub use scope::Scope;
pub use scp::ScpLevel;
pub use trail::{BasicSelector, OPERATORS, Recorded, TrailOperator, TrailPart, TrailTest, TrailText, Trails};
pub use whole::whole;
pub use workload::{Role, Workload};
