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
