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

/// Returns JSON text that means the same and shows all its characters: what is hidden is written by its number. Within JSON such a
/// character stands in a text, or it is a line break between members.
pub(crate) fn shown_in_json(json: String) -> String {
    let hidden = |c: char| is_hidden(c) && c != '\n';
    if !json.contains(hidden) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if hidden(character) {
            let mut units = [0; 2];
            out.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
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

#[cfg(test)]
mod tests {
    use super::shown_in_json;

    #[test]
    fn json_means_the_same_when_it_is_shown() {
        let value = serde_json::json!({"a\u{202e}b": ["\u{9b}2J", "x\ny", "größe"]});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let shown = shown_in_json(text);
        assert!(!shown.contains(['\u{202e}', '\u{9b}']) && shown.contains("größe"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
