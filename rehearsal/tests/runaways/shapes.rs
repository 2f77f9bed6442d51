//! The shapes: templates, what their workloads do, how fast.

use super::{BEGIN, MINUTE};
use std::fmt::Write;

/// A loop.
#[derive(Debug, Clone)]
pub struct Shape {
    pub name: &'static str,
    pub template: String,
    /// What its functions do.
    pub runs: String,
    /// What sets it going; once for each chain.
    pub spark: Spark,
    /// So many chains of events go round.
    pub chains: u64,
    /// Honest events of the same rule, so many a minute, of which nothing comes.
    pub honest: u64,
    /// For so many minutes before the loop begins.
    pub history: u64,
    /// From a call to its record.
    pub latency: (u64, u64),
    pub bus: String,
    pub rules: Vec<&'static str>,
    /// The ceiling of whoever sets one: events of a rule in a minute.
    pub ceiling: u64,
    /// From what rate on it matters to its owner.
    pub threshold: u64,
    /// How long it may run.
    pub minutes: u64,
    /// A loop that makes more events than this is not stopped any more.
    pub most_events: u64,
    pub seed: u64,
    /// Whether a service manages the loop's rules, and whether their owner wants functions behind such rules braked.
    pub managed: Option<bool>,
}

/// What sets a loop going.
#[derive(Debug, Clone, Copy)]
pub enum Spark {
    /// A call of a user on a bucket, by its operation.
    Bucket(&'static str),
    /// An object put into the bucket `in`.
    Object,
    /// A task run.
    Task,
    /// An event of the application, by its detail-type.
    Own(&'static str),
}

impl Shape {
    fn new(name: &'static str, template: String, runs: &str, spark: Spark, rules: &[&'static str]) -> Self {
        Self {
            name,
            template,
            runs: runs.to_owned(),
            spark,
            chains: 1,
            honest: 0,
            history: 0,
            latency: FAST,
            bus: "default".to_owned(),
            rules: rules.to_vec(),
            ceiling: 60,
            threshold: 30,
            minutes: 60,
            most_events: 1_000_000,
            seed: 1,
            managed: None,
        }
    }

    fn with_ceiling(self, ceiling: u64) -> Self {
        Self { ceiling, ..self }
    }

    /// When the loop begins.
    pub fn begin(&self) -> u64 {
        BEGIN.max(self.history * MINUTE)
    }

    /// How many honest events there were by that minute.
    pub fn honest(&self, minute: u64) -> u64 {
        self.honest * minute.saturating_sub(HONEST_FROM / MINUTE)
    }

    /// All that happens in the account.
    pub fn script(&self) -> String {
        let mut script = self.runs.clone();
        let user = "by = \"arn:aws:iam::111122223333:user/platform\"";
        for rule in &self.rules {
            let bus = &self.bus;
            // Writing to a string does not fail.
            let _ =
                writeln!(script, "[[deploy]]\nat_ms = 60_000\nrule = \"{rule}\"\nbus = \"{bus}\"\n{user}");
        }
        for chain in 0..self.chains {
            // They do not begin all at once, so that nothing later hangs on it.
            let at = self.begin() + chain * 31 % MINUTE;
            let _ = match self.spark {
                Spark::Bucket(operation) => writeln!(
                    script,
                    "[[call]]\nat_ms = {at}\n{user}\napi = \"s3:{operation}\"\nparameters = {{ bucketName = \"media-{chain}\" }}"
                ),
                Spark::Object => writeln!(
                    script,
                    "[[call]]\nat_ms = {at}\n{user}\napi = \"s3:PutObject\"\nparameters = {{ bucketName = \"in\", key = \"k{chain}\" }}"
                ),
                Spark::Task => writeln!(
                    script,
                    "[[call]]\nat_ms = {at}\n{user}\napi = \"ecs:RunTask\"\nparameters = {{ cluster = \"arn:aws:ecs:eu-west-1:111122223333:cluster/media\", taskDefinition = \"importer\" }}"
                ),
                Spark::Own(detail_type) => writeln!(
                    script,
                    "[[event]]\nat_ms = {at}\nbus = \"{}\"\nsource = \"app\"\ndetail-type = \"{detail_type}\"\ndetail = {{ id = \"{chain}\" }}",
                    self.bus
                ),
            };
        }
        if let Some(every) = MINUTE.checked_div(self.honest) {
            let _ = writeln!(
                script,
                "[[event]]\nat_ms = {HONEST_FROM}\nevery_ms = {every}\nsource = \"aws.s3\"\ndetail-type = \"AWS API Call via CloudTrail\"\n\
                 detail = {{ eventSource = \"s3.amazonaws.com\", eventName = \"PutBucketAcl\", userIdentity = {{ arn = \"arn:aws:iam::111122223333:user/{HONEST}\" }}, requestParameters = {{ bucketName = \"other\" }} }}"
            );
        }
        script
    }
}

/// Honest events begin once the rule is there.
const HONEST_FROM: u64 = 3 * MINUTE;
const HONEST: &str = "gardener";

/// Records of a good day.
const FAST: (u64, u64) = (1_000, 2_000);
/// Records as they mostly come.
const USUAL: (u64, u64) = (20_000, 60_000);

/// A rule that runs a function, whose role allows one action.
pub(super) fn handler(rule: &str, bus: &str, pattern: &str, action: &str, resource: &str) -> String {
    format!(
        "
  R{rule}:
    Type: AWS::Events::Rule
    Properties:
      Name: {rule}
      EventBusName: {bus}
      EventPattern: {pattern}
      Targets: [{{Id: run, Arn: !GetAtt F{rule}.Arn}}]
  F{rule}:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: f{rule}
      Runtime: python3.13
      Handler: index.handler
      Code: {{S3Bucket: code, S3Key: f.zip}}
      Role: !GetAtt Q{rule}.Arn
  Q{rule}:
    Type: AWS::IAM::Role
    Properties:
      RoleName: f{rule}
      AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: sts:AssumeRole}}]}}
      Policies:
        - PolicyName: p
          PolicyDocument: {{Statement: [{{Effect: Allow, Action: '{action}', Resource: '{resource}'}}]}}
