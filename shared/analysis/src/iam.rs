//! What a role may do: three-valued, from its policies alone.
//!
//! [`decide`] answers for one request with all its layers of policies. For the graph, `access` gives the grants under
//! which a role may make a call on whatever resource. An allow counts unless it is surely void, a deny only if it
//! surely applies; so nothing that is allowed is left out.

mod access;
mod arn;
mod because;
mod caller;
mod condition;
mod context;
mod custom;
mod decide;
mod exclusion;
mod grant;
mod layers;
mod of_resource;
mod operators;
mod overlap;
mod principal;
mod resource;
mod statement;
mod terms;
#[cfg(test)]
mod tests;
mod text;
mod trust;
mod truth;
mod values;

pub use access::may;
pub use because::{Because, Layer};
pub use context::{Context, World};
pub use decide::{Answer, Decision, Layers, Source, decide};
pub use statement::Request;
pub use truth::Truth;

pub(crate) use access::Access;
pub(crate) use caller::context_of;
pub(crate) use custom::EventLimits;
pub(crate) use exclusion::{Kind, excluded};
pub(crate) use grant::{Grant, Reach};
pub(crate) use of_resource::{Towards, allowing, denies};
pub(crate) use resource::{Bound, Read, Shapes, bind};
pub(crate) use statement::{fits_action, may_name};
pub(crate) use terms::covers;
pub(crate) use trust::{Trust, Trusted, anyone, asks_for_the_caller};
