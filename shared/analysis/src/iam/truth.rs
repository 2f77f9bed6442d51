//! Three values (Kleene): yes, no, unknown.

/// A three-valued answer. INVARIANT: ordered, so that `min` is "and" and `max` is "or".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It holds in no request.
    No,
    /// It depends on the request, or on what is not known here.
    Unknown,
    /// It holds in every request.
    Yes,
}

impl Truth {
    /// Returns yes iff both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Returns yes iff one of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Returns yes iff all hold; yes for none. Stops at the first that does not.
    pub fn all(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for truth in truths {
            all = all.and(truth);
            if all == Self::No {
                break;
            }
        }
        all
    }

    /// Returns yes iff any holds; no for none. Stops at the first that does.
    pub fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::No;
        for truth in truths {
            any = any.or(truth);
            if any == Self::Yes {
                break;
            }
        }
        any
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
