//! Foreign text on a terminal.

/// Returns the text with control characters, and characters that turn the direction of writing, written
/// as escapes (`\u{1b}`), so that a rule's name cannot move the cursor or hide what follows it.
///
/// ```
/// assert_eq!(loopguard_report::escaped("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
/// assert_eq!(loopguard_report::escaped("größe \u{1F600}"), "größe \u{1F600}");
/// ```
pub fn escaped(text: &str) -> String {
    // Nearly all texts are plain.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// Whether a terminal obeys the character instead of showing it.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control() || turns_direction(character)
}

/// The bidirectional controls of Unicode (UAX 9), which no terminal shows.
fn turns_direction(character: char) -> bool {
    matches!(character, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
