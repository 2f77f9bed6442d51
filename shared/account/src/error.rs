//! Why a call of the account failed.

use std::fmt;
use std::sync::Arc;

/// A call that failed, with what is needed to say why and to look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// What was attempted, as an IAM action: `events:DisableRule`.
    pub operation: String,
    /// On what: a rule's name, an ARN.
    pub subject: String,
    /// AWS's error code (`AccessDeniedException`); `None` where the call got no answer.
    pub code: Option<String>,
    /// AWS's request id, for support.
    pub request_id: Option<Arc<str>>,
    /// Whether the same call may succeed later: throttled, timed out, AWS's own fault.
    pub retryable: bool,
    /// The whole chain of causes.
    pub message: String,
}

impl CallError {
    /// Returns the error of a question that the implementation has no way to ask.
    pub fn unsupported(operation: &str, subject: &str, why: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            subject: subject.to_owned(),
            code: None,
            request_id: None,
            retryable: false,
            message: why.to_owned(),
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on `{}`: ", self.operation, self.subject)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for CallError {}
