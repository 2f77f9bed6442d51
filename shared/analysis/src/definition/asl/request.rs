//! What a task's request gives.

use super::expression::{Names, is_jsonata, json_path, jsonata};
use crate::definition::nodes;
use loopguard_model::Given;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A language of expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Keys that end in `.$` hold expressions.
    JsonPath,
    /// Texts in `{% %}` are expressions.
    Jsonata,
}

/// Returns the members of a request; the value that is not known starts with nothing.
pub(super) fn request(value: &Value, language: Language, names: Names<'_>) -> BTreeMap<Arc<str>, Given> {
    let mut request = BTreeMap::new();
    nodes::scalars(value, &mut |path, value| {
        // Below a member that is an expression there is nothing; a member's own name may hold dots, which no API's does.
        let (path, dynamic) = match path.strip_suffix(".$") {
            Some(path) if language == Language::JsonPath => (path, true),
            _ => (path, false),
        };
        if value.kind != ValueKind::Null {
            // That a member is there is known, even where its value is not.
            let given = member(value, dynamic, language, names);
            request.insert(path.into(), given.unwrap_or_else(|| Given::StartsWith(Term::default())));
        }
    });
    request
}

/// Returns the value of one member, `key` or `key.$`.
pub(super) fn of_key(value: &Value, key: &str, language: Language, names: Names<'_>) -> Option<Given> {
    match value.get(key) {
        Some(found) => member(found, false, language, names),
        None => member(value.get(&format!("{key}.$"))?, true, language, names),
    }
}

fn member(value: &Value, dynamic: bool, language: Language, names: Names<'_>) -> Option<Given> {
    let ValueKind::String(term) = &value.kind else { return value.scalar().map(Given::Constant) };
    if dynamic {
        return json_path(term.as_str()?, names);
    }
    match (language, term.as_str()) {
        (Language::Jsonata, Some(text)) => match is_jsonata(text) {
            Some(expression) => jsonata(expression, names),
            None => Some(Given::Constant(term.clone())),
        },
        // A symbol inside an expression.
        (Language::Jsonata, None) if starts_expression(term) => None,
        _ => Some(Given::Constant(term.clone())),
    }
}

fn starts_expression(term: &Term) -> bool {
    term.to_string().trim_start().starts_with("{%")
}
