//! What a snapshot says of things that it does not hold: that they do not exist, or that they were not read.

use super::{Snapshot, section};
use crate::{Facts, Gap, Need, Scope};
use loopguard_pattern::Term;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What of one account in one region was read.
#[derive(Debug, Clone)]
pub(super) struct Coverage {
    pub(super) scope: Scope,
    /// Buses by name.
    pub(super) buses: BTreeSet<Arc<str>>,
    /// Log groups by name, of which it is known who takes their lines.
    pub(super) log_groups: BTreeSet<Arc<str>>,
    /// Queues by ARN, of which it is known where what is received too often goes.
    pub(super) queues: BTreeSet<Arc<str>>,
    /// Sections that were not wholly read, and why.
    pub(super) unread: BTreeMap<Arc<str>, Arc<str>>,
}

/// Sections that hold what runs, by the service in its ARN, and whether they hold all of an account.
const WORKLOADS: [(&str, &str, bool); 5] = [
    ("lambda", section::FUNCTIONS, true),
    ("states", section::STATE_MACHINES, true),
    ("ssm", section::DOCUMENTS, false),
    ("codebuild", section::PROJECTS, false),
    ("ecs", section::TASK_DEFINITIONS, false),
];

/// Sections that hold what hands on, by the service of what it takes from; whatever is not here is [polled](POLLERS).
const CONSUMERS: [(&str, &[&str]); 4] = [
    ("sns", &[section::SUBSCRIPTIONS]),
    ("lambda", &[section::INVOKE_CONFIGS]),
    ("s3", &[section::BUCKET_NOTIFICATIONS]),
    ("logs", &[section::LOG_GROUPS]),
];

/// Sections of what polls: queues, streams and brokers of many services.
const POLLERS: [&str; 2] = [section::EVENT_SOURCE_MAPPINGS, section::PIPES];

/// Returns the sections that hold what takes from resources of the service, as ARNs name it.
pub fn consumers(service: &str) -> &'static [&'static str] {
    CONSUMERS.iter().find(|(named, _)| *named == service).map_or(&POLLERS, |(_, sections)| *sections)
}

/// What stands before the name in the resource of a log group's ARN.
const LOG_GROUP: &str = "log-group:";

impl Snapshot {
    /// Answers a need that the facts leave open: the thing does not exist, or why it was not read.
    pub fn answer(&self, need: &Need) -> Result<Facts, Gap> {
        self.open(need).map_err(|reason| Gap { need: need.clone(), reason })
    }

    fn open(&self, need: &Need) -> Result<Facts, Arc<str>> {
        match need {
            Need::RulesOfBus { bus } => self.rules_of_bus(bus),
            Need::Targets { .. } => self.all_read(&[section::RULES], None).map(|()| Facts::Missing),
            Need::Workload { arn } => self.workload(arn),
            Need::Consumers { arn } => self.consumers(arn).map(|()| Facts::Connections(Vec::new())),
            // Roles are an account's, not a region's: one region of the account tells of them all.
            Need::Role { arn } => self.role(arn),
            Need::Trails => Err(self
                .first_unread(&[section::TRAILS], None)
                .unwrap_or_else(|| "what a trail selects was not read".into())),
            Need::BucketNotification { .. } => Err(self
                .first_unread(&[section::BUCKET_NOTIFICATIONS], None)
                .unwrap_or_else(|| "the snapshot has no notifications of that bucket".into())),
        }
    }

    /// All rules that were read are facts already, so that there is none to add.
    fn rules_of_bus(&self, bus: &Term) -> Result<Facts, Arc<str>> {
        self.all_read(&[section::BUSES, section::RULES], None)?;
        let held = |coverage: &Coverage| coverage.buses.iter().any(|name| Term::literal(name) == *bus);
        Ok(if self.coverage.iter().any(held) { Facts::Rules(Vec::new()) } else { Facts::Missing })
    }

    fn workload(&self, arn: &Term) -> Result<Facts, Arc<str>> {
        let text = arn.to_string();
        let service = text.split(':').nth(2).unwrap_or_default();
        let Some((_, section, whole)) = WORKLOADS.iter().find(|(named, ..)| *named == service) else {
            return Err("snapshots do not hold what runs there".into());
        };
        self.all_read(&[section], self.coverage_of(arn)?)?;
        if *whole { Ok(Facts::Missing) } else { Err(format!("it is not among `{section}`").into()) }
    }

    /// All that was read are connections already, so that there is none to add.
    fn consumers(&self, arn: &Term) -> Result<(), Arc<str>> {
        let text = arn.to_string();
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let service = fields.get(2).copied().unwrap_or_default();
        let coverage = self.coverage_of(arn)?;
        self.all_read(consumers(service), coverage)?;
        // Only queues that something names are asked; of one that was not it is known why, or it is gone.
        let unread = coverage.and_then(|coverage| coverage.unread.get(section::QUEUES));
        let asked = coverage.is_some_and(|coverage| coverage.queues.contains(&*text));
        if let Some(why) = unread.filter(|_| service == "sqs" && !asked) {
            return Err(why.clone());
        }
        // Of log groups only those are asked that something names.
        let Some(group) = fields.get(5).and_then(|resource| resource.strip_prefix(LOG_GROUP)) else {
            return Ok(());
        };
        let asked = coverage.is_none_or(|coverage| coverage.log_groups.contains(group));
        if service != "logs" || asked {
            Ok(())
        } else {
            Err("the snapshot does not hold that log group".into())
        }
    }

    fn role(&self, arn: &Term) -> Result<Facts, Arc<str>> {
        let account = arn.to_string().split(':').nth(4).unwrap_or_default().to_owned();
        let mut of_account =
            self.coverage.iter().filter(|coverage| coverage.scope.account == Term::literal(&account));
        let Some(first) = of_account.next() else {
            return Err(format!("it is in account `{account}`, which the snapshot does not hold").into());
        };
        let whole = std::iter::once(first)
            .chain(of_account)
            .any(|coverage| !coverage.unread.contains_key(section::ROLES));
        if whole {
            return Ok(Facts::Missing);
        }
        Err(first.unread.get(section::ROLES).cloned().unwrap_or_default())
    }

    /// Returns the coverage of the account and region in an ARN; none where it names neither.
    fn coverage_of(&self, arn: &Term) -> Result<Option<&Coverage>, Arc<str>> {
        let text = arn.to_string();
        let field = |at: usize| text.split(':').nth(at).unwrap_or_default();
        let (region, account) = (field(3), field(4));
        if region.is_empty() || account.is_empty() {
            return Ok(None);
        }
        let is =
            |scope: &Scope| scope.account == Term::literal(account) && scope.region == Term::literal(region);
        let found = self.coverage.iter().find(|coverage| is(&coverage.scope));
        found.map(Some).ok_or_else(|| {
            format!("it is in account `{account}`, region `{region}`, which the snapshot does not hold")
                .into()
        })
    }

    fn all_read(&self, sections: &[&str], only: Option<&Coverage>) -> Result<(), Arc<str>> {
        self.first_unread(sections, only).map_or(Ok(()), Err)
    }

    fn first_unread(&self, sections: &[&str], only: Option<&Coverage>) -> Option<Arc<str>> {
        let all = self.coverage.iter().filter(|_| only.is_none()).chain(only);
        all.flat_map(|coverage| sections.iter().filter_map(|name| coverage.unread.get(*name))).next().cloned()
    }
}
