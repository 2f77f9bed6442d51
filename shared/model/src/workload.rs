//! What runs when a target is invoked, and the roles it runs under.

use crate::{Code, CodeSource, Origin, Policy};
use loopguard_pattern::Term;
use loopguard_pattern::json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Something that runs under a role: a function, a state machine, a task definition, a build project.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its CloudFormation type (`AWS::Lambda::Function`), the field's common name for a kind of resource.
    pub class: Arc<str>,
    /// Its ARN.
    pub arn: Term,
    /// Its name (the session name of calls that a Lambda function makes).
    pub name: Term,
    /// The ARN of the role that its own calls are made under; `None` where it has none.
    pub role: Option<Term>,
    /// Its definition (state machine, document), where it was read.
    pub definition: Option<Arc<Value>>,
    /// Where its code is, for who can read code.
    pub code_source: Option<CodeSource>,
    /// What its code does, where it was read.
    pub code: Option<Code>,
    /// Other members as they decide what it does, flattened: `StateMachineType`, `Runtime`, `Handler`,
    /// `Environment.Variables.TABLE` ...
    pub properties: BTreeMap<Arc<str>, Term>,
    /// Where it stands.
    pub origin: Origin,
}

/// An IAM role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its ARN, path included.
    pub arn: Term,
    /// Its name.
    pub name: Term,
    /// Its trust policy: who may take it on; `None` where it was not read.
    pub trust: Option<Policy>,
    /// Inline and customer policies with their documents.
    pub policies: Vec<Policy>,
    /// ARNs or names of attached policies whose documents were not read.
    pub attached_unread: Vec<Term>,
    /// The permissions boundary, where it was read.
    pub boundary: Option<Policy>,
    /// ARN of a boundary whose document was not read.
    pub boundary_unread: Option<Term>,
    /// Where it stands.
    pub origin: Origin,
}

impl Workload {
    /// Returns a workload of which no more is known.
    pub fn new(class: &str, arn: Term, name: Term, origin: Origin) -> Self {
        Self {
            class: class.into(),
            arn,
            name,
            role: None,
            definition: None,
            code_source: None,
            code: None,
            properties: BTreeMap::new(),
            origin,
        }
    }
}
