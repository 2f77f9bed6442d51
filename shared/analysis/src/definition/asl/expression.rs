//! Expressions in the members of a request: paths, intrinsic functions, `JSONata`.

use super::input::Input;
use loopguard_model::Given;
use loopguard_pattern::Term;
use std::collections::BTreeMap;

/// What expressions of a state can name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names<'s> {
    /// What `$` stands for; none: something that the run made.
    pub(super) input: Option<&'s Input>,
    /// Whether the execution's input is the run's.
    pub(super) execution: bool,
    /// Variables that are assigned once, with what they hold.
    pub(super) variables: &'s BTreeMap<String, Given>,
}

/// Returns what a `JSONPath` expression (`$.detail.name`, `$$.Execution.Input.id`, `States.Format(..)`) gives.
pub(super) fn json_path(text: &str, names: Names<'_>) -> Option<Given> {
    let text = text.trim();
    if let Some(arguments) = text.strip_prefix("States.Format(") {
        return format(arguments);
    }
    // A list with one member.
    if let Some(only) = text.strip_prefix("States.Array(").and_then(|rest| rest.strip_suffix(')')) {
        let only = only.trim();
        return match quoted(only) {
            Some(text) => Some(Given::Constant(Term::literal(text))),
            None if only.starts_with('$') && !only.contains([',', '(']) => json_path(only, names),
            None => None,
        };
    }
    if let Some(path) = text.strip_prefix("$$.Execution.Input") {
        return of_execution(path, names);
    }
    if let Some(path) = text.strip_prefix('$')
        && (path.is_empty() || path.starts_with(['.', '[']))
    {
        let path = segments(path)?;
        return copied(names.input?.at(&path)?);
    }
    variable(text.strip_prefix('$')?, names)
}

/// Returns what a `JSONata` expression gives, where it is a literal, a path or a concatenation of these.
pub(super) fn jsonata(text: &str, names: Names<'_>) -> Option<Given> {
    let terms = concatenated(text.trim())?;
    if let [only] = terms.as_slice()
        && let given @ (Given::Constant(_) | Given::FromEvent(_)) = one(only, names)?
    {
        return Some(given);
    }
    let mut known = Term::default();
    for term in terms {
        match one(term, names)? {
            Given::Constant(value) => known = Term::concat([known, value]),
            Given::StartsWith(value) => return starts(Term::concat([known, value])),
            Given::FromEvent(_) => return starts(known),
        }
    }
    Some(Given::Constant(known))
}

fn one(term: &str, names: Names<'_>) -> Option<Given> {
    if let Some(text) = quoted(term) {
        return Some(Given::Constant(Term::literal(text)));
    }
    if let Some(path) = term.strip_prefix("$states.context.Execution.Input") {
        return of_execution(path, names);
    }
    if let Some(path) = term.strip_prefix("$states.input") {
        let path = segments(path)?;
        return copied(names.input?.at(&path)?);
    }
    // Something that is not known, but plain enough to be concatenated.
    variable(term.strip_prefix('$')?, names).or_else(|| Some(Given::StartsWith(Term::default())))
}

/// Returns what the expression is that a whole text may be: `{% ... %}`.
pub(super) fn is_jsonata(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{%")?.strip_suffix("%}")
}

fn copied(path: String) -> Option<Given> {
    (!path.is_empty()).then(|| Given::FromEvent(path.into()))
}

fn starts(known: Term) -> Option<Given> {
    (known != Term::default()).then_some(Given::StartsWith(known))
}

fn of_execution(path: &str, names: Names<'_>) -> Option<Given> {
    let path = segments(path)?;
    names.execution.then(|| copied(path.join(".")))?
}

fn variable(name: &str, names: Names<'_>) -> Option<Given> {
    names.variables.get(name).cloned()
}

/// Returns the names of a plain path (`.a.b`, `['a-b']`, `` .`a-b` ``); none for one that picks or filters.
pub(super) fn segments(path: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (name, behind) = if let Some(inside) = rest.strip_prefix("['") {
            inside.split_once("']")?
        } else if let Some(inside) = rest.strip_prefix("[\"") {
            inside.split_once("\"]")?
        } else if let Some(inside) = rest.strip_prefix(".`") {
            inside.split_once('`')?
        } else if let Some(inside) = rest.strip_prefix(".\"") {
            inside.split_once('"')?
        } else {
            let inside = rest.strip_prefix('.')?;
            let end = inside.find(['.', '[']).unwrap_or(inside.len());
            inside.split_at_checked(end)?
        };
        let plain =
            |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | ':' | '/');
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        names.push(name);
        rest = behind;
    }
    Some(names)
}

