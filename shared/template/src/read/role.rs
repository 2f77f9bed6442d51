//! Roles, and the policies that other resources attach to them.

use super::Reader;
use crate::nodes::{elements, get};
use crate::notes::Notes;
use crate::template::Resource;
use loopguard_model::{Policy, Role};
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind};

/// Roles and policies of one template before they are joined.
#[derive(Debug, Default)]
pub(super) struct Roles {
    declared: Vec<Declared>,
    attachments: Vec<Attachment>,
    managed: Vec<(Term, Policy)>,
}

#[derive(Debug)]
struct Declared {
    role: Role,
    /// ARNs of its managed policies.
    attached: Vec<Term>,
    boundary: Option<Term>,
}

/// A policy that names the roles it belongs to.
#[derive(Debug)]
struct Attachment {
    roles: Vec<Term>,
    policy: Policy,
    span: Span,
}

impl Roles {
    /// Returns how much has been read.
    pub(super) fn len(&self) -> usize {
        self.declared.len() + self.attachments.len() + self.managed.len()
    }

    /// Returns the roles with every policy of the template that belongs to them.
    pub(super) fn joined(self, notes: &Notes) -> Vec<Role> {
        let Self { declared: roles, attachments, managed } = self;
        for attachment in &attachments {
            let belongs = |role: &Term| roles.iter().any(|declared| is_called(&declared.role, role));
            for stranger in attachment.roles.iter().filter(|role| !belongs(role)) {
                let message = format!(
                    "policy `{}` belongs to role `{stranger}`, which this template does not declare",
                    attachment.policy.name
                );
                notes.tell(attachment.span, message);
            }
        }
        let join = |declared: Declared| {
            let mut role = declared.role;
            for attachment in &attachments {
                if attachment.roles.iter().any(|name| is_called(&role, name)) {
                    role.policies.push(attachment.policy.clone());
                }
            }
            for arn in declared.attached {
                match managed.iter().find(|(known, _)| *known == arn) {
                    // A policy may name the role and the role the policy.
                    Some((_, policy)) if role.policies.iter().any(|has| has.origin == policy.origin) => {}
                    Some((_, policy)) => role.policies.push(policy.clone()),
                    // SAM attaches a policy by ARN that its author may name, too.
                    None if role.attached_unread.iter().any(|has| ends_alike(has, &arn)) => {}
                    None => role.attached_unread.push(arn),
                }
            }
            if let Some(arn) = declared.boundary {
                match managed.iter().find(|(known, _)| *known == arn) {
                    Some((_, policy)) => role.boundary = Some(policy.clone()),
                    None => role.boundary_unread = Some(arn),
                }
            }
            role
        };
        roles.into_iter().map(join).collect()
    }
}

/// Returns whether `name` is the role's name or ARN.
fn is_called(role: &Role, name: &Term) -> bool {
    role.name == *name || role.arn == *name
}

/// Returns whether two known names or ARNs name one managed policy.
fn ends_alike(a: &Term, b: &Term) -> bool {
    let name = |term: &Term| term.as_literal().and_then(|text| text.rsplit('/').next().map(str::to_owned));
    a == b || name(a).is_some_and(|a| Some(a) == name(b))
}

impl Reader<'_> {
    pub(super) fn role(&self, resource: &Resource, roles: &mut Roles) {
        let properties = self.properties(resource);
        let inline = get(&properties, "Policies").map(elements).unwrap_or_default();
        let policies = inline.iter().map(|policy| self.inline(policy)).collect();
        let attached = get(&properties, "ManagedPolicyArns").map(elements).unwrap_or_default();
        roles.declared.push(Declared {
            role: Role {
                arn: self.resolver.resource_attribute(resource, "Arn"),
                name: self.resolver.resource_name(resource),
                policies,
                attached_unread: Vec::new(),
                boundary: None,
                boundary_unread: None,
                origin: self.origin(resource.span),
            },
            attached: attached.iter().map(|arn| self.resolver.as_term(arn)).collect(),
            boundary: self.text(&properties, "PermissionsBoundary"),
        });
    }

    /// Returns an element of `Policies`; one that cannot be read is a policy with an unread part.
    fn inline(&self, policy: &Value) -> Policy {
        let name = self.text(policy, "PolicyName").unwrap_or_else(|| "inline".into()).to_string();
        self.document(&name, policy)
    }

    /// Returns the policy whose document is a member of `parent`.
    fn document(&self, name: &str, parent: &Value) -> Policy {
        let document = get(parent, "PolicyDocument").unwrap_or(parent);
        let origin = self.origin(document.span);
        let policy = match &document.kind {
            ValueKind::String(text) => {
                let tree = crate::embedded::tree(text, document.span, &self.template.source);
                Policy::from_value(name, &tree, origin)
            }
            _ => Policy::from_value(name, document, origin),
        };
        for unread in &policy.unread {
            self.notes.tell(document.span, format!("in policy `{name}`: {unread}; it may allow anything"));
        }
        policy
    }

    pub(super) fn policy(&self, resource: &Resource, roles: &mut Roles) {
        let properties = self.properties(resource);
        let name =
            self.text(&properties, "PolicyName").map_or_else(|| resource.id.to_string(), |n| n.to_string());
        let policy = self.document(&name, &properties);
        let list = get(&properties, "Roles").or_else(|| get(&properties, "RoleName"));
        let named: Vec<Term> =
            list.map(elements).unwrap_or_default().iter().map(|role| self.resolver.as_term(role)).collect();
        if &*resource.class == "AWS::IAM::ManagedPolicy" {
            roles.managed.push((self.resolver.resource_reference(resource), policy.clone()));
        }
        if !named.is_empty() {
            roles.attachments.push(Attachment { roles: named, policy, span: resource.span });
        }
    }
}
