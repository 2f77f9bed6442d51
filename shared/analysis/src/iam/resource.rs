//! Resources of policies, taken apart as a binding of the catalogue says.

use crate::glob::{Glob, Token, glob_of, is_plain_name, tokens};
use loopguard_model::Scope;
use loopguard_pattern::Term;
use std::collections::BTreeMap;

/// A resource of a policy, read as the operation's kind of resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bound {
    variables: BTreeMap<String, Glob>,
    /// What a variable surely is not.
    left_out: BTreeMap<String, Vec<Glob>>,
}

/// The most values that a variable is known not to have; what is not told here may be there.
const MOST_LEFT_OUT: usize = 16;

impl Bound {
    /// Returns what is known of a variable; none: nothing.
    pub(crate) fn get(&self, variable: &str) -> Option<Glob> {
        self.variables.get(variable).filter(|glob| !glob.is_any()).cloned()
    }

    /// Returns a bound of which nothing is known.
    pub(crate) fn open() -> Self {
        Self { variables: BTreeMap::new(), left_out: BTreeMap::new() }
    }

    /// Returns what each variable surely is not.
    pub(crate) fn left_out(&self) -> impl Iterator<Item = (&String, &Vec<Glob>)> {
        self.left_out.iter()
    }

    /// Says what a variable surely is not.
    pub(crate) fn leave_out(&mut self, variable: &str, glob: Glob) {
        let known = self.left_out.entry(variable.to_owned()).or_default();
        if known.len() < MOST_LEFT_OUT && !known.contains(&glob) {
            known.push(glob);
            known.sort();
        }
    }

    /// Says what is known of a variable.
    pub(crate) fn set(&mut self, variable: &str, glob: Glob) {
        self.variables.insert(variable.to_owned(), glob);
    }

    /// Takes over all that another bound knows.
    pub(crate) fn merge(&mut self, other: Self) {
        self.variables.extend(other.variables);
        self.left_out.extend(other.left_out);
    }
}

/// What a resource's text is for the operation and the region in question.
pub(crate) enum Read {
    /// A resource of the operation's kind.
    Is(Bound),
    /// Surely no such resource.
    IsNot,
}

/// Returns how `resource` reads as `template` (`{bucket}/{key}`), whose last variable cannot hold `without`.
pub(crate) fn bind(resource: &Term, template: &str, without: Option<&str>, scope: &Scope) -> Read {
    let all = tokens(resource);
    let Some((head, rest)) = split(&all) else { return Read::Is(Bound::open()) };
    if elsewhere(&head, scope) {
        return Read::IsNot;
    }
    let mut variables = BTreeMap::new();
    if !align(template, rest, without, &mut variables) {
        return Read::IsNot;
    }
    variables.insert("arn".to_owned(), glob_of(&all));
    Read::Is(Bound { variables, left_out: BTreeMap::new() })
}

/// Returns the first five fields and what follows, if the text has them all.
pub(crate) fn split(tokens: &[Token]) -> Option<(Vec<&[Token]>, &[Token])> {
    let mut fields = Vec::new();
    let mut rest = tokens;
    while fields.len() < 5 {
        let colon = rest.iter().position(|token| *token == Token::Char(':'))?;
        let (field, after) = rest.split_at_checked(colon)?;
        fields.push(field);
        rest = after.get(1..)?;
    }
    Some((fields, rest))
}

/// Returns true iff the region is known and is not the one in question.
fn elsewhere(fields: &[&[Token]], scope: &Scope) -> bool {
    let Some(region) = fields.get(3).map(|field| glob_of(field)) else { return false };
    match (region.as_exact(), scope.region.as_literal()) {
        (Some(region), Some(here)) => {
            region.as_literal().is_some_and(|region| !region.is_empty() && region != here)
        }
        _ => false,
    }
}

/// Reads `rest` as the template; returns false iff it surely is not such a resource. Variables that a star may reach
/// into stay unset.
fn align(
    template: &str,
    rest: &[Token],
    without: Option<&str>,
    variables: &mut BTreeMap<String, Glob>,
) -> bool {
    let mut rest = rest;
    let mut template = template;
    while !template.is_empty() {
        let (text, after) = match template.split_once('{') {
            Some((text, after)) => (text, Some(after)),
            None => (template, None),
        };
        for character in text.chars() {
            match rest.split_first() {
                Some((Token::Char(found), behind)) if *found == character => rest = behind,
                Some((Token::Char(_), _)) | None => return false,
                Some((Token::Star | Token::Symbol(_), _)) => return true,
            }
        }
        let Some((name, behind)) = after.and_then(|after| after.split_once('}')) else {
            return rest.iter().all(|token| *token != Token::Char('/')) || rest.is_empty();
        };
        template = behind;
        let Some(separator) = template.chars().next() else {
            if holds(rest, without) {
                return false;
            }
            variables.insert(name.to_owned(), glob_of(rest));
            return true;
        };
        match take_until(rest, separator) {
            Taken::Up(value, behind) => {
                variables.insert(name.to_owned(), glob_of(value));
                rest = behind;
            }
            Taken::Vague(value) => {
                let mut glob = glob_of(value);
                glob.push(&Glob::any());
                variables.insert(name.to_owned(), glob);
                return true;
            }
            Taken::Never => return false,
        }
    }
    true
}

enum Taken<'a> {
    /// The value, and the rest from the separator on.
    Up(&'a [Token], &'a [Token]),
    /// A star or a symbol may hold the separator: what stands before it.
    Vague(&'a [Token]),
    /// There is no separator.
    Never,
}

fn take_until(rest: &[Token], separator: char) -> Taken<'_> {
    for (at, token) in rest.iter().enumerate() {
        let vague = match token {
            Token::Char(found) if *found == separator => {
                return match rest.split_at_checked(at) {
                    Some((value, behind)) => Taken::Up(value, behind),
                    None => Taken::Never,
                };
            }
            Token::Char(_) => false,
            Token::Star => true,
            Token::Symbol(symbol) => !is_plain_name(symbol),
        };
        if vague {
            return Taken::Vague(rest.get(..at).unwrap_or_default());
        }
    }
    Taken::Never
}

fn holds(rest: &[Token], without: Option<&str>) -> bool {
    without
        .and_then(|text| text.chars().next())
        .is_some_and(|character| rest.contains(&Token::Char(character)))
}
