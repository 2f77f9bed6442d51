//! Event buses as targets, calls and permissions name them: by a name, or by an ARN that says where the bus is.

use crate::Aspect;
use crate::arn::{Arn, surely_differ};
use crate::catalogue::Catalogue;
use crate::glob::{Glob, fits};
use loopguard_model::{Inventory, Rule, Scope};
use loopguard_pattern::{Part, SymbolKind, Term};
use std::fmt;
use std::sync::Arc;

/// Buses that something is sent to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bus {
    /// Their name.
    pub(crate) name: Glob,
    /// Their account; none: the sender's.
    account: Option<Glob>,
    /// Their region; none: the sender's.
    region: Option<Glob>,
}

/// Whether an event arrives at a rule's bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Arrives {
    No,
    /// It depends on a name that is not known.
    Perhaps,
    Yes,
}

impl Bus {
    /// Returns the buses of the sender's own account and region that have the name.
    pub(crate) fn here(name: Glob) -> Self {
        Self { name, account: None, region: None }
    }

    /// Returns the default bus of the sender's own account and region.
    pub(crate) fn default_here() -> Self {
        Self::here(Glob::exact(Term::literal("default")))
    }

    /// Returns the buses of that name in the place that the ARN tells; stars of a policy stay open.
    pub(crate) fn of_arn(arn: &Arn, name: Glob, sender: &Scope) -> Self {
        let field = |term: &Term, own: &Term| {
            let glob =
                || term.as_literal().map_or_else(|| Glob::exact(term.clone()), |text| Glob::of_stars(&text));
            (term != own).then(glob)
        };
        let account = field(&arn.account, &sender.account);
        Self { name, account, region: field(&arn.region, &sender.region) }
    }

    /// Returns the bus that a request names, by its name or by its ARN.
    pub(crate) fn of_value(value: &Glob, sender: &Scope) -> Self {
        let arn = value.as_exact().and_then(Arn::parse);
        match arn.as_ref().and_then(|arn| Some((arn, arn.resource_after("event-bus/")?))) {
            Some((arn, name)) => Self::of_arn(arn, Glob::exact(name), sender),
            None => Self::here(value.clone()),
        }
    }

    /// Returns the buses as far as the catalogue tells one from the other.
    pub(crate) fn told_apart(mut self, catalogue: &Catalogue) -> Self {
        if !catalogue.has(Aspect::BusNames) {
            self.name = Glob::any();
        }
        if !catalogue.has(Aspect::Places) {
            (self.account, self.region) = (Some(Glob::any()), Some(Glob::any()));
        }
        self
    }

    /// Returns the buses of that name and account in whatever region.
    pub(crate) fn of_any_region(self) -> Self {
        Self { region: Some(Glob::any()), ..self }
    }

    /// Returns the same buses with another name.
    pub(crate) fn with_name(&self, name: Glob) -> Self {
        Self { name, ..self.clone() }
    }

    /// Returns true only if none of the buses is in the sender's account and region.
    pub(crate) fn is_elsewhere(&self, sender: &Scope) -> bool {
        let differs = |field: &Option<Glob>, own: &Term| {
            field.as_ref().is_some_and(|field| field.surely_differs(&Glob::exact(own.clone())))
        };
        differs(&self.account, &sender.account) || differs(&self.region, &sender.region)
    }

    /// Returns true only if all are in the sender's region, so that their events show it.
    pub(crate) fn is_in_region_of(&self, sender: &Scope) -> bool {
        self.region.as_ref().is_none_or(|region| region.as_exact() == Some(&sender.region))
    }

    /// Returns true only if none of the buses is one of the others, both as the sender names them. Any bus of the
    /// sender's may be any bus at all: a permission for `*` says no place.
    pub(crate) fn surely_differs(&self, other: &Self, sender: &Scope) -> bool {
        if self.name.is_any() && self.account.is_none() && self.region.is_none() {
            return false;
        }
        let differs = |left: &Option<Glob>, right: &Option<Glob>, own: &Term| {
            let of = |field: &Option<Glob>| field.clone().unwrap_or_else(|| Glob::exact(own.clone()));
            left != right && of(left).surely_differs(&of(right))
        };
        self.name.surely_differs(&other.name)
            || differs(&self.account, &other.account, &sender.account)
            || differs(&self.region, &other.region, &sender.region)
    }

    /// Returns true iff rules were read in a place where the buses may be.
    pub(crate) fn is_read(&self, sender: &Scope, inventory: &Inventory) -> bool {
        let may_be =
            |field: &Option<Glob>, own: &Term, there: &Term| lies(field.as_ref(), own, there) != Arrives::No;
        inventory.places().any(|place| {
            may_be(&self.account, &sender.account, &place.account)
                && may_be(&self.region, &sender.region, &place.region)
        })
    }

    /// Returns whether what is sent from `sender` arrives on the rule's bus.
    pub(crate) fn arrives(&self, sender: &Scope, rule: &Rule) -> Arrives {
        let account = lies(self.account.as_ref(), &sender.account, &rule.scope.account);
        let region = lies(self.region.as_ref(), &sender.region, &rule.scope.region);
        account.min(region).min(named(&self.name, &rule.bus))
    }
}

impl fmt::Display for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = Term::literal("*");
        let text = |glob: &Glob| glob.as_exact().unwrap_or(&star).to_string();
        write!(f, "bus `{}`", text(&self.name))?;
        if let Some(account) = &self.account {
            write!(f, " of account {}", text(account))?;
        }
        match &self.region {
            Some(region) => write!(f, " in {}", text(region)),
            None => Ok(()),
        }
    }
}

/// Returns whether the account, or the region, that something is sent to is the rule's.
fn lies(sent_to: Option<&Glob>, own: &Term, there: &Term) -> Arrives {
    let surely = |known: &Term| if surely_differ(known, there) { Arrives::No } else { Arrives::Yes };
    let Some(glob) = sent_to else { return surely(own) };
    match glob.as_exact() {
        Some(exact) if exact == there => Arrives::Yes,
        Some(exact) => surely(exact).min(Arrives::Perhaps),
        // A star of a permission means the sender's own place first of all.
        None if glob.surely_differs(&Glob::exact(there.clone())) => Arrives::No,
        None if own == there => Arrives::Yes,
        None => Arrives::Perhaps,
    }
}

fn named(sent_to: &Glob, listens_on: &Term) -> Arrives {
    if sent_to.is_any() {
        return Arrives::Yes;
    }
    if let Some(exact) = sent_to.as_exact() {
        if exact == listens_on {
            return Arrives::Yes;
        }
        if surely_differ(exact, listens_on) || is_default_and_created(exact, listens_on) {
            return Arrives::No;
        }
        return Arrives::Perhaps;
    }
    let texts: Option<Vec<Arc<str>>> = sent_to.to_wildcard().pieces.iter().map(Term::as_literal).collect();
    match (texts, listens_on.as_literal()) {
        (Some(pieces), Some(bus)) => {
            if fits(&pieces.join("*"), &bus, false) {
                Arrives::Yes
            } else {
                Arrives::No
            }
        }
        _ => Arrives::Perhaps,
    }
}

/// Nobody can make the default bus, so a bus that the stack makes is another.
fn is_default_and_created(left: &Term, right: &Term) -> bool {
    let created =
        |term: &Term| matches!(term.parts(), [Part::Symbol(symbol)] if symbol.kind == SymbolKind::Created);
    let default = Term::literal("default");
    (*left == default && created(right)) || (*right == default && created(left))
}
