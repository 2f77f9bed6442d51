//! Both functions beside an account in memory, in virtual time: what would they do, when, and with which calls?
//!
//! Input: a [`Twin`](loopguard_world::Twin) of an account, and what the owner has said. Output: what both functions did, in
//! order, and a count of every call that they made. The handlers are the functions' own; here are only what Lambda,
//! SQS, Scheduler and the alarm do around them: messages arrive a moment later, what fails comes again, the sentinel is woken
//! every minute. The demo, the tests of whole incidents and the count of the stack's own cost all run this.
//! Deliberately not here: any judgement, and what happens in the account.

mod calls;
mod emitted;
mod rehearsal;
mod tally;
mod tap;

pub use calls::Calls;
pub use emitted::Emitted;
pub use rehearsal::{ACCOUNT_RATE, Company, Deed, Did, Owner, Rehearsal};
pub use tally::{Count, Tally};
pub use tap::Tap;
