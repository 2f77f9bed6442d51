//! Templates with known verdicts, as Markdown files of `tests/cases/*/`.
//!
//! A file is a list of cases. A fence ` ```yaml common ` begins every template of its file; each other fence ` ```yaml `
//! goes on from there and is one case under the heading before it. Words behind `yaml` are options of the deployment:
//! `account=`, `region=`, `partition=`; a fence with the word `beside` is one more template of the case before it, deployed
//! where its own options say. A comment `# expect: VERDICT [CERTAINTY]` stands on the line of each rule's id;
//! `# why: TEXT` on a later line demands that the reasons of the rule before it hold the text, `# assumes: TEXT` that the
//! analysis says so among its assumptions.
//!
//! Code that stands in a template (`InlineCode`) is read as the command reads it.
//!
//! A fence ` ```json ` is the snapshot of an account, ` ```plan ` a plan of Terraform. JSON has no comments: lines that
//! expect something are taken out of it, and `RULE: # expect: VERDICT` names the rule. A fence ` ```hcl ` is a file of a
//! Terraform configuration, ` ```text file=NAME ` a file beside the case before it; a fence with the word
//! `with` is read together with the source before it. `# note: TEXT` demands that what is
//! read tells the text, and without one nothing may be told. `# RULE: # expect: VERDICT` is for languages in which the line
//! of the rule is the wrong place.

use crate::workspace;
use loopguard_analysis::{Analysis, Catalogue, Certainty, RuleVerdict, close, judge_with};
use loopguard_code::{Inline, read_inline};
use loopguard_model::{CodeSource, Inventory, snapshot};
use loopguard_template::{Options, Source, read_with};
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Templates, or a snapshot, with what is expected of them.
pub(crate) struct Case {
    /// The file, from the project's root on.
    pub(crate) file: String,
    /// The heading.
    pub(crate) title: String,
    templates: Vec<Template>,
    snapshot: Option<String>,
    /// Files beside the templates, by name.
    beside: Vec<(String, String)>,
}

