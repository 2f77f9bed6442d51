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

const TYPE: &str = "detail.userIdentity.type";
const ACCOUNT: &str = "detail.userIdentity.accountId";
const INVOKED_BY: &str = "detail.userIdentity.invokedBy";
const ISSUER_TYPE: &str = "detail.userIdentity.sessionContext.sessionIssuer.type";
const ISSUER_ACCOUNT: &str = "detail.userIdentity.sessionContext.sessionIssuer.accountId";

/// Beside the [own paths](Identity::OWN_PATHS) of roles, what a service does not show.
const NO_SERVICES: [&str; 5] = [
    ACCOUNT,
    "detail.userIdentity.userName",
    ISSUER_TYPE,
    ISSUER_ACCOUNT,
    "detail.userIdentity.sessionContext.sessionIssuer.principalId",
];

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
                fields.exactly(TYPE, "AWSService");
                fields.exactly(INVOKED_BY, service.clone());
                for path in Self::OWN_PATHS.into_iter().chain(NO_SERVICES) {
                    fields.set(path, Field::Absent);
                }
            }
            Self::Role { invoked_by, direct, .. } => {
                fields.exactly(TYPE, "AssumedRole");
                fields.exactly(ACCOUNT, scope.account.clone());
                fields.exactly(ISSUER_TYPE, "Role");
                fields.exactly(ISSUER_ACCOUNT, scope.account.clone());
                for path in Self::OWN_PATHS {
                    if let Some(glob) = self.own(path, scope) {
                        fields.set(path, Field::Exactly(glob.into()));
                    }
                }
                match invoked_by {
                    Some(service) => {
                        for path in [INVOKED_BY, "detail.sourceIPAddress", "detail.userAgent"] {
                            fields.exactly(path, service.clone());
                        }
                    }
                    None if *direct => fields.set(INVOKED_BY, Field::Absent),
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
