//! From findings to a plan: what to disable, what to tell.
