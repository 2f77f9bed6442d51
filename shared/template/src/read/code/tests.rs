use crate::{Options, Source, read};
use loopguard_model::{CodeSource, Workload};

fn workload(text: &str) -> Workload {
    let source = Source { file: "t.yaml".into(), text: text.into() };
    let inventory = read(&[source], &Options::default());
    inventory.workloads.into_iter().next().expect("a workload")
}

fn function(properties: &str) -> Workload {
    workload(&format!("Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n{properties}"))
}

fn shown(source: Option<&CodeSource>) -> String {
    match source {
        Some(CodeSource::Inline(code, origin)) => format!("inline {code} at {origin}"),
        Some(CodeSource::Local(path, origin)) => format!("local {path} at {origin}"),
        Some(CodeSource::Elsewhere(why, origin)) => format!("elsewhere {why} at {origin}"),
        None => "nowhere".to_owned(),
    }
}

#[test]
fn code_is_found_in_all_its_forms() {
    for (properties, expected) in [
        ("      InlineCode: 'x = 1'\n", "inline x = 1 at t.yaml:5:19"),
        ("      InlineCode: !Sub 'b = \"${Bucket}\"'\n", "inline b = \"${Bucket}\" at t.yaml:5:19"),
        ("      CodeUri: src/\n", "local src/ at t.yaml:5:16"),
        ("      CodeUri: s3://b/k\n", "elsewhere it is an object in S3 at t.yaml:5:16"),
        ("      CodeUri: {Bucket: b, Key: k}\n", "elsewhere it is an object in S3 at t.yaml:5:25"),
        ("      ImageUri: x\n", "elsewhere it is a container image at t.yaml:5:17"),
        ("      CodeUri: !Ref Where\n", "elsewhere its path is not known at t.yaml:5:16"),
        ("      Handler: x.y\n", "nowhere"),
    ] {
        assert_eq!(shown(function(properties).code_source.as_ref()), expected, "{properties}");
    }
}

#[test]
fn a_build_specification_is_text_or_a_path() {
    let project = |text: &str| {
        let head = "Resources:\n  P:\n    Type: AWS::CodeBuild::Project\n    Properties:\n";
        shown(workload(&format!("{head}      Source:\n        BuildSpec: {text}\n")).code_source.as_ref())
    };
    assert_eq!(project("ci/buildspec.yml"), "local ci/buildspec.yml at t.yaml:6:20");
    assert!(project("|\n          version: 0.2\n          phases: {}\n").starts_with("inline version: 0.2"));
}

#[test]
fn what_the_cdk_packed_stands_beside_the_template() {
    let text = r#"{"Resources": {"F": {"Type": "AWS::Lambda::Function",
        "Properties": {"Code": {"S3Bucket": "b", "S3Key": "k"}},
        "Metadata": {"aws:asset:path": "asset.1a", "aws:asset:property": "Code"}}}}"#;
    assert!(shown(workload(text).code_source.as_ref()).starts_with("local asset.1a at"));
}

#[test]
fn properties_that_decide_are_kept_each_by_its_path() {
    let text = "      Handler: app.main\n      Runtime: python3.13\n      Timeout: 3\n      Environment:\n        \
        Variables:\n          TABLE: !Ref Table\n          N: 5\n";
    let kept = function(text).properties;
    let shown: Vec<String> = kept.iter().map(|(path, value)| format!("{path}={value}")).collect();
    assert_eq!(
        shown,
        [
            "Environment.Variables.N=5",
            "Environment.Variables.TABLE=${Table}",
            "Handler=app.main",
            "Runtime=python3.13"
        ]
    );
}

/// What a run costs hangs on these, and SAM may say them once for all functions.
#[test]
fn memory_processor_and_logs_are_kept() {
    let kept = |workload: &Workload| -> Vec<String> {
        let used = ["MemorySize", "Architectures", "LoggingConfig"];
        let own = workload.properties.iter().filter(|(way, _)| used.iter().any(|key| way.starts_with(key)));
        own.map(|(way, value)| format!("{way}={value}")).collect()
    };
    let said = "      MemorySize: 512\n      Architectures: [arm64]\n      LoggingConfig: {LogFormat: JSON, LogGroup: /team}\n";
    assert_eq!(
        kept(&function(said)),
        ["Architectures.0=arm64", "LoggingConfig.LogGroup=/team", "MemorySize=512"]
    );
    let shared = workload(
        "Globals: {Function: {MemorySize: 2048}}\nResources:\n  F: {Type: 'AWS::Serverless::Function', Properties: {InlineCode: x}}\n",
    );
    assert_eq!(kept(&shared), ["MemorySize=2048"]);
    assert_eq!(
        kept(&function("      InlineCode: x\n")),
        Vec::<String>::new(),
        "what is not said is not known"
    );
}
