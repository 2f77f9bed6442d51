//! What carries things on without a rule in a drawn account: subscriptions, mappings, pipes, notifications,
//! destinations, dead-letter queues.
//!
//! No circle of them goes round without a rule, for it would go on in accounts that have no loop of rules: what is
//! started by one of them leaves nothing where another takes it from, and queues, which anything may hand on to, hand on to
//! workloads and buses alone.

use super::build::{bucket_of, name_of, name_of_place};
use super::calls::CALLS;
use super::draw::{Account, Aim, End, Gate, Kind, Link, Place, Way};
use serde_json::{Value, json};

const PIPE: &str = "arn:aws:iam::111122223333:role/pipe";

/// A link as it stands in the account: what it leads to exists.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) way: Way,
    /// Where it takes from; none: it is a function's.
    from: Option<(Place, bool)>,
    /// The function whose runs it follows.
    of: Option<usize>,
    to: To,
    gate: Gate,
}

#[derive(Debug, Clone, Copy)]
enum To {
    Work(usize),
    Bus,
    Queue(bool),
    Topic(bool),
}

impl Account {
    /// Returns the links of which both ends exist.
    pub(super) fn standing(&self) -> Vec<Standing> {
        let first = self.links.iter().filter_map(|link| self.of_place(link)).collect::<Vec<_>>();
        let begins = first_taker(&first, self.works.len());
        let of_runs = self.links.iter().filter_map(|link| self.of_function(link, begins));
        first.iter().cloned().chain(of_runs).collect()
    }

    /// Returns true iff the step would leave something where a link takes it from, and stands in a workload that links may
    /// lead to.
    pub(super) fn goes_round_alone(&self, of: usize, place: Option<Place>, second: bool) -> bool {
        let standing = self.standing();
        let leads_on = |link: &Standing| place.is_some() && link.from == place.map(|place| (place, second));
        of >= first_taker(&standing, self.works.len()) && standing.iter().any(leads_on)
    }

    /// Returns the aim, that at a link as one at where it takes from: a place, a function, or a workload that feeds it.
    pub(super) fn linked(&self, aim: Aim, standing: &[Standing]) -> Aim {
        let Aim::Linked(nth) = aim else { return aim };
        let Some(link) = standing.get(nth % standing.len().max(1)) else { return Aim::Work(nth) };
        match link.from {
            Some((Place::Queue, second)) => Aim::Queue(second),
            Some((Place::Topic, second)) => Aim::Topic(second),
            Some((Place::Stream, second)) => Aim::Stream(second),
            Some((place, second)) => Aim::Work(self.feeding(place, second).unwrap_or(nth)),
            None => Aim::Work(link.of.unwrap_or(nth)),
        }
    }

    fn feeding(&self, place: Place, second: bool) -> Option<usize> {
        (0..self.works.len()).find(|of| {
            let steps = self.steps(*of);
            steps.iter().any(|step| CALLS[step.call].feeds() == Some(place) && step.second == second)
        })
    }

    fn of_place(&self, link: &Link) -> Option<Standing> {
        let functions = |to: usize| self.one_with(to, |kind| kind == Kind::Function).map(To::Work);
        let runs = |to: usize| {
            self.one_with(to, |kind| matches!(kind, Kind::Function | Kind::Machine)).map(To::Work)
        };
        let (place, to) = match (link.way, link.end) {
            (Way::Subscription, End::Queue) => (Place::Topic, Some(To::Queue(link.second_end))),
            (Way::Subscription, _) => (Place::Topic, functions(link.to)),
            (Way::Mapping(place) | Way::Enrichment(place), _) => (place, functions(link.to)),
            (Way::Pipe(place), End::Bus) => (place, Some(To::Bus)),
            (Way::Pipe(place @ (Place::Table | Place::Stream)), End::Queue) => {
                (place, Some(To::Queue(link.second_end)))
            }
            (Way::Pipe(place), _) => (place, runs(link.to)),
            (Way::Notification, End::Queue) => (Place::Bucket, Some(To::Queue(link.second_end))),
            (Way::Notification, End::Topic) => (Place::Bucket, Some(To::Topic(link.second_end))),
            (Way::Notification, _) => (Place::Bucket, functions(link.to)),
            (Way::Success | Way::Failure | Way::DeadLetter, _) => return None,
        };
        let from = Some((place, link.second));
        Some(Standing { way: link.way, from, of: None, to: to?, gate: link.gate })
    }

