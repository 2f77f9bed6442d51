//! Resources as policies write them, one against the other: does one name all of the other's, do both name one.
//!
//! A value of a template stands for one text that is not known and is the same wherever it stands.

use crate::iam::Truth;
use crate::iam::arn::fits_arn;
use crate::iam::overlap::{overlap, pieces_of};
use crate::iam::text::{Piece, Text};
use loopguard_pattern::{Part, Symbol, Term};
use std::collections::BTreeSet;

/// Characters that no text of a policy holds: they stand for the values of templates.
const STAND_INS: std::ops::RangeInclusive<char> = '\u{E000}'..='\u{F8FF}';

/// Returns true only if every resource that fits `inner` fits `outer`.
pub(crate) fn covers(outer: &Term, inner: &Term) -> bool {
    if outer == inner || *outer == Term::literal("*") {
        return true;
    }
    let Some((outer, inner)) = plain(outer, inner) else { return false };
    // A star of `inner` is an ordinary character here, which only a star covers; a question mark would cover it, too.
    !outer.contains('?') && fits_arn(&Text::Plain(&outer), &inner) == Truth::Yes
}

/// Returns what fits both, or more than that; none iff surely nothing does.
pub(crate) fn common(a: &Term, b: &Term) -> Option<Term> {
    if covers(b, a) {
        return Some(a.clone());
    }
    if covers(a, b) {
        return Some(b.clone());
    }
    overlap(&pieces(a), &pieces(b)).then(|| a.clone())
}

/// Returns both as texts in which each symbol is one character, the same in both.
fn plain(a: &Term, b: &Term) -> Option<(String, String)> {
    let symbols: BTreeSet<&Symbol> = a.symbols().chain(b.symbols()).collect();
    let stand_ins: Vec<(&Symbol, char)> = symbols.into_iter().zip(STAND_INS).collect();
    let text = |term: &Term| {
        let mut text = String::new();
        for part in term.parts() {
            match part {
                Part::Literal(literal) if literal.contains(|letter| STAND_INS.contains(&letter)) => {
                    return None;
                }
                Part::Literal(literal) => text.push_str(literal),
                Part::Symbol(symbol) => {
                    text.push(stand_ins.iter().find(|(known, _)| **known == **symbol)?.1);
                }
            }
        }
        Some(text)
    };
    Some((text(a)?, text(b)?))
}

fn pieces(term: &Term) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in term.parts() {
        match part {
            Part::Symbol(_) => pieces.push(Piece::Hole),
            Part::Literal(text) => pieces.extend(pieces_of(&Text::Plain(text))),
        }
    }
    pieces
}
