//! Cause: which of a rule's events its own loop makes.
//!
//! Input: the hops of a finding, the events that [tripwires](Tripwire) catch or that CloudTrail's [event history](History) has, and
//! what the metrics count. Output: the
//! rules to install and to remove as data, and a [`Conclusion`] that says its numbers. Deliberately not here: any call of
//! AWS, and any event's content beyond the digests by which calls are told apart.

mod conclude;
mod count;
mod delivery;
#[cfg(test)]
mod fixtures;
mod history;
mod hop;
mod install;
mod interruption;
mod puts;
#[cfg(test)]
mod remediators;
mod stir;
mod tripwire;

pub use conclude::{Conclusion, Counted, Doubt, HopProof, Proof, Runs, Thresholds, TooSlow, conclude};
pub use count::{Evidence, MOST_SIGHTINGS, Taken, sighting};
pub use delivery::Delivery;
pub use history::{
    Beginning, HISTORY_DELAY, History, Lookup, LookupBy, NoConclusion, NoHistory, Stretch, history_name,
};
pub use hop::HopRef;
pub use install::{Claim, InstallPlan, Installed, Wanted, install_plan};
pub use interruption::{
    ASKED_FOR, AWAITED, BEFORE, Counter, INTERRUPTED_FOR, Interrupted, Interruption, STOPS, Stop,
    comes_back_whole, hears_no_caller, may_interrupt,
};
pub use puts::{PUTS_MINUTES, Puts, PutsCount, PutsCounter, puts_counted};
pub use stir::{STIRRED_WITHIN, may_show};
pub use tripwire::{
    NoTripwire, OwnEvents, STANDING_A_MINUTE, Sample, TRIPWIRE_PREFIX, Tripwire, TripwireGround, own_events,
    tripwires,
};