"
    )
}

pub(super) fn on_call(operation: &str) -> String {
    format!(
        "{{source: [aws.s3], detail-type: [AWS API Call via CloudTrail], detail: {{eventSource: [s3.amazonaws.com], eventName: [{operation}]}}}}"
    )
}

pub(super) fn stack(resources: &[String]) -> String {
    format!("Resources:\n{}", resources.concat())
}

/// A function that makes a call on the bucket that the event is about, so many times.
fn calls(function: &str, operation: &str, times: u64) -> String {
    format!(
        "[[run]]\nof = \"{function}\"\n[[run.call]]\napi = \"s3:{operation}\"\nafter_ms = 400\ntimes = {times}\n\
         when = {{ detail = {{ userIdentity = {{ arn = [{{ anything-but = {{ suffix = \"{HONEST}\" }} }}] }} }} }}\n\
         parameters = {{ bucketName = \"$.detail.requestParameters.bucketName\" }}\n"
    )
}

/// A function that puts an event onto the bus `app`.
fn puts(function: &str, detail_type: &str, after: u64) -> String {
    format!(
        "[[run]]\nof = \"{function}\"\n[[run.call]]\napi = \"events:PutEvents\"\nafter_ms = {after}\n\
         entries = [{{ bus = \"app\", source = \"app\", detail-type = \"{detail_type}\", detail = {{ id = \"$.detail.id\" }} }}]\n"
    )
}

fn reverter() -> String {
    stack(&[handler("acl", "default", &on_call("PutBucketAcl"), "s3:PutBucketAcl", "*")])
}

/// One chain that goes round as fast as records come on a good day: 26 rounds a minute.
pub fn chain() -> Shape {
    Shape::new(
        "one chain, two seconds a round",
        reverter(),
        &calls("facl", "PutBucketAcl", 1),
        Spark::Bucket("PutBucketAcl"),
        &["acl"],
    )
    .with_ceiling(15)
}

/// One chain, as records mostly come: three rounds in two minutes.
pub fn slow_chain() -> Shape {
    let minutes = 10 * 60;
    Shape { name: "one chain at CloudTrail's usual latency", latency: USUAL, minutes, ceiling: 1, ..chain() }
}

/// The same for an owner to whom one round a minute matters.
pub fn slow_chain_that_matters() -> Shape {
    let name = "one chain at CloudTrail's usual latency, `Threshold` 10";
    Shape { name, threshold: 10, minutes: 3 * 60, ..slow_chain() }
}

/// Forty of these: whoever sets forty buckets right at once.
pub fn usual_chains() -> Shape {
    Shape {
        name: "forty chains at CloudTrail's usual latency",
        latency: USUAL,
        chains: 40,
        minutes: 120,
        ceiling: 30,
        ..chain()
    }
}

/// Two rounds an hour.
pub fn drip() -> Shape {
    let latency = (1_700_000, 1_900_000);
    Shape { name: "slow drip, two rounds an hour", latency, minutes: 48 * 60, ..chain() }
}

/// Each run causes two events.
pub fn doubling() -> Shape {
    Shape {
        name: "fan-out that doubles every two minutes",
        runs: calls("facl", "PutBucketAcl", 2),
        latency: (100_000, 140_000),
        minutes: 45,
        // As many again are under way, each with its whole text.
        most_events: 200_000,
        ceiling: 60,
        ..chain()
    }
}

