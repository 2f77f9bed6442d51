//! An inventory as a snapshot: reading the text gives the same facts, and the same answers, again.
//!
//! What cannot be written is left out with a gap that says so, never in silence: a name that exists only after
//! deployment, code that was read, a thing of another account.

mod json;
mod policies;
mod rules;
mod trails;
mod understood;

use super::{MARK, VERSION, section};
use crate::{Inventory, ScpLevel};
use json::{Tree, absent, list, object, sorted, text};
use loopguard_pattern::Term;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// One look at a rule, beside what was read for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// The rule, as `BUS/RULE`.
    pub rule: Arc<str>,
    /// What the verdict hangs on: a change of it has the rule looked at again.
    pub hangs_on: BTreeSet<Arc<str>>,
    /// What was found.
    pub findings: Vec<LookFinding>,
}

/// A finding of a look, without its proof: who analyses the facts again finds that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookFinding {
    /// Its id.
    pub id: Arc<str>,
    /// Its kind.
    pub code: Arc<str>,
    /// Its verdict.
    pub verdict: Arc<str>,
    /// How sure it is.
    pub certainty: Option<Arc<str>>,
    /// Its rules by name.
    pub rules: Vec<Arc<str>>,
}

/// A snapshot that is written but for when it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written(String);

impl Written {
    /// Returns the snapshot, taken at that time (RFC 3339).
    pub fn text(&self, taken_at: &str) -> String {
        let taken_at = loopguard_pattern::json::quoted(taken_at);
        format!("{{\n \"{MARK}\": {VERSION},\n \"taken_at\": {taken_at},\n{}", self.0)
    }

    /// Returns all but the time: equal iff the same was read, and the same found.
    pub fn body(&self) -> &str {
        &self.0
    }
}

/// Writes an inventory of one account and region, what was asked and answered, and the look that asked, if one did.
///
/// Equal sets of facts are equal texts, in whatever order they were read.
pub fn write(inventory: &Inventory, look: Option<&Look>) -> Written {
    let account = Writer { inventory, gaps: Vec::new() }.account();
    let members = look.map(|look| ("look", looked(look)));
    let mut body = String::new();
    json::write_members(members.into_iter().chain([("accounts", list([account]))]), &mut body);
    Written(body)
}

fn looked(look: &Look) -> Tree {
    let texts = |all: &mut dyn Iterator<Item = &Arc<str>>| list(all.map(|one| text(one)));
    let finding = |found: &LookFinding| {
        object([
            ("id", text(&found.id)),
            ("code", text(&found.code)),
            ("verdict", text(&found.verdict)),
            ("certainty", found.certainty.as_deref().map_or_else(absent, text)),
            ("rules", texts(&mut found.rules.iter())),
        ])
    };
    object([
        ("rule", text(&look.rule)),
        ("hangs_on", texts(&mut look.hangs_on.iter())),
        ("findings", list(look.findings.iter().map(finding))),
    ])
}

/// Why a thing is not in a snapshot.
type Why = Cow<'static, str>;

/// A part of it is known only after deployment.
const OPEN: Why = Cow::Borrowed("a part of it is known only after deployment");

/// What a gap names as the operation where nothing of the account was asked.
const OPERATION: &str = "snapshot";

struct Writer<'a> {
    inventory: &'a Inventory,
    gaps: Vec<Tree>,
}

impl Writer<'_> {
    fn account(mut self) -> Tree {
        let scope = &self.inventory.scope;
        let place = |term: &Term| text(&term.to_string());
        let mut members = vec![
            ("account", place(&scope.account)),
            ("partition", place(&scope.partition)),
            ("region", place(&scope.region)),
            (section::RULES, self.rules()),
        ];
        members.extend(self.roles());
        members.extend([
            (section::WORKLOADS, self.workloads()),
            (section::CONNECTIONS, self.connections()),
            (section::TRAILS, self.trails()),
            (section::BUCKET_NOTIFICATIONS, self.buckets()),
            (section::RESOURCE_POLICIES, self.resource_policies()),
            (section::SCPS, self.scps()),
            (section::ANSWERS, self.answers()),
        ]);
        self.not_written();
        members.push((section::GAPS, if self.gaps.is_empty() { absent() } else { sorted(self.gaps) }));
        object(members)
    }

    /// Returns what can be written of things, and notes why others cannot.
    fn all<T>(
        &mut self,
        section: &'static str,
        things: &[T],
        name: impl Fn(&T) -> String,
        one: impl Fn(&Self, &T) -> Result<Tree, Why>,
    ) -> Tree {
        let mut written = Vec::new();
        for thing in things {
            match one(self, thing) {
                Ok(tree) => written.push(tree),
                Err(why) => self.gap(section, &name(thing), &why),
            }
        }
        sorted(written)
    }

    fn gap(&mut self, section: &str, subject: &str, reason: &str) {
        self.gaps.push(object([
            ("section", text(section)),
            ("operation", text(OPERATION)),
            ("subject", text(subject)),
            ("reason", text(reason)),
        ]));
    }

    fn buckets(&mut self) -> Tree {
        let mut written = Vec::new();
        for (bucket, sends) in &self.inventory.bucket_notifications {
            let regions = self.inventory.bucket_regions.get(bucket);
            let regions: Vec<Option<&Term>> =
                regions.map_or_else(|| vec![None], |all| all.iter().map(Some).collect());
            for region in regions {
                let sends = if *sends { object([]) } else { absent() };
                // Where none is named it is that of the account.
                let region = region.filter(|region| **region != self.inventory.scope.region);
                let region = region.map_or(Ok(absent()), literal);
                match literal(bucket).and_then(|name| Ok((name, region?))) {
                    Ok((name, region)) => written.push(object([
                        ("Bucket", name),
                        ("BucketRegion", region),
                        ("EventBridgeConfiguration", sends),
                    ])),
                    Err(why) => self.gap(section::BUCKET_NOTIFICATIONS, &bucket.to_string(), &why),
                }
            }
        }
        list(written)
    }

    fn scps(&mut self) -> Tree {
        if self.inventory.scps.is_empty() {
            return absent();
        }
        self.all(
            section::SCPS,
            &self.inventory.scps,
            |_| "a level".to_owned(),
            |_, level: &ScpLevel| {
                let policies = level.policies.iter().map(|policy| {
                    Ok(object([("Name", text(&policy.name)), ("Content", policies::document(policy)?)]))
                });
                Ok(object([("Policies", list(policies.collect::<Result<Vec<_>, Why>>()?))]))
            },
        )
    }

    /// Notes what the format has no place for.
    fn not_written(&mut self) {
        for name in self.inventory.intended.keys() {
            self.gap(section::RULES, name, "that somebody wants its loops stands in no account");
        }
        for file in &self.inventory.unread {
            self.gap(section::RULES, file, "the file was not wholly read");
        }
        let is_told = |bucket: &&Term| self.inventory.bucket_notifications.contains_key(*bucket);
        let untold = self.inventory.bucket_regions.keys().filter(|bucket| !is_told(bucket));
        for bucket in untold.map(ToString::to_string).collect::<Vec<_>>() {
            self.gap(section::BUCKET_NOTIFICATIONS, &bucket, "where it is is known, what it sends is not");
        }
    }
}

/// Returns a text that is wholly known.
fn literal(term: &Term) -> Result<Tree, Why> {
    term.as_literal().map(|known| text(&known)).ok_or(OPEN)
}

fn optional(term: Option<&Term>) -> Result<Tree, Why> {
    term.map_or(Ok(absent()), literal)
}
