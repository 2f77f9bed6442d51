//! An account that is watched, on the twin, in virtual time.

#![allow(dead_code, reason = "the tests use different parts of it")]

use loopguard_account::{Notice, Watch};
use loopguard_decision::{Alert, NoticeKind, Settings, Step};
use loopguard_model::Scope;
use loopguard_rehearsal::{ACCOUNT_RATE, Company, Owner, Rehearsal};
use loopguard_sentinel::Wake;
use loopguard_template::{Options, Source};
use loopguard_world::{Script, Twin, World};
use std::fmt::Write;

pub const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:loopguard-changes";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/loopguard-guard";
pub const MINUTE: u64 = 60_000;
/// More events than any guarded run makes.
pub const EVENTS: u64 = 20_000;

/// A function that is allowed to set access lists, and a rule that runs it when one is set.
pub const REVERTER: &str = "
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties:
      Name: revert-acl
      EventPattern:
        source: [aws.s3]
        detail-type: [AWS API Call via CloudTrail]
        detail: {eventSource: [s3.amazonaws.com], eventName: [PutBucketAcl]}
      Targets: [{Id: fix, Arn: !GetAtt Fix.Arn}]
  Fix:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: fix
      Runtime: python3.13
      Handler: index.handler
      Code: {S3Bucket: code, S3Key: fix.zip}
      Role: !GetAtt Role.Arn
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: fix
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: s3:PutBucketAcl, Resource: '*'}]}
";

/// What the owner has said, with this besides.
pub fn settled(settings: &[(&str, &str)]) -> Settings {
    let own = [
        ("LOOPGUARD_MODE", "enforce"),
        ("LOOPGUARD_SCOPE", "*"),
        ("LOOPGUARD_TRIPWIRES", "on-suspicion"),
        ("LOOPGUARD_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/loopguard-changes"),
        ("LOOPGUARD_BUDGET_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:budgets"),
    ];
    Settings::from_pairs(own.iter().chain(settings).copied()).unwrap()
}

/// What happens in an account that is watched.
pub struct Stage {
    pub rehearsal: Rehearsal,
    pub most_tripwires: usize,
}

impl Stage {
    /// A round in two seconds: records on a busy day come that fast.
    pub fn of(template: &str, script: &str, settings: &[(&str, &str)]) -> Self {
        Self::at_pace((1_000, 2_000), template, script, settings)
    }

    /// Records come so many milliseconds after the call.
    pub fn at_pace(
        cloudtrail_latency: (u64, u64),
        template: &str,
        script: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let pace =
            loopguard_world::Settings { cloudtrail_latency, ..loopguard_world::Settings::with_seed(1) };
        Self::in_world(pace, template, script, settings)
    }

