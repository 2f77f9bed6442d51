//! ARNs of policies against ARNs of requests: field by field.

use crate::glob::fits;
use crate::iam::Truth;
use crate::iam::text::{Piece, Text, run};

/// The fields of an ARN; only the last may hold a colon.
const FIELDS: usize = 6;

/// Returns whether the ARN `value` fits the pattern.
///
/// No wildcard of one field reaches into the next, but the last field's wildcards reach over anything. What IAM makes
/// of a pattern with fewer fields is not documented: a fit is unknown.
pub(crate) fn fits_arn(pattern: &Text<'_>, value: &str) -> Truth {
    match pattern {
        Text::Void => Truth::No,
        Text::Plain("*") => Truth::Yes,
        Text::Plain(pattern) => fits_plain(pattern, value),
        Text::Pieces(pieces) => fits_pieces(pieces, value),
    }
}

fn fits_plain(pattern: &str, value: &str) -> Truth {
    if pattern.bytes().all(|byte| byte == b'*') {
        return Truth::from(!pattern.is_empty());
    }
    if !is_whole(pattern.bytes().filter(|byte| *byte == b':').count()) {
        return Truth::from(fits(pattern, value, false)).and(Truth::Unknown);
    }
    let mut wanted = pattern.splitn(FIELDS, ':');
    let mut found = value.splitn(FIELDS, ':');
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Truth::Yes,
            (Some(wanted), Some(found)) if fits(wanted, found, false) => {}
            _ => return Truth::No,
        }
    }
}

fn fits_pieces(pieces: &[Piece], value: &str) -> Truth {
    let colons = pieces.iter().filter(|piece| **piece == Piece::Char(':')).count();
    // What is not known may hold colons, so that fields cannot be told.
    if pieces.contains(&Piece::Hole) || !is_whole(colons) {
        return run(pieces, value, false).and(Truth::Unknown);
    }
    let mut wanted = pieces.splitn(FIELDS, |piece| *piece == Piece::Char(':'));
    let mut found = value.splitn(FIELDS, ':');
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return Truth::Yes,
            (Some(wanted), Some(found)) if run(wanted, found, false) == Truth::Yes => {}
            _ => return Truth::No,
        }
    }
}

fn is_whole(colons: usize) -> bool {
    colons >= FIELDS - 1
}