/// Two rules, each of which sets off the other.
pub fn two_rules() -> Shape {
    let template = stack(&[
        handler("acl", "default", &on_call("PutBucketAcl"), "s3:PutBucketPolicy", "*"),
        handler("policy", "default", &on_call("PutBucketPolicy"), "s3:PutBucketAcl", "*"),
    ]);
    let runs = calls("facl", "PutBucketPolicy", 1) + &calls("fpolicy", "PutBucketAcl", 1);
    Shape {
        chains: 3,
        ceiling: 30,
        ..Shape::new(
            "two rules, four seconds a round",
            template,
            &runs,
            Spark::Bucket("PutBucketAcl"),
            &["acl", "policy"],
        )
    }
}

/// The loop's rule has honest traffic as well, of which nothing comes.
pub fn hidden(history: u64) -> Shape {
    Shape {
        name: "ten chains beside as much honest traffic of the rule",
        chains: 10,
        honest: 240,
        history,
        ceiling: 400,
        ..chain()
    }
}

/// The loop's rule has a little honest traffic as well.
pub fn beside(history: u64) -> Shape {
    Shape {
        name: "ten chains beside a little honest traffic of the rule",
        honest: 12,
        ceiling: 100,
        ..hidden(history)
    }
}

/// Objects put into the bucket whose new objects are heard: below a second a round, and the events carry no caller.
pub fn objects() -> Shape {
    let pattern = "{source: [aws.s3], detail-type: [Object Created], detail: {bucket: {name: [in]}}}";
    let bucket = "
  In:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: in
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
";
    let template = stack(&[
        handler("objects", "default", pattern, "s3:PutObject", "arn:aws:s3:::in/*"),
        bucket.to_owned(),
    ]);
    let runs = "[[run]]\nof = \"fobjects\"\n[[run.call]]\napi = \"s3:PutObject\"\nafter_ms = 100\n\
                parameters = { bucketName = \"in\", key = \"$.detail.object.key\" }\n";
    Shape::new("native events below a second, permitted", template, runs, Spark::Object, &["objects"])
}

/// A rule that starts the task whose end it hears: certain from the definition.
pub fn tasks() -> Shape {
    let template = "
Resources:
  R:
    Type: AWS::Events::Rule
    Properties:
      Name: again
      EventPattern: {source: [aws.ecs], detail-type: [ECS Task State Change], detail: {lastStatus: [STOPPED], clusterArn: [!GetAtt Media.Arn]}}
      Targets: [{Id: run, Arn: !GetAtt Media.Arn, RoleArn: !GetAtt Q.Arn, EcsParameters: {TaskDefinitionArn: !Ref Importer, TaskCount: 1, LaunchType: FARGATE}}]
  Media: {Type: AWS::ECS::Cluster, Properties: {ClusterName: media}}
  Importer:
    Type: AWS::ECS::TaskDefinition
    Properties: {Family: importer, RequiresCompatibilities: [FARGATE], NetworkMode: awsvpc, Cpu: '256', Memory: '512'}
  Q:
    Type: AWS::IAM::Role
    Properties:
      RoleName: again
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sts:AssumeRole}]}
      Policies:
        - PolicyName: p
          PolicyDocument: {Statement: [{Effect: Allow, Action: ecs:RunTask, Resource: '*'}]}
";
    let runs = "[[run]]\nof = \"importer\"\ntakes_ms = 6_000\n";
    Shape {
        minutes: 120,
        ..Shape::new(
            "a task started at its own end, declared",
            template.to_owned(),
            runs,
            Spark::Task,
            &["again"],
        )
    }
}

/// An application whose handler puts the event that it hears, so many times a second, onto a bus of its own.
fn application(name: &'static str, detail_type: &'static str, a_second: u64) -> Shape {
    let bus = "
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: app}}
";
    let pattern = format!("{{source: [app], detail-type: ['{detail_type}']}}");
    let arn = "arn:aws:events:eu-west-1:111122223333:event-bus/app";
    let template = stack(&[handler("app", "!Ref Bus", &pattern, "events:PutEvents", arn), bus.to_owned()]);
    // A round takes a second, and 375 ms to be delivered.
    Shape {
        chains: a_second * 1_375 / 1_000,
        bus: "app".to_owned(),
        ceiling: 600,
        minutes: 15,
        ..Shape::new(name, template, &puts("fapp", detail_type, 1_000), Spark::Own(detail_type), &["app"])
    }
}

/// `ServerlessClaw`, April 2026: the handler of an audit's end begins an audit; 755 events a second.
pub fn april_2026(a_second: u64) -> Shape {
    application("incident of April 2026: 755 a second, custom bus", "AUDIT_COMPLETED", a_second)
}

/// Reply, February 2022: a handler puts the event again that it was run for; 380 a second.
pub fn february_2022(a_second: u64) -> Shape {
    application("incident of February 2022: 380 a second, custom events", "MovePurged", a_second)
}
