//! Resources of policies, taken apart as a binding of the catalogue says.

use crate::glob::{Glob, Token, glob_of, is_plain_name, tokens};
use loopguard_model::Scope;
use loopguard_pattern::{Symbol, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A resource of a policy, read as the operation's kind of resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bound {
    variables: BTreeMap<String, Glob>,
    /// What a variable surely is not.
    left_out: BTreeMap<String, Vec<Glob>>,
    /// A parameter was taken for one whole name, without a separator.
    whole_names: bool,
    /// A permission says it, not the call: the call may name another resource, and be refused.
    granted: bool,
}

/// The most values that a variable is known not to have; what is not told here may be there.
const MOST_LEFT_OUT: usize = 16;

impl Bound {
    /// Returns what is known of a variable; none: nothing.
    pub(crate) fn get(&self, variable: &str) -> Option<Glob> {
        self.variables.get(variable).filter(|glob| !glob.is_any()).cloned()
    }

    /// Returns true iff the resource was read as one that has the variable, whatever is known of it.
    pub(crate) fn has(&self, variable: &str) -> bool {
        self.variables.contains_key(variable)
    }

    /// Returns true iff the resource was read as one of that shape: it has its variables and no others.
    pub(crate) fn is_of(&self, template: &str) -> bool {
        let known = self.variables.keys().filter(|name| *name != "arn").count();
        known > 0
            && known == variables_of(template).count()
            && variables_of(template).all(|name| self.has(name))
    }

    /// Returns a bound of which nothing is known.
    pub(crate) fn open() -> Self {
        Self { variables: BTreeMap::new(), left_out: BTreeMap::new(), whole_names: false, granted: false }
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

    /// Returns the same as what a call may name, known by the permission to make it.
    pub(crate) fn by_grant(mut self) -> Self {
        self.granted = true;
        self
    }

    /// Returns true iff a permission says it, not the call.
    pub(crate) fn is_granted(&self) -> bool {
        self.granted
    }

    /// Says what is known of a variable.
    pub(crate) fn set(&mut self, variable: &str, glob: Glob) {
        self.variables.insert(variable.to_owned(), glob);
    }

    /// Returns true only if no resource is both: some variable surely differs, or is left out on one side.
    pub(crate) fn surely_differs(&self, other: &Self) -> bool {
        let apart = |(name, glob): (&String, &Glob)| {
            name != "arn" && other.get(name).is_some_and(|known| glob.surely_differs(&known))
        };
        let left_out = |one: &Self, another: &Self| {
            one.left_out().any(|(name, globs)| {
                another.get(name).is_some_and(|known| globs.iter().any(|glob| glob.covers(&known)))
            })
        };
        self.variables.iter().any(apart) || left_out(self, other) || left_out(other, self)
    }

    /// Takes over all that another bound knows.
    pub(crate) fn merge(&mut self, other: Self) {
        self.variables.extend(other.variables);
        self.left_out.extend(other.left_out);
        self.whole_names |= other.whole_names;
    }

    /// Returns what reading the resource took for granted, if it did.
    pub(crate) fn assumption(&self) -> Option<&'static str> {
        self.whole_names
            .then_some("a parameter in the place of a name within an ARN holds one name, without a separator")
    }
}

/// What a resource's text is for the operation and the region in question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A resource of the operation's kind.
    Is(Bound),
    /// Surely no such resource.
    IsNot,
}

/// The shapes that resources of one kind have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shapes<'a> {
    /// The service of the ARN.
    pub(crate) service: &'a str,
    /// Resource parts with variables in braces (`{bucket}/{key}`); the first that fits is taken.
    pub(crate) templates: &'a [Arc<str>],
    /// Those of the templates whose ARNs name a region.
    pub(crate) placed: &'a [Arc<str>],
    /// Text that the last variable cannot hold.
    pub(crate) without: Option<&'a str>,
}

