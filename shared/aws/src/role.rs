//! Roles with their policies: 4 + 2n calls for n policies.

use crate::AwsAccount;
use crate::account::told_by;
use crate::failure::{failure, is_missing};
use loopguard_account::CallError;
use loopguard_model::{Policy, Role};
use loopguard_pattern::Term;

/// IAM allows some twenty attached policies and as many inline ones as fit into 10 KB; pages hold 100.
const MAX_PAGES: usize = 100;

/// Reads the role of that ARN with its inline and attached policies and its boundary.
///
/// A policy that may not be read is kept as unread, never dropped: it may allow anything.
pub(crate) async fn role(account: &AwsAccount, arn: &str) -> Result<Role, CallError> {
    const OPERATION: &str = "iam:GetRole";
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let call = account.clients.iam.get_role().role_name(name);
    let answer = call.send().await.map_err(|error| failure(OPERATION, arn, &error))?;
    let told = answer.role();
    let boundary_arn = told
        .and_then(|role| role.permissions_boundary())
        .and_then(|boundary| boundary.permissions_boundary_arn());
    let mut role = Role {
        arn: Term::literal(told.map_or(arn, |role| role.arn())),
        name: Term::literal(name),
        trust: told
            .and_then(|role| role.assume_role_policy_document())
            .map(|document| Policy::from_text("trust policy", document, told_by(OPERATION))),
        policies: Vec::new(),
        attached_unread: Vec::new(),
        boundary: None,
        boundary_unread: None,
        origin: told_by(OPERATION),
    };
    if let Some(boundary) = boundary_arn {
        match managed(account, boundary).await? {
            Some(policy) => role.boundary = Some(policy),
            None => role.boundary_unread = Some(Term::literal(boundary)),
        }
    }
    inline(account, name, &mut role).await?;
    attached(account, name, &mut role).await?;
    Ok(role)
}

async fn inline(account: &AwsAccount, name: &str, role: &mut Role) -> Result<(), CallError> {
    for policy_name in inline_names(account, name).await? {
        let call = account.clients.iam.get_role_policy().role_name(name).policy_name(&policy_name);
        match call.send().await {
            Ok(answer) => role.policies.push(Policy::from_text(
                &policy_name,
                answer.policy_document(),
                told_by("iam:GetRolePolicy"),
            )),
            Err(error) => {
                let error = failure("iam:GetRolePolicy", &policy_name, &error);
                unless_passing(error)?;
                role.attached_unread.push(Term::literal(&policy_name));
            }
        }
    }
    Ok(())
}

async fn inline_names(account: &AwsAccount, name: &str) -> Result<Vec<String>, CallError> {
    const OPERATION: &str = "iam:ListRolePolicies";
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = account.clients.iam.list_role_policies().role_name(name).set_marker(marker);
        let answer = call.send().await.map_err(|error| failure(OPERATION, name, &error))?;
        names.extend(answer.policy_names().iter().cloned());
        marker = answer.marker().map(ToOwned::to_owned);
        if !answer.is_truncated() || marker.is_none() {
            return Ok(names);
        }
    }
    Err(endless(OPERATION, name))
}

async fn attached(account: &AwsAccount, name: &str, role: &mut Role) -> Result<(), CallError> {
    for arn in attached_arns(account, name).await? {
        match managed(account, &arn).await? {
            Some(policy) => role.policies.push(policy),
            None => role.attached_unread.push(Term::literal(&arn)),
        }
    }
    Ok(())
}

async fn attached_arns(account: &AwsAccount, name: &str) -> Result<Vec<String>, CallError> {
    const OPERATION: &str = "iam:ListAttachedRolePolicies";
    let mut arns = Vec::new();
    let mut marker: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let call = account.clients.iam.list_attached_role_policies().role_name(name).set_marker(marker);
        let answer = call.send().await.map_err(|error| failure(OPERATION, name, &error))?;
        arns.extend(answer.attached_policies().iter().filter_map(|p| p.policy_arn()).map(ToOwned::to_owned));
        marker = answer.marker().map(ToOwned::to_owned);
        if !answer.is_truncated() || marker.is_none() {
            return Ok(arns);
        }
    }
    Err(endless(OPERATION, name))
}

/// Reads a managed policy in its default version; `None` iff it may not be read or is gone.
async fn managed(account: &AwsAccount, arn: &str) -> Result<Option<Policy>, CallError> {
    let call = account.clients.iam.get_policy().policy_arn(arn);
    let answer = match call.send().await {
        Ok(answer) => answer,
        Err(error) => return unless_passing(failure("iam:GetPolicy", arn, &error)).map(|()| None),
    };
    let Some(version) = answer.policy().and_then(|policy| policy.default_version_id()) else {
        return Ok(None);
    };
    let call = account.clients.iam.get_policy_version().policy_arn(arn).version_id(version);
    match call.send().await {
        Ok(answer) => {
            let document = answer.policy_version().and_then(|version| version.document());
            Ok(document.map(|document| Policy::from_text(arn, document, told_by("iam:GetPolicyVersion"))))
        }
        Err(error) => unless_passing(failure("iam:GetPolicyVersion", arn, &error)).map(|()| None),
    }
}

/// Keeps an error that may pass; any other leaves the policy unread, and the role is read on.
fn unless_passing(error: CallError) -> Result<(), CallError> {
    if error.retryable {
        return Err(error);
    }
    tracing::warn!(error = %error, missing = is_missing(&error), "a policy is left unread");
    Ok(())
}

fn endless(operation: &str, subject: &str) -> CallError {
    CallError::unsupported(operation, subject, &format!("the listing has more than {MAX_PAGES} pages"))
}
