//! All facts about an account or a template, and the gaps between them.

mod order;

use crate::{
    Answers, Connection, Facts, Gap, Need, ResourcePolicies, Role, Rule, Scope, ScpLevel, Trails, Workload,
    whole,
};
use loopguard_pattern::{Part, Term};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What exists, as far as it has been read.
///
/// A source fills an inventory; the analysis asks for more through [`Need`]s, and each answer or gap is
/// [absorbed](Inventory::absorb). Nothing is ever taken out.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// Where things live unless they say otherwise.
    pub scope: Scope,
    /// All rules, in the order of their sources.
    pub rules: Vec<Rule>,
    /// What runs behind targets.
    pub workloads: Vec<Workload>,
    /// Roles.
    pub roles: Vec<Role>,
    /// Policies of resources, as far as they were read.
    pub resource_policies: ResourcePolicies,
    /// Queues and topics that are declared, and of which no policy that was read lets EventBridge deliver to them.
    pub closed: BTreeSet<Term>,
    /// Service control policies, level by level; every level must allow. None: all is allowed.
    pub scps: Vec<ScpLevel>,
    /// What carries events on without a rule.
    pub connections: Vec<Connection>,
    /// Trails, once known.
    pub trails: Option<Trails>,
    /// Buckets by name: whether they send their events to EventBridge, as far as known.
    pub bucket_notifications: BTreeMap<Term, bool>,
    /// Buckets by name: the regions in which sources say that they are; one where that is known.
    pub bucket_regions: BTreeMap<Term, BTreeSet<Term>>,
    /// Loops that the account's owner wants, by their rules: name or logical id, and the reason.
    pub intended: BTreeMap<Arc<str>, Arc<str>>,
    /// What was taken for granted while reading; printed with every report.
    pub assumptions: BTreeSet<Arc<str>>,
    /// What was not understood while reading; never fatal.
    pub notes: Vec<ReadNote>,
    /// Files that are no source, or of which not all could be read; a note says where and why.
    pub unread: BTreeSet<Arc<str>>,
    /// The places of other sources that were merged in.
    elsewhere: BTreeSet<Scope>,
    answers: Answers,
}

/// Something in a source that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadNote {
    /// Where it stands.
    pub origin: crate::Origin,
    /// What it is and what it means for the analysis.
    pub message: String,
}

