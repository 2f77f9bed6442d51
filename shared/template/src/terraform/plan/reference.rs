//! References as the configuration part of a plan lists them.

use std::sync::Arc;

/// A reference, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// A resource or data source: `aws_x.y` or `data.aws_x.y`, an index, the path of the attribute.
    Resource { base: String, index: String, path: String },
    /// An input of the module.
    Variable { name: String, path: String },
    /// An output of a module that this one calls.
    Output { call: String, index: String, name: String, path: String },
    /// What the resource or the call is repeated for, and a path behind it.
    Each { path: String },
    /// What the plan does not say more of: locals, `count`, `path`.
    Other,
}

/// Returns the reference that the text is.
pub(super) fn parse(text: &str) -> Reference {
    let steps = steps(text);
    let words: Vec<&str> = steps.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["var", name, rest @ ..] => Reference::Variable { name: (*name).to_owned(), path: path(rest) },
        ["module", call, rest @ ..] => {
            let (index, rest) = index(rest);
            let Some((name, rest)) = rest.split_first() else { return Reference::Other };
            Reference::Output { call: (*call).to_owned(), index, name: (*name).to_owned(), path: path(rest) }
        }
        ["each", "value", rest @ ..] => Reference::Each { path: path(rest) },
        ["local" | "each" | "count" | "path" | "terraform" | "self", ..] => Reference::Other,
        ["data", kind, name, rest @ ..] => resource(format!("data.{kind}.{name}"), rest),
        [kind, name, rest @ ..] => resource(format!("{kind}.{name}"), rest),
        _ => Reference::Other,
    }
}

/// Returns the references that no other of the list goes on from: `a.b.arn` is listed with `a.b`.
pub(super) fn longest(references: &[Arc<str>]) -> Vec<&str> {
    let goes_on = |short: &str, long: &str| {
        long.len() > short.len() && long.strip_prefix(short).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let mut kept: Vec<&str> = Vec::new();
    for reference in references {
        let covered = references.iter().any(|other| goes_on(reference, other));
        if !covered && !kept.contains(&&**reference) {
            kept.push(reference);
        }
    }
    kept
}

/// Returns an address without the indices in it.
pub(super) fn without_indices(address: &str) -> String {
    let steps = steps(address);
    let names: Vec<&str> = steps.iter().map(String::as_str).filter(|step| !step.starts_with('[')).collect();
    names.join(".")
}

fn resource(base: String, rest: &[&str]) -> Reference {
    let (index, rest) = index(rest);
    Reference::Resource { base, index, path: path(rest) }
}

fn index<'a, 'b>(steps: &'a [&'b str]) -> (String, &'a [&'b str]) {
    match steps.split_first() {
        Some((first, rest)) if first.starts_with('[') => ((*first).to_owned(), rest),
        _ => (String::new(), steps),
    }
}

fn path(steps: &[&str]) -> String {
    let bare = |step: &&str| step.trim_matches(|c| matches!(c, '[' | ']' | '"')).to_owned();
    steps.iter().map(bare).collect::<Vec<_>>().join(".")
}

/// Returns names, and indices with their brackets.
fn steps(text: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut quoted = false;
    let mut bracket = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted && !bracket => {
                steps.push(String::new());
                continue;
            }
            '[' if !quoted => {
                bracket = true;
                steps.push(String::new());
            }
            ']' if !quoted => bracket = false,
            _ => {}
        }
        if let Some(last) = steps.last_mut() {
            last.push(c);
        }
    }
    steps.retain(|step| !step.is_empty());
    steps
}

#[cfg(test)]
mod tests {
    use super::{Reference, longest, parse};

    #[test]
    fn references_are_taken_apart() {
        let resource = |base: &str, index: &str, path: &str| Reference::Resource {
            base: base.into(),
            index: index.into(),
            path: path.into(),
        };
        assert_eq!(parse("aws_a.b.arn"), resource("aws_a.b", "", "arn"));
        assert_eq!(parse("aws_a.b[\"x.y]\"].c[0].d"), resource("aws_a.b", "[\"x.y]\"]", "c.0.d"));
        assert_eq!(parse("data.aws_a.b[0]"), resource("data.aws_a.b", "[0]", ""));
        assert_eq!(parse("var.a.b"), Reference::Variable { name: "a".into(), path: "b".into() });
        let output = Reference::Output {
            call: "m".into(),
            index: "[0]".into(),
            name: "o".into(),
            path: String::new(),
        };
        assert_eq!(parse("module.m[0].o"), output);
        assert_eq!(parse("each.value.arn"), Reference::Each { path: "arn".into() });
        for other in ["local.x", "each.key", "module.m", "", ".", "[", "\""] {
            assert_eq!(parse(other), Reference::Other, "{other}");
        }
    }

    #[test]
    fn prefixes_of_references_are_left_out() {
        let listed = ["aws_a.b.arn".into(), "aws_a.b".into(), "aws_a.bc".into(), "aws_a.bc".into()];
        assert_eq!(longest(&listed), ["aws_a.b.arn", "aws_a.bc"]);
    }
}
