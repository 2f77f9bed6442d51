//! Whole analyses of small inventories.

mod build;
mod cases;
mod cycles;
mod shapes;
mod symbols;
