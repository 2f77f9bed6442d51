//! What makes a finding the same one as before, though lines have moved.

use loopguard_analysis::{Finding, Lint};
use std::fmt::Write;

/// Returns sixteen hexadecimal digits that depend on the kind of the finding, the files and names of its rules, and what each
/// hop runs and calls; not on lines, certainty, or what AWS was known to do.
pub(crate) fn fingerprint(finding: &Finding) -> String {
    let mut text = finding.code.as_str().to_owned();
    for key in &finding.rules {
        // Writing to a string does not fail.
        let _ = write!(text, "\n{}\t{}\t{}", key.source, key.bus, key.id);
    }
    for hop in &finding.hops {
        let _ = write!(text, "\n{}\t{}", hop.target.arn, hop.action);
    }
    digits(&text)
}

/// The same of what is told of a single rule.
pub(crate) fn of_lint(lint: &Lint) -> String {
    let key = &lint.rule;
    digits(&format!("{}\n{}\t{}\t{}\n{}", lint.code, key.source, key.bus, key.id, lint.message))
}

/// FNV-1a over the bytes: no secret hangs on it, and its value stays the same for ever.
fn digits(text: &str) -> String {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn digits_are_those_of_the_published_function() {
        assert_eq!(digits(""), "cbf29ce484222325");
        assert_eq!(digits("foobar"), "85944171f73967e8");
    }
}
