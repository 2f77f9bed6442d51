use super::running::{Seen, Site, Stretch};
use super::{Asked, Priced, print, running};
use loopguard_analysis::{Analysis, Catalogue, analyse};
use loopguard_decision::Timestamp;
use loopguard_decision::cost::Prices;
use loopguard_decision::rates::{Metric, MetricQuery, Series, Watched};
use loopguard_model::Inventory;
use loopguard_template::{Options, Source};
use serde_json::{Value, json};

const MINUTE: u64 = 60_000;
/// 2026-04-10T03:00:00Z.
const NOW: u64 = 1_775_790_000_000;
const STRETCH: Stretch = Stretch { minutes: 180, now: Timestamp(NOW) };

/// A function that undoes changes of access lists and is heard again, and two rules that set off each other's machine.
const ACCOUNT: &str = "
Resources:
  Revert:
    Type: AWS::Events::Rule
    Properties:
      Name: revert
      EventPattern:
        source: [aws.s3]
        detail-type: [AWS API Call via CloudTrail]
        detail: {eventSource: [s3.amazonaws.com], eventName: [PutBucketAcl]}
      Targets: [{Id: fix, Arn: !GetAtt Fix.Arn}]
  Fix:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: fix, MemorySize: 512, Role: !GetAtt Role.Arn, Code: {S3Bucket: code, S3Key: fix.zip}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: fix
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: s3:PutBucketAcl, Resource: '*'}]}
  Ping:
    Type: AWS::Events::Rule
    Properties: {Name: ping, EventPattern: {source: [app.pong]}, Targets: [{Id: p, Arn: !GetAtt Pinger.Arn, RoleArn: 'arn:aws:iam::111122223333:role/starts'}]}
  Pong:
    Type: AWS::Events::Rule
    Properties: {Name: pong, EventPattern: {source: [app.ping]}, Targets: [{Id: p, Arn: !GetAtt Ponger.Arn, RoleArn: 'arn:aws:iam::111122223333:role/starts'}]}
  Pinger:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: pinger
      RoleArn: !GetAtt Puts.Arn
      Definition: {StartAt: A, States: {A: {Type: Task, Resource: 'arn:aws:states:::events:putEvents', Parameters: {Entries: [{Source: app.ping, DetailType: x, Detail: {}}]}, End: true}}}
  Ponger:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: ponger
      RoleArn: !GetAtt Puts.Arn
      Definition: {StartAt: A, States: {A: {Type: Task, Resource: 'arn:aws:states:::events:putEvents', Parameters: {Entries: [{Source: app.pong, DetailType: x, Detail: {}}]}, End: true}}}
  Puts:
    Type: AWS::IAM::Role
    Properties:
      RoleName: puts
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: events:PutEvents, Resource: '*'}]}
";

fn account() -> (Inventory, Analysis) {
    let options = Options {
        account: Some("111122223333".into()),
        region: Some("eu-west-1".into()),
        ..Options::default()
    };
    let source = Source { file: "t.yaml".into(), text: ACCOUNT.into() };
    let inventory = loopguard_template::read(&[source], &options);
    let analysis = analyse(&inventory, &Catalogue::embedded());
    assert_eq!(analysis.findings.len(), 2, "{:#?}", analysis.findings);
    (inventory, analysis)
}

/// What was counted in each minute, of what has a name.
fn counts(query: &MetricQuery) -> f64 {
    match (query.metric, &query.of) {
        (Metric::TriggeredRules, Watched::Rule(rule)) if &*rule.name == "revert" => 100.0,
        (Metric::TriggeredRules, Watched::Rule(rule)) if &*rule.name == "ping" => 20.0,
        (Metric::FunctionRuns, _) => 125.0,
        (Metric::FunctionMilliseconds, _) => 250_000.0,
        (Metric::LogBytes, _) => 1e6,
        _ => 0.0,
    }
}

fn series(query: &MetricQuery) -> Series {
    let minutes = 1..=query.minutes;
    Series::from_points(minutes.map(|ago| (Timestamp(NOW - ago * MINUTE), counts(query))))
}

