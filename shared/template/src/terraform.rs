//! Terraform and `OpenTofu` as templates.
//!
//! The way: a plan (`plan`) or a configuration (`configuration`) -> declared resources, references between them
//! as markers (`declared`) -> references as intrinsic functions (`settle`) -> CloudFormation's resources by a
//! table (`translate`). From there on a Terraform resource is read as any other.
//!
//! Deliberately not here: providers, state files' secrets, and the network: a module that stands in a registry is
//! named and not read.

mod addition;
mod configuration;
mod declared;
mod path;
mod plan;
mod policy_document;
mod settle;
mod translate;

pub(crate) use configuration::{Configurations, is_configuration};
pub(crate) use declared::Declared;
pub(crate) use plan::{Plan, is_plan};
pub(crate) use policy_document::placed;
