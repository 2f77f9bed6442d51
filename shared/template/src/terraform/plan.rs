//! A plan as `terraform show -json` or `tofu show -json` writes it; a state in the same format, too.
//!
//! Read are `planned_values` (what will exist), `prior_state` (what data sources gave), `resource_changes` (what is
//! known only after the plan is applied) and `configuration` (which references such a value is made of). What the
//! plan deletes is in none of the first two, and so does not exist here.

mod body;
mod instance;
mod meaning;
mod reference;

use super::declared::Declared;
use super::translate;
use crate::Options;
use crate::nodes::{at, literal};
use crate::notes::Notes;
use crate::source_text::SourceText;
use crate::template::Template;
use crate::{document, facts};
use body::Bodies;
use instance::Instance;
use loopguard_pattern::json::{Value, ValueKind};
use reference::without_indices;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Returns whether a text is a plan or a state in Terraform's JSON format.
pub(crate) fn is_plan(text: &str) -> bool {
    let bare = text.trim_start_matches('\u{feff}').trim_start();
    bare.starts_with('{') && text.contains("\"format_version\"") && {
        text.contains("\"planned_values\"") || text.contains("\"root_module\"")
    }
}

/// A plan's tree.
pub(crate) struct Plan {
    tree: Value,
}

impl Plan {
    /// Reads the text; where it is broken a note says so, and what stands before is read.
    pub(crate) fn new(text: &str, notes: &Notes) -> Option<Self> {
        let tree = document::documents(text, notes).into_iter().next()?;
        if let Some(version) = tree.get("format_version").and_then(literal)
            && !matches!(version.split('.').next(), Some("0" | "1"))
        {
            notes.tell(tree.span, format!("format {version} of plans is not known; it is read as format 1"));
        }
        Some(Self { tree })
    }

    /// Returns the template that the plan comes to. `written` is what the configuration declares of which the plan was made,
    /// where that is read: it tells texts that a plan leaves out.
    pub(crate) fn template(
        &self,
        source: Arc<SourceText>,
        notes: &Notes,
        written: Option<&[Declared]>,
    ) -> Template {
        let instances = self.instances();
        if instances.is_empty() {
            notes.tell(self.tree.span, "a plan without resources");
        }
        self.tell_strangers(written.unwrap_or_default(), &instances, notes);
        let bodies = Bodies::new(&self.tree, &instances, written.unwrap_or_default());
        let declared: Vec<Declared> = instances.iter().map(|instance| bodies.declared(instance)).collect();
        let unit = source.file.clone();
        translate::template(&declared, source, unit, notes)
    }

    /// Tells what the configuration declares and the plan, which may be an old one, does not make.
    fn tell_strangers(&self, written: &[Declared], instances: &[Instance<'_>], notes: &Notes) {
        let made: BTreeSet<String> = instances.iter().map(|one| without_indices(&one.address)).collect();
        let read = |one: &&Declared| !one.data && facts::terraform(&one.kind).is_some();
        for one in written.iter().filter(read).filter(|one| !made.contains(&without_indices(&one.address))) {
            let message = format!(
                "the configuration declares `{}`, which the plan does not make; it is not read",
                one.address
            );
            notes.tell(self.tree.span, message);
        }
    }

    /// Returns true iff most of what the plan makes is declared there, whatever the index.
    pub(crate) fn is_made_of(&self, declared: &[Declared]) -> bool {
        let known: BTreeSet<String> = declared.iter().map(|one| without_indices(&one.address)).collect();
        let instances = self.instances();
        let own = || instances.iter().filter(|one| !one.data);
        let shared = own().filter(|one| known.contains(&without_indices(&one.address))).count();
        // A state tells all that there is, and may be older than what is written.
        let is_plan = self.tree.get("planned_values").is_some();
        is_plan && shared > 0 && shared * 2 >= own().count()
    }

    /// Returns the options with the values that the plan's variables have, as far as they are texts.
    pub(crate) fn options(&self, given: &Options) -> Options {
        let mut options = given.clone();
        let variables = self.tree.get("variables").map(Value::members).unwrap_or_default();
        for member in variables {
            if let Some(value) = said(&member.value, "value").and_then(literal) {
                options.parameters.entry(member.key.clone()).or_insert(value);
            }
        }
        options
    }

    /// Returns what will exist, and what data sources have read, each once.
    fn instances(&self) -> Vec<Instance<'_>> {
        let mut all = Vec::new();
        for (path, data_only) in [
            ("planned_values.root_module", false),
            ("values.root_module", false),
            ("prior_state.values.root_module", true),
        ] {
            if let Some(module) = at(&self.tree, path) {
                instance::collect(module, "", data_only, &mut all);
            }
        }
        let mut seen = BTreeSet::new();
        all.retain(|instance| seen.insert(instance.address.clone()));
        all
    }

    /// Returns the one region that the configured providers name.
    pub(crate) fn region(&self) -> Option<Arc<str>> {
        let providers = at(&self.tree, "configuration.provider_config")?;
        let ours = |value: &&Value| value.get("name").and_then(literal).is_some_and(|name| &*name == "aws");
        let mut regions: Vec<Arc<str>> = providers
            .members()
            .iter()
            .map(|member| &member.value)
            .filter(ours)
            .filter_map(|provider| self.provider_region(provider))
            .collect();
        regions.sort_unstable();
        regions.dedup();
        match regions.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    fn provider_region(&self, provider: &Value) -> Option<Arc<str>> {
        let written = at(provider, "expressions.region")?;
        written.get("constant_value").and_then(literal).or_else(|| {
            let references = written.get("references").map(crate::nodes::elements)?;
            let name = references.first().and_then(literal)?;
            literal(self.tree.get("variables")?.get(name.strip_prefix("var.")?)?.get("value")?)
        })
    }

    /// Returns the account that the plan was made for: what its data source says, else the one that all ARNs name.
    pub(crate) fn account(&self) -> Option<Arc<str>> {
        let instances = self.instances();
        let told = instances.iter().find(|one| one.data && &*one.kind == "aws_caller_identity");
        if let Some(account) = told.and_then(|one| one.values?.get("account_id")).and_then(literal) {
            return Some(account);
        }
        let mut accounts = BTreeSet::new();
        for instance in instances.iter().filter(|one| !one.data) {
            let arn = instance.values.and_then(|values| values.get("arn")).and_then(literal);
            accounts.extend(arn.and_then(|arn| arn.split(':').nth(4).map(Arc::<str>::from)));
        }
        accounts.retain(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
        let only = accounts.pop_first()?;
        accounts.is_empty().then_some(only)
    }
}

/// Returns the member unless it is null.
fn said<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).filter(|value| value.kind != ValueKind::Null)
}

#[cfg(test)]
mod tests;
