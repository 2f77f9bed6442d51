//! What a role may do: three-valued, from its policies alone.
//!
//! Input: a [`Role`](loopguard_model::Role). Output: for an action the [`Grant`]s under which it may be
//! allowed. An allow counts unless it is surely void, a deny only if it surely applies; so nothing that is
//! allowed is left out. Resource policies and session policies are not here.

mod access;
mod condition;
mod resource;
#[cfg(test)]
mod tests;

pub(crate) use access::{Access, Grant, Reach, fits_action};
pub(crate) use condition::EventLimits;
pub(crate) use resource::{Bound, Read, bind};
