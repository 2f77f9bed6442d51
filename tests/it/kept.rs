//! What is written of an inventory is read as the same facts, or a gap says what is missing.

use crate::accounts::Shape;
use crate::{accounts, cases};
use loopguard_analysis::{Analysis, Catalogue, judge_with};
use loopguard_model::snapshot::{self, Look, Snapshot, write};
use loopguard_model::{Facts, Gap, Inventory, Need, Origin, Rule};
use loopguard_world::{Script, Settings, World};
use std::collections::BTreeSet;

/// Members of which it does not matter where a fact was read.
const ORIGINS: [&str; 5] = ["origin: ", "span: ", "key_span: ", "notes: ", "assumptions: "];

/// Returns all facts of an inventory as one text, without where they stand in their sources, and why a pattern or a
/// part of a policy could not be read.
pub(crate) fn plain(inventory: &Inventory) -> String {
    let mut inventory = inventory.clone();
    let nowhere = || Origin::Assumed("a test".into());
    for rule in &mut inventory.rules {
        rule.origin = nowhere();
        rule.targets.iter_mut().flatten().for_each(|target| target.origin = nowhere());
    }
    inventory.workloads.iter_mut().for_each(|workload| workload.origin = nowhere());
    for role in &mut inventory.roles {
        role.origin = nowhere();
        role.policies.iter_mut().for_each(|policy| policy.origin = nowhere());
    }
    for connection in &mut inventory.connections {
        (connection.origin, connection.to.origin) = (nowhere(), nowhere());
    }
    // Things of a file stand in its order.
    inventory.sort();
    // A region that nobody knows reads as that of the account.
    for bucket in inventory.bucket_notifications.keys() {
        let regions = inventory.bucket_regions.entry(bucket.clone()).or_default();
        if regions.is_empty() {
            regions.insert(inventory.scope.region.clone());
        }
    }
    // What a service control policy binds is the account that it was read for.
    for level in &mut inventory.scps {
        level.account = Some(inventory.scope.account.clone());
    }
    if let Some(trails) = &mut inventory.trails {
        trails.parts.sort();
    }
    let text = format!("{inventory:#?}");
    let mut kept = String::new();
    let mut left_out: Option<usize> = None;
    let mut reasons: Option<usize> = None;
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        if let Some(until) = left_out {
            if depth <= until {
                left_out = None;
            }
            continue;
        }
        let begins = |name: &&str| line.trim_start().starts_with(*name);
        if ORIGINS.iter().any(begins) {
            // A value of several lines ends with a line as deep as it began.
            left_out = line.ends_with(['{', '[', '(']).then_some(depth);
            continue;
        }
        if begins(&"Unreadable(") {
            left_out = Some(depth);
        }
        // Why a part of a policy cannot be read is told in other words.
        reasons = reasons.filter(|until| depth > *until);
        kept.push_str(if reasons.is_some() { "a reason" } else { line });
        kept.push('\n');
        if line.trim_start() == "unread: [" {
            reasons = Some(depth);
        }
    }
    kept
}

fn read(text: &str) -> Snapshot {
    snapshot::read_live(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Checks that an inventory is read as it was written, and written as it was read.
pub(crate) fn comes_back(inventory: &Inventory, what: &str) {
    let written = write(inventory, None).text("2026-03-01T12:00:00Z");
    let again = read(&written).inventory;
    let (before, after) = (plain(inventory), plain(&again));
    if before != after {
        let differs = before.lines().zip(after.lines()).enumerate().find(|(_, (a, b))| a != b);
        panic!("{what}: {differs:?}\n{written}");
    }
    assert_eq!(write(&again, None).text("2026-03-01T12:00:00Z"), written, "{what}");
}

/// Analyses a rule with all that it reaches, as the guard does, and holds what is kept of that against it.
pub(crate) fn look_comes_back(world: &World, rule: &Rule, catalogue: &Catalogue) -> Analysis {
    let mut inventory = Inventory::new(rule.scope.clone());
    inventory.rules.push(rule.clone());
    let analysis = judge_with(&mut inventory, catalogue, |need: &Need| Ok(world.facts_for(need)));
    comes_back(&inventory, &rule.key.to_string());
    let look = Look { rule: rule.key.id.clone(), ..Look::default() };
    let saved = read(&write(&inventory, Some(&look)).text(""));
    let mut seen = saved.inventory.clone();
    let mut more: BTreeSet<Need> = BTreeSet::new();
    let again = judge_with(&mut seen, catalogue, |need: &Need| {
        more.insert(need.clone());
        saved.answer(need)
    });
    assert_eq!(more, BTreeSet::new(), "{}: asked again", rule.key);
    let told = |analysis: &Analysis| {
        let of_rule = analysis.findings.iter().filter(|finding| finding.rules.contains(&rule.key));
        let told = of_rule.map(|finding| (finding.id.clone(), finding.verdict, finding.certainty));
        told.collect::<Vec<_>>()
    };
    assert_eq!(told(&again), told(&analysis), "{}", rule.key);
    analysis
}

#[test]
fn whole_accounts_come_back() {
    for seed in 0..2 {
        let text = accounts::snapshot(&Shape { seed, ..Shape::of(60) });
        let account = read(&text).inventory;
        comes_back(&account, &format!("seed {seed}"));
        let settings = Settings {
            region: accounts::REGION.to_owned(),
            account: accounts::ACCOUNT.to_owned(),
            ..Settings::with_seed(1)
        };
        let world = World::new(&account, &Script::parse("").unwrap(), settings).unwrap();
        let catalogue = Catalogue::embedded();
        let mut loops = 0;
        for rule in account.rules.iter().step_by(5) {
            loops += usize::from(!look_comes_back(&world, rule, &catalogue).findings.is_empty());
        }
        assert!(loops > 0, "seed {seed}: nothing is found");
    }
}

/// Of templates not all can be written: what is not has a gap.
#[test]
fn whatever_is_left_out_is_told() {
    let (mut whole, mut told) = (0, 0);
    for case in cases::all() {
        let what = format!("{}, {}", case.file, case.title);
        let Some(inventory) = case.inventory() else { continue };
        let text = write(&inventory, None).text("");
        let again = read(&text).inventory;
        if plain(&inventory) == plain(&again) {
            whole += 1;
            continue;
        }
        told += 1;
        let gaps = again.notes.iter().filter(|note| note.message.contains("not wholly read")).count();
        let things = |of: &Inventory| {
            [
                of.rules.len(),
                of.workloads.len(),
                of.roles.len(),
                of.connections.len(),
                of.bucket_notifications.len(),
            ]
        };
        let missing: usize = things(&inventory).iter().zip(things(&again)).map(|(a, b)| a.abs_diff(b)).sum();
        assert!(gaps >= missing.max(1), "{what}: {missing} are missing, {gaps} gaps\n{text}");
    }
    assert!(whole > 10 && told > 100, "{whole} {told}");
}

#[test]
fn what_was_not_asked_is_a_gap() {
    let text = accounts::snapshot(&Shape::of(60));
    let mut account = read(&text).inventory;
    account.roles.clear();
    let saved = read(&write(&account, None).text(""));
    let arn = loopguard_pattern::Term::literal("arn:aws:iam::111122223333:role/nobody");
    let answers: [Result<Facts, Gap>; 2] = [
        saved.answer(&Need::Role { arn: arn.clone() }),
        saved.answer(&Need::RulesOfBus { bus: loopguard_pattern::Term::literal("default") }),
    ];
    for answer in answers {
        let gap = answer.expect_err("an account of which only a part was asked for");
        assert!(gap.reason.contains("did not ask for it"), "{}", gap.reason);
    }
}
