//! Which paths of an event hold a single value.

/// What is known about the shape of events.
///
/// ```
/// use loopguard_pattern::Schema;
/// assert!(Schema::scalar().is_single("a") && !Schema::any().is_single("a"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Events,
    Scalar,
    Any,
}

/// Paths that hold one value in every event that AWS sends: the envelope (EventBridge user guide, "Events")
/// and the CloudTrail record (CloudTrail user guide, "Record contents"). A path that ends in `.` stands
/// for everything below it.
const SINGLE: &[&str] = &[
    "version",
    "id",
    "detail-type",
    "source",
    "account",
    "time",
    "region",
    "replay-name",
    "detail.eventVersion",
    "detail.userIdentity.",
    "detail.eventTime",
    "detail.eventSource",
    "detail.eventName",
    "detail.awsRegion",
    "detail.sourceIPAddress",
    "detail.userAgent",
    "detail.errorCode",
    "detail.errorMessage",
    "detail.requestID",
    "detail.eventID",
    "detail.readOnly",
    "detail.eventType",
    "detail.managementEvent",
    "detail.eventCategory",
    "detail.recipientAccountId",
    "detail.sharedEventID",
    "detail.vpcEndpointId",
];

impl Schema {
    /// Returns the schema of the events that AWS sends.
    ///
    /// ```
    /// use loopguard_pattern::Schema;
    /// assert!(Schema::events().is_single("detail.eventName"));
    /// assert!(!Schema::events().is_single("resources"));
    /// ```
    pub fn events() -> Self {
        Self { kind: Kind::Events }
    }

    /// Returns the domain of events without arrays, duplicate keys and dotted keys.
    ///
    /// ```
    /// assert!(loopguard_pattern::Schema::scalar().is_single("anything"));
    /// ```
    pub fn scalar() -> Self {
        Self { kind: Kind::Scalar }
    }

    /// Returns the domain of all JSON.
    ///
    /// ```
    /// assert!(!loopguard_pattern::Schema::any().is_single("source"));
    /// ```
    pub fn any() -> Self {
        Self { kind: Kind::Any }
    }

    /// Returns true iff every event of the schema has at most one value at the path.
    ///
    /// ```
    /// assert!(loopguard_pattern::Schema::events().is_single("detail.userIdentity.arn"));
    /// ```
    pub fn is_single(&self, path: &str) -> bool {
        match self.kind {
            Kind::Scalar => true,
            Kind::Any => false,
            Kind::Events => SINGLE
                .iter()
                .any(|single| *single == path || (single.ends_with('.') && path.starts_with(single))),
        }
    }
}
