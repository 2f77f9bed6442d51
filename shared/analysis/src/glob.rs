//! Texts with `*`: what policies, bindings and tables write instead of a value.

use crate::few::Few;
use loopguard_pattern::{Part, Symbol, SymbolKind, Term, Wildcard};
use std::borrow::Cow;
use std::sync::Arc;

/// A text in which some runs are not known: literal pieces with any run between two of them.
///
/// INVARIANT: never without a piece; one piece means an exact text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Glob {
    pieces: Few<Term>,
}

impl Glob {
    /// Returns the glob that is exactly `term`.
    pub(crate) fn exact(term: Term) -> Self {
        Self { pieces: term.into() }
    }

    /// Returns the glob that every text fits.
    pub(crate) fn any() -> Self {
        Self { pieces: Few::Fixed(&[Term::EMPTY, Term::EMPTY]) }
    }

    /// Returns the glob of the texts that begin so.
    pub(crate) fn any_after(term: Term) -> Self {
        let mut glob = Self::exact(term);
        glob.push(&Self::any());
        glob
    }

    /// Returns the glob of the texts that end so.
    pub(crate) fn any_before(term: Term) -> Self {
        Self::of(vec![Term::default(), term])
    }

    /// Returns what every text that fits begins with, symbols included.
    pub(crate) fn first(&self) -> &Term {
        self.pieces.first().unwrap_or(&Term::EMPTY)
    }

    /// Returns the glob of these pieces, of which there is one at least.
    fn of(pieces: Vec<Term>) -> Self {
        Self { pieces: pieces.into() }
    }

