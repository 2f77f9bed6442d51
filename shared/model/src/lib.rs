//! What exists in an account: rules, targets, roles, functions, trails, each fact with its origin.
