//! Roles with their policies.

use super::account::Reader;
use super::node::Node;
use super::{SnapshotError, section};
use crate::{Policy, Role};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Managed policies by ARN.
type Managed = BTreeMap<Arc<str>, Policy>;

const TOLD_BY: &str = "iam:GetAccountAuthorizationDetails";

impl Reader<'_> {
    pub(super) fn roles(&mut self) -> Result<(), SnapshotError> {
        let managed = self.managed_policies()?;
        for node in self.section(section::ROLES)? {
            let role = self.role(&node, &managed)?;
            self.inventory.roles.push(role);
        }
        Ok(())
    }

    fn managed_policies(&mut self) -> Result<Managed, SnapshotError> {
        let mut managed = Managed::new();
        for node in self.section(section::POLICIES)? {
            let arn = node.required_text("Arn")?;
            for version in node.list("PolicyVersionList")? {
                if version.flag("IsDefaultVersion")? == Some(true)
                    && let Some(document) = version.member("Document")?
                {
                    managed.insert(arn.clone(), self.policy(&arn, &document)?);
                }
            }
        }
        Ok(managed)
    }

    fn role(&self, node: &Node<'_>, managed: &Managed) -> Result<Role, SnapshotError> {
        let mut role = Role {
            arn: Term::literal(&node.required_text("Arn")?),
            name: Term::literal(&node.required_text("RoleName")?),
            trust: self.trust(node)?,
            policies: Vec::new(),
            attached_unread: Vec::new(),
            boundary: None,
            boundary_unread: None,
            origin: self.origin(node, TOLD_BY),
        };
        for inline in node.list("RolePolicyList")? {
            let name = inline.required_text("PolicyName")?;
            role.policies.push(self.policy(&name, &inline.required("PolicyDocument")?)?);
        }
        for attached in node.list("AttachedManagedPolicies")? {
            let arn = attached.required_text("PolicyArn")?;
            match managed.get(&arn) {
                Some(policy) => role.policies.push(policy.clone()),
                None => role.attached_unread.push(Term::literal(&arn)),
            }
        }
        if let Some(arn) = node.optional_text("PermissionsBoundary.PermissionsBoundaryArn")? {
            role.boundary = managed.get(&arn).cloned();
            role.boundary_unread = role.boundary.is_none().then(|| Term::literal(&arn));
        }
        Ok(role)
    }

    fn trust(&self, node: &Node<'_>) -> Result<Option<Policy>, SnapshotError> {
        let document = node.member("AssumeRolePolicyDocument")?;
        document.map(|document| self.policy("trust policy", &document)).transpose()
    }

    /// Returns the policy of a document: text as IAM sends it, or the object that the text stands for.
    pub(super) fn policy(&self, name: &str, document: &Node<'_>) -> Result<Policy, SnapshotError> {
        let origin = self.origin(document, TOLD_BY);
        let Ok(text) = document.text() else {
            document.member("Statement")?;
            return Ok(Policy::from_value(name, document.value(), origin));
        };
        let mut policy = Policy::from_text(name, &text, origin);
        if document.document().has_places() {
            for statement in &mut policy.statements {
                statement.span = document.value().span;
            }
        }
        Ok(policy)
    }
}