/// Returns how `resource` reads as one of the shapes.
///
/// A value of which nothing is known but that it is one (a parameter for a whole ARN) gives variables that are
/// symbols of their own: they may be any name, so that what they meet is not decided.
pub(crate) fn bind(resource: &Term, shapes: Shapes<'_>, scope: &Scope) -> Read {
    let all = tokens(resource);
    let Some((head, rest)) = split(&all) else { return headless(&all, shapes) };
    if elsewhere(&head, scope) || head.get(2).is_some_and(|service| !may_be_text(service, shapes.service)) {
        return Read::IsNot;
    }
    let mut vague = None;
    let names_region = head.get(3).is_some_and(|region| !region.is_empty());
    let may_have = |template: &&Arc<str>| names_region || !shapes.placed.contains(template);
    for template in shapes.templates.iter().filter(may_have) {
        let mut reading = Reading::new(shapes.without);
        match reading.align(template, rest) {
            Fit::No => {}
            Fit::Yes => return Read::Is(reading.bound(&all)),
            Fit::Vague => vague = vague.or(Some(template)),
        }
    }
    vague.map_or(Read::IsNot, |template| Read::Is(unknown(template, &all)))
}

/// Reads a text without the colons of an ARN: `*`, or a symbol for an ARN with more behind it.
fn headless(all: &[Token], shapes: Shapes<'_>) -> Read {
    let Some((Token::Symbol(symbol), behind)) = all.split_first() else { return Read::Is(Bound::open()) };
    let mut vague = None;
    for template in shapes.templates {
        // The symbol ends with the first variable's value.
        let Some((_, from_first)) = template.split_once('{') else { continue };
        let Some((name, _)) = from_first.split_once('}') else { continue };
        let mut rest = vec![Token::Symbol(within(symbol, name).into())];
        rest.extend_from_slice(behind);
        let mut reading = Reading::new(shapes.without);
        match reading.align(&format!("{{{from_first}"), &rest) {
            Fit::Yes => return Read::Is(reading.bound(all)),
            Fit::No | Fit::Vague => vague = vague.or(Some(template)),
        }
    }
    // The symbol may hold all of the ARN, separators too.
    vague.map_or_else(|| Read::Is(Bound::open()), |template| Read::Is(unknown(template, all)))
}

/// Returns a bound of the template's variables of which only the text that they stand in is known.
fn unknown(template: &str, all: &[Token]) -> Bound {
    let symbol = all.iter().find_map(|token| match token {
        Token::Symbol(symbol) => Some(symbol),
        Token::Char(_) | Token::Star => None,
    });
    let mut bound = Bound::open();
    for name in variables_of(template) {
        let value = symbol.map_or_else(Glob::any, |symbol| Glob::exact(within(symbol, name).into()));
        bound.set(name, value);
    }
    bound.set("arn", glob_of(all));
    bound
}

/// Returns the symbol for a name within what another symbol stands for.
fn within(symbol: &Symbol, variable: &str) -> Symbol {
    Symbol {
        kind: symbol.kind,
        class: format!("{variable} within {}", symbol.class).into(),
        name: format!("{variable} within {}", symbol.name).into(),
        made_from: None,
    }
}

fn variables_of(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
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

/// Returns true only if the text names regions of which the one in question surely is none.
fn elsewhere(fields: &[&[Token]], scope: &Scope) -> bool {
    let Some(field) = fields.get(3).filter(|field| !field.is_empty()) else { return false };
    scope.region.as_literal().is_some() && glob_of(field).surely_differs(&Glob::exact(scope.region.clone()))
}

/// Returns false only if the tokens surely are not the text.
fn may_be_text(tokens: &[Token], text: &str) -> bool {
    let plain: Option<String> = tokens
        .iter()
        .map(|token| match token {
            Token::Char(character) => Some(*character),
            Token::Star | Token::Symbol(_) => None,
        })
        .collect();
    plain.is_none_or(|plain| plain == text)
}

/// Whether a text has a template's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// A symbol stands where the template has text of its own.
    Vague,
}

/// One try to read a text as a template.
struct Reading<'a> {
    without: Option<&'a str>,
    bound: Bound,
}

impl<'a> Reading<'a> {
    fn new(without: Option<&'a str>) -> Self {
        Self { without, bound: Bound::open() }
    }

    fn bound(mut self, all: &[Token]) -> Bound {
        self.bound.set("arn", glob_of(all));
        self.bound
    }

