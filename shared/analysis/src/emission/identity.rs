//! Who makes a call, as `detail.userIdentity` shows it.

use super::{Field, Fields};
use crate::glob::Glob;
use loopguard_model::Scope;
use loopguard_pattern::Term;
use std::sync::Arc;

/// The caller of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A session of a role.
    Role {
        /// The role's ARN, if it is known.
        arn: Option<Term>,
        /// The role's name, if it is known.
        name: Option<Term>,
        /// The session's name, if it is fixed.
        session: Option<Term>,
        /// The service that calls on behalf of the role.
        invoked_by: Option<Arc<str>>,
        /// The workload calls directly: no service stands between.
        direct: bool,
    },
    /// A service principal.
    Service(Arc<str>),
    /// Not known.
    Unknown,
}

const USER: &str = "detail.userIdentity";

impl Identity {
    /// The paths at which two roles, or two sessions of one, differ.
    pub(crate) const OWN_PATHS: [&'static str; 4] = [
        "detail.userIdentity.arn",
        "detail.userIdentity.principalId",
        "detail.userIdentity.sessionContext.sessionIssuer.arn",
        "detail.userIdentity.sessionContext.sessionIssuer.userName",
    ];

    /// Returns what the caller shows at one of its [own paths](Self::OWN_PATHS), if that is known.
    pub(crate) fn own(&self, path: &str, scope: &Scope) -> Option<Glob> {
        let Self::Role { arn, name, session, .. } = self else { return None };
        let with_session = |mut start: Glob| {
            start.push(&session.clone().map_or_else(Glob::any, Glob::exact));
            start
        };
        match path {
            "detail.userIdentity.arn" => {
                name.as_ref().map(|name| with_session(Glob::exact(session_start(scope, name))))
            }
            "detail.userIdentity.principalId" => Some(with_session(Glob::of_stars("AROA*:"))),
            "detail.userIdentity.sessionContext.sessionIssuer.arn" => arn.clone().map(Glob::exact),
            "detail.userIdentity.sessionContext.sessionIssuer.userName" => name.clone().map(Glob::exact),
            _ => None,
        }
    }

    /// Returns the same caller where a service makes a call in its name: which service records show is left open.
    pub(crate) fn by_way_of_a_service(&self) -> Self {
        match self {
            Self::Role { arn, name, session, .. } => Self::Role {
                arn: arn.clone(),
                name: name.clone(),
                session: session.clone(),
                invoked_by: None,
                direct: false,
            },
            Self::Service(_) | Self::Unknown => self.clone(),
        }
    }

    /// Writes what is known of the caller.
    pub(crate) fn write(&self, scope: &Scope, fields: &mut Fields) {
        match self {
            Self::Unknown => {}
            Self::Service(service) => {
                fields.text(&format!("{USER}.type"), "AWSService");
                fields.text(&format!("{USER}.invokedBy"), service);
                for path in ["arn", "principalId", "accountId", "userName"] {
                    fields.set(&format!("{USER}.{path}"), Field::Absent);
                }
                for path in ["arn", "userName", "type", "accountId", "principalId"] {
                    fields.set(&format!("{USER}.sessionContext.sessionIssuer.{path}"), Field::Absent);
                }
            }
            Self::Role { invoked_by, direct, .. } => {
                fields.text(&format!("{USER}.type"), "AssumedRole");
                fields.exactly(&format!("{USER}.accountId"), scope.account.clone());
                let issuer = format!("{USER}.sessionContext.sessionIssuer");
                fields.text(&format!("{issuer}.type"), "Role");
                fields.exactly(&format!("{issuer}.accountId"), scope.account.clone());
                for path in Self::OWN_PATHS {
                    if let Some(glob) = self.own(path, scope) {
                        fields.set(path, Field::Exactly(vec![glob]));
                    }
                }
                match invoked_by {
                    Some(service) => {
                        fields.text(&format!("{USER}.invokedBy"), service);
                        fields.text("detail.sourceIPAddress", service);
                        fields.text("detail.userAgent", service);
                    }
                    None if *direct => fields.set(&format!("{USER}.invokedBy"), Field::Absent),
                    None => {}
                }
            }
        }
    }

    /// Returns the identity in words, for the way of a hop.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Role { arn: Some(arn), .. } => format!("role `{arn}`"),
            Self::Role { .. } => "a role that is not known".to_owned(),
            Self::Service(service) => format!("service `{service}`"),
            Self::Unknown => "a caller that is not known".to_owned(),
        }
    }
}

/// `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/`: the role's path is not part of it.
fn session_start(scope: &Scope, name: &Term) -> Term {
    Term::concat([
        Term::literal("arn:"),
        scope.partition.clone(),
        Term::literal(":sts::"),
        scope.account.clone(),
        Term::literal(":assumed-role/"),
        name.clone(),
        Term::literal("/"),
    ])
}