    /// Returns the text, if it is known.
    pub(crate) fn as_exact(&self) -> Option<&Term> {
        match &*self.pieces {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Returns the shortest text that fits, if it has no symbols.
    pub(crate) fn shortest(&self) -> Option<Cow<'_, str>> {
        if let Some(exact) = self.as_exact() {
            return exact.as_str().map(Cow::Borrowed);
        }
        self.pieces.iter().map(Term::as_str).collect::<Option<String>>().map(Cow::Owned)
    }

    /// Returns the known text that every text that fits begins with.
    pub(crate) fn start(&self) -> Arc<str> {
        match self.pieces.first().and_then(|piece| piece.parts().first()) {
            Some(Part::Literal(text)) => text.clone(),
            Some(Part::Symbol(_)) | None => "".into(),
        }
    }

    /// Returns true iff every text fits.
    pub(crate) fn is_any(&self) -> bool {
        self.pieces.len() > 1 && self.pieces.iter().all(|piece| *piece == Term::EMPTY)
    }

    /// Returns true only if every text that fits `other` fits this.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self == other || self.is_any() {
            return true;
        }
        // A star of the other is an ordinary character here, which only a star covers.
        let text = |glob: &Self| -> Option<String> {
            let pieces: Option<Vec<Arc<str>>> = glob.pieces.iter().map(Term::as_literal).collect();
            let pieces = pieces?;
            let plain = !pieces.iter().any(|piece| piece.contains(['*', '?']));
            plain.then(|| pieces.join("*"))
        };
        text(self).zip(text(other)).is_some_and(|(outer, inner)| fits(&outer, &inner, false))
    }

    /// Returns true only if no text fits both.
    pub(crate) fn surely_differs(&self, other: &Self) -> bool {
        match (self.as_exact(), other.as_exact()) {
            (Some(left), Some(right)) => crate::arn::surely_differ(left, right),
            (Some(exact), None) => exact.as_literal().is_some() && !other.may_fit(exact),
            (None, Some(exact)) => exact.as_literal().is_some() && !self.may_fit(exact),
            (None, None) => {
                let start = |glob: &Self| glob.pieces.first().and_then(Term::as_literal).unwrap_or_default();
                let (left, right) = (start(self), start(other));
                !left.starts_with(&*right) && !right.starts_with(&*left)
            }
        }
    }

    fn may_fit(&self, exact: &Term) -> bool {
        let known = self.pieces.iter().all(|piece| piece.as_literal().is_some());
        !known || self.covers(&Self::exact(exact.clone()))
    }

    /// Returns the glob of a policy's text; none where a glob says more than the text does.
    pub(crate) fn exactly_of(term: &Term) -> Option<Self> {
        let inexact =
            |part: &Part| matches!(part, Part::Literal(text) if text.contains('?') || text.contains("${"));
        let tokens = tokens(term);
        let stars = tokens.iter().filter(|token| **token == Token::Star).count();
        (stars < MOST_PIECES && !term.parts().iter().any(inexact)).then(|| glob_of(&tokens))
    }

    /// Returns the glob as the wildcard of a pattern.
    pub(crate) fn to_wildcard(&self) -> Wildcard {
        Wildcard { pieces: self.pieces.to_vec() }
    }

    /// Appends what another glob stands for.
    pub(crate) fn push(&mut self, other: &Self) {
        let mut made = Made::of(self);
        made.push(other);
        *self = made.finish();
    }

    /// Returns `template` with each `{name}` replaced by what `value` knows of it, else by any text.
    pub(crate) fn fill(template: &str, value: &dyn Fn(&str) -> Option<Glob>) -> Self {
        // Most templates are one variable, and then the value is all.
        if let Some(name) = template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
            && !name.contains('{')
        {
            return value(name).unwrap_or_else(Self::any);
        }
        let mut made = Made::default();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            made.push(&Self::of_stars(before));
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            made.push(&value(name).unwrap_or_else(Self::any));
            rest = behind;
        }
        made.push(&Self::of_stars(rest));
        made.finish()
    }

    /// Returns true iff the known text holds the character.
    pub(crate) fn holds(&self, character: char) -> bool {
        let in_text = |part: &Part| matches!(part, Part::Literal(text) if text.contains(character));
        self.pieces.iter().any(|piece| piece.parts().iter().any(in_text))
    }

    /// Returns the glob of what stands behind the last slash; any where a run may hold that slash.
    pub(crate) fn last_segment(&self) -> Self {
        let Some(last) = self.pieces.last() else { return self.clone() };
        let has_slash = |term: &Term| {
            term.parts().iter().any(|part| matches!(part, Part::Literal(text) if text.contains('/')))
        };
        let given = |term: &Term| term.symbols().any(|symbol| !is_plain_name(symbol));
        if self.pieces.len() == 1 || has_slash(last) {
            return Self::exact(crate::arn::after_last(last, '/'));
        }
        // The end stays: whatever the run is, the last segment ends so.
        if given(last) { Self::any() } else { Self::of(vec![Term::EMPTY, last.clone()]) }
    }

    /// Returns the glob of the name in front of a dash and six characters that nobody chose.
    ///
    /// A run at the end may be the six characters, with the dash or without, or more of the name.
    pub(crate) fn without_random_suffix(&self) -> Self {
        const RANDOM: usize = 6;
        let empty = Term::EMPTY;
        let known = self.pieces.iter().rposition(|piece| *piece != empty).map_or(0, |at| at + 1);
        let Some((last, before)) = self.pieces.get(..known).and_then(<[Term]>::split_last) else {
            return Self::any();
        };
        let with = |more: &[Term]| Self::of([before, more].concat());
        let open = known < self.pieces.len();
        match last.parts().last() {
            Some(Part::Literal(_)) if open => {
                with(&[strip_end(last, "-").unwrap_or_else(|| last.clone()), empty])
            }
            Some(Part::Literal(end)) => {
                let dash = end.char_indices().rev().nth(RANDOM).filter(|(_, found)| *found == '-');
                match dash.and_then(|(at, _)| end.split_at_checked(at)) {
                    Some((_, random)) => with(&[strip_end(last, random).unwrap_or_default()]),
                    // No such name at all, or a run holds the dash.
                    None if before.is_empty() => self.clone(),
                    None => with(&[empty]),
                }
            }
            // The symbol may hold the six characters or not.
            Some(Part::Symbol(_)) if open => with(&[last.clone(), empty]),
            Some(Part::Symbol(_)) | None => Self::any(),
        }
    }

    /// Returns the glob of a literal text with `*`.
    pub(crate) fn of_stars(text: &str) -> Self {
        if text.contains('*') {
            Self::of(text.split('*').map(Term::literal).collect())
        } else {
            Self::exact(Term::literal(text))
        }
    }
}

/// A glob that grows; each piece is joined once.
#[derive(Default)]
struct Made {
    pieces: Vec<Term>,
    /// What the last piece, not in `pieces` yet, is joined from.
    last: Vec<Term>,
}

impl Made {
    fn of(glob: &Glob) -> Self {
        let mut made = Self::default();
        made.push(glob);
        made
    }

    fn push(&mut self, glob: &Glob) {
        for (at, piece) in glob.pieces.iter().enumerate() {
            if at > 0 {
                self.pieces.push(Term::concat(std::mem::take(&mut self.last)));
            }
            self.last.push(piece.clone());
        }
    }

    fn finish(mut self) -> Glob {
        let last = Term::concat(self.last);
        if self.pieces.is_empty() {
            return Glob::exact(last);
        }
        self.pieces.push(last);
        Glob::of(self.pieces)
    }
}

