//! Resources that are surely refused, taken apart as a binding of the catalogue says.
//!
//! Where [`bind`](super::bind) may say too much, this says too little: what is left out here was never possible.

use crate::glob::{Glob, Token, glob_of, is_plain_name, tokens};
use crate::iam::Bound;
use loopguard_model::Scope;
use loopguard_pattern::Term;
use std::collections::BTreeMap;

/// A kind of resource.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind<'a> {
    /// The service as its ARNs name it.
    pub(crate) service: &'a str,
    /// The resource part (`{bucket}/{key}`).
    pub(crate) template: &'a str,
    /// Whether its ARNs name a region, and whether they name an account.
    pub(crate) places: (bool, bool),
}

/// Returns the values of the template's variables that the resource surely stands for, all combinations of them; a
/// variable that is not there has any. None where that cannot be told, or where it is no such resource.
pub(crate) fn excluded(resource: &Term, kind: &Kind<'_>, scope: &Scope) -> Option<BTreeMap<String, Glob>> {
    Glob::exactly_of(resource)?;
    let all = tokens(resource);
    let (head, rest) = super::resource::split(&all)?;
    is_here(&head, kind, scope).then_some(())?;
    let mut variables = BTreeMap::new();
    align(kind.template, rest, &mut variables)?;
    variables.retain(|_, glob| !glob.is_any());
    Some(variables)
}

/// Returns true iff the fields before the resource stand for every resource of the service that is here.
fn is_here(fields: &[&[Token]], kind: &Kind<'_>, scope: &Scope) -> bool {
    let [_, _, service, region, account] = fields else { return false };
    let nothing = Term::default();
    let is = |field: &[Token], wanted: &Term, there: bool| {
        let glob = glob_of(field);
        glob.is_any() || glob.as_exact() == Some(if there { wanted } else { &nothing })
    };
    let same_service =
        glob_of(service).as_exact().and_then(Term::as_literal).as_deref() == Some(kind.service);
    same_service && is(region, &scope.region, kind.places.0) && is(account, &scope.account, kind.places.1)
}

fn align(template: &str, rest: &[Token], variables: &mut BTreeMap<String, Glob>) -> Option<()> {
    let (mut template, mut rest) = (template, rest);
    while !template.is_empty() {
        // A star to the end stands for whatever is left.
        if *rest == [Token::Star] {
            return Some(());
        }
        let (text, after) = template.split_once('{')?;
        for character in text.chars() {
            let (first, behind) = rest.split_first()?;
            (*first == Token::Char(character)).then_some(())?;
            rest = behind;
        }
        if *rest == [Token::Star] {
            return Some(());
        }
        let (name, behind) = after.split_once('}')?;
        template = behind;
        let Some(separator) = template.chars().next() else {
            variables.insert(name.to_owned(), glob_of(rest));
            return Some(());
        };
        if let Some(at) = rest.iter().position(|token| *token == Token::Char(separator)) {
            let (value, behind) = rest.split_at_checked(at)?;
            value.iter().all(is_whole).then_some(())?;
            variables.insert(name.to_owned(), glob_of(value));
            rest = behind;
        } else {
            // `media*` stands for each bucket that begins so, with all that is in it.
            let (last, value) = rest.split_last()?;
            (*last == Token::Star && value.iter().all(is_whole)).then_some(())?;
            variables.insert(name.to_owned(), glob_of(rest));
            return Some(());
        }
    }
    rest.is_empty().then_some(())
}

/// Returns true iff the token cannot hold a separator.
fn is_whole(token: &Token) -> bool {
    match token {
        Token::Char(_) => true,
        Token::Star => false,
        Token::Symbol(symbol) => is_plain_name(symbol),
    }
}

impl Bound {
    /// Returns the bound without what is excluded; none iff nothing is left.
    pub(crate) fn without(mut self, excluded: &BTreeMap<String, Glob>) -> Option<Self> {
        let known = |name: &String| self.get(name);
        let covered = |(name, glob): &(&String, &Glob)| known(name).is_some_and(|known| glob.covers(&known));
        let apart =
            |(name, glob): (&String, &Glob)| known(name).is_some_and(|known| known.surely_differs(glob));
        if excluded.iter().any(apart) {
            return Some(self);
        }
        let open: Vec<(&String, &Glob)> = excluded.iter().filter(|one| !covered(one)).collect();
        match open.as_slice() {
            [] => None,
            [(name, glob)] => {
                self.leave_out(name, (*glob).clone());
                Some(self)
            }
            // Two variables are left out only together, which no path of an event can tell.
            _ => Some(self),
        }
    }
}
