//! Text between quotation marks.

/// Returns the text with the escapes of Python and JavaScript read; what is no escape stays as it is.
pub(crate) fn unescaped(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            read.push(sign);
            continue;
        }
        match signs.next() {
            Some('n') => read.push('\n'),
            Some('t') => read.push('\t'),
            Some('r') => read.push('\r'),
            Some('0') => read.push('\0'),
            Some('x') => push_code(&mut read, &mut signs, 2),
            Some('u') => push_code(&mut read, &mut signs, 4),
            // A line that goes on.
            Some('\n') | None => {}
            Some(other @ ('\\' | '\'' | '"' | '`' | '$' | '/')) => read.push(other),
            Some(other) => {
                read.push('\\');
                read.push(other);
            }
        }
    }
    read
}

fn push_code(read: &mut String, signs: &mut std::str::Chars<'_>, digits: usize) {
    let code: String = signs.clone().take(digits).collect();
    match u32::from_str_radix(&code, 16).ok().and_then(char::from_u32) {
        Some(sign) if code.chars().count() == digits => {
            read.push(sign);
            signs.by_ref().take(digits).for_each(drop);
        }
        _ => read.push(if digits == 2 { 'x' } else { 'u' }),
    }
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn escapes_are_read() {
        assert_eq!(unescaped(r"a\n\'\x41\u0042\d"), "a\n'AB\\d");
        assert_eq!(unescaped(r"\"), "");
        assert_eq!(unescaped(r"\xZ\u12"), "xZu12");
    }
}
