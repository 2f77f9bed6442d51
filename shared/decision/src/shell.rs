//! Commands that people copy into a shell.

/// Returns the text as one word of a POSIX shell.
///
/// ```
/// use loopguard_decision::shell::word;
/// assert_eq!(word("orders/created"), "orders/created");
/// assert_eq!(word("it's"), r"'it'\''s'");
/// assert_eq!(word(""), "''");
/// ```
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
