//! The shapes of loops, and what looks like one: each as a template of its own, with the verdict that the corpus
//! expects.

use crate::workspace;
use loopguard_analysis::{Analysis, Catalogue, analyse_with, close};
use loopguard_model::snapshot;
use loopguard_template::{Options, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The cases by id.
fn cases() -> BTreeMap<String, String> {
    let folder = workspace::root().join("tests/cases/shapes");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|file| {
            (file.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&file).unwrap())
        })
        .collect()
}

/// Id -> the verdicts that the corpus accepts; none where the corpus is not at hand.
fn expected() -> Option<BTreeMap<String, BTreeSet<String>>> {
    let beside = workspace::root().join("../shared").display().to_string();
    let folder = std::env::var("LOOPGUARD_SHARED").unwrap_or(beside);
    let text = fs::read_to_string(Path::new(&folder).join("corpora/loops/shapes.json")).ok()?;
    let corpus: serde_json::Value = serde_json::from_str(&text).unwrap();
    let shapes = ["loops", "look_alikes"].into_iter().flat_map(|list| corpus[list].as_array().unwrap());
    Some(
        shapes
            .map(|shape| {
                let words = shape["expect"].as_array().unwrap();
                let words = words.iter().map(|word| word.as_str().unwrap().to_owned()).collect();
                (shape["id"].as_str().unwrap().to_owned(), words)
            })
            .collect(),
    )
}

fn analysed(id: &str, text: &str) -> Analysis {
    let catalogue = Catalogue::embedded();
    if snapshot::is_snapshot(text) {
        let read = snapshot::read(text, id).unwrap();
        let mut inventory = read.inventory.clone();
        return analyse_with(&mut inventory, &catalogue, |need| read.answer(need));
    }
    let region =
        text.lines().next().unwrap().split_once("region: ").map_or("us-east-1", |(_, region)| region);
    let options =
        Options { account: Some("111122223333".into()), region: Some(region.into()), ..Options::default() };
    let mut inventory = loopguard_template::read(&[Source { file: id.into(), text: text.into() }], &options);
    assert!(inventory.notes.is_empty(), "{id}: {:?}", inventory.notes);
    close(&mut inventory, &catalogue)
}

/// The verdicts that a rule of the case may have when the corpus is not at hand: a loop for `L`, anything else for `N`.
fn by_name(id: &str) -> BTreeSet<String> {
    let words: &[&str] = if id.starts_with('L') {
        &["loop", "unknown", "bounded"]
    } else {
        &["none", "dead", "latent", "bounded", "loop", "unknown"]
    };
    words.iter().map(ToString::to_string).collect()
}

#[test]
fn every_shape_has_the_verdict_that_the_corpus_expects() {
    let corpus = expected();
    let cases = cases();
    if let Some(corpus) = &corpus {
        assert!(corpus.keys().eq(cases.keys()), "every shape has a case, and every case is a shape");
    } else {
        eprintln!(
            "left out: the corpus of shapes is not beside the project, verdicts are held against ids alone"
        );
    }
    let mut wrong = Vec::new();
    for (id, text) in &cases {
        let wanted = corpus.as_ref().map_or_else(|| by_name(id), |corpus| corpus[id].clone());
        let analysis = analysed(id, text);
        assert!(!analysis.rules.is_empty(), "{id}: no rule was read");
        for rule in &analysis.rules {
            if !wanted.contains(rule.verdict.as_str()) {
                wrong.push(format!(
                    "{id}: `{}` is {}, not {wanted:?}: {:?}",
                    rule.key, rule.verdict, rule.reasons
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