    fn of_function(&self, link: &Link, begins: usize) -> Option<Standing> {
        let of = match link.way {
            Way::Success => self.one_with(link.of, |kind| kind == Kind::Function)?,
            Way::Failure | Way::DeadLetter => {
                let until = if link.way == Way::DeadLetter { begins } else { self.works.len() };
                let failing: Vec<usize> = (0..until)
                    .filter(|at| self.works[*at].kind == Kind::Function && self.works[*at].fails)
                    .collect();
                *failing.get(link.of % failing.len().max(1))?
            }
            _ => return None,
        };
        let feeds = of < begins;
        let to = match (link.way, link.end) {
            (Way::DeadLetter, _) => To::Queue(link.second_end),
            (_, End::Queue) if feeds => To::Queue(link.second_end),
            (_, End::Topic) if feeds => To::Topic(link.second_end),
            (_, End::Work) => {
                let later: Vec<usize> =
                    (of + 1..self.works.len()).filter(|at| self.works[*at].kind == Kind::Function).collect();
                To::Work(*later.get(link.to % later.len().max(1))?)
            }
            _ => To::Bus,
        };
        Some(Standing { way: link.way, from: None, of: Some(of), to, gate: Gate::Open })
    }

    fn one_with(&self, nth: usize, is: impl Fn(Kind) -> bool) -> Option<usize> {
        let found: Vec<usize> = (0..self.works.len()).filter(|at| is(self.works[*at].kind)).collect();
        found.get(nth % found.len().max(1)).copied()
    }

    /// Returns the section of the snapshot that holds the links of some kind.
    pub(super) fn section_of_links(&self, section: &str) -> Value {
        let standing = self.standing();
        let all = standing.iter().enumerate();
        let rows = all.filter_map(|(at, link)| match (section, link.way) {
            ("subscriptions", Way::Subscription) => Some(self.subscription(at, link)),
            ("event_source_mappings", Way::Mapping(_)) => Some(self.mapping(at, link)),
            ("pipes", Way::Pipe(_) | Way::Enrichment(_)) => Some(self.pipe(at, link)),
            _ => None,
        });
        let configs = (0..self.works.len()).filter_map(|of| self.destinations(of, &standing));
        if section == "invoke_configs" { configs.collect() } else { rows.collect() }
    }

    fn subscription(&self, at: usize, link: &Standing) -> Value {
        let topic = self.arn_of_source(link);
        json!({"SubscriptionArn": format!("{topic}:{at}"), "TopicArn": topic, "Endpoint": self.end(link),
            "Protocol": if matches!(link.to, To::Work(_)) { "lambda" } else { "sqs" }})
    }

    fn mapping(&self, at: usize, link: &Standing) -> Value {
        let mut mapping = json!({"UUID": format!("link-{at}"), "EventSourceArn": self.arn_of_source(link),
            "FunctionArn": self.end(link), "State": if link.gate == Gate::Off { "Disabled" } else { "Enabled" }});
        if let Some(filters) = filters(link) {
            mapping["FilterCriteria"] = filters;
        }
        mapping
    }

    fn pipe(&self, at: usize, link: &Standing) -> Value {
        let state = if link.gate == Gate::Off { "STOPPED" } else { "RUNNING" };
        let mut pipe = json!({"Name": format!("link-{at}"), "Source": self.arn_of_source(link), "RoleArn": PIPE,
            "DesiredState": state});
        if let Some(filters) = filters(link) {
            pipe["SourceParameters"] = json!({ "FilterCriteria": filters });
        }
        match link.way {
            // Nothing takes from where it ends.
            Way::Enrichment(_) => {
                pipe["Enrichment"] = self.end(link).into();
                pipe["Target"] = self.arn("sqs", "end").into();
            }
            _ => pipe["Target"] = self.end(link).into(),
        }
        if matches!(link.to, To::Bus) {
            pipe["TargetParameters"] =
                json!({"EventBridgeEventBusParameters": {"Source": "shop.relay", "DetailType": "Relayed"}});
        }
        pipe
    }

