//! A drawn account as a snapshot, and as the script of what its workloads do.

use super::calls::{CALLS, CallRow};
use super::draw::{Account, Aim, Besides, Condition, Grant, Kind, Outcome, Place, State, Step, Trail, Work};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const DELIVER: &str = "arn:aws:iam::111122223333:role/deliver";

/// A target of which the twin knows nothing, so that nothing comes of a delivery to it.
pub(super) const WATCHED: &str = "arn:aws:events:us-east-1:111122223333:api-destination/watched";

/// Rules of the twin's account that the analysis is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extra {
    Nothing,
    /// One for each rule that runs its targets on an event `start-N` of source `test.start`.
    Starters,
    /// These, and rules that hear all there is.
    StartersAndWatchers,
}

/// The types of resources that the twin's data events are of.
const DATA: &[&str] = &[
    "AWS::S3::Object",
    "AWS::Lambda::Function",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
];

impl Account {
    pub(super) fn region(&self) -> &'static str {
        if self.home { "us-east-1" } else { "eu-west-1" }
    }

    /// Returns the snapshot with these patterns, one for each rule.
    pub(super) fn snapshot(&self, patterns: &[Value], extra: Extra) -> String {
        let mut rules: Vec<Value> =
            patterns.iter().enumerate().map(|(at, pattern)| self.rule(at, pattern)).collect();
        if extra != Extra::Nothing {
            rules.extend((0..self.rules.len()).map(|at| self.starter(at)));
        }
        if extra == Extra::StartersAndWatchers {
            rules.extend(["default", "own"].map(|bus| self.watcher(bus)));
        }
        let mut account = json!({
            "account": ACCOUNT, "partition": "aws", "region": self.region(),
            "buses": [{"Name": "default"}, {"Name": "own"}],
            "rules": rules,
            "roles": self.roles(),
            "trails": self.trails(),
            "bucket_notifications": self.buckets(),
            "documents": [], "policies": [], "schedules": [],
        });
        for section in ["subscriptions", "event_source_mappings", "invoke_configs", "pipes"] {
            account[section] = self.section_of_links(section);
        }
        for (kind, section) in [
            (Kind::Function, "functions"),
            (Kind::Machine, "state_machines"),
            (Kind::Task, "task_definitions"),
            (Kind::Project, "projects"),
        ] {
            let of_kind = self.works.iter().enumerate().filter(|(_, work)| work.kind == kind);
            account[section] = of_kind.map(|(at, work)| self.workload(at, work)).collect();
        }
        let whole =
            json!({"loopguard_snapshot": 1, "taken_at": "2026-01-01T00:00:00Z", "accounts": [account]});
        serde_json::to_string_pretty(&whole).unwrap()
    }

    /// Returns what the workloads do in each run.
    pub(super) fn script(&self) -> String {
        let runs: Vec<Value> = (0..self.works.len()).map(|at| self.run(at)).collect();
        toml::to_string(&json!({ "run": runs })).unwrap()
    }

    fn rule(&self, at: usize, pattern: &Value) -> Value {
        let rule = &self.rules[at];
        let (bus, path) = if rule.custom_bus {
            ("own", format!("own/rule-{at}"))
        } else {
            ("default", format!("rule-{at}"))
        };
        let state = match rule.state {
            State::Enabled => "ENABLED",
            State::EnabledForReads => "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            State::Disabled => "DISABLED",
        };
        json!({
            "Name": format!("rule-{at}"), "Arn": self.arn("events", &format!("rule/{path}")), "EventBusName": bus,
            "State": state, "EventPattern": pattern.to_string(), "Targets": self.targets(at, true),
        })
    }

    fn starter(&self, at: usize) -> Value {
        json!({
            "Name": format!("start-{at}"), "Arn": self.arn("events", &format!("rule/start-{at}")),
            "EventBusName": "default", "State": "ENABLED", "Targets": self.targets(at, false),
            "EventPattern": json!({"source": ["test.start"], "detail-type": [format!("start-{at}")]}).to_string(),
        })
    }

    fn watcher(&self, bus: &str) -> Value {
        json!({
            "Name": format!("watch-{bus}"), "Arn": self.arn("events", &format!("rule/{bus}/watch-{bus}")),
            "EventBusName": bus, "State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
            "EventPattern": r#"{"source":[{"prefix":""}]}"#, "Targets": [{"Id": "1", "Arn": WATCHED}],
        })
    }

    fn targets(&self, rule: usize, passing_on: bool) -> Vec<Value> {
        let rule = &self.rules[rule];
        let aims = rule.targets.iter().enumerate();
        let standing = self.standing();
        aims.filter_map(|(id, aim)| {
            let aim = &self.linked(*aim, &standing);
            let id = format!("target-{id}");
            let at_place = |place, second: &bool| json!({"Id": id, "Arn": self.arn_of_place(place, *second)});
            let (name, kind) = match aim {
                Aim::Work(at) => {
                    let at = at % self.works.len();
                    (name_of(at), self.works[at].kind)
                }
                Aim::OtherBus if passing_on => {
                    let to = if rule.custom_bus { "default" } else { "own" };
                    let arn = self.arn("events", &format!("event-bus/{to}"));
                    return Some(json!({"Id": id, "Arn": arn, "RoleArn": DELIVER}));
                }
                Aim::OtherBus | Aim::Linked(_) => return None,
                Aim::Queue(second) => return Some(at_place(Place::Queue, second)),
                Aim::Topic(second) => return Some(at_place(Place::Topic, second)),
                Aim::Stream(second) => {
                    let arn = self.arn_of_place(Place::Stream, *second);
                    return Some(json!({"Id": id, "Arn": arn, "RoleArn": DELIVER}));
                }
                Aim::Undelivered(second) => {
                    let queue = self.arn_of_place(Place::Queue, *second);
                    return Some(json!({"Id": id, "Arn": self.arn("kinesis", "stream/none"),
                        "DeadLetterConfig": {"Arn": queue}}));
                }
            };
            let arn = self.arn_of(kind, &name);
            Some(match kind {
                Kind::Function => json!({"Id": id, "Arn": arn}),
                Kind::Task => json!({"Id": id, "Arn": self.arn("ecs", "cluster/main"), "RoleArn": DELIVER,
                    "EcsParameters": {"TaskDefinitionArn": arn}}),
                // The whole event as input would stand in the machine's own events, and grow with each round.
                Kind::Machine => json!({"Id": id, "Arn": arn, "RoleArn": DELIVER, "Input": "{}"}),
                Kind::Project => json!({"Id": id, "Arn": arn, "RoleArn": DELIVER}),
            })
        })
        .collect()
    }

    fn workload(&self, at: usize, work: &Work) -> Value {
        let (name, role) = (name_of(at), role_of(at));
        let arn = self.arn_of(work.kind, &name);
        match work.kind {
            Kind::Function => {
                let mut function = json!({"FunctionName": name, "FunctionArn": arn, "Role": role,
                    "Runtime": "python3.13"});
                if let Some(queue) = self.dead_letters(at) {
                    function["DeadLetterConfig"] = json!({ "TargetArn": queue });
                }
                function
            }
            Kind::Machine => {
                json!({"name": name, "stateMachineArn": arn, "roleArn": role, "type": "STANDARD",
                "definition": self.definition(at).to_string()})
            }
            Kind::Task => {
                json!({"family": name, "taskDefinitionArn": arn, "RequestedArn": arn, "taskRoleArn": role})
            }
            Kind::Project => json!({"name": name, "arn": arn, "serviceRole": role}),
        }
    }

    fn definition(&self, of: usize) -> Value {
        let mut states = json!({"End": {"Type": "Succeed"}});
        let steps = self.steps(of);
        for (at, step) in steps.iter().enumerate() {
            let row = &CALLS[step.call];
            let next = if at + 1 == steps.len() { "End".to_owned() } else { format!("Step{}", at + 1) };
            let task = format!("Task{at}");
            let arguments: Value = serde_json::from_str(&self.fill(row.arguments, step, of)).unwrap();
            states[&task] = json!({"Type": "Task", "Resource": row.task, "Parameters": arguments, "Next": next,
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": next}]});
            states[format!("Step{at}")] = if step.behind_choice {
                json!({"Type": "Choice", "Choices": [{"Variable": "$.detail", "IsPresent": false, "Next": next}],
                    "Default": task})
            } else {
                json!({"Type": "Pass", "Next": task})
            };
        }
        let first = if steps.is_empty() { "End" } else { "Step0" };
        json!({"StartAt": first, "States": states})
    }

    fn roles(&self) -> Vec<Value> {
        let deliver = [
            allow("states:StartExecution", "*"),
            allow("ecs:RunTask", "*"),
            allow("iam:PassRole", "*"),
            allow("codebuild:StartBuild", "*"),
            allow("events:PutEvents", "*"),
            allow("kinesis:PutRecord", "*"),
        ];
        let pipe = ["lambda:InvokeFunction", "states:StartExecution", "events:PutEvents", "sqs:SendMessage"]
            .map(|action| allow(action, "*"));
        let mut roles = vec![
            role("deliver", "events.amazonaws.com", &deliver),
            role("pipe", "pipes.amazonaws.com", &pipe),
        ];
        roles.extend(self.works.iter().enumerate().map(|(of, work)| {
            let mut statements: Vec<Value> = work.besides.iter().map(|one| self.besides(*one)).collect();
            statements.extend(self.steps(of).into_iter().flat_map(|step| self.grants(of, step)));
            role(&name_of(of), service_of(work.kind), &statements)
        }));
        roles
    }

    /// Returns the steps that the workload makes: none that would go round without a rule, and none that is to be refused
    /// where another step is allowed the same.
    pub(super) fn steps(&self, of: usize) -> Vec<&Step> {
        let all = &self.works[of].steps;
        let is_same = |one: &Step, other: &Step| {
            one.call == other.call && self.fill_needs(one, of) == self.fill_needs(other, of)
        };
        let allowed =
            |step: &Step| all.iter().any(|other| other.grant != Grant::Refused && is_same(step, other));
        all.iter()
            .filter(|step| !self.goes_round_alone(of, CALLS[step.call].feeds(), step.second))
            .filter(|step| step.grant != Grant::Refused || !allowed(step))
            .collect()
    }

    fn fill_needs(&self, step: &Step, of: usize) -> Vec<String> {
        CALLS[step.call].needs.iter().map(|(_, resource)| self.fill(resource, step, of)).collect()
    }

    fn besides(&self, one: Besides) -> Value {
        let with = |mut statement: Value, condition: Value| {
            statement["Condition"] = condition;
            statement
        };
        match one {
            Besides::AllowsLogs => allow("logs:*", "*"),
            Besides::AllowsReads => allow("s3:Get*", "*"),
            Besides::DeniesElsewhere => json!({"Effect": "Deny", "Action": "s3:*", "Resource":
                ["arn:aws:s3:::elsewhere", "arn:aws:s3:::elsewhere/*"]}),
            Besides::DeniesOtherService => json!({"Effect": "Deny", "Action": "kms:*", "Resource": "*"}),
            Besides::AllowsInAnotherRegion => {
                with(allow("*", "*"), json!({"StringEquals": {"aws:RequestedRegion": "ap-south-1"}}))
            }
            Besides::AllowsAnotherRole => {
                let other = format!("arn:aws:iam::{ACCOUNT}:role/other");
                with(allow("*", "*"), json!({"ArnEquals": {"aws:PrincipalArn": other}}))
            }
            Besides::DeniesInsecure => json!({"Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
            // Calls of global services are made elsewhere.
            Besides::DeniesOtherRegions => json!({"Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:RequestedRegion": [self.region()]}}}),
        }
    }

    /// Returns a condition that holds whenever the workload makes the step.
    fn condition(&self, of: usize, step: &Step) -> Option<Value> {
        let row = &CALLS[step.call];
        Some(match step.condition {
            Condition::OwnRegion if !row.api.starts_with("iam:") => {
                json!({"StringEquals": {"aws:RequestedRegion": self.region()}})
            }
            Condition::OwnSource if row.api == "events:PutEvents" => {
                json!({"StringEquals": {"events:source": self.fill("{app}", step, of)}})
            }
            Condition::NotAnotherRegion => json!({"StringNotEquals": {"aws:RequestedRegion": "ap-south-1"}}),
            Condition::OwnRole => json!({"ArnEquals": {"aws:PrincipalArn": role_of(of)}}),
            Condition::OwnAccount => json!({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
            Condition::Secure => json!({"Bool": {"aws:SecureTransport": "true"}}),
            Condition::None | Condition::OwnRegion | Condition::OwnSource => return None,
        })
    }

    fn grants(&self, of: usize, step: &Step) -> Vec<Value> {
        let row = &CALLS[step.call];
        // What one step is refused no other step's grant may allow.
        let refuses = self.works[of].steps.iter().any(|step| step.grant == Grant::Refused);
        let how = if refuses && step.grant != Grant::Refused { Grant::Exact } else { step.grant };
        let condition = self.condition(of, step);
        let with_condition = |mut statement: Value| {
            if let Some(condition) = &condition {
                statement["Condition"] = condition.clone();
            }
            statement
        };
        let grant = |(action, resource): &(&str, &str)| {
            let resource = self.fill(resource, step, of);
            let (service, operation) = action.split_once(':').unwrap();
            match how {
                Grant::Refused => None,
                Grant::Exact => Some(allow(action, &resource)),
                Grant::AnyResource => Some(allow(action, "*")),
                Grant::ActionBeginning => {
                    let (half, _) = operation.split_at(operation.len() / 2);
                    Some(allow(&format!("{service}:{half}*"), "*"))
                }
                Grant::ResourceBeginning => {
                    // All but the last letters of the last part of the ARN.
                    let (short, _) = resource.split_at(resource.len().saturating_sub(2));
                    Some(allow(action, &format!("{short}*")))
                }
                Grant::Service => Some(allow(&format!("{service}:*"), "*")),
                Grant::Everything => Some(allow("*", "*")),
                Grant::AllButOthers => Some(
                    json!({"Effect": "Allow", "NotAction": ["organizations:*", "account:*"], "Resource": "*"}),
                ),
            }
        };
        row.needs.iter().filter_map(grant).map(with_condition).collect()
    }

    fn trails(&self) -> Value {
        let management = json!({"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]});
        let writes = json!({"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]},
            {"Field": "readOnly", "Equals": ["false"]}]});
        let data = DATA.iter().map(|class| {
            json!({"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": [class]}]})
        });
        let selectors = match self.trail {
            Trail::Absent => return json!([]),
            Trail::Writes => vec![writes],
            Trail::Stopped | Trail::Management => vec![management],
            Trail::Everything => std::iter::once(management).chain(data).collect(),
        };
        json!([{"Name": "all", "IsMultiRegionTrail": true, "Status": {"IsLogging": self.trail != Trail::Stopped},
            "AdvancedEventSelectors": selectors}])
    }

    fn buckets(&self) -> Value {
        let bucket = |(at, sends): (usize, &bool)| {
            let mut bucket = json!({"Bucket": bucket_of(at == 1)});
            if *sends {
                bucket["EventBridgeConfiguration"] = json!({});
            }
            self.notify(at == 1, &mut bucket);
            bucket
        };
        self.buckets_send.iter().enumerate().map(bucket).collect()
    }

    fn run(&self, at: usize) -> Value {
        let work = &self.works[at];
        let calls: Vec<Value> = self.steps(at).into_iter().filter_map(|step| self.call(at, step)).collect();
        json!({"of": self.arn_of(work.kind, &name_of(at)), "fails": work.fails, "call": calls})
    }

    /// Returns what the step does in a run; none where no assumption of the analysis allows it.
    fn call(&self, of: usize, step: &Step) -> Option<Value> {
        let row: &CallRow = &CALLS[step.call];
        let refused = step.grant == Grant::Refused;
        if refused && self.works[of].kind != Kind::Machine {
            return None;
        }
        let mut call = json!({
            "api": row.api, "after_ms": 100,
            "parameters": serde_json::from_str::<Value>(&self.fill(row.request, step, of)).unwrap(),
        });
        let fails = refused || step.outcome == Outcome::Fails || !self.exists(row, step, of);
        if fails {
            call["error"] = json!(if refused { "AccessDenied" } else { "ValidationException" });
        } else if row.api == "events:PutEvents" {
            let entry =
                r#"{"bus":"{bus}","source":"{app}","detail-type":"{type}","detail":{"tier":"{tier}"}}"#;
            call["entries"] = json!([serde_json::from_str::<Value>(&self.fill(entry, step, of)).unwrap()]);
        }
        Some(call)
    }

    /// Returns true iff what the call is about exists.
    fn exists(&self, row: &CallRow, step: &Step, of: usize) -> bool {
        let texts = || [row.request, row.task, row.arguments].into_iter();
        [
            ("{machine}", Kind::Machine),
            ("{function}", Kind::Function),
            ("{task}", Kind::Task),
            ("{project}", Kind::Project),
        ]
        .into_iter()
        .all(|(hole, kind)| {
            !texts().any(|text| text.contains(hole)) || self.one_of(kind, step.second, of).is_some()
        })
    }

    /// Returns the name of the first or second workload of the kind that stands behind the one that names it: a
    /// circle of workloads that start each other would go on without any rule.
    fn one_of(&self, kind: Kind, second: bool, of: usize) -> Option<String> {
        let of_kind: Vec<usize> =
            (of + 1..self.works.len()).filter(|at| self.works[*at].kind == kind).collect();
        of_kind.get(usize::from(second)).or(of_kind.first()).map(|at| name_of(*at))
    }

    fn fill(&self, text: &str, step: &Step, from: usize) -> String {
        let of = |kind: Kind| self.one_of(kind, step.second, from).unwrap_or_else(|| "gone".to_owned());
        let pick = |first: &str, second: &str| (if step.second { second } else { first }).to_owned();
        let task = of(Kind::Task);
        [
            ("{bucket}", bucket_of(step.second).to_owned()),
            ("{key}", pick("in/photo.jpg", "out/photo.jpg")),
            ("{instance}", pick("i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb")),
            ("{name}", name_of_place(step.second).to_owned()),
            ("{bus}", (if step.custom_bus { "own" } else { "default" }).to_owned()),
            ("{app}", pick("shop.orders", "shop.billing")),
            ("{type}", pick("Order Placed", "Invoice Sent")),
            ("{tier}", pick("gold", "silver")),
            ("{machine}", self.arn_of(Kind::Machine, &of(Kind::Machine))),
            ("{function}", self.arn_of(Kind::Function, &of(Kind::Function))),
            ("{task}", self.arn_of(Kind::Task, &task)),
            ("{task-role}", format!("arn:aws:iam::{ACCOUNT}:role/{task}")),
            ("{project-arn}", self.arn_of(Kind::Project, &of(Kind::Project))),
            ("{project}", of(Kind::Project)),
            ("{region}", self.region().to_owned()),
        ]
        .into_iter()
        .fold(text.to_owned(), |text, (hole, value)| text.replace(hole, &value))
    }

    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{ACCOUNT}:{resource}", self.region())
    }

    pub(super) fn arn_of(&self, kind: Kind, name: &str) -> String {
        match kind {
            Kind::Function => self.arn("lambda", &format!("function:{name}")),
            Kind::Machine => self.arn("states", &format!("stateMachine:{name}")),
            Kind::Task => self.arn("ecs", &format!("task-definition/{name}:1")),
            Kind::Project => self.arn("codebuild", &format!("project/{name}")),
        }
    }
}

pub(super) fn name_of(at: usize) -> String {
    format!("work-{at}")
}

fn role_of(at: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{}", name_of(at))
}

/// The name of a queue, a topic, a stream or a table.
pub(super) fn name_of_place(second: bool) -> &'static str {
    if second { "beta" } else { "alpha" }
}

pub(super) fn bucket_of(second: bool) -> &'static str {
    if second { "media-archive" } else { "media" }
}

fn service_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Function => "lambda.amazonaws.com",
        Kind::Machine => "states.amazonaws.com",
        Kind::Task => "ecs-tasks.amazonaws.com",
        Kind::Project => "codebuild.amazonaws.com",
    }
}

fn role(name: &str, service: &str, statements: &[Value]) -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "RoleName": name,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]},
        "RolePolicyList": [{"PolicyName": "inline",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        "AttachedManagedPolicies": [],
    })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}
