//! What is known of every request that a role makes for a workload.

use crate::glob::literal;
use crate::iam::{Context, World};
use loopguard_model::{Role, Scope};
use std::sync::Arc;

/// Returns what is known of the requests in the region of `scope`, or those to services without a region.
///
/// A service that acts for the role (`aws:CalledVia`, `aws:ViaAWSService`) makes requests of its own under the role, so
/// that nothing is known of these keys. Where a session came from (`aws:MultiFactorAuthPresent`) is not known either.
pub(crate) fn context_of(role: &Role, scope: &Scope, global: bool) -> Context {
    let mut context = Context::new(World::Open);
    let region = if global { None } else { literal(&scope.region) };
    let known = [
        ("aws:PrincipalArn", literal(&role.arn)),
        ("aws:PrincipalAccount", literal(&scope.account)),
        ("aws:RequestedRegion", region),
        ("aws:PrincipalType", Some("AssumedRole".into())),
        ("aws:SecureTransport", Some("true".into())),
        ("aws:PrincipalIsAWSService", Some("false".into())),
    ];
    for (key, value) in known {
        if let Some(value) = value {
            context.set(key, [value]);
        }
    }
    // Only users have a name; a session that a service makes has no second factor and no federation; and what names
    // the source of a request (`aws:SourceArn`) is there only where a service asks in its own name.
    for key in [
        "aws:username",
        "aws:MultiFactorAuthAge",
        "aws:FederatedProvider",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:SourceArn",
        "aws:SourceAccount",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
    ] {
        context.set::<Arc<str>>(key, []);
    }
    context
}
