//! Partition, account and region: where a thing lives.

use loopguard_pattern::Term;

/// Where a thing lives. In a template the account and the region are symbols unless the user names them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// `aws`, `aws-cn` ...
    pub partition: Term,
    /// Twelve digits, or a symbol.
    pub account: Term,
    /// `eu-west-1` ..., or a symbol.
    pub region: Term,
}
