//! Templates with known verdicts, as Markdown files of `tests/cases/*/`.
//!
//! A file is a list of cases. A fence ` ```yaml common ` begins every template of its file; each other fence ` ```yaml `
//! goes on from there and is one case under the heading before it. Words behind `yaml` are options of the deployment:
//! `account=`, `region=`, `partition=`; a fence with the word `beside` is one more template of the case before it, deployed
//! where its own options say. A comment `# expect: VERDICT [CERTAINTY]` stands on the line of each rule's id;
//! `# why: TEXT` on a later line demands that the reasons of the rule before it hold the text, `# assumes: TEXT` that the
//! analysis says so among its assumptions.

use crate::workspace;
use loopguard_analysis::{Analysis, Catalogue, Certainty, close};
use loopguard_template::{Options, Source, read};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Templates with what is expected of them.
struct Case {
    title: String,
    templates: Vec<(Options, String)>,
}

/// What a comment expects of a rule.
struct Expectation {
    rule: String,
    verdict: String,
    certainty: Option<String>,
    why: Vec<String>,
}

fn files() -> Vec<PathBuf> {
    let folder = workspace::root().join("tests/cases");
    let within = |path: &Path| fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    let folders: Vec<PathBuf> = within(&folder);
    let mut files: Vec<PathBuf> =
        folders.iter().filter(|path| path.is_dir()).flat_map(|path| within(path)).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    files.sort();
    files
}

fn cases(text: &str) -> Vec<Case> {
    let (mut common, mut title) = (String::new(), String::new());
    let mut cases: Vec<Case> = Vec::new();
    let mut fence: Option<(String, String)> = None;
    for line in text.lines() {
        match &mut fence {
            Some((info, body)) if line == "```" => {
                let is = |wanted: &str| info.split(' ').any(|word| word == wanted);
                let template = (options(info), format!("{common}{body}"));
                if is("common") {
                    common.clone_from(body);
                } else if is("beside") {
                    cases.last_mut().expect("a case before it").templates.push(template);
                } else {
                    cases.push(Case { title: title.clone(), templates: vec![template] });
                }
                fence = None;
            }
            Some((_, body)) => writeln!(body, "{line}").unwrap(),
            None => {
                if let Some(info) = line.strip_prefix("```yaml") {
                    fence = Some((info.trim().to_owned(), String::new()));
                } else if let Some(heading) = line.strip_prefix("## ") {
                    heading.clone_into(&mut title);
                }
            }
        }
    }
    assert!(fence.is_none(), "a fence is not closed");
    cases
}

fn options(info: &str) -> Options {
    let mut options = Options::default();
    for (name, value) in info.split(' ').filter_map(|word| word.split_once('=')) {
        match name {
            "account" => options.account = Some(value.into()),
            "region" => options.region = Some(value.into()),
            "partition" => options.partition = Some(value.into()),
            _ => panic!("`{name}` is no option of a case"),
        }
    }
    options
}

fn expectations(text: &str) -> Vec<Expectation> {
    let mut found: Vec<Expectation> = Vec::new();
    for line in text.lines() {
        if let Some((before, words)) = line.split_once("# expect: ") {
            let mut words = words.split_whitespace();
            found.push(Expectation {
                rule: before.split(':').next().unwrap().trim().to_owned(),
                verdict: words.next().unwrap().to_owned(),
                certainty: words.next().map(str::to_owned),
                why: Vec::new(),
            });
        }
        if let Some((_, why)) = line.split_once("# why: ") {
            found.last_mut().expect("a rule before the reason").why.push(why.trim().to_owned());
        }
    }
    found
}

/// Returns the assumptions that are demanded and that the analysis does not tell.
fn untold_assumptions<'t>(analysis: &Analysis, text: &'t str) -> Vec<&'t str> {
    let demanded = text.lines().filter_map(|line| line.split_once("# assumes: "));
    let untold = |wanted: &&str| !analysis.assumptions.iter().any(|told| told.contains(*wanted));
    demanded.map(|(_, wanted)| wanted.trim()).filter(untold).collect()
}

/// Returns how the analysis differs from what is expected; empty: it does not.
fn differences(analysis: &Analysis, expected: &[Expectation]) -> String {
    let mut told = String::new();
    for wanted in expected {
        let ending = format!(".{}", wanted.rule);
        let rule = analysis
            .rules
            .iter()
            .find(|rule| *rule.key.id == *wanted.rule || rule.path.ends_with(&ending))
            .unwrap_or_else(|| panic!("no rule `{}` in {:?}", wanted.rule, analysis.rules));
        let certainty = rule.certainty.map(Certainty::as_str);
        let same = rule.verdict.as_str() == wanted.verdict
            && wanted.certainty.as_deref().is_none_or(|wanted| certainty == Some(wanted));
        let reasons = rule.reasons.join("\n    ");
        if !same || !wanted.why.iter().all(|why| reasons.contains(&**why)) {
            writeln!(
                told,
                "  rule {}: expected {} {} {:?}\n  but it is {} {}:\n    {reasons}",
                wanted.rule,
                wanted.verdict,
                wanted.certainty.as_deref().unwrap_or_default(),
                wanted.why,
                rule.verdict,
                certainty.unwrap_or_default(),
            )
            .unwrap();
            for finding in analysis.findings.iter().filter(|finding| finding.rules.contains(&rule.key)) {
                for witness in finding.hops.iter().filter_map(|hop| hop.witness.as_ref()) {
                    writeln!(told, "    {}", witness.event).unwrap();
                }
            }
        }
    }
    told
}

#[test]
fn every_case_has_its_verdict() {
    let catalogue = Catalogue::embedded();
    let (mut told, mut run) = (String::new(), 0);
    for path in files() {
        let name = path.strip_prefix(workspace::root()).unwrap().display().to_string();
        for case in cases(&fs::read_to_string(&path).unwrap()) {
            let text: String = case.templates.iter().map(|(_, text)| text.as_str()).collect();
            let expected = expectations(&text);
            assert!(!expected.is_empty(), "{name}, {}: nothing is expected", case.title);
            let one = |(at, (options, text)): (usize, &(Options, String))| {
                let source = Source { file: format!("{name}#{at}").into(), text: text.as_str().into() };
                read(&[source], options)
            };
            let inventories = case.templates.iter().enumerate().map(one);
            let mut inventory = inventories.reduce(|mut all, more| {
                all.merge(more);
                all
            });
            let inventory = inventory.as_mut().expect("a case has a template");
            assert!(inventory.notes.is_empty(), "{name}, {}: {:#?}", case.title, inventory.notes);
            let analysis = close(inventory, &catalogue);
            let differs = differences(&analysis, &expected);
            let untold = untold_assumptions(&analysis, &text);
            if !differs.is_empty() || !untold.is_empty() {
                writeln!(told, "{name}, {}\n{differs}", case.title).unwrap();
                for assumption in untold {
                    writeln!(told, "  not assumed: {assumption}\n  but {:#?}", analysis.assumptions).unwrap();
                }
            }
            run += 1;
        }
    }
    assert!(told.is_empty(), "\n{told}");
    assert!(run > 0, "there are no cases");
}
