//! Findings as text for people and as JSON for programs.
//!
//! Input: an inventory and what the analysis says of it. Output: text. Deliberately not here: any
//! judgement; a report repeats what the analysis found. The types that go out as JSON live beside their
//! renderer, so that the wire format changes only on purpose.

mod bare;
mod base;
mod change;
mod concise;
mod condition;
mod diagnostic;
mod escape;
mod figure;
mod fingerprint;
mod full;
mod github;
mod graph;
mod html;
mod json;
mod levels;
mod markdown;
mod markup;
mod paint;
mod patch;
mod remedies;
mod safe_source;
mod sarif;
mod story;
mod summary;
mod view;
mod witness;
mod words;

pub use base::{Base, BaseError};
pub use concise::concise;
pub use escape::escaped;
pub use full::{finding, full};
pub use github::github;
pub use graph::{GraphFormat, graph};
pub use html::{Chapter, Tone, chronicle, html};
pub use json::{FORMAT_VERSION, json};
pub use levels::{Levels, Rank};
pub use markdown::markdown;
pub use paint::Paint;
pub use remedies::{remedies, remedies_json};
pub use sarif::sarif;
pub use summary::{Level, Summary};
pub use view::{Texts, View};

use loopguard_analysis::{Analysis, CatalogueInfo, Finding};
use loopguard_model::{Inventory, RuleKey};

/// What a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was read.
    pub inventory: &'a Inventory,
    /// What the analysis says of it.
    pub analysis: &'a Analysis,
    /// Which facts of AWS it used.
    pub catalogue: &'a CatalogueInfo,
    /// How the user wants findings to be told.
    pub levels: &'a Levels,
}

impl Report<'_> {
    /// Returns why the finding is wanted, iff it is a cycle and all of its rules are marked as intended.
    pub(crate) fn intended(&self, finding: &Finding) -> Option<String> {
        // Only a cycle can be wanted, and most accounts want none.
        if finding.hops.is_empty() || self.inventory.intended.is_empty() {
            return None;
        }
        let reasons: Option<Vec<&str>> = finding.rules.iter().map(|key| self.reason_of(key)).collect();
        let mut reasons = reasons?;
        reasons.dedup();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn reason_of(&self, key: &RuleKey) -> Option<&str> {
        let intended = &self.inventory.intended;
        let name = || {
            let rule = self.inventory.rules.iter().find(|rule| rule.key == *key)?;
            intended.get(&*rule.name.to_string())
        };
        intended.get(&key.id).or_else(name).map(|reason| &**reason)
    }

    /// Returns whether the rule has findings and all of them are intended.
    pub(crate) fn is_intended(&self, key: &RuleKey) -> bool {
        if self.inventory.intended.is_empty() {
            return false;
        }
        let mut of_rule =
            self.analysis.findings.iter().filter(|finding| finding.rules.contains(key)).peekable();
        of_rule.peek().is_some() && of_rule.all(|finding| self.intended(finding).is_some())
    }
}
