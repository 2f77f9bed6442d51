//! On which resources policies can allow an action.
//!
//! The table is generated: how the ARNs of an action's resources begin, as the service authorization reference has them.

use crate::arn::{Arn, fields_of};
use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use crate::catalogue::packed;
use crate::catalogue::table::Table;
use crate::glob::fits;
use loopguard_pattern::{Part, Term};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Separators within a row.
const GROUP: char = '\t';
const FIELD: char = '\u{1f}';

/// What makes a policy's text more than one text.
const WILD: [char; 2] = ['*', '?'];

/// A row for each IAM prefix.
pub(crate) const TABLE: &[u8] = include_bytes!("generated/resources.bin");

/// The kinds of resources of all actions, each service read when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    table: Table<Actions>,
    /// Actions, in lower case, of which the table does not say all.
    anywhere: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Anywhere {
    anywhere: Vec<Others>,
}

/// Actions that policies may allow on other resources.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Others {
    actions: Vec<String>,
    source: String,
    confidence: String,
}

/// Action in lower case -> its resources.
type Actions = BTreeMap<Box<str>, Arc<[Start]>>;

/// How ARNs begin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Start {
    service: Box<str>,
    resource: Box<str>,
}

impl Kinds {
    pub(crate) fn embedded() -> Result<Self, CatalogueError> {
        let rows: Anywhere = packed::ANYWHERE.read()?;
        for row in &rows.anywhere {
            check(packed::ANYWHERE.name, &row.source, &row.confidence)?;
        }
        let actions = rows.anywhere.iter().flat_map(|row| &row.actions);
        let anywhere = actions.map(|action| action.to_ascii_lowercase()).collect();
        Ok(Self { table: Table::read("resources.bin", TABLE)?, anywhere })
    }

    /// Returns how the ARNs of the action's resources begin, of which there are none where only `*` allows it; none: the table
    /// does not know the action.
    pub(crate) fn of(&self, action: &str) -> Option<&[Start]> {
        let action = action.to_ascii_lowercase();
        if self.anywhere.contains(&action) {
            return None;
        }
        let (prefix, name) = action.split_once(':')?;
        let actions = self.table.get(prefix, |row| actions(prefix, row))?;
        actions.get(name).map(|starts| &**starts)
    }
}

/// Returns false only if what a policy names surely is no resource of the action: then it allows nothing of it.
pub(crate) fn may_allow(starts: &[Start], resource: &Term) -> bool {
    let variable = |part: &Part| matches!(part, Part::Literal(text) if text.contains("${"));
    if resource.parts().iter().any(variable) {
        return true;
    }
    // Nearly all are one text, which need not be taken apart into terms. One of fewer fields may mean anything.
    if let Some(text) = resource.as_str() {
        return fields_of(text).is_none_or(|[service, _, _, name]| {
            starts.iter().any(|start| fits(service, &start.service, true) && start.begins(name, false))
        });
    }
    Arn::parse(resource).is_none_or(|arn| {
        let (first, more) = match arn.resource.parts() {
            [] => ("", false),
            [Part::Literal(text), others @ ..] => (&**text, !others.is_empty()),
            [Part::Symbol(_), ..] => ("", true),
        };
        let service = arn.service.as_str();
        let is_of = |start: &Start| service.is_none_or(|service| fits(service, &start.service, true));
        starts.iter().any(|start| is_of(start) && start.begins(first, more))
    })
}

impl Start {
    /// Returns false only if the resource part surely begins in another way; `more` of it may follow.
    fn begins(&self, resource: &str, more: bool) -> bool {
        let known = resource.split(WILD).next().unwrap_or_default();
        let open = more || known.len() < resource.len();
        let same = |text: &str, beginning: &str| {
            text.get(..beginning.len()).is_some_and(|text| text.eq_ignore_ascii_case(beginning))
        };
        same(known, &self.resource) || (open && same(&self.resource, known))
    }
}

