//! All roles, and the managed policies that they have.

use super::ask::{MAX_PAGES, endless};
use super::{Asker, Section};
use crate::failure::failure;
use aws_sdk_iam::types::{EntityType, ManagedPolicyDetail, RoleDetail};
use loopguard_model::snapshot::section;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The most that one page may hold (IAM API reference). IAM is slow to answer and quick to throttle.
const PAGE: i32 = 1_000;

/// Reads roles and policies in one sweep.
pub(super) async fn roles(asker: &Asker<'_>) -> [Section; 2] {
    const OPERATION: &str = "iam:GetAccountAuthorizationDetails";
    let mut sections = [Section::new(section::ROLES), Section::new(section::POLICIES)];
    let mut marker: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = asker
            .clients
            .iam
            .get_account_authorization_details()
            .set_filter(Some(vec![
                EntityType::Role,
                EntityType::LocalManagedPolicy,
                EntityType::AwsManagedPolicy,
            ]))
            .max_items(PAGE)
            .set_marker(marker);
        let sent = call.send().await;
        asker.count(OPERATION);
        let [roles, policies] = &mut sections;
        match sent {
            Ok(answer) => {
                roles.items.extend(answer.role_detail_list().iter().map(role));
                policies.items.extend(answer.policies().iter().map(policy));
                marker = answer.marker().filter(|_| answer.is_truncated()).map(ToOwned::to_owned);
            }
            Err(error) => {
                let error = failure(OPERATION, "every role", &error);
                policies.failed.push(error.clone());
                roles.failed.push(error);
                return in_use(sections);
            }
        }
        if marker.is_none() {
            return in_use(sections);
        }
    }
    let [roles, _] = &mut sections;
    roles.failed.push(endless(OPERATION, "every role"));
    in_use(sections)
}

/// Keeps the policies that a role has: AWS has a thousand of its own.
fn in_use([roles, mut policies]: [Section; 2]) -> [Section; 2] {
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for role in &roles.items {
        let attached = role.get("AttachedManagedPolicies").and_then(Value::as_array).into_iter().flatten();
        used.extend(attached.filter_map(|policy| policy.get("PolicyArn")?.as_str()));
        used.extend(role.pointer("/PermissionsBoundary/PermissionsBoundaryArn").and_then(Value::as_str));
    }
    policies.items.retain(|policy| used.contains(super::ask::text(policy, "Arn")));
    [roles, policies]
}

fn role(told: &RoleDetail) -> Value {
    let inline = told.role_policy_list().iter();
    let attached = told.attached_managed_policies().iter();
    let boundary = told.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn());
    json!({
        "Arn": told.arn(),
        "RoleName": told.role_name(),
        "AssumeRolePolicyDocument": told.assume_role_policy_document(),
        "RolePolicyList": inline
            .map(|one| json!({"PolicyName": one.policy_name(), "PolicyDocument": one.policy_document()}))
            .collect::<Vec<_>>(),
        "AttachedManagedPolicies": attached
            .map(|one| json!({"PolicyName": one.policy_name(), "PolicyArn": one.policy_arn()}))
            .collect::<Vec<_>>(),
        "PermissionsBoundary": boundary.map(|arn| json!({"PermissionsBoundaryArn": arn})),
        "Tags": told.tags().iter().map(|tag| json!({"Key": tag.key(), "Value": tag.value()})).collect::<Vec<_>>(),
    })
}

/// Returns a policy in its default version, the one that holds.
fn policy(told: &ManagedPolicyDetail) -> Value {
    let versions = told.policy_version_list().iter().filter(|version| version.is_default_version());
    json!({
        "Arn": told.arn(),
        "PolicyName": told.policy_name(),
        "PolicyVersionList": versions
            .map(|one| json!({
                "VersionId": one.version_id(),
                "IsDefaultVersion": true,
                "Document": one.document(),
            }))
            .collect::<Vec<_>>(),
    })
}
