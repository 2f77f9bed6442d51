//! Patterns against patterns: do they name a common resource, does one name all of the other's.

use crate::iam::Truth;
use crate::iam::arn::fits_arn;
use crate::iam::text::{Piece, Text};

/// The most steps that one comparison takes; IAM lets no policy have more than some 10,000 characters.
const MOST_STEPS: usize = 1 << 22;

/// Returns whether `pattern` fits what `resource`, a text with `*` and `?`, stands for: yes for all of it, no for none.
pub(crate) fn covers_all(pattern: &Text<'_>, resource: &str) -> Truth {
    // A wildcard of the resource is an ordinary character here, which only a run covers.
    let has_one = match pattern {
        Text::Plain(text) => text.contains('?'),
        Text::Pieces(pieces) => pieces.contains(&Piece::One),
        Text::Void => return Truth::No,
    };
    let whole = fits_arn(pattern, resource);
    if whole == Truth::Yes && !has_one {
        return Truth::Yes;
    }
    if overlap(&pieces_of(pattern), &pieces_of(&Text::Plain(resource))) { Truth::Unknown } else { Truth::No }
}

/// Returns the pieces of a text with wildcards; none of them where it fits nothing.
pub(crate) fn pieces_of(text: &Text<'_>) -> Vec<Piece> {
    match text {
        Text::Plain(text) => text
            .chars()
            .map(|character| match character {
                '*' => Piece::Run,
                '?' => Piece::One,
                other => Piece::Char(other),
            })
            .collect(),
        Text::Pieces(pieces) => pieces.clone(),
        Text::Void => Vec::new(),
    }
}

/// Returns true iff some text fits both; fields of ARNs are not told apart, which errs towards true.
///
/// Texts so long that the answer would take its time count as fitting.
pub(crate) fn overlap(a: &[Piece], b: &[Piece]) -> bool {
    if a.len().saturating_mul(b.len()) > MOST_STEPS {
        return true;
    }
    // `open[j]`: the pieces of `a` up to here and the first `j` of `b` can stand for one text.
    let mut open = vec![false; b.len() + 1];
    if let Some(first) = open.first_mut() {
        *first = true;
    }
    spread(&mut open, b);
    for piece in a {
        let mut next = vec![false; b.len() + 1];
        if is_run(*piece) {
            next.clone_from(&open);
        }
        for (at, wanted) in b.iter().enumerate() {
            let here = open.get(at).copied().unwrap_or(false);
            let before = next.get(at).copied().unwrap_or(false);
            let step = match (is_run(*piece), is_run(*wanted)) {
                // A run of `a` takes what `b` has here.
                (true, _) => before,
                // A run of `b` takes the piece and stays.
                (false, true) => false,
                (false, false) => here && meet(*piece, *wanted),
            };
            if step && let Some(slot) = next.get_mut(at + 1) {
                *slot = true;
            }
        }
        stay(&open, b, &mut next, *piece);
        spread(&mut next, b);
        open = next;
    }
    open.last().copied().unwrap_or(false)
}

/// A run of `b` that has begun may take a piece of `a` and go on.
fn stay(open: &[bool], b: &[Piece], next: &mut [bool], piece: Piece) {
    if is_run(piece) {
        return;
    }
    for (at, wanted) in b.iter().enumerate() {
        if is_run(*wanted)
            && open.get(at + 1).copied().unwrap_or(false)
            && let Some(slot) = next.get_mut(at + 1)
        {
            *slot = true;
        }
    }
}

/// A run of `b` may be empty.
fn spread(open: &mut [bool], b: &[Piece]) {
    for (at, wanted) in b.iter().enumerate() {
        if is_run(*wanted)
            && open.get(at).copied().unwrap_or(false)
            && let Some(slot) = open.get_mut(at + 1)
        {
            *slot = true;
        }
    }
}

fn is_run(piece: Piece) -> bool {
    matches!(piece, Piece::Run | Piece::Hole)
}

fn meet(a: Piece, b: Piece) -> bool {
    match (a, b) {
        (Piece::Char(a), Piece::Char(b)) => a == b,
        _ => true,
    }
}