fn actions(prefix: &str, row: &str) -> Actions {
    let mut actions = Actions::new();
    for (starts, names) in row.split(GROUP).filter_map(|group| group.split_once(FIELD)) {
        let start = |text: &str| {
            let (service, resource) = text.split_once(':')?;
            let service = if service.is_empty() { prefix } else { service };
            Some(Start { service: service.into(), resource: resource.into() })
        };
        let starts: Arc<[Start]> = starts.split(' ').filter_map(start).collect();
        for name in names.split(' ') {
            actions.insert(name.to_ascii_lowercase().into(), starts.clone());
        }
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::{Kinds, may_allow};
    use loopguard_pattern::{Symbol, Term};

    fn allows(action: &str, resource: &str) -> bool {
        let kinds = Kinds::embedded().expect("a table");
        kinds.of(action).is_none_or(|starts| may_allow(starts, &Term::literal(resource)))
    }

    #[test]
    fn a_policy_allows_an_action_on_its_own_kinds_alone() {
        for (action, resource) in [
            ("s3:PutObject", "arn:aws:s3:::media/*"),
            ("s3:CreateJob", "*"),
            ("sqs:SendMessage", "arn:aws:sqs:*:*:*"),
            ("sqs:sendmessage", "arn:aws:SQS:eu-west-1:111122223333:work"),
            ("sts:AssumeRole", "arn:aws:iam::111122223333:role/work"),
            ("states:StartExecution", "arn:aws:states:eu-west-1:111122223333:stateMachine:m"),
            ("states:StartExecution", "arn:aws:states:eu-west-1:111122223333:st*"),
            ("states:StartExecution", "arn:aws:*"),
            ("logs:PutLogEvents", "arn:aws:logs:*:*:*"),
            ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:111122223333:log-group:/a:*"),
            ("events:PutEvents", "arn:aws:events:eu-west-1:111122223333:event-bus/default"),
            ("ec2:TerminateInstances", "arn:aws:ec2:*:*:*/*"),
            ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:${aws:PrincipalTag/f}"),
            ("kms:Decrypt", "arn:aws:kms:*:${aws:PrincipalAccount}:key/*"),
            ("states:SendTaskSuccess", "arn:aws:states:eu-west-1:111122223333:stateMachine:m"),
            // What the table does not know may be anything.
            ("s3:NoSuchAction", "arn:aws:sqs:eu-west-1:111122223333:work"),
        ] {
            assert!(allows(action, resource), "{action} on {resource}");
        }
        for (action, resource) in [
            ("s3:CreateJob", "arn:aws:s3:::media"),
            ("s3:CreateAccessPoint", "arn:aws:s3:::media/*"),
            ("acm-pca:CreateCertificateAuthorityAuditReport", "arn:aws:s3:::media/*"),
            ("sqs:SendMessage", "arn:aws:sns:eu-west-1:111122223333:news"),
            ("sts:AssumeRole", "arn:aws:sts::111122223333:assumed-role/a/b"),
            ("states:StopExecution", "arn:aws:states:eu-west-1:111122223333:stateMachine:m"),
            ("lambda:CreateEventSourceMapping", "arn:aws:lambda:eu-west-1:111122223333:function:f"),
        ] {
            assert!(!allows(action, resource), "{action} on {resource}");
        }
    }

    #[test]
    fn a_value_of_a_template_may_be_any_part() {
        let kinds = Kinds::embedded().expect("a table");
        let starts = kinds.of("sqs:SendMessage").expect("an action");
        let value = || Term::from(Symbol::given("parameter", "Arn"));
        assert!(may_allow(starts, &value()));
        let arn = |service: &str| Term::concat([Term::literal(service), value()]);
        assert!(may_allow(starts, &arn("arn:aws:sqs:eu-west-1:111122223333:")));
        assert!(!may_allow(starts, &arn("arn:aws:sns:eu-west-1:111122223333:")));
        let machine = kinds.of("states:StartExecution").expect("an action");
        assert!(may_allow(machine, &arn("arn:aws:states:eu-west-1:111122223333:state")));
        assert!(!may_allow(machine, &arn("arn:aws:states:eu-west-1:111122223333:activity:")));
    }
}
