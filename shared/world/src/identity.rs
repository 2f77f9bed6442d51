//! Who makes a call, as CloudTrail writes it.

use serde_json::{Value, json};
use std::sync::Arc;

/// The caller of an API call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// An AWS service for itself.
    Service(Arc<str>),
    /// A user, by ARN.
    User(Arc<str>),
    /// A session of a role.
    Session(Session),
}

/// A session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// ARN of the role, its path included.
    pub(crate) role: Arc<str>,
    /// Name of the session.
    pub(crate) name: Arc<str>,
    /// The service that calls in the role's name, if one does.
    pub(crate) invoked_by: Option<Arc<str>>,
    /// ARN and type of the resource that got the credentials, where the service says so.
    pub(crate) in_scope: Option<(Arc<str>, Arc<str>)>,
}

impl Identity {
    /// Returns the caller that `arn` names: a session for a role's ARN, else a user.
    pub(crate) fn from_arn(arn: &str) -> Self {
        if arn.contains(":role/") {
            let session =
                Session { role: arn.into(), name: "console".into(), invoked_by: None, in_scope: None };
            return Self::Session(session);
        }
        Self::User(arn.into())
    }

    /// Returns what stands in `sourceIPAddress` and `userAgent` of the record.
    pub(crate) fn from(&self) -> (&str, &str) {
        match self {
            Self::Service(service) | Self::Session(Session { invoked_by: Some(service), .. }) => {
                (service, service)
            }
            Self::Session(Session { in_scope: Some(_), .. }) => {
                ("203.0.113.10", "aws-sdk-python exec-env/AWS_Lambda_python3.13")
            }
            Self::Session(_) | Self::User(_) => ("203.0.113.20", "aws-sdk"),
        }
    }

    /// Returns the element `userIdentity` of the record (CloudTrail User Guide, userIdentity element).
    pub(crate) fn element(&self, account: &str, time: &str) -> Value {
        match self {
            Self::Service(service) => json!({"type": "AWSService", "invokedBy": &**service}),
            Self::User(arn) => json!({
                "type": "IAMUser", "principalId": format!("AIDA{}", unique(arn)), "arn": &**arn,
                "accountId": account, "accessKeyId": format!("AKIA{}", unique(arn)), "userName": last(arn),
            }),
            Self::Session(session) => session.element(account, time),
        }
    }
}

impl Session {
    fn element(&self, account: &str, time: &str) -> Value {
        let issuer = format!("AROA{}", unique(&self.role));
        // The ARN of a session leaves the role's path out; the issuer's ARN keeps it.
        let partition = self.role.split(':').nth(1).unwrap_or("aws");
        let arn = format!("arn:{partition}:sts::{account}:assumed-role/{}/{}", last(&self.role), self.name);
        let mut element = json!({
            "type": "AssumedRole", "principalId": format!("{issuer}:{}", self.name), "arn": arn,
            "accountId": account, "accessKeyId": format!("ASIA{}", unique(&self.name)),
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role", "principalId": issuer, "arn": &*self.role,
                    "accountId": account, "userName": last(&self.role),
                },
                "attributes": {"creationDate": time, "mfaAuthenticated": "false"},
            },
        });
        if let Some(members) = element.as_object_mut() {
            if let Some(service) = &self.invoked_by {
                members.insert("invokedBy".to_owned(), json!(&**service));
            }
            if let Some((source, class)) = &self.in_scope {
                let scope = json!({"sourceArn": &**source, "sourceAccount": account, "issuerType": &**class});
                members.insert("inScopeOf".to_owned(), scope);
            }
        }
        element
    }
}

fn last(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

/// Returns 17 letters and digits that look like AWS's unique ids, the same for the same text.
fn unique(text: &str) -> String {
    format!("{:017X}", crate::rng::fnv(text))
}

#[cfg(test)]
mod tests {
    use super::{Identity, Session};

    #[test]
    fn a_session_is_written_as_cloudtrail_does() {
        let session = Session {
            role: "arn:aws:iam::111122223333:role/svc/fixer-role".into(),
            name: "fixer".into(),
            invoked_by: None,
            in_scope: None,
        };
        let element = Identity::Session(session).element("111122223333", "2026-01-05T08:00:00Z");
        assert_eq!(element["arn"], "arn:aws:sts::111122223333:assumed-role/fixer-role/fixer");
        let issuer = &element["sessionContext"]["sessionIssuer"];
        assert_eq!(issuer["arn"], "arn:aws:iam::111122223333:role/svc/fixer-role");
        assert_eq!(issuer["userName"], "fixer-role");
        assert!(element.get("invokedBy").is_none());
    }
}
