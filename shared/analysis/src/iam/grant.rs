//! Grants: one way each in which a call may be allowed.

use crate::iam::custom::EventLimits;
use crate::iam::statement::fits_action;
use loopguard_model::{Origin, Policy, Scoped, Statement};
use loopguard_pattern::Term;
use loopguard_pattern::json::Span;
use std::sync::Arc;

/// One way in which an action may be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The statement names the action, exactly or [narrowly](is_narrow).
    pub(crate) narrow: bool,
    /// Whether it is for the role at all is not decided.
    pub(crate) doubtful: bool,
    /// The resources it allows.
    pub(crate) reach: Reach,
    /// Those among them that are surely refused; what is told here is refused in every request.
    pub(crate) except: Vec<Term>,
    /// What is known of the custom events that it allows.
    pub(crate) limits: EventLimits,
    /// The policy's name.
    pub(crate) policy: Arc<str>,
    /// The statement's `Sid`, or `#` and its place, from 1 on.
    pub(crate) statement: Arc<str>,
    /// Where the policy stands.
    pub(crate) origin: Origin,
    /// Bytes of the statement.
    pub(crate) span: Span,
}

/// The resources of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Any.
    Any,
    /// Those that fit one of these texts.
    These(Vec<Term>),
}

impl Grant {
    /// Returns a grant on one resource that no policy of the role's own makes.
    pub(crate) fn on(resource: &Term) -> Self {
        let nowhere = Origin::Assumed("the resource's own policy".into());
        Self {
            narrow: false,
            doubtful: false,
            reach: Reach::These(vec![resource.clone()]),
            except: Vec::new(),
            limits: EventLimits::default(),
            policy: "".into(),
            statement: "".into(),
            origin: nowhere,
            span: Span::default(),
        }
    }

    /// Returns policy and statement in words, and where the policy stands.
    pub(crate) fn because(&self) -> Arc<str> {
        let place = match &self.origin {
            Origin::Assumed(why) => format!("; {why}"),
            origin => format!(" ({origin})"),
        };
        format!("policy `{}`, statement `{}`{place}", self.policy, self.statement).into()
    }

    pub(crate) fn new(policy: &Policy, index: usize, statement: &Statement, narrow: bool) -> Self {
        Self {
            narrow,
            doubtful: false,
            reach: Reach::Any,
            except: Vec::new(),
            limits: EventLimits::default(),
            policy: policy.name.clone(),
            statement: statement.sid.clone().unwrap_or_else(|| format!("#{}", index + 1).into()),
            origin: policy.origin.clone(),
            span: statement.span,
        }
    }
}

/// Returns whether the list may name the action, and if so whether it does so narrowly.
pub(crate) fn allows(actions: &Scoped, action: &str) -> Option<bool> {
    match actions {
        Scoped::Only(patterns) => {
            let mut found = None;
            for pattern in patterns {
                let Some(text) = pattern.as_str() else {
                    found = found.or(Some(false));
                    continue;
                };
                if fits_action(text, action) {
                    found = Some(found.unwrap_or(false) || is_narrow(text));
                }
            }
            found
        }
        Scoped::AllBut(patterns) => {
            let excluded =
                patterns.iter().any(|pattern| pattern.as_str().is_some_and(|text| fits_action(text, action)));
            (!excluded).then_some(false)
        }
    }
}

/// The fewest letters of an action's name that tell what it is about: as many as the shortest verbs have (`Get`,
/// `Put`, `Run`, `Tag`).
const FEWEST_LETTERS: usize = 3;

/// Returns true iff the text names actions narrowly: its author chose what they do.
///
/// `s3:PutBucketAcl`, `s3:PutBucket*`, `s3:Put*` and `ec2:*Tags` are narrow, whatever the resource; `*`, `s3:*`, `s3:P*`
/// and `s3:*?` are broad, and so is everything that `NotAction` leaves.
pub(crate) fn is_narrow(pattern: &str) -> bool {
    pattern.split_once(':').is_some_and(|(prefix, name)| {
        prefix != "*" && name.chars().filter(|letter| !matches!(letter, '*' | '?')).count() >= FEWEST_LETTERS
    })
}
