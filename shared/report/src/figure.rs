//! Pictures of loops: what is drawn, where it goes, and how it is written.
//!
//! Never everything: a picture of 300 rules says nothing to anybody. One loop is a ring with what leads into it; an account is its
//! loops, each one node.

mod draw;
mod layout;
mod overview;
mod parts;
mod ring;
mod svg;

pub(crate) use draw::layered;
pub(crate) use overview::{MOST_PARTS, OverviewLinks, overview};
pub(crate) use parts::{Edge, Node, NodeKind, Parts, Picture};
pub(crate) use ring::{RingLinks, box_id, ring};
pub(crate) use svg::{STYLE, Svg};
