//! The tables: they load, every row has a source, and what they name exists.

use super::table::Table;
use super::{Catalogue, Kind, managed, packed, service};
use std::collections::BTreeSet;
use std::sync::Arc;

const CONFIDENCES: [&str; 5] = ["documented", "mapped", "logged", "known", "inferred"];

fn catalogue() -> Catalogue {
    Catalogue::load().expect("the tables load")
}

#[test]
fn the_head_of_the_generated_table_is_true() {
    let catalogue = catalogue();
    let info = catalogue.describe();
    assert_eq!(info.generated_from, "botocore 1.44.5");
    assert_eq!(info.services, 439);
    assert_eq!(info.sha256.len(), 64);
    let extra: usize = catalogue.services().iter().map(|service| service.quirks().extra.len()).sum();
    let operations: usize = catalogue.services().iter().map(|service| service.operations().len()).sum();
    assert_eq!(operations, info.operations + extra);
}

#[test]
fn quirks_name_operations_that_exist_and_say_who_says_so() {
    for service in catalogue().services() {
        let rows = service.rows().expect("the rows load");
        assert!(rows.service.len() < 2, "`{}` stands twice", service.id);
        let mapped = rows.actions.iter().chain(&rows.names).flat_map(|row| row.of.keys());
        for (operation, alike) in &rows.assumed {
            assert!(service.names(operation) && !alike.contains(operation), "{}:{operation}", service.id);
            assert!(!rows.actions.iter().any(|row| row.of.contains_key(operation)), "{operation} is told");
        }
        let listed = rows.lists().into_iter().flatten().flat_map(|row| &row.operations);
        for operation in mapped.chain(listed) {
            assert!(service.names(operation), "{}:{operation}", service.id);
        }
    }
}

#[test]
fn all_tables_together_take_less_than_a_megabyte() {
    let whole = [
        packed::NATIVES,
        packed::TARGETS,
        packed::BINDS,
        packed::CARRIERS,
        packed::GUARDED,
        packed::TAKEOVERS,
        packed::PLACES,
        packed::SPELLING,
        packed::SECONDS,
        packed::ANYWHERE,
        packed::ACTIONS,
        packed::INTEGRATIONS,
        packed::SCHEDULES,
    ];
    let size = whole.iter().map(|table| table.bytes.len()).sum::<usize>()
        + service::size()
        + managed::TABLE.len()
        + super::kinds::TABLE.len()
        + include_bytes!("generated/events.bin").len();
    assert!(size < 1_000_000, "{size} bytes");
}