/// Runs it with these answers, and returns the metrics that were asked for, too.
fn told<T>(
    answer: &dyn Fn(&MetricQuery) -> Result<Series, String>,
    print: impl Fn(&[Priced<'_>], Asked) -> T,
) -> (T, Vec<MetricQuery>) {
    let (inventory, analysis) = account();
    let mut asked = Vec::new();
    let mut ask = |site: &Site, queries: &[MetricQuery]| {
        assert_eq!((site.account.as_str(), site.region.as_str()), ("111122223333", "eu-west-1"));
        asked.extend_from_slice(queries);
        queries.iter().map(answer).collect()
    };
    let home = Prices::of_region("us-east-1");
    let (loops, read) = running(analysis.findings.iter().collect(), &inventory, &home, STRETCH, &mut ask);
    let metrics = Some((STRETCH.minutes, read.series.len()));
    (print(&loops, Asked { rate: 100, metrics }), asked)
}

#[test]
fn the_table_says_what_runs_and_what_does_not() {
    let (text, asked) = told(&|query| Ok(series(query)), print::text);
    let expected = "\
multi-rule-loop:Ping+Pong
  does not run: rule `Pong` did not in the last 3 hours
";
    assert!(text.contains(expected), "{text}");
    let expected = "\
self-trigger:Revert
  now, if every run is a round, whoever caused its event: 18,000 rounds in the last 3 hours, 100 a minute
";
    assert!(text.contains(expected), "{text}");
    for part in [
        "    so far: about $",
        "    a minute now: about $",
        "    by the end of the month: about $",
        "    saved by a stop now, until a budget would have told: about $",
        "    rule `Revert`: ran 18,000 times, 100 a minute\n",
        "    Counted by metrics: `fix` ran 22,500 times, whoever started it, 45,000 s in all with 512 MB, and 180,000 KB came into \
         its log group `/aws/lambda/fix`; 18,000 of these runs are the loop's by its rounds: ",
        "    Reckoned from list prices as of ",
        "\n  - 6 metrics, which are late by minutes and are billed when they are read\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // Of what does not run no more is read than that.
    let of: Vec<Metric> = asked.iter().map(|query| query.metric).collect();
    assert_eq!(of.iter().filter(|metric| **metric == Metric::TriggeredRules).count(), 3);
    assert!(!of.contains(&Metric::MachineRuns) && of.len() == 6, "{of:?}");
}

#[test]
fn the_json_has_the_same_in_the_regions_own_prices() {
    let json =
        |loops: &[Priced<'_>], asked| print::json(loops, asked, &Prices::of_region("us-east-1")).unwrap();
    let (text, _) = told(&|query| Ok(series(query)), json);
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&told["minutes"], &told["metrics_read"], &told["region"]),
        (&json!(180), &json!(6), &json!("us-east-1"))
    );
    let loops = told["loops"].as_array().unwrap();
    let of = |id: &str| loops.iter().find(|one| one["finding"] == id).unwrap();
    assert_eq!(of("multi-rule-loop:Ping+Pong")["now"], json!({"state": "still", "rule": "Pong"}));
    let revert = of("self-trigger:Revert");
    assert_eq!(revert["region"], "eu-west-1");
    let now = &revert["now"];
    assert_eq!(
        (&now["state"], &now["rounds"], &now["per_minute"]),
        (&json!("runs"), &json!(18_000), &json!(100))
    );
    // 22,500 requests, 22,500 GB-seconds and 180 MB at $0.57 a GB are $0.475...; four fifths of it are the loop's.
    let so_far = |amount: &Value| amount.as_str().unwrap().get(..6).unwrap().to_owned();
    assert_eq!(so_far(&now["so_far"]["high"]), "0.4750", "{now:#}");
    assert_eq!(so_far(&now["so_far"]["likely"]), "0.3800", "{now:#}");
    assert_eq!(now["so_far"]["low"], now["so_far"]["likely"]);
    assert_eq!(now["rules"][0]["so_far"], now["so_far"], "the only rule has all of it");
    assert_eq!(now["rules"][0]["bus"], "default");
    assert!(now["counted"][0].as_str().unwrap().starts_with("Counted by metrics: `fix`"));
    assert!(revert["per_million_rounds"]["likely"].is_string() && revert["uses"].is_array());
}

/// A loop of two rules goes round as often as the one that ran least, and each rule has its part of the cost.
#[test]
fn rules_that_others_fire_too_are_no_more_rounds() {
    let both = |query: &MetricQuery| {
        let is_pong = matches!(&query.of, Watched::Rule(rule) if &*rule.name == "pong");
        Ok(if is_pong {
            series(&MetricQuery { metric: Metric::FunctionRuns, ..query.clone() })
        } else {
            series(query)
        })
    };
    let (text, _) = told(&both, print::text);
    assert!(text.contains(": 3,600 rounds in the last 3 hours, 20 a minute\n"), "{text}");
    assert!(
        text.contains("    rule `Ping`: ran 3,600 times, 20 a minute\n      so far: about $0.0036"),
        "{text}"
    );
    assert!(
        text.contains("    rule `Pong`: ran 22,500 times, 125 a minute\n      so far: about $"),
        "{text}"
    );
}

#[test]
fn without_metrics_there_is_the_rest() {
    let denied = |_: &MetricQuery| Err("cloudwatch:GetMetricData: AccessDenied".to_owned());
    let (text, asked) = told(&denied, |loops, asked| {
        assert!(loops.iter().all(|one| matches!(one.seen, Some(Seen::Unread(_)))));
        print::text(loops, asked)
    });
    let why =
        "  whether it runs was not read: cloudwatch:GetMetricData: AccessDenied\n  a million rounds: about $";
    assert_eq!(text.matches(why).count(), 2, "{text}");
    assert_eq!(asked.len(), 3, "a region that refuses is asked once");
}
