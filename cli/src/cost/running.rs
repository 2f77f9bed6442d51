//! What loops of an account do now, by its metrics: how often their rules ran, and what that costs.

use loopguard_analysis::Finding;
use loopguard_decision::cost::{
    CountedTarget, Meter, Prices, RunawayCost, Spend, counted_targets, rate_stretch, spend,
};
use loopguard_decision::rates::{Metric, MetricQuery, Minute, Series, Watched};
use loopguard_decision::{RuleRef, Timestamp};
use loopguard_model::{Inventory, Rule, RuleKey};
use std::collections::{BTreeMap, BTreeSet};

/// The stretch of time that is looked at, up to now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) minutes: u64,
    pub(super) now: Timestamp,
}

/// A region of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) account: String,
    pub(super) region: String,
}

/// What metrics say of a loop.
#[derive(Debug)]
pub(super) enum Seen {
    /// Its metrics are not read, and why.
    Unread(String),
    /// A rule of it did not run, so that it does not go round.
    Still(RuleKey),
    /// Each of its rules ran.
    Runs(Box<Runs>),
}

/// A loop whose rules ran. Whoever caused their events: each run counts as a round.
#[derive(Debug)]
pub(super) struct Runs {
    pub(super) rounds: u64,
    pub(super) per_minute: u64,
    pub(super) spend: Spend,
    pub(super) rules: Vec<RuleRuns>,
    /// What was counted, and what is reckoned, as sentences.
    pub(super) counted: Vec<String>,
    pub(super) reckoned: Vec<String>,
}

/// One rule of it.
#[derive(Debug)]
pub(super) struct RuleRuns {
    pub(super) rule: RuleKey,
    pub(super) ran: u64,
    pub(super) per_minute: u64,
    /// Its part of what the loop costs.
    pub(super) spend: Spend,
}

/// What is to be read of a loop.
#[derive(Debug)]
pub(super) struct Watch {
    site: Site,
    rules: Vec<(RuleKey, MetricQuery)>,
    targets: Vec<CountedTarget>,
    minutes: u64,
}

/// Reads metrics of a region, in the order of the queries; or says why it cannot.
pub(super) type Ask<'a> = dyn FnMut(&Site, &[MetricQuery]) -> Result<Vec<Series>, String> + 'a;

/// Series by the region and the query that told them; or why the metrics of a region could not be read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) series: BTreeMap<(Site, MetricQuery), Series>,
    pub(super) failed: BTreeMap<Site, String>,
}

impl Watch {
    /// Returns what to read of a loop; or why nothing is.
    pub(super) fn of(finding: &Finding, inventory: &Inventory, stretch: Stretch) -> Result<Self, String> {
        let rule = |key: &RuleKey| inventory.rules.iter().find(|rule| rule.key == *key);
        let rules: Vec<&Rule> = finding.rules.iter().filter_map(rule).collect();
        let sites: BTreeSet<Option<Site>> = rules.iter().map(|rule| site(rule)).collect();
        let mut sites = sites.into_iter();
        let (Some(Some(site)), None, true) = (sites.next(), sites.next(), rules.len() == finding.rules.len())
        else {
            return Err("its rules are not all in one region that is known".to_owned());
        };
        let query = |rule: &&Rule| MetricQuery {
            metric: Metric::TriggeredRules,
            of: Watched::Rule(RuleRef::of(rule)),
            step: 1,
            minutes: stretch.minutes,
        };
        let targets = counted_targets(finding, inventory, (&site.account, &site.region));
        let rules = rules.iter().map(|rule| (rule.key.clone(), query(rule))).collect();
        Ok(Self { site, rules, targets, minutes: stretch.minutes })
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    /// Returns what to read at first: how often its rules ran.
    pub(super) fn of_rules(&self) -> impl Iterator<Item = MetricQuery> + '_ {
        self.rules.iter().map(|(_, query)| query.clone())
    }