/// Returns the term without the literal text `end`, if it ends so.
fn strip_end(term: &Term, end: &str) -> Option<Term> {
    let (last, before) = term.parts().split_last()?;
    let Part::Literal(text) = last else { return None };
    let rest = text.strip_suffix(end)?;
    Some(Term::concat(before.iter().cloned().map(Term::from).chain([Term::literal(rest)])))
}

/// One character of a policy's text, or something that stands for unknown characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A character.
    Char(char),
    /// Any run: `*`, `?` (widened), a policy variable.
    Star,
    /// A value of a template.
    Symbol(Arc<Symbol>),
}

/// Returns the tokens of a policy's text.
pub(crate) fn tokens(term: &Term) -> Vec<Token> {
    let length = |part: &Part| match part {
        Part::Literal(text) => text.len(),
        Part::Symbol(_) => 1,
    };
    let mut tokens = Vec::with_capacity(term.parts().iter().map(length).sum());
    for part in term.parts() {
        match part {
            Part::Symbol(symbol) => tokens.push(Token::Symbol(symbol.clone())),
            Part::Literal(text) => push_text(text, &mut tokens),
        }
    }
    tokens
}

fn push_text(text: &str, tokens: &mut Vec<Token>) {
    let mut rest = text;
    loop {
        // A policy variable (`${aws:username}`) stands for text that is not known here.
        if let Some((_, behind)) = rest.strip_prefix("${").and_then(|inner| inner.split_once('}')) {
            tokens.push(Token::Star);
            rest = behind;
            continue;
        }
        let mut characters = rest.chars();
        match characters.next() {
            None => return,
            Some('*' | '?') => tokens.push(Token::Star),
            Some(character) => tokens.push(Token::Char(character)),
        }
        rest = characters.as_str();
    }
}

/// The most pieces that a glob keeps; nobody means as many by a text, and each costs time wherever it is compared.
const MOST_PIECES: usize = 32;

/// Returns the glob of a run of tokens; of very many stars only what stands before the first and behind the last counts.
pub(crate) fn glob_of(tokens: &[Token]) -> Glob {
    let mut pieces = Vec::new();
    let (mut last, mut text) = (Vec::new(), String::new());
    for token in tokens {
        if let Token::Char(character) = token {
            text.push(*character);
            continue;
        }
        last.push(Term::literal(&std::mem::take(&mut text)));
        match token {
            Token::Symbol(symbol) => last.push(symbol.clone().into()),
            Token::Star | Token::Char(_) => pieces.push(Term::concat(std::mem::take(&mut last))),
        }
    }
    last.push(Term::literal(&text));
    pieces.push(Term::concat(last));
    if pieces.len() > MOST_PIECES {
        pieces.drain(1..pieces.len() - 1);
    }
    Glob::of(pieces)
}

/// What says where a stack lives, which holds no separator.
const PLACES: &[&str] = &["AWS::AccountId", "AWS::Region", "AWS::StackName"];

/// Returns true if the symbol is a name that a stack makes for a resource, or says where the stack lives, so that it holds
/// no separator.
pub(crate) fn is_plain_name(symbol: &Symbol) -> bool {
    symbol.kind == SymbolKind::Created || PLACES.iter().any(|place| symbol.name.starts_with(place))
}

/// Returns true iff `text` fits `pattern` (`*` any run, `?` one character), both literal; of letters only ASCII ones
/// have two cases.
pub(crate) fn fits(pattern: &str, text: &str, ignore_case: bool) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let same =
        |left: u8, right: u8| if ignore_case { left.eq_ignore_ascii_case(&right) } else { left == right };
    // The usual two-pointer walk: on a mismatch go back to the last star and let it eat one byte more.
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(at_text) {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                star = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(b'?') => {
                at_pattern += 1;
                at_text += width(*byte);
            }
            Some(wanted) if same(*wanted, *byte) => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => match star {
                Some((pattern_at, text_at)) => {
                    star = Some((pattern_at, text_at + 1));
                    at_pattern = pattern_at + 1;
                    at_text = text_at + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(at_pattern..).is_some_and(|rest| rest.iter().all(|left| *left == b'*'))
}

/// The bytes of the character that begins with `byte`; one inside a character.
fn width(byte: u8) -> usize {
    match byte {
        0xF0.. => 4,
        0xE0..=0xEF => 3,
        0xC0..=0xDF => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests;

/// Returns the literal text of a term, or nothing where it has symbols.
pub(crate) fn literal(term: &Term) -> Option<Arc<str>> {
    term.as_literal()
}
