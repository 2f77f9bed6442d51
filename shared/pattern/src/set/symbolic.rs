//! Strings with symbols: three answers instead of two.
//!
//! A conjunction is first taken as if each symbol were a letter of its own. What holds then, holds
//! whatever the symbols stand for, because a letter meets only itself and gaps. What does not hold then
//! is tried again with each symbol as any text; where that fails, too, the answer is a sure no.
//!
//! Created symbols of one class are taken as incomparable: none begins or ends with another, as is true
//! of generated names and ids.

use super::text::{Case, Found, Language, Letters, is_letter, search, search_product};
use super::{Member, Pick};
use crate::{Part, SymbolKind, Term};

/// Whether something holds for all, for none, or for some of the values that symbols may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Maybe,
}

/// Returns a member of all of `must` and none of `not`.
pub(crate) fn pick(must: &[Language], not: &[Language], letters: &mut Letters) -> Pick {
    if !must.iter().chain(not).any(Language::has_symbols) {
        return found(search(must, not, letters));
    }
    if must.iter().chain(not).any(private) {
        return Pick::Undecided("private characters stand beside values not known yet".to_owned());
    }
    let exact = must.iter().position(|language| whole(language).is_some());
    match exact.and_then(|at| must.get(at).and_then(whole).map(|term| (at, term))) {
        Some((at, term)) => pick_term(at, term, must, not, letters),
        None => pick_any(must, not, letters),
    }
}

fn found(found: Found) -> Pick {
    match found {
        Found::Member(text) => Pick::Member(Member::Text(text)),
        Found::Nothing => Pick::Nothing,
        Found::TooLarge => Pick::Undecided("the strings are too intricate to search".to_owned()),
    }
}

fn whole(language: &Language) -> Option<&Term> {
    match language {
        Language::Pieces(pieces, Case::Kept) => match pieces.as_slice() {
            [one] => Some(one),
            _ => None,
        },
        _ => None,
    }
}

fn private(language: &Language) -> bool {
    language.terms().iter().flat_map(Term::parts).any(|part| match part {
        Part::Literal(text) => text.chars().any(is_letter),
        Part::Symbol(_) => false,
    })
}

fn pick_term(at: usize, term: &Term, must: &[Language], not: &[Language], letters: &mut Letters) -> Pick {
    let text = letters.text(term);
    let mut doubt = None;
    for (index, language) in must.iter().enumerate() {
        match if index == at { Truth::Yes } else { member(&text, language, letters) } {
            Truth::Yes => {}
            Truth::No => return Pick::Nothing,
            Truth::Maybe => doubt = Some(language),
        }
    }
    for language in not {
        match member(&text, language, letters) {
            Truth::No => {}
            Truth::Yes => return Pick::Nothing,
            Truth::Maybe if fresh(&text, language, letters) => {}
            Truth::Maybe => doubt = Some(language),
        }
    }
    match doubt {
        None => Pick::Member(Member::Text(text)),
        Some(language) => {
            Pick::Undecided(format!("`{term}` may or may not be {}", super::written::word(language)))
        }
    }
}

/// Returns true iff the text differs from the one of the language because it holds a value that nobody
/// chose and that the language does not name.
fn fresh(text: &str, language: &Language, letters: &mut Letters) -> bool {
    let Language::Pieces(pieces, _) = language else { return false };
    let [one] = pieces.as_slice() else { return false };
    let other = letters.text(one);
    text.chars().any(|letter| {
        letters.symbol(letter).is_some_and(|symbol| symbol.kind == SymbolKind::Created)
            && !other.contains(letter)
    })
}

/// Returns whether the text, symbols as letters, belongs to the language.
fn member(text: &str, language: &Language, letters: &mut Letters) -> Truth {
    let symbolic = text.chars().any(is_letter);
    if language.holds(text, letters) {
        return Truth::Yes;
    }
    if !symbolic && !language.has_symbols() {
        return Truth::No;
    }
    let pieces = match language {
        Language::Addresses(..) => {
            let plain = |c: char| is_letter(c) || c.is_ascii_hexdigit() || c == '.' || c == ':';
            return if text.chars().all(plain) { Truth::Maybe } else { Truth::No };
        }
        Language::Pieces(pieces, _) => pieces,
    };
    let kept = matches!(language, Language::Pieces(_, Case::Kept));
    let texts: Vec<String> = pieces.iter().map(|piece| letters.text(piece)).collect();
    let whole = [text.to_owned()];
    if kept && (apart(&whole, &texts, letters) || never(text, pieces, letters)) {
        return Truth::No;
    }
    let mut both = [whole.to_vec(), texts];
    if kept {
        cancel(&mut both);
    }
    let case = if kept { Case::Kept } else { Case::Ignored };
    let [left, right] = both;
    let (left, right) = (loose(&left, Case::Kept), loose(&right, case));
    match search_product(&[left, right], &[], letters) {
        Found::Nothing => Truth::No,
        Found::Member(_) | Found::TooLarge => Truth::Maybe,
    }
}

