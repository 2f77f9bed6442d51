//! Texts of policies as patterns: wildcards, policy variables, parts that are not known.

use crate::glob::fits;
use crate::iam::Truth;
use crate::iam::context::{Context, Known};
use loopguard_pattern::{Part, Term};

/// One place of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This character.
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any run.
    Run,
    /// One run that is not known: a value of a template, a key that is not known.
    Hole,
}

/// A text of a policy, its variables replaced.
#[derive(Debug)]
pub(crate) enum Text<'a> {
    /// As written: no variables, no unknown parts.
    Plain(&'a str),
    /// Taken apart.
    Pieces(Vec<Piece>),
    /// A variable stands for a key that the request does not carry: fits nothing.
    Void,
}

/// How a policy's text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// `${...}` is a variable.
    pub(crate) variables: bool,
    /// What variables stand for.
    pub(crate) context: &'a Context,
}

/// A term of a policy, its variables replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resolved {
    /// What it says.
    Exactly(Term),
    /// More than it says: a variable that is not known is any run.
    Within(Term),
    /// A variable stands for a key that the request does not carry: it fits nothing.
    Void,
}

impl Reading<'_> {
    /// Returns the term with its variables replaced, wildcards as written.
    pub(crate) fn resolved(&self, term: &Term) -> Resolved {
        let variable = |part: &Part| matches!(part, Part::Literal(text) if text.contains("${"));
        if !self.variables || !term.parts().iter().any(variable) {
            return Resolved::Exactly(term.clone());
        }
        let (mut terms, mut exactly) = (Vec::new(), true);
        for part in term.parts() {
            let Part::Literal(text) = part else {
                terms.extend(part_term(part));
                continue;
            };
            let mut rest: &str = text;
            while let Some((before, variable, behind)) = self.split(rest) {
                let mut pieces = Vec::new();
                if !self.replace(variable, &mut pieces) {
                    return Resolved::Void;
                }
                // A value with a wildcard in it stands for itself, which no term can say.
                let value: Option<String> = pieces.iter().map(|piece| plain_letter(*piece)).collect();
                exactly &= value.is_some();
                terms.extend([Term::literal(before), Term::literal(value.as_deref().unwrap_or("*"))]);
                rest = behind;
            }
            terms.push(Term::literal(rest));
        }
        let term = Term::concat(terms);
        if exactly { Resolved::Exactly(term) } else { Resolved::Within(term) }
    }

    /// Returns the text of a term; `*` and `?` are wildcards iff `wild`.
    pub(crate) fn text<'t>(&self, term: &'t Term, wild: bool) -> Text<'t> {
        match term.as_str() {
            Some(text) if !self.variables || !text.contains("${") => return Text::Plain(text),
            _ => {}
        }
        let mut pieces = Vec::new();
        for part in term.parts() {
            match part {
                Part::Symbol(_) => pieces.push(Piece::Hole),
                Part::Literal(text) => {
                    if !self.push(text, wild, &mut pieces) {
                        return Text::Void;
                    }
                }
            }
        }
        Text::Pieces(pieces)
    }

    /// Appends the pieces of a text; returns false iff a variable has no value.
    fn push(&self, text: &str, wild: bool, pieces: &mut Vec<Piece>) -> bool {
        let mut rest = text;
        while let Some((before, variable, behind)) = self.split(rest) {
            pieces.extend(plain(before, wild));
            if !self.replace(variable, pieces) {
                return false;
            }
            rest = behind;
        }
        pieces.extend(plain(rest, wild));
        true
    }

    /// Splits at the first variable.
    fn split<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str, &'t str)> {
        let (before, inner) = text.split_once("${").filter(|_| self.variables)?;
        let (variable, behind) = inner.split_once('}')?;
        Some((before, variable, behind))
    }

    /// What a variable stands for is text, never a wildcard; so are `${*}`, `${?}` and `${$}`.
    fn replace(&self, variable: &str, pieces: &mut Vec<Piece>) -> bool {
        if matches!(variable, "*" | "?" | "$") {
            pieces.extend(variable.chars().map(Piece::Char));
            return true;
        }
        let (key, default) = match variable.split_once(',') {
            Some((key, default)) => (key.trim(), unquoted(default.trim())),
            None => (variable.trim(), None),
        };
        match (self.context.get(key), default) {
            (Known::Unknown, _) => pieces.push(Piece::Hole),
            (Known::Values([value]), _) => pieces.extend(value.chars().map(Piece::Char)),
            (Known::Absent, Some(default)) => pieces.extend(default.chars().map(Piece::Char)),
            // A key of several values cannot be a variable.
            (Known::Values(_) | Known::Absent, _) => return false,
        }
        true
    }
}

fn part_term(part: &Part) -> Option<Term> {
    match part {
        Part::Literal(_) => None,
        Part::Symbol(symbol) => Some(symbol.clone().into()),
    }
}

fn plain_letter(piece: Piece) -> Option<char> {
    match piece {
        Piece::Char(letter) if !matches!(letter, '*' | '?') => Some(letter),
        _ => None,
    }
}

fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.strip_suffix('\'')
}

fn plain(text: &str, wild: bool) -> impl Iterator<Item = Piece> {
    text.chars().map(move |character| match character {
        '*' if wild => Piece::Run,
        '?' if wild => Piece::One,
        other => Piece::Char(other),
    })
}

impl Text<'_> {
    /// Returns whether the text is `value`; `*` and `?` stand for themselves.
    pub(crate) fn is(&self, value: &str, ignore_case: bool) -> Truth {
        match self {
            Self::Plain(text) if ignore_case => text.eq_ignore_ascii_case(value).into(),
            Self::Plain(text) => (*text == value).into(),
            Self::Pieces(pieces) => run(pieces, value, ignore_case),
            Self::Void => Truth::No,
        }
    }

    /// Returns whether `value` fits the pattern, wildcards reaching over anything.
    pub(crate) fn fits(&self, value: &str) -> Truth {
        match self {
            Self::Plain(text) => fits(text, value, false).into(),
            Self::Pieces(pieces) => run(pieces, value, false),
            Self::Void => Truth::No,
        }
    }
}

/// Returns whether `value` fits the pieces; a hole makes a fit unknown.
pub(crate) fn run(pieces: &[Piece], value: &str, ignore_case: bool) -> Truth {
    let mut rest = value;
    let mut at = 0;
    let mut back: Option<(usize, &str)> = None;
    loop {
        let mut characters = rest.chars();
        match (pieces.get(at), characters.next()) {
            (Some(Piece::Run | Piece::Hole), _) => {
                at += 1;
                back = Some((at, rest));
            }
            (None, None) => break,
            (Some(piece), Some(character)) if stands_for(*piece, character, ignore_case) => {
                at += 1;
                rest = characters.as_str();
            }
            // Go back to the last run and let it take one character more.
            _ => {
                let Some((after, from)) = back else { return Truth::No };
                let mut longer = from.chars();
                if longer.next().is_none() {
                    return Truth::No;
                }
                rest = longer.as_str();
                at = after;
                back = Some((after, rest));
            }
        }
    }
    if pieces.contains(&Piece::Hole) { Truth::Unknown } else { Truth::Yes }
}

fn stands_for(piece: Piece, character: char, ignore_case: bool) -> bool {
    match piece {
        Piece::Char(wanted) if ignore_case => wanted.eq_ignore_ascii_case(&character),
        Piece::Char(wanted) => wanted == character,
        Piece::One => true,
        Piece::Run | Piece::Hole => false,
    }
}
