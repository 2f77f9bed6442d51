//! Whole analyses of small inventories.

mod access;
pub(crate) mod build;
mod cases;
mod cycles;
mod shapes;
mod symbols;
mod takeovers;
mod targets;
mod twins;