/// Returns true iff one of the two texts is known and the other is not that one, whatever its symbols stand for.
fn never(text: &str, pieces: &[Term], letters: &Letters) -> bool {
    let [piece] = pieces else { return false };
    match piece.as_str() {
        Some(known) => !letters.term(text).may_be(known),
        None => !text.chars().any(is_letter) && !piece.may_be(text),
    }
}

/// Returns true iff different created symbols of one class stand at one place, from the start or the end.
fn apart(a: &[String], b: &[String], letters: &Letters) -> bool {
    let differ = |(a, b): (char, char)| match (letters.symbol(a), letters.symbol(b)) {
        (Some(a), Some(b)) => {
            a.kind == SymbolKind::Created && b.kind == SymbolKind::Created && a.class == b.class && a != b
        }
        _ => false,
    };
    let (Some(first_a), Some(first_b), Some(last_a), Some(last_b)) =
        (a.first(), b.first(), a.last(), b.last())
    else {
        return false;
    };
    first_a.chars().zip(first_b.chars()).find(|(a, b)| a != b).is_some_and(differ)
        || last_a.chars().rev().zip(last_b.chars().rev()).find(|(a, b)| a != b).is_some_and(differ)
}

/// Removes what all lines share at the start and at the end: it says nothing about the rest.
fn cancel(lines: &mut [Vec<String>]) {
    let shared = |lines: &[Vec<String>], end: fn(&[String]) -> Option<char>| {
        let first = lines.first().and_then(|line| end(line))?;
        lines.iter().all(|line| end(line) == Some(first)).then_some(first)
    };
    while shared(lines, |line| line.first()?.chars().next()).is_some() {
        for piece in lines.iter_mut().filter_map(|line| line.first_mut()) {
            piece.remove(0);
        }
    }
    while shared(lines, |line| line.last()?.chars().next_back()).is_some() {
        for piece in lines.iter_mut().filter_map(|line| line.last_mut()) {
            piece.pop();
        }
    }
}

/// Returns the pieces with a gap in the place of each symbol.
fn loose(pieces: &[String], case: Case) -> Language {
    let loose = pieces.iter().flat_map(|piece| piece.split(is_letter)).map(Term::literal);
    Language::Pieces(loose.collect(), case)
}

fn loosened(language: &Language, letters: &mut Letters) -> Language {
    match language {
        Language::Pieces(pieces, case) => {
            let texts: Vec<String> = pieces.iter().map(|piece| letters.text(piece)).collect();
            loose(&texts, *case)
        }
        known @ Language::Addresses(..) => known.clone(),
    }
}

/// Returns a member where no requirement names one text: then exclusions of single texts never empty the set.
fn pick_any(must: &[Language], not: &[Language], letters: &mut Letters) -> Pick {
    let mut lines: Vec<Vec<String>> = Vec::new();
    for language in must {
        if let Language::Pieces(pieces, Case::Kept) = language {
            lines.push(pieces.iter().map(|piece| letters.text(piece)).collect());
        }
    }
    if lines.iter().enumerate().any(|(at, a)| lines.iter().skip(at + 1).any(|b| apart(a, b, letters))) {
        return Pick::Nothing;
    }
    if lines.len() > 1 {
        cancel(&mut lines);
        let rest: Vec<Language> = lines.iter().map(|line| loose(line, Case::Kept)).collect();
        if search(&rest, &[], letters) == Found::Nothing {
            return Pick::Nothing;
        }
    }
    let generic = search(must, not, letters);
    let Found::Member(text) = &generic else {
        let wide: Vec<Language> = must.iter().map(|language| loosened(language, letters)).collect();
        let sure: Vec<Language> = not.iter().filter(|language| !language.has_symbols()).cloned().collect();
        return match search(&wide, &sure, letters) {
            Found::Nothing => Pick::Nothing,
            Found::Member(_) | Found::TooLarge => {
                Pick::Undecided("the strings meet only for some values not known yet".to_owned())
            }
        };
    };
    let single = |language: &Language| matches!(language, Language::Pieces(pieces, _) if pieces.len() == 1);
    for language in not {
        if !single(language) && member(text, language, letters) == Truth::Maybe {
            return Pick::Undecided(format!(
                "a value not known yet may be {}",
                super::written::word(language)
            ));
        }
    }
    found(generic)
}
