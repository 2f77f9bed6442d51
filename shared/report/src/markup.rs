//! Foreign text within HTML and SVG.

use crate::escaped;

/// Returns the text as HTML, SVG or XML may hold it, within a tag's quotes as well.
pub(crate) fn marked_up(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in escaped(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// The same of a sentence in which ticks stand about names: these become code.
pub(crate) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return marked_up(text);
    }
    let part = |(at, part): (usize, &&str)| match at % 2 {
        1 => format!("<code>{}</code>", marked_up(part)),
        _ => marked_up(part),
    };
    parts.iter().enumerate().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::{marked_up, prose};

    #[test]
    fn no_text_ends_a_tag_or_a_quote() {
        assert_eq!(marked_up("</script><b x='\"'>&"), "&lt;/script&gt;&lt;b x=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(prose("rule `a<b` it"), "rule <code>a&lt;b</code> it");
        assert_eq!(prose("an odd ` tick"), "an odd ` tick");
        assert_eq!(marked_up("\u{202e}\u{0}"), "\\u{202e}\\u{0}");
    }
}
