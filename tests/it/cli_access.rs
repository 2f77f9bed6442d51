//! `loopguard scan` where a role's policies are not all that decides: service control policies, roles taken on.

use crate::workspace;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn file(name: &str, text: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("access-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn scan(arguments: &[&str]) -> Value {
    let output = workspace::loopguard().args(["scan", "--format", "json"]).args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// A function whose calls the rule does not hear, and a role that it may take on whose calls it hears.
const TAKEN_ON: &str = "Resources:
  Fixer:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Resource: !GetAtt Worker.Arn}]
      Events:
        Acl:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [aws.s3]
              detail:
                eventName: [PutBucketAcl]
                userIdentity: {sessionContext: {sessionIssuer: {arn: [{anything-but: !GetAtt FixerRole.Arn}]}}}
  Worker:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {AWS: PRINCIPAL}}]
      Policies:
        - PolicyName: work
          PolicyDocument:
            Statement: [{Sid: Acl, Effect: Allow, Action: 's3:PutBucketAcl', Resource: '*'}]
";

#[test]
fn a_role_that_is_taken_on_closes_the_loop() {
    for (principal, verdict) in [
        ("!Sub 'arn:aws:iam::${AWS::AccountId}:root'", "loop"),
        ("!Ref AWS::AccountId", "loop"),
        ("!GetAtt FixerRole.Arn", "loop"),
        ("!Sub 'arn:aws:iam::${AWS::AccountId}:role/another'", "none"),
    ] {
        let template = file("taken-on.yaml", &TAKEN_ON.replace("PRINCIPAL", principal));
        let report = scan(&[template.to_str().unwrap()]);
        let row = &report["rules"][0];
        assert_eq!(row["verdict"], verdict, "{principal}: {report:#}");
        if verdict == "loop" {
            assert_eq!(row["certainty"], "broad");
            let hop = &report["findings"][0]["hops"][0];
            assert!(hop["via"].to_string().contains("`sts:AssumeRole`"), "{hop:#}");
            let because = hop["because"].as_str().unwrap();
            assert!(
                because.starts_with("policy `work`, statement `Acl` (") && because.contains("taken-on.yaml:")
            );
        }
    }
}

#[test]
fn service_control_policies_of_files_count() {
    // A call that stands in code and is refused is an event all the same, so the function's code is left out here.
    let coded = "tests/cases/templates/acl-loop.yaml";
    let text = fs::read_to_string(workspace::root().join(coded)).unwrap();
    let (before, code) = text.split_once("      InlineCode: |\n").unwrap();
    let (_, after) = code.split_once("      Policies:").unwrap();
    let plain = format!("{before}      CodeUri: s3://code/fixer.zip\n      Policies:{after}");
    let plain = file("acl-loop.yaml", &plain);
    let template = plain.to_str().unwrap();
    let policy = |statement: &str| {
        file("scp.json", &format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#))
    };
    let deny = r#"{"Effect":"Deny","Action":"s3:Put*","Resource":"*"}"#;
    for (statement, verdict) in [
        (deny.to_owned(), "none"),
        (deny.replace("s3:Put*", "s3:Get*"), "loop"),
        (r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#.to_owned(), "none"),
        (r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#.to_owned(), "loop"),
    ] {
        let scp = policy(&statement);
        let report = scan(&["--scp", scp.to_str().unwrap(), template]);
        assert_eq!(report["rules"][0]["verdict"], verdict, "{statement}: {report:#}");
    }
    let refused = scan(&["--scp", policy(deny).to_str().unwrap(), coded]);
    assert_eq!(refused["rules"][0]["verdict"], "loop", "{refused:#}");
    assert_eq!(refused["rules"][0]["certainty"], "coded", "{refused:#}");
    assert!(scan(&[template])["assumptions"].to_string().contains("FullAWSAccess"));
}
