//! Where a workload's code is, and the properties that decide what it does.

use super::Reader;
use crate::facts::CodeFact;
use crate::nodes::at;
use crate::template::Resource;
use loopguard_model::CodeSource;
use loopguard_pattern::Term;
use loopguard_pattern::json::{Span, Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Reader<'_> {
    /// Returns where the code is, as far as the properties or the CDK's notes say.
    pub(super) fn code_source(
        &self,
        resource: &Resource,
        properties: &Value,
        fact: &CodeFact,
    ) -> Option<CodeSource> {
        let asset = || {
            let asset = resource.asset.as_ref().filter(|_| !fact.elsewhere.is_empty())?;
            Some(CodeSource::Local(asset.path.clone(), self.origin(asset.span)))
        };
        let texts = |paths: &[String]| -> Option<(Term, Span)> {
            paths.iter().find_map(|path| {
                let value = at(properties, path)?;
                Some((value.scalar()?, value.span))
            })
        };
        if let Some((code, span)) = texts(&fact.inline) {
            return Some(CodeSource::Inline(code, self.origin(span)));
        }
        if let Some((written, span)) = texts(&fact.either) {
            return Some(match written.as_literal() {
                Some(path) if !path.contains('\n') => self.of_path(&path, span),
                _ => CodeSource::Inline(written, self.origin(span)),
            });
        }
        if let Some((path, span)) = texts(&fact.local) {
            return Some(match path.as_literal() {
                Some(path) => self.of_path(&path, span),
                None => CodeSource::Elsewhere("its path is not known".into(), self.origin(span)),
            });
        }
        asset().or_else(|| self.elsewhere(properties, fact))
    }

    fn of_path(&self, path: &str, span: Span) -> CodeSource {
        let origin = self.origin(span);
        let why = if path.starts_with("s3://") || path.starts_with("https://") {
            "it is an object in S3"
        } else if path.starts_with("arn:") {
            "it is stored in AWS"
        } else {
            return CodeSource::Local(path.into(), origin);
        };
        CodeSource::Elsewhere(why.into(), origin)
    }

    fn elsewhere(&self, properties: &Value, fact: &CodeFact) -> Option<CodeSource> {
        let found = fact.elsewhere.iter().find_map(|(path, why)| Some((at(properties, path)?, why)));
        found.map(|(value, why)| CodeSource::Elsewhere(why.as_str().into(), self.origin(value.span)))
    }

    /// Returns all texts at and below the paths, each by its own path.
    pub(super) fn kept(&self, properties: &Value, paths: &[String]) -> BTreeMap<Arc<str>, Term> {
        let mut kept = BTreeMap::new();
        let mut open: Vec<(String, &Value)> =
            paths.iter().filter_map(|path| Some((path.clone(), at(properties, path)?))).collect();
        while let Some((path, value)) = open.pop() {
            match &value.kind {
                ValueKind::Object(members) => open
                    .extend(members.iter().map(|member| (format!("{path}.{}", member.key), &member.value))),
                ValueKind::Array(items) => {
                    open.extend(items.iter().enumerate().map(|(at, item)| (format!("{path}.{at}"), item)));
                }
                ValueKind::Null => {}
                _ => {
                    // Of two members of one name the last wins, and it is taken first.
                    let term = self.resolver.as_term(value);
                    kept.entry(path.into()).or_insert(term);
                }
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests;
