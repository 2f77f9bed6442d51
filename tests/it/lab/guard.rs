//! The real guard on the lab.
