//! "Without regard to case", as the engine does it: by UTF-16 unit.
//!
//! Each unit of the pattern's text stands for its lower and its upper form. A form may be longer than
//! one character (`ß` is also `SS`), and half of a surrogate pair has no bytes of its own and becomes
//! `?`, so that a character beyond the basic plane matches two question marks and not itself.

/// Returns the forms of each UTF-16 unit of `text`: lower, upper.
pub(crate) fn forms(text: &str) -> Vec<[String; 2]> {
    text.encode_utf16()
        .map(|unit| match char::from_u32(u32::from(unit)) {
            Some(character) => [character.to_lowercase().collect(), character.to_uppercase().collect()],
            None => ["?".to_owned(), "?".to_owned()],
        })
        .collect()
}

/// Returns the ends, as byte offsets into `text`, of all beginnings that the forms make.
fn ends(text: &str, forms: &[[String; 2]]) -> Vec<usize> {
    let mut at = vec![0];
    for unit in forms {
        let mut next = Vec::new();
        for position in at {
            let rest = text.get(position..).unwrap_or_default();
            next.extend(
                unit.iter().filter(|form| rest.starts_with(form.as_str())).map(|form| position + form.len()),
            );
        }
        next.sort_unstable();
        next.dedup();
        at = next;
    }
    at
}

/// Returns whether `text` equals `want` without regard to case.
pub(crate) fn equals(text: &str, want: &str) -> bool {
    ends(text, &forms(want)).contains(&text.len())
}

/// Returns whether `text` begins with `want` without regard to case.
pub(crate) fn starts_with(text: &str, want: &str) -> bool {
    !ends(text, &forms(want)).is_empty()
}

/// Returns whether `text` ends with `want` without regard to case.
pub(crate) fn ends_with(text: &str, want: &str) -> bool {
    let forms = forms(want);
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| {
        let rest = text.get(at..).unwrap_or_default();
        ends(rest, &forms).contains(&rest.len())
    })
}