    /// Returns what to read once it is known that it goes round: what its targets use.
    pub(super) fn of_targets(&self) -> impl Iterator<Item = MetricQuery> + '_ {
        self.targets.iter().flat_map(|target| target.reads(self.minutes))
    }

    /// Returns the rule that did not run, if one did not: the loop does not go round without it.
    pub(super) fn still(&self, read: &Read, stretch: Stretch) -> Option<&RuleKey> {
        let (from, end) = stretch.ends();
        let is_still = |(_, query): &&(RuleKey, MetricQuery)| read.of(&self.site, query).sum(from, end) == 0;
        self.rules.iter().find(is_still).map(|(rule, _)| rule)
    }

    /// Returns what was read of the loop.
    pub(super) fn seen(
        self,
        read: &Read,
        (by_round, prices): (&RunawayCost, &Prices),
        stretch: Stretch,
    ) -> Seen {
        if let Some(why) = read.failed.get(&self.site) {
            return Seen::Unread(why.clone());
        }
        if let Some(rule) = self.still(read, stretch) {
            return Seen::Still(rule.clone());
        }
        let (from, end) = stretch.ends();
        let ran: Vec<(RuleKey, Series)> =
            self.rules.iter().map(|(rule, query)| (rule.clone(), read.of(&self.site, query))).collect();
        // A round needs every rule, so that the loop went round no more often than the one that ran least.
        let least = ran.iter().map(|(_, series)| series).min_by_key(|series| series.sum(from, end));
        let rounds = least.cloned().unwrap_or_default();
        let used: Vec<Series> = self.of_targets().map(|query| read.of(&self.site, &query)).collect();
        let mut series = used.into_iter();
        let targets = self.targets.into_iter().map(|target| target.metered(&mut series)).collect();
        let meter = Meter { rounds, targets };
        let spent = |of: &RunawayCost| spend(&meter, of, prices, from.start(), stretch.now);
        let rules = ran.into_iter().map(|(rule, series)| RuleRuns {
            ran: series.sum(from, end),
            per_minute: per_minute(&series, (from, end)),
            spend: spent(&by_round.of_rule(&rule)),
            rule,
        });
        Seen::Runs(Box::new(Runs {
            rounds: meter.rounds.sum(from, end),
            per_minute: per_minute(&meter.rounds, (from, end)),
            spend: spent(by_round),
            rules: rules.collect(),
            counted: meter.counted(from, end),
            reckoned: meter.reckoned(by_round).into_iter().map(ToOwned::to_owned).collect(),
        }))
    }
}

impl Stretch {
    fn ends(self) -> (Minute, Minute) {
        let end = Minute::of(self.now);
        (end.back(self.minutes), end)
    }
}

impl Read {
    fn of(&self, site: &Site, query: &MetricQuery) -> Series {
        self.series.get(&(site.clone(), query.clone())).cloned().unwrap_or_default()
    }

    /// Reads what is not read yet, each metric once however many loops need it.
    pub(super) fn more(&mut self, wanted: impl IntoIterator<Item = (Site, MetricQuery)>, ask: &mut Ask<'_>) {
        let mut by_site: BTreeMap<Site, BTreeSet<MetricQuery>> = BTreeMap::new();
        for (site, query) in wanted {
            let is_known = self.series.contains_key(&(site.clone(), query.clone()));
            if !is_known && !self.failed.contains_key(&site) {
                by_site.entry(site).or_default().insert(query);
            }
        }
        for (site, queries) in by_site {
            let queries: Vec<MetricQuery> = queries.into_iter().collect();
            match ask(&site, &queries) {
                Ok(series) => {
                    let read = queries.into_iter().zip(series);
                    self.series.extend(read.map(|(query, series)| ((site.clone(), query), series)));
                }
                Err(why) => {
                    self.failed.insert(site, why);
                }
            }
        }
    }
}

fn per_minute(series: &Series, (begin, end): (Minute, Minute)) -> u64 {
    let (from, settled) = rate_stretch(begin, end);
    series.sum(from, settled) / settled.0.saturating_sub(from.0).max(1)
}

/// Where a rule is; `None` where that is not wholly known.
fn site(rule: &Rule) -> Option<Site> {
    let known = |term: &loopguard_pattern::Term| term.as_literal().map(|text| text.to_string());
    Some(Site { account: known(&rule.scope.account)?, region: known(&rule.scope.region)? })
}