#[test]
fn native_rows_name_calls_that_exist_once_per_event() {
    // Permissions and console actions that the sources of the table list, but that are no operation of an SDK.
    const NOT_OPERATIONS: [&str; 1] = ["iam:PassRole"];
    let catalogue = catalogue();
    let mut missing = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for native in catalogue.natives() {
        assert!(!native.source.is_empty() && !native.name.is_empty(), "{native:?}");
        assert!(CONFIDENCES.contains(&&*native.confidence), "{native:?}");
        for api in &native.apis {
            assert!(
                seen.insert((
                    api.clone(),
                    native.event.clone(),
                    native.by_work,
                    format!("{:?}", native.fields)
                )),
                "{api} {native:?}"
            );
            if catalogue.operation(api).is_none() && !NOT_OPERATIONS.contains(&&**api) {
                missing.insert(api.clone());
            }
        }
        for prefix in &native.writes_of {
            assert!(catalogue.services_of_prefix(prefix).next().is_some(), "{prefix}");
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn second_calls_and_what_causes_them_exist() {
    let catalogue = catalogue();
    let mut seen = BTreeSet::new();
    for row in catalogue.seconds() {
        assert!(seen.insert(&row.calls), "{row:?} stands twice");
        for call in row.calls.iter().chain(&row.causes).filter(|call| &***call != "s3:PostObject") {
            assert!(catalogue.operation(call).is_some(), "{call}");
        }
    }
}

#[test]
fn targets_and_bindings_name_calls_that_exist() {
    let catalogue = catalogue();
    let mut seen = BTreeSet::new();
    for kind in catalogue.targets() {
        assert!(seen.insert(kind.id.clone()), "`{}` stands twice", kind.id);
        assert!(!kind.source.is_empty() && CONFIDENCES.contains(&&*kind.confidence), "{}", kind.id);
        if let Some(call) = &kind.call
            && &**call != "glue:NotifyEvent"
        {
            assert!(catalogue.operation(call).is_some(), "{call}");
        }
    }
    for (service, rows) in catalogue.bindings() {
        for row in rows {
            assert!(!row.source.is_empty() && CONFIDENCES.contains(&&*row.confidence), "{row:?}");
            let covers = catalogue
                .services_of_prefix(service)
                .flat_map(service::Service::operations)
                .any(|operation| row.covers(&operation.name));
            assert!(covers, "{row:?}");
        }
    }
}

#[test]
fn managed_policies_load() {
    let policies = managed::Managed::embedded().expect("the table loads");
    let names: Vec<&str> = policies.names().collect();
    assert_eq!(names.len(), rows_of("policies"), "every block is whole");
    assert!(names.is_sorted());
    for name in names {
        let policy = policies.of(name).expect("a policy");
        assert!(!policy.statements.is_empty() && policy.unread.is_empty(), "{name}: {:?}", policy.unread);
        for statement in &policy.statements {
            let (loopguard_model::Scoped::Only(actions) | loopguard_model::Scoped::AllBut(actions)) =
                &statement.actions;
            let plain = |action: &loopguard_pattern::Term| {
                action.as_str().is_some_and(|text| text == "*" || text.contains(':'))
            };
            assert!(!actions.is_empty() && actions.iter().all(plain), "{name}: {actions:?}");
        }
    }
    assert!(policies.of("AWSLambdaBasicExecutionRole").is_some());
    assert!(policies.of("NoSuchPolicy").is_none() && policies.of("").is_none());
}

#[test]
fn names_go_both_ways() {
    let catalogue = catalogue();
    let calls = |name: &str| -> Vec<String> {
        catalogue.operations_of_event_name(name).iter().map(|operation| operation.call.to_string()).collect()
    };
    assert_eq!(calls("UpdateFunctionCode20150331v2"), ["lambda:UpdateFunctionCode"]);
    assert_eq!(calls("UpdateFunctionCode"), ["lambda:UpdateFunctionCode"]);
    assert_eq!(calls("PutBucketPublicAccessBlock"), ["s3:PutPublicAccessBlock"]);
    assert_eq!(calls("PutAccountPublicAccessBlock"), ["s3:PutPublicAccessBlock"]);
    assert_eq!(calls("PutBucketLifecycle"), ["s3:PutBucketLifecycle", "s3:PutBucketLifecycleConfiguration"]);
    assert!(calls("NoSuchCall").is_empty());
}

#[test]
fn kinds_and_read_only_flags() {
    let catalogue = catalogue();
    let cases: [(&str, Kind, bool); 16] = [
        ("s3:PutObject", Kind::Data, false),
        ("s3:PutBucketAcl", Kind::Management, false),
        ("lambda:Invoke", Kind::Data, false),
        ("ec2:DescribeInstances", Kind::Management, true),
        ("sts:AssumeRole", Kind::Management, true),
        ("logs:PutLogEvents", Kind::Unlogged, false),
        ("events:PutEvents", Kind::Data, false),
        ("logs:CreateLogStream", Kind::Management, false),
        ("kms:Decrypt", Kind::Management, true),
        ("codepipeline:PollForJobs", Kind::Management, true),
        ("sts:GetCallerIdentity", Kind::Management, true),
        ("sts:GetSessionToken", Kind::Management, false),
        // Their access level is to read, and they act: nothing says that CloudTrail marks them as reading.
        ("ec2:ExportImage", Kind::Management, false),
        ("dynamodb:ExportTableToPointInTime", Kind::Management, false),
        ("elasticache:TestFailover", Kind::Management, false),
        ("ses:VerifyEmailIdentity", Kind::Management, false),
    ];
    for (call, kind, read_only) in cases {
        let operation = catalogue.operation(call).expect(call);
        assert_eq!((operation.kind, operation.read_only), (kind, read_only), "{call}");
    }
}

#[test]
fn calls_need_the_actions_that_iam_has() {
    let catalogue = catalogue();
    let deciding = |call: &str| -> Vec<String> {
        let operation = catalogue.operation(call).expect(call);
        operation.deciding().into_iter().map(ToString::to_string).collect()
    };
    for (call, actions) in [
        ("s3:ListObjectsV2", &["s3:ListBucket"][..]),
        ("s3:HeadObject", &["s3:GetObject"]),
        ("s3:HeadBucket", &["s3:ListBucket"]),
        ("s3:UploadPart", &["s3:PutObject"]),
        ("s3:CompleteMultipartUpload", &["s3:PutObject"]),
        ("s3:DeleteObjects", &["s3:DeleteObject"]),
        ("s3:PutBucketEncryption", &["s3:PutEncryptionConfiguration"]),
        ("lambda:Invoke", &["lambda:InvokeFunction"]),
        // Nobody tells the action: the one of the same name, or one that is called alike.
        ("dms:ModifyDataProvider", &["dms:ModifyDataProvider", "dms:UpdateDataProvider"]),
        ("glue:CreateGlossary", &["glue:CreateGlossary"]),
    ] {
        let known = deciding(call);
        assert!(actions.iter().all(|action| known.iter().any(|one| one == action)), "{call}: {known:?}");
    }
    let assumed = |service: &super::Service| service.operations().iter().filter(|one| one.assumed).count();
    assert_eq!(catalogue.services().iter().map(assumed).sum::<usize>(), 642);
}

/// How many rows the generator says that a table has.
fn rows_of(table: &str) -> usize {
    let head = include_str!("generated/head.txt");
    let line = head.lines().find(|line| line.starts_with(&format!("table\t{table}\t"))).expect("a line");
    line.split('\t').nth(2).and_then(|rows| rows.parse().ok()).expect("a number")
}

#[test]
fn broken_tables_are_refused_or_empty() {
    let read = |bytes: &'static [u8]| Table::<()>::read("test", bytes);
    for bytes in [
        &b""[..],
        b"\n\n",
        b"loopguard-table 1 0\n\n",
        b"loopguard-table 2 1\nkey\n\n",
        b"loopguard-table 2 1\nkey\t9\t9\n\nshort",
    ] {
        assert!(read(bytes).is_err(), "{bytes:?}");
    }
    let noise = read(b"loopguard-table 2 1\nkey\t4\t9\n\n\xff\xff\xff\xff").expect("a directory");
    assert!(noise.get("key", |_| ()).is_none());
    assert_eq!(noise.rows().count(), 0);
}

/// Detail-types that the schemas of `@aws-cdk/aws-service-spec` have, by source.
fn schemas() -> BTreeSet<(String, String)> {
    let table = Table::<()>::read("events.bin", include_bytes!("generated/events.bin")).expect("a table");
    let kinds = |(source, rest): (&str, &str)| -> Vec<(String, String)> {
        let first = |kind: &str| kind.split('\u{1f}').next().unwrap_or_default().to_owned();
        rest.split('\t').map(|kind| (source.to_owned(), first(kind))).collect()
    };
    let all: BTreeSet<(String, String)> = table.rows().flat_map(kinds).collect();
    assert_eq!(table.rows().count(), rows_of("events"));
    all
}

#[test]
fn native_events_are_in_the_schemas_or_say_that_they_are_not() {
    let schemas = schemas();
    let catalogue = catalogue();
    let of_natives = catalogue.natives().iter().map(|row| (&row.event, row.name.as_str()));
    let mut wrong = BTreeSet::new();
    for ((source, detail_type), name) in of_natives {
        let known = schemas.contains(&(source.to_string(), detail_type.to_string()));
        if name == "EventBridge schema registry" && !known {
            wrong.insert(format!("{source} {detail_type}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn events_without_a_cause_have_a_service_that_may_cause_them_or_come_by_themselves() {
    let catalogue = catalogue();
    let nobody: Vec<_> = schemas()
        .into_iter()
        .map(|(source, detail_type)| (Arc::from(source), Arc::from(detail_type)))
        .filter(|event| catalogue.is_untold(event) && catalogue.prefixes_of_source(&event.0).is_empty())
        .collect();
    assert!(nobody.is_empty(), "{nobody:#?}");
    let told: Vec<_> = catalogue
        .natives()
        .iter()
        .filter(|row| catalogue.untold().why_unprompted(&row.event).is_some())
        .map(|row| &row.event)
        .collect();
    assert!(told.is_empty(), "a call causes what is said to come by itself: {told:#?}");
    for source in ["aws.ec2fleet", "aws.emr", "aws.macie", "aws.cloudwatch", "aws.supplychain", "lambda"] {
        let prefixes = catalogue.prefixes_of_source(source);
        let has_calls = |prefix: &Arc<str>| {
            catalogue.services_of_prefix(prefix).any(|service| !service.operations().is_empty())
        };
        assert!(!prefixes.is_empty() && prefixes.iter().all(has_calls), "{source}: {prefixes:?}");
    }
}

#[test]
fn of_a_pattern_that_names_too_many_unknown_events_no_more_are_made_than_tell_it() {
    let listed = |start: &str| (0..100).map(|at| format!("\"{start}{at}\"")).collect::<Vec<_>>().join(",");
    let text = format!(r#"{{"source":[{}],"detail-type":[{}]}}"#, listed("aws.s"), listed("Thing "));
    let pattern = loopguard_pattern::parse(&text).expect("a pattern");
    let events = catalogue().untold_events(&pattern.branches()[0]);
    assert_eq!(events.len(), super::MOST_UNTOLD + 1);
}
