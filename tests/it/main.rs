//! Tests of the whole, one module per topic.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::similar_names,
    reason = "tests read files and fail loudly"
)]

#[path = "../accounts/mod.rs"]
mod accounts;
mod aspects;
mod base;
mod cases;
mod cli_access;
mod cli_account;
mod cli_catalogue;
mod cli_code;
mod cli_operate;
mod cli_pattern;
mod cli_scan;
mod cli_sources;
mod definitions;
mod demo;
mod dependencies;
mod docs;
mod exit_code;
mod findings;
mod formats;
mod kept;
mod lab;
mod own_stack;
mod page;
mod readme;
mod sarif;
mod scale;
mod shapes;
mod simulate;
mod soundness;
mod terminal;
mod workspace;
