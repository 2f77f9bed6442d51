//! CloudTrail trails, as far as they decide which API calls become events.

/// What the trails of an account deliver to EventBridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trails {
    /// Whether a trail (an organisation's or a shadow trail too) logs here; without one no API call becomes an event.
    pub logging: bool,
    /// Whether write management events are selected.
    pub management_writes: bool,
    /// Whether read-only management events are selected.
    pub management_reads: bool,
    /// Resource types whose data events are selected (`AWS::S3::Object`), perhaps only in part.
    pub data: Vec<std::sync::Arc<str>>,
}

impl Trails {
    /// Returns what both together deliver.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.logging |= other.logging;
        self.management_writes |= other.management_writes;
        self.management_reads |= other.management_reads;
        self.data.extend(other.data);
        self.data.sort_unstable();
        self.data.dedup();
        self
    }
}
