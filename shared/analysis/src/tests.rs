//! Whole analyses of small inventories.

mod access;
mod build;
mod cases;
mod cycles;
mod shapes;
mod symbols;
mod takeovers;