/// `States.Format('a/{}', ...)`: the text up to what is put in.
fn format(arguments: &str) -> Option<Given> {
    let mut characters = arguments.trim_start().strip_prefix('\'')?.chars();
    let mut known = String::new();
    loop {
        match characters.next()? {
            '\'' => return Some(Given::Constant(Term::literal(&known))),
            '\\' => known.push(characters.next()?),
            '{' => return starts(Term::literal(&known)),
            other => known.push(other),
        }
    }
}

/// Returns the text of a literal without escapes.
fn quoted(term: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|mark| {
        let inside = term.strip_prefix(mark)?.strip_suffix(mark)?;
        (!inside.contains([mark, '\\'])).then_some(inside)
    })
}

/// Returns the terms of `a & b & c`, each a literal or a plain path; none where there is anything else.
fn concatenated(text: &str) -> Option<Vec<&str>> {
    let mut terms = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let mark = rest.chars().next()?;
        let length =
            if matches!(mark, '\'' | '"') { rest.get(1..)?.find(mark)? + 2 } else { length_of_path(rest) };
        let (term, behind) = rest.split_at_checked(length)?;
        if term.is_empty() || (mark != '$' && quoted(term).is_none()) {
            return None;
        }
        terms.push(term);
        let behind = behind.trim_start();
        if behind.is_empty() {
            return Some(terms);
        }
        rest = behind.strip_prefix('&')?;
    }
}

/// The length of the path that the text begins with; a dash stands in a name only between quotes.
fn length_of_path(text: &str) -> usize {
    let (mut quote, mut last) = (None, ' ');
    for (at, character) in text.char_indices() {
        match quote {
            Some(mark) if mark == character => quote = None,
            Some(_) => {}
            None if matches!(character, '`' | '"' | '\'') && matches!(last, '.' | '[') => {
                quote = Some(character);
            }
            None if character.is_alphanumeric() || matches!(character, '$' | '.' | '_' | '[' | ']') => {}
            None => return at,
        }
        last = character;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Names, json_path, jsonata};
    use crate::definition::asl::input::Input;
    use loopguard_model::Given;
    use std::collections::BTreeMap;

    fn told(given: Option<Given>) -> String {
        match given {
            None => "-".to_owned(),
            Some(Given::Constant(term)) => format!("={term}"),
            Some(Given::StartsWith(term)) => format!("{term}*"),
            Some(Given::FromEvent(path)) => format!("@{path}"),
        }
    }

    #[test]
    fn what_is_plain_is_read_and_the_rest_is_not() {
        let input = Input::default().part(&["detail"]);
        let variables =
            BTreeMap::from([("bucket".to_owned(), Given::FromEvent("detail.bucket.name".into()))]);
        let names = Names { input: Some(&input), execution: true, variables: &variables };
        for (text, expected) in [
            ("$.bucket.name", "@detail.bucket.name"),
            ("$['bucket']['name']", "@detail.bucket.name"),
            ("$", "@detail"),
            ("$$.Execution.Input.source", "@source"),
            ("$$.Execution.Input['detail-type']", "@detail-type"),
            ("$$.Execution.Id", "-"),
            ("$.a[0].b", "-"),
            ("$..b", "-"),
            ("$.a[?(@.b)]", "-"),
            ("$bucket", "@detail.bucket.name"),
            ("$other", "-"),
            ("States.Format('out/{}', $.object.key)", "out/*"),
            ("States.Format('a\\'b')", "=a'b"),
            ("States.Format('a\\{b', $.c)", "=a{b"),
            ("States.Format('{}/out', $.object.key)", "-"),
            ("States.Format('open", "-"),
            ("States.UUID()", "-"),
            ("States.Array($.bucket['name'])", "@detail.bucket.name"),
            ("States.Array('a')", "=a"),
            ("States.Array($.a, $.b)", "-"),
            ("States.Array('a', 'b')", "-"),
        ] {
            assert_eq!(told(json_path(text, names)), expected, "{text}");
        }
        for (text, expected) in [
            ("$states.input.bucket.name", "@detail.bucket.name"),
            ("$states.context.Execution.Input.detail.id", "@detail.id"),
            ("$states.context.Execution.Input.`detail-type`", "@detail-type"),
            ("$states.input.\"bucket-name\"", "@detail.bucket-name"),
            ("$states.input['bucket-name']", "@detail.bucket-name"),
            ("$states.input.\"bucket-name\" & 'x'", "-"),
            ("'out/' & $states.input.object.key", "out/*"),
            ("'a' & \"b\"", "=ab"),
            ("'out/' & $x & '.json'", "out/*"),
            ("$states.input.key & '.json'", "-"),
            ("'a' = 'b'", "-"),
            ("'a' & $f(1)", "-"),
            ("$uppercase('a')", "-"),
            ("true ? 'a' : 'b'", "-"),
            ("$bucket", "@detail.bucket.name"),
            ("'a'b'", "-"),
            ("", "-"),
        ] {
            assert_eq!(told(jsonata(text, names)), expected, "{text}");
        }
    }
}
