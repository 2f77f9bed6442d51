//! Lambda: a change was made; analyse what it touches, decide, act.
