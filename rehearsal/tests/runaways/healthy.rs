//! An account in which rules are in loops as far as their roles go, and everything ends by itself: remediators that
//! converge, handlers that pass their own events over, days and nights, bursts, replays.

use super::MINUTE;
use super::account::Place;
use super::shapes::{handler, on_call, stack};
use loopguard_decision::Step;
use loopguard_model::RuleState;
use loopguard_rehearsal::{Company, Did};
use loopguard_world::Script;
use std::collections::BTreeSet;
use std::fmt::Write;

const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The most buckets that somebody changes at once.
const BURST: u64 = 500;

/// What came of the days of some accounts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Days {
    /// Days that rules lived, each rule's counted.
    pub lived: u64,
    /// Events that rules matched.
    pub matched: u64,
    /// Suspicions that began.
    pub suspected: u64,
    /// Causes that were shown.
    pub shown: u64,
    /// Rules that were stopped.
    pub stopped: u64,
    /// Rules that a rate alone would have stopped, each counted once a day: its rate was unusual.
    pub unusual: u64,
    /// Tripwires that still stood at the end.
    pub left: u64,
    /// Rules that were off for a while, each time.
    pub interrupted: u64,
    /// Rules that were off in the end.
    pub off: u64,
}

impl Days {
    /// Adds the days of another account.
    pub fn add(&mut self, other: &Self) {
        self.lived += other.lived;
        self.matched += other.matched;
        self.suspected += other.suspected;
        self.shown += other.shown;
        self.stopped += other.stopped;
        self.unusual += other.unusual;
        self.left += other.left;
        self.interrupted += other.interrupted;
        self.off += other.off;
    }
}

/// Numbers at random, the same in every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % count.max(1)
    }
}

/// The rules by bus and name.
pub const RULES: [(&str, &str); 10] = [
    ("default", "acl"),
    ("default", "policy"),
    ("default", "tags"),
    ("default", "versioning"),
    ("default", "logging"),
    ("default", "objects"),
    ("shop", "orders"),
    ("shop", "audits"),
    ("shop", "clock"),
    ("shop", "replays"),
];

fn template() -> String {
    let bus = "
  Shop: {Type: AWS::Events::EventBus, Properties: {Name: shop}}
  In:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: in
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
";
    let objects = "{source: [aws.s3], detail-type: [Object Created], detail: {bucket: {name: [in]}}}";
    let own = |detail_types: &str| format!("{{source: [shop], detail-type: [{detail_types}]}}");
    let shop = "arn:aws:events:eu-west-1:111122223333:event-bus/shop";
    let on_bus = |rule: &str, detail_types: &str| {
        handler(rule, "!Ref Shop", &own(detail_types), "events:PutEvents", shop)
    };
    stack(&[
        handler("acl", "default", &on_call("PutBucketAcl"), "s3:PutBucketAcl", "*"),
        // Incident 5, mended: whatever makes or changes a bucket sets its policy, once.
        handler("policy", "default", &on_call("CreateBucket, PutBucketPolicy"), "s3:PutBucketPolicy", "*"),
        handler("tags", "default", &on_call("PutBucketTagging"), "s3:PutBucketTagging", "*"),
        // Two rules that answer each other until all is set.
        handler("versioning", "default", &on_call("PutBucketLogging"), "s3:PutBucketVersioning", "*"),
        handler("logging", "default", &on_call("PutBucketVersioning"), "s3:PutBucketLogging", "*"),
        handler("objects", "default", objects, "s3:PutObject", "arn:aws:s3:::in/*"),
        on_bus("orders", "Order Placed, Order Changed"),
        on_bus("audits", "Audit Wanted"),
        on_bus("clock", "Tick"),
        on_bus("replays", "Replayed"),
        bus.to_owned(),
    ])
}

/// Sets one thing of a bucket to what it should be, unless it is.
fn converges(function: &str, operation: &str) -> String {
    format!(
        "[[run]]\nof = \"{function}\"\n[[run.call]]\napi = \"s3:{operation}\"\nafter_ms = 400\n\
         parameters = {{ bucketName = \"$.detail.requestParameters.bucketName\" }}\n\
         changes = {{ key = \"{operation}:<$.detail.requestParameters.bucketName>\", to = \"right\" }}\n"
    )
}

/// What the account's functions do.
fn runs() -> String {
    // Its own calls it passes over.
    let guarded = "[[run]]\nof = \"ftags\"\n[[run.call]]\napi = \"s3:PutBucketTagging\"\nafter_ms = 400\n\
                   when = { detail = { userIdentity = { arn = [{ suffix = \"platform\" }] } } }\n\
                   parameters = { bucketName = \"$.detail.requestParameters.bucketName\" }\n";
    // Each object has a thumbnail beside it, and a thumbnail has none.
    let thumbnails = "[[run]]\nof = \"fobjects\"\n[[run.call]]\napi = \"s3:PutObject\"\nafter_ms = 200\n\
                      when = { detail = { object = { key = [{ prefix = \"pictures/\" }] } } }\n\
                      parameters = { bucketName = \"in\", key = \"thumbnail.jpg\" }\n";
    let answers = |function: &str, from: &str, to: &str| {
        format!(
            "[[run]]\nof = \"{function}\"\n[[run.call]]\napi = \"events:PutEvents\"\nafter_ms = 50\n\
             when = {{ detail-type = [\"{from}\"] }}\n\
             entries = [{{ bus = \"shop\", source = \"shop\", detail-type = \"{to}\", detail = {{ id = \"$.detail.id\" }} }}]\n"
        )
    };
    [
        converges("facl", "PutBucketAcl"),
        converges("fpolicy", "PutBucketPolicy"),
        converges("fversioning", "PutBucketVersioning"),
        converges("flogging", "PutBucketLogging"),
        guarded.to_owned(),
        thumbnails.to_owned(),
        answers("forders", "Order Placed", "Order Changed"),
        answers("faudits", "Audit Wanted", "Audit Done"),
    ]
    .concat()
}

