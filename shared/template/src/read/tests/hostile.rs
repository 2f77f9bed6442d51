//! Broken and hostile files.

use super::{inventory, notes, source};
use crate::{Options, read};
use proptest::prelude::*;

const GOOD: &str = include_str!("../../../../../tests/cases/templates/acl-guarded.yaml");

#[test]
fn a_broken_file_is_told_and_the_others_are_read() {
    let files = [
        source("a.yaml", "Resources:\n  A: [unclosed\n"),
        source("b.json", "{\"Resources\": {"),
        source("c.yaml", "not: a template\n"),
        source("d.yaml", ""),
        source("good.yaml", GOOD),
    ];
    let inventory = read(&files, &Options::default());
    assert_eq!(inventory.rules.len(), 1);
    let told = notes(&inventory);
    let unread: Vec<&str> = inventory.unread.iter().map(|file| &**file).collect();
    assert_eq!(unread, ["a.yaml", "b.json", "c.yaml", "d.yaml"]);
    for (file, words) in [
        ("a.yaml:", "not YAML"),
        ("b.json:1:", "not JSON"),
        ("c.yaml:1:1", "not a template"),
        ("d.yaml", "empty"),
    ] {
        assert!(
            told.iter().any(|note| note.starts_with(file) && note.contains(words)),
            "{file} in {told:#?}"
        );
    }
}

#[test]
fn what_stands_before_a_break_is_read() {
    let broken = format!("{GOOD}\n  Next:\n    Type: [\n  ]: {{\n");
    let inventory = inventory(&broken);
    assert_eq!(inventory.rules.len(), 1);
    assert!(notes(&inventory).iter().any(|note| note.contains("read up to here")), "{:?}", notes(&inventory));
}

#[test]
fn a_resource_may_be_called_like_a_boolean() {
    for name in ["On", "Off", "Yes", "No", "True", "~", "0755"] {
        let text = format!(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  Fixer:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events:\n        {name}: {{Type: Schedule, Properties: {{Schedule: rate(1 day)}}}}\n"
        );
        let read = inventory(&text);
        assert_eq!(&*read.rules[0].key.id, format!("Fixer{name}"), "{name}");
    }
}

#[test]
fn a_tab_is_named() {
    let inventory = inventory("Resources:\n\tA:\n\t\tType: x\n");
    let told = notes(&inventory);
    assert!(told.iter().any(|note| note.starts_with("t.yaml:2:") && note.contains("tab")), "{told:?}");
}

#[test]
fn json_with_comments_and_with_final_commas_is_read() {
    let text = "// made by hand\n{\n  \"Resources\": { /* one */\n    \"R\": {\"Type\": \"AWS::Events::Rule\", \"Properties\": {\"ScheduleExpression\": \"rate(1 day) // kept\"}}\n  }\n}\n";
    let strict = inventory(text);
    assert_eq!(notes(&strict), Vec::<String>::new());
    assert_eq!(strict.rules[0].origin.place().unwrap().line, 4);
    let rule = "{\"Resources\": {\"R\": {\"Type\": \"AWS::Events::Rule\", \"Properties\": {\"ScheduleExpression\": \"x\"}}}}";
    let behind = inventory(&format!("{rule}\n}}"));
    assert_eq!(behind.rules.len(), 1);
    assert!(notes(&behind)[0].starts_with("t.yaml:2:1: not JSON"), "{:?}", notes(&behind));
    assert_eq!(inventory(&format!("{rule}\n---\n{rule}")).rules.len(), 2, "JSON as YAML documents");
    let commas = inventory(
        "{\"Resources\": {\"R\": {\"Type\": \"AWS::Events::Rule\", \"Properties\": {\"ScheduleExpression\": \"x\",},},},}",
    );
    assert_eq!(commas.rules.len(), 1, "{:?}", notes(&commas));
}

#[test]
fn indentation_that_cloudformation_takes_is_read_in_its_place() {
    let text = "Resources:\n  Röle:\n    Type: AWS::IAM::Role\n    Properties:\n      Policies:\n        - PolicyName: p\n          PolicyDocument: !Sub '{\n      \"Statement\": [{\"Effect\": \"Allow\",\n\n      \"Action\": \"a:B\", \"Resource\": \"it''s\"}]}'\n  R:\n    Type: AWS::Events::Rule\n    Properties: {\n    \"EventPattern\": {\n  \"source\": [\n  \"aws.s3\"\n  ]}\n    }\n";
    let inventory = inventory(text);
    assert_eq!(notes(&inventory), Vec::<String>::new());
    assert_eq!(inventory.roles[0].policies[0].statements.len(), 1);
    let pattern = inventory.rules[0].trigger.pattern().unwrap();
    let span = pattern.branches()[0].field("source").unwrap().matchers[0].span;
    assert_eq!(text.get(span.start..span.end), Some("\"aws.s3\""));
}