    /// Reads `rest` as the template. Variables that a star may reach into stay open.
    fn align(&mut self, template: &str, rest: &[Token]) -> Fit {
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
                    Some((Token::Char(_), _)) | None => return Fit::No,
                    Some((Token::Star, _)) => return self.open_rest(template),
                    Some((Token::Symbol(_), _)) if lacks_separator(template, rest) => return Fit::No,
                    Some((Token::Symbol(_), _)) => return Fit::Vague,
                }
            }
            let Some((name, behind)) = after.and_then(|after| after.split_once('}')) else {
                return if rest.is_empty() { Fit::Yes } else { ends(rest) };
            };
            template = behind;
            let Some(separator) = template.chars().next() else { return self.last(name, rest) };
            match take_until(rest, separator) {
                Taken::Up { value, behind, whole_names } => {
                    self.bound.whole_names |= whole_names;
                    self.bound.set(name, glob_of(value));
                    rest = behind;
                }
                Taken::Star { value, whole_names } => {
                    self.bound.whole_names |= whole_names;
                    let mut glob = glob_of(value);
                    glob.push(&Glob::any());
                    self.bound.set(name, glob);
                    return self.open_rest(template);
                }
                Taken::Symbol => return Fit::Vague,
                Taken::Never => return Fit::No,
            }
        }
        Fit::Yes
    }

    fn last(&mut self, name: &str, rest: &[Token]) -> Fit {
        if holds(rest, self.without) || rest.is_empty() {
            return Fit::No;
        }
        self.bound.whole_names |= self.without.is_some() && rest.iter().any(is_given);
        self.bound.set(name, glob_of(rest));
        Fit::Yes
    }

    fn open_rest(&mut self, template: &str) -> Fit {
        for name in variables_of(template) {
            self.bound.set(name, Glob::any());
        }
        Fit::Yes
    }
}

/// Returns true iff the template's text has a separator that the text surely does not hold: names that a stack makes hold
/// none, so that a created bucket is no object of an access point.
fn lacks_separator(template: &str, rest: &[Token]) -> bool {
    let known = |token: &Token| match token {
        Token::Char(_) => true,
        Token::Symbol(symbol) => is_plain_name(symbol),
        Token::Star => false,
    };
    let without =
        |separator: &char| template.contains(*separator) && !rest.contains(&Token::Char(*separator));
    rest.iter().all(known) && ['/', ':'].iter().any(without)
}

/// What stands behind a template's own last text: nothing, unless a star or a symbol does.
fn ends(rest: &[Token]) -> Fit {
    match rest.first() {
        Some(Token::Star) => Fit::Yes,
        Some(Token::Symbol(_)) => Fit::Vague,
        Some(Token::Char(_)) | None => Fit::No,
    }
}

fn is_given(token: &Token) -> bool {
    matches!(token, Token::Symbol(symbol) if !is_plain_name(symbol))
}

enum Taken<'a> {
    /// The value, and the rest from the separator on.
    Up { value: &'a [Token], behind: &'a [Token], whole_names: bool },
    /// A star may hold the separator: what stands before it.
    Star { value: &'a [Token], whole_names: bool },
    /// There is no separator, but a symbol may hold it.
    Symbol,
    /// There is no separator.
    Never,
}

/// Takes tokens up to the separator. A parameter before it counts as one name, which the report says.
fn take_until(rest: &[Token], separator: char) -> Taken<'_> {
    let mut whole_names = false;
    for (at, token) in rest.iter().enumerate() {
        match token {
            Token::Char(found) if *found == separator => {
                return match rest.split_at_checked(at) {
                    Some((value, behind)) => Taken::Up { value, behind, whole_names },
                    None => Taken::Never,
                };
            }
            Token::Star => return Taken::Star { value: rest.get(..at).unwrap_or_default(), whole_names },
            Token::Char(_) | Token::Symbol(_) => whole_names |= is_given(token),
        }
    }
    if whole_names { Taken::Symbol } else { Taken::Never }
}

fn holds(rest: &[Token], without: Option<&str>) -> bool {
    without
        .and_then(|text| text.chars().next())
        .is_some_and(|character| rest.contains(&Token::Char(character)))
}