    fn destinations(&self, of: usize, standing: &[Standing]) -> Option<Value> {
        let end = |way: Way| {
            let link = standing.iter().find(|link| link.of == Some(of) && link.way == way)?;
            Some(json!({ "Destination": self.end(link) }))
        };
        let mut config = json!({});
        for (name, way) in [("OnSuccess", Way::Success), ("OnFailure", Way::Failure)] {
            if let Some(end) = end(way) {
                config[name] = end;
            }
        }
        let function = self.arn_of(Kind::Function, &name_of(of));
        (config != json!({})).then(|| json!({"FunctionArn": function, "DestinationConfig": config}))
    }

    /// Returns the ARN of the function's dead-letter queue.
    pub(super) fn dead_letters(&self, of: usize) -> Option<String> {
        let standing = self.standing();
        let link = standing.iter().find(|link| link.of == Some(of) && link.way == Way::DeadLetter)?;
        Some(self.end(link))
    }

    /// Writes whom the bucket notifies.
    pub(super) fn notify(&self, second: bool, bucket: &mut Value) {
        for (at, link) in self.standing().iter().enumerate() {
            if link.from != Some((Place::Bucket, second)) || link.gate == Gate::Off {
                continue;
            }
            let (list, member) = match link.to {
                To::Queue(_) => ("QueueConfigurations", "QueueArn"),
                To::Topic(_) => ("TopicConfigurations", "TopicArn"),
                To::Work(_) | To::Bus => ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
            };
            let prefix = if link.gate == Gate::Blocks { "elsewhere/" } else { "" };
            let notification = json!({"Id": format!("link-{at}"), member: self.end(link),
                "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": prefix}]}}});
            if bucket[list].is_null() {
                bucket[list] = json!([]);
            }
            bucket[list].as_array_mut().unwrap().push(notification);
        }
    }

    fn arn_of_source(&self, link: &Standing) -> String {
        let (place, second) = link.from.unwrap_or((Place::Queue, false));
        let arn = self.arn_of_place(place, second);
        if place == Place::Table { format!("{arn}/stream/2026-01-01T00:00:00.000") } else { arn }
    }

    /// Returns the ARN of a queue, a topic, a stream, a table or a bucket.
    pub(super) fn arn_of_place(&self, place: Place, second: bool) -> String {
        let name = name_of_place(second);
        match place {
            Place::Queue => self.arn("sqs", name),
            Place::Topic => self.arn("sns", name),
            Place::Stream => self.arn("kinesis", &format!("stream/{name}")),
            Place::Table => self.arn("dynamodb", &format!("table/{name}")),
            Place::Bucket => format!("arn:aws:s3:::{}", bucket_of(second)),
        }
    }

    fn end(&self, link: &Standing) -> String {
        match link.to {
            To::Work(at) => self.arn_of(self.works[at].kind, &name_of(at)),
            To::Bus => self.arn("events", "event-bus/default"),
            To::Queue(second) => self.arn_of_place(Place::Queue, second),
            To::Topic(second) => self.arn_of_place(Place::Topic, second),
        }
    }
}

impl Way {
    /// Returns what the analysis calls such a link.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::Mapping(_) => "event-source mapping",
            Self::Pipe(_) => "pipe `",
            Self::Enrichment(_) => "pipe enrichment",
            Self::Notification => "bucket notification",
            Self::Success => "destination on success",
            Self::Failure => "destination on failure",
            Self::DeadLetter => "dead-letter queue",
        }
    }
}

/// Returns the first workload that a link from a place leads to.
fn first_taker(standing: &[Standing], works: usize) -> usize {
    let ends = standing.iter().filter(|link| link.from.is_some()).filter_map(|link| match link.to {
        To::Work(at) => Some(at),
        To::Bus | To::Queue(_) | To::Topic(_) => None,
    });
    ends.min().unwrap_or(works)
}

/// The filters of a mapping or a pipe: one that all messages of the place pass, or one that none does.
fn filters(link: &Standing) -> Option<Value> {
    let source = match link.from?.0 {
        Place::Queue => "aws:sqs",
        Place::Stream => "aws:kinesis",
        Place::Table => "aws:dynamodb",
        Place::Topic | Place::Bucket => return None,
    };
    let source = match link.gate {
        Gate::Passes => source,
        Gate::Blocks => "aws:elsewhere",
        Gate::Open | Gate::Off => return None,
    };
    let pattern = json!({"eventSource": [source]}).to_string();
    Some(json!({"Filters": [{ "Pattern": pattern }]}))
}
