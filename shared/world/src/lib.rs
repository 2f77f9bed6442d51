//! An in-memory twin of an account: buses, clock, targets that make scripted calls.
