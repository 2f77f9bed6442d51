//! CloudFormation and SAM templates as an inventory.
