//! Lines of a file as a terminal may show them.

use crate::escape::is_hidden;

/// The text with each character that a terminal obeys instead of showing replaced by one that is seen, and where its bytes went.
pub(crate) struct SafeSource {
    text: String,
    /// Bytes of the old text behind a replaced character, and how far what follows has moved; in order.
    moved: Vec<(usize, isize)>,
}

/// Stands for what is not shown.
const SHOWN: char = '\u{FFFD}';

impl SafeSource {
    pub(crate) fn of(source: &str) -> Self {
        let mut text = String::with_capacity(source.len());
        let mut moved = Vec::new();
        for (at, character) in source.char_indices() {
            if is_hidden(character) && !matches!(character, '\n' | '\t' | '\r') {
                text.push(SHOWN);
                let end = at + character.len_utf8();
                moved.push((end, text.len().cast_signed() - end.cast_signed()));
            } else {
                text.push(character);
            }
        }
        Self { text, moved }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns where a byte of the old text stands.
    pub(crate) fn at(&self, byte: usize) -> usize {
        let behind = self.moved.partition_point(|(end, _)| *end <= byte);
        let by = behind.checked_sub(1).and_then(|at| self.moved.get(at)).map_or(0, |(_, by)| *by);
        byte.saturating_add_signed(by).min(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::SafeSource;

    #[test]
    fn bytes_are_found_behind_what_was_replaced() {
        let source = "a\u{1b}b\u{202e}c";
        let safe = SafeSource::of(source);
        assert_eq!(safe.text(), "a\u{FFFD}b\u{FFFD}c");
        for letter in ['a', 'b', 'c'] {
            assert_eq!(safe.at(source.find(letter).unwrap()), safe.text().find(letter).unwrap());
        }
        assert_eq!(safe.at(source.len()), safe.text().len());
    }
}