/// What happens from outside within so many days.
fn happenings(days: u64, dice: &mut Dice) -> String {
    let mut script = String::new();
    let mut things = 0;
    let user = "by = \"arn:aws:iam::111122223333:user/platform\"";
    let mut call = |script: &mut String, at: u64, operation: &str| {
        things += 1;
        // Writing to a string does not fail.
        let _ = writeln!(
            script,
            "[[call]]\nat_ms = {at}\n{user}\napi = \"s3:{operation}\"\nparameters = {{ bucketName = \"b-{things}\" }}"
        );
    };
    let operations = ["PutBucketAcl", "CreateBucket", "PutBucketTagging", "PutBucketLogging"];
    for day in 0..days {
        for operation in operations {
            // A few by day, and every fifth day somebody sets five hundred at once: within a minute, or an hour.
            for _ in 0..dice.below(6) {
                call(&mut script, day * DAY + dice.below(DAY), operation);
            }
            if dice.below(5) == 0 {
                let (from, over) = (day * DAY + dice.below(20 * HOUR), MINUTE + dice.below(HOUR));
                for of in 0..BURST {
                    call(&mut script, from + over * of / BURST, operation);
                }
            }
        }
        if day % 3 == 0 {
            // An archive is replayed, 200 events a minute for five minutes.
            let from = day * DAY + dice.below(20 * HOUR);
            for of in 0..1_000 {
                let _ = writeln!(
                    script,
                    "[[event]]\nat_ms = {}\nbus = \"shop\"\nsource = \"shop\"\ndetail-type = \"Replayed\"",
                    from + of * 300
                );
            }
        }
        for picture in 0..40 {
            let _ = writeln!(
                script,
                "[[call]]\nat_ms = {}\n{user}\napi = \"s3:PutObject\"\nparameters = {{ bucketName = \"in\", key = \"pictures/{day}-{picture}\" }}",
                day * DAY + dice.below(DAY)
            );
        }
    }
    for (detail_type, every) in [("Order Placed", 10 * MINUTE), ("Audit Wanted", HOUR), ("Tick", 5 * MINUTE)]
    {
        let _ = writeln!(
            script,
            "[[event]]\nat_ms = {}\nevery_ms = {every}\nbus = \"shop\"\nsource = \"shop\"\ndetail-type = \"{detail_type}\"\ndetail = {{ id = \"1\" }}",
            dice.below(every)
        );
    }
    script
}

/// Lets one account live for so many days; its seed decides all that is left open.
pub fn live(seed: u64, days: u64) -> Days {
    live_as(seed, days, "off")
}

/// The same, where the owner wants interruption tests.
pub fn live_tested(seed: u64, days: u64) -> Days {
    live_as(seed, days, "on")
}

fn live_as(seed: u64, days: u64, interruption_test: &str) -> Days {
    let mut dice = Dice(seed);
    let place = Place::of(&template());
    let script = Script::parse(&(runs() + &happenings(days, &mut dice))).unwrap();
    // Records come as fast as they can on some days, as they mostly do, or late.
    let latencies = [(1_000, 2_000), (20_000, 60_000), (60_000, 300_000)];
    let latency = latencies[usize::try_from(seed % 3).unwrap()];
    let settings = [
        ("MODE", "enforce"),
        ("SCOPE", "*"),
        ("TRIPWIRES", "on-suspicion"),
        ("INTERRUPTION_TEST", interruption_test),
    ];
    let settings = settings.map(|(key, value)| (format!("LOOPGUARD_{key}"), value.to_owned()));
    let mut rehearsal = place.rehearse(&script, seed, latency, &settings, Company::Both);
    let mut came = Days { lived: days * RULES.len() as u64, ..Days::default() };
    for day in 1..=days {
        assert!(rehearsal.run(day * DAY));
        rehearsal.twin().world().forget();
        let mut unusual = BTreeSet::new();
        for deed in rehearsal.take_deeds() {
            match deed.did {
                Did::Watched(round) => {
                    came.suspected += round.begun.len() as u64;
                    came.shown += round.shown.len() as u64;
                    unusual.extend(round.unusual.into_iter().map(|(rule, _)| rule));
                }
                Did::Told(alert) => {
                    came.stopped += u64::from(matches!(alert.step, Step::Disabled { .. }));
                    came.interrupted += u64::from(matches!(alert.step, Step::Interrupted { .. }));
                }
                Did::Missed(error) => panic!("a round was not whole: {error}"),
                Did::Gave { up } => panic!("a message was not handled: {up}"),
                Did::Handled { .. } | Did::Noticed(_) => {}
            }
        }
        came.unusual += unusual.len() as u64;
    }
    let world = rehearsal.twin().world();
    came.matched = RULES.iter().map(|(bus, rule)| world.counts(bus, rule).unwrap().matched).sum();
    drop(world);
    for (bus, rule) in RULES {
        let read = rehearsal.ask(loopguard_account::Account::rule(rehearsal.twin(), bus, rule)).unwrap();
        came.off += u64::from(read.unwrap().state != RuleState::Enabled);
    }
    came.left = rehearsal.ask(loopguard_account::Watch::tripwires(rehearsal.twin())).unwrap().len() as u64;
    came
}