    /// The same, with nothing that wakes the sentinel but [`Self::watch`].
    pub fn alone(
        cloudtrail_latency: (u64, u64),
        template: &str,
        script: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let pace =
            loopguard_world::Settings { cloudtrail_latency, ..loopguard_world::Settings::with_seed(1) };
        let mut stage = Self::beside(Company::Guard, pace, template, script, settings);
        // What is in a loop is known.
        stage.rehearsal.hand(r#"{"loopguard":"scan"}"#);
        stage
    }

    /// Lets minutes pass, with a round after each so many.
    pub fn watch(&mut self, minutes: u64, every: u64) {
        for _ in 0..minutes / every {
            let until = self.rehearsal.twin().world().now() + every * MINUTE;
            assert!(self.rehearsal.run(until), "more events than any guarded run makes");
            self.rehearsal.round(&Wake::Clock).unwrap();
        }
    }

    /// In a world that behaves so.
    pub fn in_world(
        pace: loopguard_world::Settings,
        template: &str,
        script: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::beside(Company::Both, pace, template, script, settings)
    }

    fn beside(
        company: Company,
        pace: loopguard_world::Settings,
        template: &str,
        script: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let options = Options {
            account: Some("111122223333".into()),
            region: Some("eu-west-1".into()),
            stack_name: Some("s".into()),
            ..Options::default()
        };
        let source = Source { file: "t.yaml".into(), text: template.into() };
        let inventory = loopguard_template::read(&[source], &options);
        let world = World::new(&inventory, &Script::parse(script).unwrap(), pace).unwrap();
        let owner = Owner {
            settings: settled(settings),
            account_rate: ACCOUNT_RATE,
            home: Scope {
                partition: "aws".into(),
                account: "111122223333".into(),
                region: "eu-west-1".into(),
            },
            company,
        };
        let twin = Twin::new(world, ROLE).with_queue(QUEUE);
        let rehearsal = Rehearsal::new(twin, owner).unwrap().with_most_events(EVENTS);
        Self { rehearsal, most_tripwires: 0 }
    }

    /// Lets minutes pass, with a round in each.
    pub fn run(&mut self, minutes: u64) {
        let start = self.rehearsal.twin().world().now() / MINUTE;
        for minute in start + 1..=start + minutes {
            assert!(self.rehearsal.run(minute * MINUTE), "more events than any guarded run makes");
            self.most_tripwires = self.most_tripwires.max(self.tripwires());
        }
    }

    pub fn tripwires(&self) -> usize {
        self.rehearsal.ask(self.rehearsal.twin().tripwires()).unwrap().len()
    }

    pub fn notices(&self) -> Vec<&Notice> {
        self.rehearsal.notices().map(|(_, notice)| notice).collect()
    }

    pub fn kinds(&self) -> Vec<NoticeKind> {
        self.notices().iter().map(|notice| notice.kind).collect()
    }

    pub fn disabled(&self) -> Vec<&Alert> {
        let disabled = |alert: &&Alert| matches!(alert.step, Step::Disabled { .. });
        self.rehearsal.alerts().map(|(_, alert)| alert).filter(disabled).collect()
    }

    pub fn matched(&self, rule: &str) -> u64 {
        self.rehearsal.twin().world().counts("default", rule).unwrap().matched
    }

    /// Pages of the event history that were asked for.
    pub fn lookups(&self) -> u64 {
        self.rehearsal.sentinel_calls().of("look_up").calls
    }

    pub fn metrics(&self) -> u64 {
        self.rehearsal.sentinel_calls().of("read").things
    }
}

/// Somebody sets a list at the fifth minute, and the function sets it again: one chain of events without end.
pub const CHAIN: &str = r#"
    [[call]]
    at_ms = 300_000
    by = "arn:aws:iam::111122223333:user/platform"
    api = "s3:PutBucketAcl"
    parameters = { bucketName = "media" }
    [[run]]
    of = "fix"
    [[run.call]]
    api = "s3:PutBucketAcl"
    after_ms = 400
    parameters = { bucketName = "$.detail.requestParameters.bucketName" }
"#;

/// 500 buckets are opened within five minutes, and each is closed once more.
pub fn burst() -> String {
    let mut script = String::from(
        r#"
        [[run]]
        of = "fix"
        [[run.call]]
        api = "s3:PutBucketAcl"
        after_ms = 400
        parameters = { bucketName = "$.detail.requestParameters.bucketName" }
        changes = { key = "acl:<$.detail.requestParameters.bucketName>", to = "private" }
        "#,
    );
    for bucket in 0..500 {
        // Writing to a string does not fail.
        let _ = write!(
            script,
            "[[call]]\nat_ms = {}\nby = \"arn:aws:iam::111122223333:user/platform\"\napi = \"s3:PutBucketAcl\"\n\
             parameters = {{ bucketName = \"b-{bucket}\" }}\n",
            300_000 + bucket * 600
        );
    }
    script
}

/// The chain makes some 26 events a minute.
pub const SLOW: (&str, &str) = ("LOOPGUARD_THRESHOLD", "10");
