//! Patterns that take fewer events, and patterns as nested JSON.

use crate::json::quoted;
use crate::matching::accepts_text;
use crate::print::matcher;
use crate::{Branch, EventPattern, Field, Matcher, MatcherKind, PatternError, json};
use std::collections::BTreeMap;
use std::fmt::{self, Write};

impl EventPattern {
    /// Returns the pattern that takes those events of this one whose `path` also fits `kind`.
    ///
    /// A branch that says nothing of the path gets the alternative. A branch that does keeps its list iff `kind` is an
    /// exact text: the list then becomes that text where it accepts it, and the branch goes where it does not.
    /// Returns none where no branch is left, or a branch has a list and `kind` is not an exact, known text.
    ///
    /// Where the path holds one value, every event that the result matches is matched by this pattern, too.
    ///
    /// ```
    /// use loopguard_pattern::{MatcherKind, parse};
    /// let pattern = parse(r#"{"source":["aws.s3"],"$or":[{"id":[{"prefix":"a"}]},{"id":["b"]}]}"#)?;
    /// let narrow = pattern.narrowed("id", &MatcherKind::Exact("ab".into())).unwrap();
    /// assert_eq!(narrow.to_string(), r#"{"id":["ab"],"source":["aws.s3"]}"#);
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    #[must_use]
    pub fn narrowed(&self, path: &str, kind: &MatcherKind) -> Option<Self> {
        let mut branches = Vec::new();
        for branch in &self.branches {
            let list = Field {
                path: path.into(),
                matchers: vec![Matcher { kind: kind.clone(), span: json::Span::default() }],
                span: json::Span::default(),
            };
            match branch.fields.iter().position(|field| &*field.path == path) {
                None => {
                    let mut fields = branch.fields.clone();
                    fields.push(list);
                    fields.sort_by(|a, b| a.path.encode_utf16().cmp(b.path.encode_utf16()));
                    branches.push(Branch { fields });
                }
                Some(at) => {
                    let MatcherKind::Exact(text) = kind else { return None };
                    let text = text.as_literal()?;
                    let mut fields = branch.fields.clone();
                    let known = fields.get_mut(at)?;
                    if accepts_text(known, &text) {
                        *known = list;
                        branches.push(Branch { fields });
                    }
                }
            }
        }
        (!branches.is_empty()).then_some(Self { branches, notes: Vec::new() })
    }

    /// Returns the pattern as nested JSON, as people and AWS's own documents write it: what all branches have in common
    /// stands once, the rest in one `$or`. Symbols are written as `${Name}`.
    ///
    /// # Errors
    ///
    /// The text is no pattern of the same meaning: an opaque value became a text, say, or a path ends in a key that only
    /// a flat text can have.
    ///
    /// ```
    /// let pattern = loopguard_pattern::parse(r#"{"a":{"b":["x"]},"$or":[{"a.c":[1]},{"d":[null]}]}"#)?;
    /// assert_eq!(pattern.nested()?, r#"{"a":{"b":["x"]},"$or":[{"a":{"c":[1]}},{"d":[null]}]}"#);
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn nested(&self) -> Result<String, PatternError> {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write_nested(&mut text);
        let again = crate::parse(&text)?;
        if again.to_string() == self.to_string() {
            return Ok(text);
        }
        let span = json::Span { start: 0, end: text.len() };
        Err(PatternError::new("the pattern cannot be written as nested JSON", span))
    }

    fn write_nested(&self, out: &mut String) -> fmt::Result {
        let [first, others @ ..] = self.branches.as_slice() else { return Ok(()) };
        let common = |field: &&Field| others.iter().all(|branch| has(branch, field));
        let shared: Vec<&Field> = first.fields.iter().filter(common).collect();
        let mut tree = Tree::default();
        shared.iter().try_for_each(|field| tree.put(field))?;
        let mut either = Vec::new();
        if !others.is_empty() {
            for branch in &self.branches {
                let mut own = Tree::default();
                let is_own = |field: &&Field| !shared.iter().any(|known| known.path == field.path);
                branch.fields.iter().filter(is_own).try_for_each(|field| own.put(field))?;
                either.push(own.write());
            }
        }
        let mut members = tree.members();
        if !either.is_empty() {
            members.push(format!("\"$or\":[{}]", either.join(",")));
        }
        write!(out, "{{{}}}", members.join(","))
    }
}

/// Returns whether the branch has the same list at the same path.
fn has(branch: &Branch, field: &Field) -> bool {
    let kinds = |field: &Field| field.matchers.iter().map(|one| one.kind.clone()).collect::<Vec<_>>();
    branch.field(&field.path).is_some_and(|known| kinds(known) == kinds(field))
}

/// Lists by the keys of their paths.
#[derive(Default)]
struct Tree {
    list: Option<String>,
    below: BTreeMap<String, Tree>,
}

impl Tree {
    fn put(&mut self, field: &Field) -> fmt::Result {
        let mut list = String::from("[");
        for (at, one) in field.matchers.iter().enumerate() {
            if at > 0 {
                list.push(',');
            }
            write!(list, "{}", Printed(&one.kind))?;
        }
        list.push(']');
        let mut place = self;
        for key in field.path.split('.') {
            place = place.below.entry(key.to_owned()).or_default();
        }
        place.list = Some(list);
        Ok(())
    }

    fn members(&self) -> Vec<String> {
        let mut members = Vec::new();
        for (key, tree) in &self.below {
            if let Some(list) = &tree.list {
                members.push(format!("{}:{list}", quoted(key)));
                // A path above another one: the lower one keeps its dots.
                members.extend(tree.dotted(key));
            } else {
                members.push(format!("{}:{}", quoted(key), tree.write()));
            }
        }
        members
    }

    fn dotted(&self, upper: &str) -> Vec<String> {
        let mut members = Vec::new();
        for (key, tree) in &self.below {
            let path = format!("{upper}.{key}");
            members.extend(tree.list.iter().map(|list| format!("{}:{list}", quoted(&path))));
            members.extend(tree.dotted(&path));
        }
        members
    }

    fn write(&self) -> String {
        format!("{{{}}}", self.members().join(","))
    }
}

struct Printed<'a>(&'a MatcherKind);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        matcher(f, self.0)
    }
}

#[cfg(test)]
mod tests;