#[test]
fn a_byte_order_mark_moves_no_place() {
    let inventory = inventory(
        "\u{feff}Resources:\n  R: {Type: 'AWS::Events::Rule', Properties: {ScheduleExpression: x}}\n",
    );
    let place = inventory.rules[0].origin.place().unwrap().clone();
    assert_eq!((place.line, place.column, place.span.start), (2, 3, 16));
}

#[test]
fn documents_of_one_file_are_templates_of_their_own() {
    let one = "Resources:\n  R: {Type: 'AWS::Events::Rule', Properties: {ScheduleExpression: x}}\n";
    let inventory = inventory(&format!("{one}---\n{one}"));
    let sources: Vec<&str> = inventory.rules.iter().map(|rule| &*rule.key.source).collect();
    assert_eq!(sources, ["t.yaml#1", "t.yaml#2"]);
    assert_eq!(inventory.rules[1].origin.place().unwrap().line, 5);
}

#[test]
fn aliases_cannot_blow_up_and_depth_is_bounded() {
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let list = [before.as_str(); 10].join(", ");
        laughs += &["a", &level.to_string(), ": &a", &level.to_string(), " [", &list, "]\n"].concat();
    }
    laughs.push_str("Resources: {}\n");
    let told = notes(&inventory(&laughs));
    assert!(told.iter().any(|note| note.contains("more than 1000000 nodes")), "{told:?}");
    for deep in
        ["[".repeat(100_000), "{a: ".repeat(50_000), format!("Resources: {}", "{\"a\":".repeat(50_000))]
    {
        assert!(!notes(&inventory(&deep)).is_empty());
    }
    let nested: String = (0..5_000).flat_map(|depth| [" ".repeat(depth), "a:\n".to_owned()]).collect();
    assert!(!notes(&inventory(&nested)).is_empty());
    let json = format!("{{\"Resources\": {}", "{\"a\":".repeat(50_000));
    assert!(!notes(&inventory(&json)).is_empty());
}

#[test]
fn names_that_grow_with_every_reference_are_bounded() {
    let mut text = "Resources:\n".to_owned();
    for level in 0..200 {
        let next = level + 1;
        let name = format!("${{F{next}}}-${{F{next}}}");
        let properties = format!("{{FunctionName: !Sub '{name}', Role: r}}");
        text += &[
            "  F",
            &level.to_string(),
            ": {Type: 'AWS::Lambda::Function', Properties: ",
            &properties,
            "}\n",
        ]
        .concat();
    }
    text.push_str("  F200: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: !Ref F0, Role: r}}\n");
    assert_eq!(inventory(&text).workloads.len(), 201);
}

#[test]
fn same_files_same_notes() {
    let files = [source("x.yaml", GOOD), source("y.yaml", "Resources: {A: {}}")];
    let debug = || format!("{:?}", read(&files, &Options::default()));
    assert_eq!(debug(), debug());
}

/// Pieces that make trouble where they are put into a template.
const PIECES: &[&str] = &[
    "!Ref ",
    "!Sub ",
    "!GetAtt ",
    "!If [",
    "!Join [',', ",
    "&a ",
    "*a",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "\t",
    "\n",
    "|\n",
    "'",
    "\"",
    "#",
    "${",
    "}",
    "Fn::ForEach::X: ",
    "!Transform ",
    "%TAG ",
    "---\n",
    "...",
    "\u{feff}",
    "\0",
    "é",
    "? ",
    "!!binary ",
    "{{resolve:",
    "!FindInMap [a, b, c]",
    "!Select [0, !Split [",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_templates_never_panic(
        edits in prop::collection::vec((0.0..1.0_f64, 0..PIECES.len(), 0..12_usize), 1..8),
        sam in any::<bool>(),
    ) {
        let base = if sam { include_str!("../../../../../tests/cases/templates/harmless.yaml") } else { GOOD };
        let mut text: Vec<char> = base.chars().collect();
        for (place, piece, cut) in edits {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place within a short text")]
            let at = (place * text.len() as f64) as usize;
            let end = (at + cut).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        let text: String = text.into_iter().collect();
        let inventory = inventory(&text);
        for note in &inventory.notes {
            let place = note.origin.place().unwrap();
            prop_assert!(place.span.start <= place.span.end && place.span.end <= text.len());
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[\\[\\]{}:,&*!|>'\"%@#?\\- \n\ta-c0-9\u{0}\u{e9}]{0,200}") {
        inventory(&text);
    }
}

#[test]
fn a_file_with_too_many_nodes_is_read_up_to_there() {
    let rule = "Resources:\n  R: {Type: 'AWS::Events::Rule', Properties: {ScheduleExpression: x}}\n";
    let inventory = inventory(&format!("{rule}  Many: [{}]\n", "1,".repeat(1_000_001)));
    assert_eq!(inventory.rules.len(), 1);
    assert!(notes(&inventory).iter().any(|note| note.contains("more than 1000000 nodes")));
}
