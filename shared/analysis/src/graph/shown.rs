//! What an entry of `PutEvents` in a definition says of its event beside source and detail-type.
//!
//! Only texts are taken over: of a number or a truth value the way in which it is written is not kept. What an expression
//! gives stays open.

use super::request::glob_of;
use crate::catalogue::Members;
use crate::emission::{Field, Fields};
use crate::glob::Glob;
use loopguard_model::{Call, Given};
use loopguard_pattern::Term;
use loopguard_pattern::json::{self, Marked, Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Paths deeper than this are not looked at.
const DEEPEST: usize = 16;

/// What is known of the event.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    fields: BTreeMap<Arc<str>, Field>,
    /// The members of `detail`, where all are known.
    members: Option<Arc<Members>>,
}

impl Shown {
    /// Reads the entry of that number; `plain` if its request is written out, so that what it does not name is not there.
    pub(super) fn of(call: &Call, entry: &str, plain: bool) -> Self {
        let mut shown = Self::default();
        shown.detail(call, &format!("Entries.{entry}.Detail"));
        shown.resources(call, &format!("Entries.{entry}.Resources"), plain);
        shown
    }

    /// Writes it over what is known of an event.
    pub(super) fn write(&self, fields: &mut Fields) {
        for (path, field) in &self.fields {
            fields.set(path, field.clone());
        }
        if let Some(members) = &self.members {
            fields.shut(members.clone());
        }
    }

    fn detail(&mut self, call: &Call, member: &str) {
        match call.request.get(member) {
            Some(Given::Constant(text)) => {
                let marked = Marked::of(text);
                let Ok(value) = json::parse_strict(marked.text()) else { return };
                let value = marked.restored(value, &|span| span);
                if let ValueKind::Object(members) = &value.kind {
                    self.members = Some(Arc::new(members.iter().map(|one| one.key.clone()).collect()));
                    self.texts("detail", &value, DEEPEST);
                }
            }
            Some(_) => {}
            None => {
                let below = format!("{member}.");
                for (name, given) in &call.request {
                    let Some(path) = name.strip_prefix(&*below) else { continue };
                    let listed = path.split('.').any(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
                    if let Given::Constant(term) = given
                        && is_surely_text(term)
                        && !listed
                    {
                        let exact = Field::Exactly(Glob::exact(term.clone()).into());
                        self.fields.insert(format!("detail.{path}").into(), exact);
                    }
                }
            }
        }
    }

    fn texts(&mut self, path: &str, value: &Value, left: usize) {
        match &value.kind {
            ValueKind::Object(members) if left > 0 => {
                for member in members {
                    self.texts(&format!("{path}.{}", member.key), &member.value, left - 1);
                }
            }
            ValueKind::String(term) => {
                let exact = Field::Exactly(Glob::exact(term.clone()).into());
                self.fields.insert(path.into(), exact);
            }
            _ => {}
        }
    }

    fn resources(&mut self, call: &Call, member: &str, plain: bool) {
        if call.request.contains_key(member) {
            return;
        }
        let below = format!("{member}.");
        let given: Vec<&Given> = call
            .request
            .iter()
            .filter(|(name, _)| name.starts_with(&*below))
            .map(|(_, given)| given)
            .collect();
        let nothing = BTreeMap::new();
        let known = |given: &&Given| glob_of(given, &nothing).filter(|glob| !glob.is_any());
        let globs: Option<Vec<Glob>> = given.iter().map(known).collect();
        match globs {
            Some(globs) if !globs.is_empty() => {
                self.fields.insert("resources".into(), Field::Exactly(globs.into()));
            }
            Some(_) if plain => {
                self.fields.insert("resources".into(), Field::Absent);
            }
            _ => {}
        }
    }
}

/// Returns true only if the value was written as a text.
fn is_surely_text(term: &Term) -> bool {
    term.as_str()
        .is_some_and(|text| text.parse::<f64>().is_err() && !matches!(text, "true" | "false" | "null"))
}
