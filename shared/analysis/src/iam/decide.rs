//! May the request be made: all layers of policies, in three values.

use crate::iam::because::{Because, Layer};
use crate::iam::principal::{Grantee, grants_to};
use crate::iam::statement::{Request, applies, unknowns};
use crate::iam::{Truth, World};
use loopguard_model::{Effect, Policy};
use std::sync::Arc;

/// A policy, or the name of one whose document was not read.
#[derive(Debug, Clone)]
pub enum Source<'a> {
    /// Its document.
    Read(&'a Policy),
    /// Its name.
    Unread(Arc<str>),
}

/// The policies that decide on a request.
#[derive(Debug, Clone, Default)]
pub struct Layers<'a> {
    /// The principal's own; one that allows is enough.
    pub identity: Vec<Source<'a>>,
    /// The permissions boundary.
    pub boundary: Option<Source<'a>>,
    /// The service control policies of each level, from the root to the account; every level must allow.
    pub scps: Vec<Vec<Source<'a>>>,
    /// The session policy.
    pub session: Option<Source<'a>>,
    /// The resource's policy; it may allow without the principal's own.
    pub resource: Option<Source<'a>>,
    /// The actions' resources need an own policy that allows (keys of KMS): without one nothing is allowed.
    pub needs_resource: bool,
}

/// Whether a request is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Surely.
    Must,
    /// Perhaps: something that decides is not known.
    May,
    /// Surely not.
    No,
}

/// An answer with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub answer: Answer,
    /// The statements and layers that decide it.
    pub because: Vec<Because>,
}

/// Returns whether the request is allowed.
///
/// An explicit deny of any layer wins; every level of service control policies, the boundary and the session policy
/// must allow what the identity policies allow. Under an open world the answer is never `No` where some values of the
/// unlisted keys allow the request, and `Must` only where all do.
pub fn decide(request: &Request, layers: &Layers<'_>) -> Decision {
    let mut because = Vec::new();
    let denied = layers.denied(request, &mut because);
    if denied == Truth::Yes {
        because.retain(|reason| reason.truth == Truth::Yes);
        return Decision { answer: Answer::No, because };
    }
    let allowed = layers.allowed(request, &mut because);
    let answer = match allowed.and(!denied) {
        Truth::Yes => Answer::Must,
        Truth::Unknown => Answer::May,
        Truth::No => Answer::No,
    };
    if answer == Answer::No {
        because.retain(|reason| reason.effect.is_none());
    }
    Decision { answer, because }
}

impl<'a> Layers<'a> {
    fn all(&self) -> impl Iterator<Item = (Layer, &Source<'a>)> {
        let identity = self.identity.iter().map(|source| (Layer::Identity, source));
        let scps = self.scps.iter().flatten().map(|source| (Layer::Scp, source));
        identity
            .chain(self.boundary.iter().map(|source| (Layer::Boundary, source)))
            .chain(scps)
            .chain(self.session.iter().map(|source| (Layer::Session, source)))
            .chain(self.resource.iter().map(|source| (Layer::Resource, source)))
    }

    fn denied(&self, request: &Request, because: &mut Vec<Because>) -> Truth {
        let mut denied = Truth::No;
        for (layer, source) in self.all() {
            denied = denied.or(says(Effect::Deny, layer, source, request, because));
        }
        denied
    }

    fn allowed(&self, request: &Request, because: &mut Vec<Because>) -> Truth {
        let mut allowed = Truth::Yes;
        for level in &self.scps {
            allowed = allowed.and(allows(Layer::Scp, level, request, because));
        }
        let mut own = allows(Layer::Identity, &self.identity, request, because);
        for (layer, source) in [(Layer::Boundary, &self.boundary), (Layer::Session, &self.session)] {
            if let Some(source) = source {
                own = own.and(allows(layer, std::slice::from_ref(source), request, because));
            }
        }
        allowed.and(self.with_resource(own, request, because))
    }

    fn with_resource(&self, own: Truth, request: &Request, because: &mut Vec<Because>) -> Truth {
        match &self.resource {
            Some(source) if self.needs_resource => {
                let allows = allows(Layer::Resource, std::slice::from_ref(source), request, because);
                allows.and(own.or(Truth::Unknown))
            }
            Some(source) => own.or(says(Effect::Allow, Layer::Resource, source, request, because)),
            None if self.needs_resource => {
                because.push(Because::silent(Layer::Resource));
                own.and(match request.context.world() {
                    World::Open => Truth::Unknown,
                    World::Closed => Truth::No,
                })
            }
            None => own,
        }
    }
}

/// Returns whether one of the policies allows; a layer that does not is a reason.
fn allows(layer: Layer, sources: &[Source<'_>], request: &Request, because: &mut Vec<Because>) -> Truth {
    let mut allowed = Truth::No;
    for source in sources {
        allowed = allowed.or(says(Effect::Allow, layer, source, request, because));
    }
    if allowed == Truth::No {
        because.push(Because::silent(layer));
    }
    allowed
}

/// Returns whether a statement of that effect applies, and adds those that do or may.
fn says(
    effect: Effect,
    layer: Layer,
    source: &Source<'_>,
    request: &Request,
    because: &mut Vec<Because>,
) -> Truth {
    let policy = match source {
        Source::Read(policy) => policy,
        Source::Unread(name) => {
            // It is told once, as what may allow.
            if effect == Effect::Allow {
                because.push(Because::unread(layer, name, "the policy was not read"));
            }
            return Truth::Unknown;
        }
    };
    let mut truth = Truth::No;
    for (index, statement) in policy.statements.iter().enumerate() {
        if statement.effect != effect {
            continue;
        }
        let mut one = applies(statement, policy, request);
        if layer == Layer::Resource && one != Truth::No {
            one = one.and(grants_to(statement, &Grantee::of(&request.context)));
        }
        if one != Truth::No {
            let open = if one == Truth::Unknown { unknowns(statement, policy, request) } else { Vec::new() };
            because.push(Because::statement(layer, policy, index, one, open));
        }
        truth = truth.or(one);
    }
    for part in &policy.unread {
        truth = truth.or(Truth::Unknown);
        if effect == Effect::Allow {
            because.push(Because::unread(layer, &policy.name, part));
        }
    }
    truth
}
