//! An in-memory twin of an account: buses, clock, targets that make scripted calls.
//!
//! Input: an [`Inventory`](loopguard_model::Inventory) (read from a template, say), a [`Script`] of what its
//! workloads do and what happens from outside, and [`Settings`]. Output: what happens, in virtual time, the
//! same for the same seed: rules match, EventBridge delivers, workloads call, CloudTrail records the calls,
//! services send events of their own, and all of these are events again. What calls leave in queues, topics, streams,
//! tables and buckets, and what runs leave behind, is handed on by subscriptions, mappings, pipes, notifications and
//! destinations.
//!
//! The world is the truth that the analysis is tested against. It knows nothing of the analysis, and its
//! facts about AWS are its own tables, `facts/*.toml`.
//!
//! Deliberately not here: access control. A script says which calls a workload attempts and which of them
//! fail. Schedules do not tick; a script puts what they would start. Nothing is tried again: a run that fails, fails.

mod brakes;
mod bus;
mod calls;
mod cause;
mod change;
mod concrete;
mod event;
mod facts;
mod fill;
mod history;
mod identity;
mod log;
mod meters;
mod relay;
mod rng;
mod rules;
pub mod script;
mod settings;
mod time;
mod twin;
mod world;

pub use cause::{makes, parameters_for};
pub use change::SwitchError;
pub use log::{Counts, Entry, Happening, Matched};
pub use script::{Script, ScriptError};
pub use settings::{Range, Settings};
pub use twin::{Reminder, Twin};
pub use world::{Limits, Message, Stop, World, WorldError};