/// One source of a case.
struct Template {
    options: Options,
    /// How the name of its file ends, which says what it is.
    ending: &'static str,
    text: String,
    /// Sources that are read together with it.
    with: Vec<Template>,
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

/// Returns all cases, file by file.
pub(crate) fn all() -> Vec<Case> {
    let name = |path: &Path| path.strip_prefix(workspace::root()).unwrap().display().to_string();
    files().iter().flat_map(|path| cases(&name(path), &fs::read_to_string(path).unwrap())).collect()
}

fn cases(file: &str, text: &str) -> Vec<Case> {
    let (mut common, mut title) = (String::new(), String::new());
    let mut cases: Vec<Case> = Vec::new();
    let mut fence: Option<(String, String)> = None;
    for line in text.lines() {
        match &mut fence {
            Some((info, body)) if line == "```" => {
                let is = |wanted: &str| info.split(' ').any(|word| word == wanted);
                let body = std::mem::take(body);
                if is("common") {
                    common = body;
                } else if is("text") {
                    let name = info.split_once("file=").expect("the file's name").1;
                    let last = cases.last_mut().expect("a case before it");
                    last.beside.push((name.to_owned(), body));
                } else {
                    let template = template(info, &common, &body);
                    if is("with") {
                        let first = cases.last_mut().and_then(|case| case.templates.last_mut());
                        first.expect("a source before it").with.extend(template);
                    } else if is("beside") {
                        cases.last_mut().expect("a case before it").templates.extend(template);
                    } else {
                        let snapshot = template.is_none().then_some(body);
                        let (file, title) = (file.to_owned(), title.clone());
                        let templates = template.into_iter().collect();
                        cases.push(Case { file, title, templates, snapshot, beside: Vec::new() });
                    }
                }
                fence = None;
            }
            Some((_, body)) => writeln!(body, "{line}").unwrap(),
            None => {
                if let Some(info) = line.strip_prefix("```") {
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

/// Returns the source that a fence is; none: it is a snapshot.
fn template(info: &str, common: &str, body: &str) -> Option<Template> {
    let ending = match info.split(' ').next() {
        Some("json") => return None,
        Some("plan") => "/plan.json",
        Some("hcl") => "/main.tf",
        _ => "",
    };
    Some(Template { options: options(info), ending, text: format!("{common}{body}"), with: Vec::new() })
}

/// Returns JSON without the lines that expect something, each left empty, so that places stay.
fn without_comments(text: &str) -> String {
    let comments = ["# expect: ", "# why: ", "# note: ", "# assumes: "];
    let kept = |line| if comments.iter().any(|comment| str::contains(line, comment)) { "" } else { line };
    text.lines().map(kept).collect::<Vec<_>>().join("\n")
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

/// Returns the rule that a line names before what it expects: `RULE:`, in a comment of its own or behind one's mark.
fn named(before: &str) -> String {
    let before = before.rsplit("# ").next().unwrap_or(before);
    before.split(':').next().unwrap().trim().to_owned()
}

fn expectations(text: &str) -> Vec<Expectation> {
    let mut found: Vec<Expectation> = Vec::new();
    for line in text.lines() {
        if let Some((before, words)) = line.split_once("# expect: ") {
            let mut words = words.split_whitespace();
            found.push(Expectation {
                rule: named(before),
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

/// A rule of which the analysis says something else than the case.
pub(crate) struct Difference {
    /// What it says, against what is expected: surer or less sure that the rule fires itself.
    pub(crate) ordering: Ordering,
    told: String,
}

/// How bad a verdict is, the surer the worse.
fn badness(verdict: &str, certainty: Option<&str>) -> (usize, Option<Certainty>) {
    let order = ["dead", "none", "bounded", "latent", "unknown", "loop"];
    let verdict = order.iter().position(|known| *known == verdict).expect("a verdict");
    (verdict, certainty.and_then(Certainty::from_word))
}

impl Case {
    fn text(&self) -> String {
        let templates = self.templates.iter().map(|template| template.text.as_str());
        templates.chain(self.snapshot.as_deref()).collect()
    }

    /// Returns what the case's sources say; none where one of them cannot be read.
    pub(crate) fn inventory(&self) -> Option<Inventory> {
        if let Some(text) = &self.snapshot {
            return snapshot::read(&without_comments(text), &self.file).ok().map(|read| read.inventory);
        }
        let inventories = self.templates.iter().enumerate().map(|(at, template)| self.read(at, template));
        inventories.reduce(|mut all, more| {
            all.merge(more);
            all
        })
    }

    /// Returns what the analysis says.
    fn analysed(&self, catalogue: &Catalogue) -> Analysis {
        if let Some(text) = &self.snapshot {
            let read = snapshot::read(&without_comments(text), &self.file).unwrap();
            let mut inventory = read.inventory.clone();
            return judge_with(&mut inventory, catalogue, |need| read.answer(need));
        }
        let mut inventory = self.inventory();
        let inventory = inventory.as_mut().expect("a case has a template");
        self.check_notes(inventory);
        read_code(inventory);
        close(inventory, catalogue)
    }

    fn read(&self, at: usize, template: &Template) -> Inventory {
        let source = |template: &Template| {
            let file = format!("{}#{at}{}", self.file, template.ending).into();
            let text = match template.ending {
                "/plan.json" => without_comments(&template.text),
                _ => template.text.clone(),
            };
            Source { file, text: text.into() }
        };
        let sources: Vec<Source> = std::iter::once(template).chain(&template.with).map(source).collect();
        let named = |path: &str, name: &str| path.rsplit('/').next() == Some(name);
        read_with(&sources, &template.options, |path| {
            let file = self.beside.iter().find(|(name, _)| named(path, name));
            file.map(|(_, text)| text.as_str().into())
        })
    }

    /// What is read tells what the case demands, and nothing else.
    fn check_notes(&self, inventory: &Inventory) {
        let text = self.text();
        let demanded = text.lines().filter_map(|line| line.split_once("# note: "));
        let mut demanded: Vec<&str> = demanded.map(|(_, wanted)| wanted.trim()).collect();
        let told = |wanted: &&str| !inventory.notes.iter().any(|note| note.message.contains(*wanted));
        let silent = demanded.is_empty() && !inventory.notes.is_empty();
        demanded.retain(told);
        assert!(
            demanded.is_empty() && !silent,
            "{}, {}: not told: {demanded:?}\n{:#?}",
            self.file,
            self.title,
            inventory.notes
        );
    }

    /// Returns how what is said by that catalogue differs from what is expected.
    pub(crate) fn differences(&self, catalogue: &Catalogue) -> Vec<Difference> {
        let text = self.text();
        let expected = expectations(&text);
        assert!(!expected.is_empty(), "{}, {}: nothing is expected", self.file, self.title);
        let analysis = self.analysed(catalogue);
        let mut found: Vec<Difference> =
            expected.iter().filter_map(|wanted| difference(&analysis, wanted)).collect();
        for assumption in untold_assumptions(&analysis, &text) {
            let told = format!("  not assumed: {assumption}\n  but {:#?}\n", analysis.assumptions);
            found.push(Difference { ordering: Ordering::Equal, told });
        }
        found
    }
}

/// Reads the code that stands in the templates.
fn read_code(inventory: &mut Inventory) {
    for workload in &mut inventory.workloads {
        let Some(CodeSource::Inline(code, origin)) = &workload.code_source else { continue };
        let inline = Inline {
            code,
            origin,
            template: None,
            runtime: Some("python3.13"),
            handler: Some("index.handler"),
            environment: &workload.properties,
        };
        workload.code = read_inline(&inline).map(|reading| reading.code);
    }
}

fn difference(analysis: &Analysis, wanted: &Expectation) -> Option<Difference> {
    let ending = format!(".{}", wanted.rule);
    let is = |rule: &&RuleVerdict| *rule.key.id == *wanted.rule || rule.path.ends_with(&ending);
    let rule = analysis
        .rules
        .iter()
        .find(is)
        .unwrap_or_else(|| panic!("no rule `{}` in {:?}", wanted.rule, analysis.rules));
    let certainty = rule.certainty.map(Certainty::as_str);
    let same = rule.verdict.as_str() == wanted.verdict
        && wanted.certainty.as_deref().is_none_or(|wanted| certainty == Some(wanted));
    let reasons = rule.reasons.join("\n    ");
    if same && wanted.why.iter().all(|why| reasons.contains(&**why)) {
        return None;
    }
    let mut told = String::new();
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
    // Where nothing is expected of the certainty, it does not count.
    let asked = certainty.filter(|_| wanted.certainty.is_some());
    let is = badness(rule.verdict.as_str(), asked);
    Some(Difference { ordering: is.cmp(&badness(&wanted.verdict, wanted.certainty.as_deref())), told })
}

#[test]
fn every_case_has_its_verdict() {
    let catalogue = Catalogue::embedded();
    let cases = all();
    let mut told = String::new();
    for case in &cases {
        let differences = case.differences(&catalogue);
        if !differences.is_empty() {
            writeln!(told, "{}, {}", case.file, case.title).unwrap();
            told.extend(differences.into_iter().map(|difference| difference.told));
        }
    }
    assert!(told.is_empty(), "\n{told}");
    assert!(!cases.is_empty(), "there are no cases");
}
