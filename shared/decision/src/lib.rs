//! From findings to a plan: what to disable, what to tell.
//!
//! Input: a [`Finding`](loopguard_analysis::Finding), the facts of its rules, the owner's [`Settings`] and
//! the time. Output: a [`Plan`], actions as data. Deliberately not here: any effect. Whoever performs the
//! plan tells the [`Alert`] how it went ([`Alert::after`]) and publishes it.

mod added;
mod alert;
mod brake;
pub mod cost;
mod cut;
pub mod evidence;
#[cfg(test)]
mod fixtures;
mod ledger;
mod notice;
mod plan;
mod protected;
mod protocol;
pub mod rates;
mod scope;
mod settings;
pub mod shell;
mod suspicion;
mod table;
mod time;

pub use added::removable_targets;
pub use alert::{Alert, AlertBrake, AlertChange, AlertHop, Step, Urgency, undo_command};
pub use brake::{Braking, Concurrency, FunctionSeen, brake, braked_function};
pub use cut::cut;
pub use ledger::{
    ALERT_WINDOW, Act, Begun, Book, CAP_WINDOW, End, Ended, Exemption, Incident, KeptTarget, LEASE, Pause,
    Record, Rounds, RuleRef, State, View, Watchlist, digest,
};
pub use notice::{Notice, NoticeKind};
pub use plan::{Action, ActionKind, Change, Held, Intent, Plan, cause, decide, is_own, is_permitted};
pub use protected::is_protected;
pub use protocol::{Answer, Over, Protocol, Request, Seen};
pub use scope::{Scope, ScopeError, ScopeItem};
pub use settings::{
    Brakes, FLAT, INVENTORY, InterruptionTest, Mode, OWN_PREFIX, Settings, SettingsError, TABLE, TOPIC_ARN,
    Tripwires, Watching,
};
pub use suspicion::{
    SEEN_FOR, SHOWN_FOR, Shown, ShownBy, Sighting, StandingWatch, Suspicion, WatchedHop, Watcher, Worth,
};
pub use table::{Brake, Case, Cause, Decision, Refusal, Room, Standing, decision};
pub use time::Timestamp;