impl Inventory {
    /// Returns an inventory without any fact.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            rules: Vec::new(),
            workloads: Vec::new(),
            roles: Vec::new(),
            resource_policies: ResourcePolicies::default(),
            closed: BTreeSet::new(),
            scps: Vec::new(),
            connections: Vec::new(),
            trails: None,
            bucket_notifications: BTreeMap::new(),
            bucket_regions: BTreeMap::new(),
            intended: BTreeMap::new(),
            assumptions: BTreeSet::new(),
            notes: Vec::new(),
            unread: BTreeSet::new(),
            elsewhere: BTreeSet::new(),
            answers: Answers::default(),
        }
    }

    /// Returns the same facts but for the rules.
    #[must_use]
    pub fn without_rules(&self) -> Self {
        Self {
            scope: self.scope.clone(),
            rules: Vec::new(),
            workloads: self.workloads.clone(),
            roles: self.roles.clone(),
            resource_policies: self.resource_policies.clone(),
            closed: self.closed.clone(),
            scps: self.scps.clone(),
            connections: self.connections.clone(),
            trails: self.trails.clone(),
            bucket_notifications: self.bucket_notifications.clone(),
            bucket_regions: self.bucket_regions.clone(),
            intended: self.intended.clone(),
            assumptions: self.assumptions.clone(),
            notes: self.notes.clone(),
            unread: self.unread.clone(),
            elsewhere: self.elsewhere.clone(),
            answers: self.answers.clone(),
        }
    }

    /// Adds all facts of another source. What both tell of trails counts together: what one selects is selected.
    pub fn merge(&mut self, other: Self) {
        self.trails = match (self.trails.take(), other.trails) {
            (Some(ours), Some(theirs)) => Some(ours.and(&theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        self.rules.extend(other.rules);
        self.workloads.extend(other.workloads);
        self.roles.extend(other.roles);
        self.resource_policies.extend(other.resource_policies);
        self.closed.extend(other.closed);
        self.scps.extend(other.scps);
        self.connections.extend(other.connections);
        self.bucket_notifications.extend(other.bucket_notifications);
        for (bucket, regions) in other.bucket_regions {
            self.bucket_regions.entry(bucket).or_default().extend(regions);
        }
        self.intended.extend(other.intended);
        self.assumptions.extend(other.assumptions);
        self.notes.extend(other.notes);
        self.unread.extend(other.unread);
        self.elsewhere.insert(other.scope);
        self.elsewhere.extend(other.elsewhere);
        self.answers.merge(other.answers);
    }

    /// Returns how many things use the role, as far as was read: what runs under it, and the targets that are delivered
    /// to with it.
    pub fn users_of(&self, role: &Term) -> usize {
        let run = self.workloads.iter().filter(|workload| workload.role.as_ref() == Some(role)).count();
        let targets = self.rules.iter().flat_map(|rule| rule.targets.iter().flatten());
        let linked = self.connections.iter().map(|connection| &connection.to);
        run + targets.chain(linked).filter(|target| target.role.as_ref() == Some(role)).count()
    }

    /// Returns the accounts and regions of all sources, the own one first.
    pub fn places(&self) -> impl Iterator<Item = &Scope> {
        std::iter::once(&self.scope).chain(&self.elsewhere)
    }

    /// Adds the facts of another region, or account. Trails stay known only where both are.
    pub(crate) fn join_region(&mut self, other: Self) {
        let known = self.trails.is_some() && other.trails.is_some();
        self.merge(other);
        self.trails = self.trails.take().filter(|_| known);
    }

    /// Adds the answer to a need, or the gap it leaves. Answering a need twice keeps the first answer.
    pub fn absorb(&mut self, need: Need, answer: Result<Facts, Gap>) {
        let gap = gap_of(&need, &answer);
        if self.answers.note(&need, gap)
            && let Ok(facts) = answer
        {
            self.absorb_facts(need, facts);
        }
    }

    /// Notes that a need was answered, where its facts are here already.
    pub(crate) fn note_answer(&mut self, need: &Need, gap: Option<Gap>) {
        self.answers.note(need, gap);
    }

    /// Returns which needs were answered.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    fn absorb_facts(&mut self, need: Need, facts: Facts) {
        match facts {
            Facts::Rules(rules) => {
                for rule in rules {
                    if self.rule(&rule.bus, &rule.name).is_none() {
                        self.rules.push(rule);
                    }
                }
            }
            Facts::Targets(targets) => {
                if let Need::Targets { bus, rule } = need
                    && let Some(rule) = self.rules.iter_mut().find(|r| r.bus == bus && r.name == rule)
                {
                    rule.targets = Some(targets);
                }
            }
            Facts::Workload(workload) => self.workloads.push(*workload),
            Facts::Role(role) => self.roles.push(*role),
            Facts::Connections(connections) => self.connections.extend(connections),
            Facts::Trails(trails) => self.trails = Some(trails),
            Facts::BucketNotification(on) => {
                if let Need::BucketNotification { bucket } = need {
                    self.bucket_notifications.insert(bucket, on);
                }
            }
            Facts::Missing => {}
        }
    }

    /// Returns whether the need has been answered, with facts or with a gap.
    pub fn is_answered(&self, need: &Need) -> bool {
        self.answers.is_answered(need)
    }

    /// Returns the gap that the need left, if it left one.
    pub fn gap(&self, need: &Need) -> Option<&Gap> {
        self.answers.gap(need)
    }

    /// Returns all gaps, in the order of their needs.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.answers.gaps()
    }

    /// Returns the rule of that name on that bus.
    pub fn rule(&self, bus: &Term, name: &Term) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.bus == *bus && rule.name == *name)
    }

    /// Returns what runs as `arn`; a version or alias behind its name does not matter.
    pub fn workload(&self, arn: &Term) -> Option<&Workload> {
        let wanted = whole(arn);
        self.workloads.iter().find(|workload| whole(&workload.arn) == wanted)
    }

    /// Returns the role of that ARN, or of that name where only a name is known.
    pub fn role(&self, arn: &Term) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == *arn).or_else(|| {
            let name = last_segment(arn);
            let found = |role: &&Role| Some(&role.name) == name.as_ref();
            self.roles.iter().find(found)
        })
    }
}

/// Returns the gap that an answer leaves: what does not exist is told as one, too.
pub fn gap_of(need: &Need, answer: &Result<Facts, Gap>) -> Option<Gap> {
    match answer {
        Err(gap) => Some(gap.clone()),
        Ok(Facts::Missing) => Some(Gap { need: need.clone(), reason: "it does not exist".into() }),
        Ok(_) => None,
    }
}

/// Returns what stands behind the last `/` of a term, symbols kept; the whole term if it has no `/`.
fn last_segment(arn: &Term) -> Option<Term> {
    let mut tail = Term::default();
    for part in arn.parts() {
        match part {
            Part::Literal(text) => match text.rsplit_once('/') {
                Some((_, after)) => tail = Term::literal(after),
                None => tail.push_str(text),
            },
            Part::Symbol(symbol) => tail = Term::concat([tail, symbol.clone().into()]),
        }
    }
    (tail != Term::default()).then_some(tail)
}
