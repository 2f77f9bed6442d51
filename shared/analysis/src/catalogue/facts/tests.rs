use super::{Change, Fact, compare};
use crate::Catalogue;
use std::collections::BTreeSet;

fn about(asked: &str) -> Vec<Fact> {
    Catalogue::embedded().facts_about(asked)
}

fn said<'f>(facts: &'f [Fact], table: &str, name: &str) -> Vec<&'f str> {
    let rows = facts.iter().filter(|fact| fact.table == table);
    rows.filter_map(|fact| fact.says.get(name)).flat_map(|said| &said.is).map(String::as_str).collect()
}

#[test]
fn an_operation_is_told_with_all_that_depends_on_it() {
    let facts = about("S3:putbucketencryption");
    assert_eq!(said(&facts, "operation", "actions"), ["s3:PutEncryptionConfiguration"]);
    assert_eq!(said(&facts, "operation", "read_only"), ["false"]);
    assert_eq!(said(&facts, "operation", "recorded"), ["management event"]);
    assert!(facts.iter().any(|fact| fact.table == "bind"), "{facts:#?}");
    let facts = about("s3:PutObject");
    assert_eq!(said(&facts, "operation", "recorded").first(), Some(&"data event"));
    assert!(said(&facts, "native", "event").contains(&"Object Created"), "{facts:#?}");
    assert!(facts.iter().all(|fact| fact.says.values().all(|said| !said.source.is_empty())));
}

#[test]
fn it_is_found_by_every_name() {
    let operation =
        |asked: &str| about(asked).iter().any(|fact| fact.key.starts_with("s3:PutBucketEncryption "));
    for asked in [
        "s3:PutBucketEncryption",
        "PutBucketEncryption",
        "s3:PutEncryptionConfiguration",
        "s3",
        "aws.s3",
        "s3.amazonaws.com",
    ] {
        assert!(operation(asked), "{asked}");
    }
    assert!(about("EC2 Instance State-change Notification").iter().any(|fact| fact.table == "native"));
    assert!(about("EC2 Instance State-change Notification").iter().any(|fact| fact.table == "event"));
    assert_eq!(about("lambda").iter().filter(|fact| fact.table == "target").count(), 1);
    let policy = about("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
    assert!(said(&policy, "policy", "statements")[0].contains("logs:CreateLogStream"), "{policy:#?}");
    assert_eq!(about("no-such-thing"), []);
}

#[test]
fn rows_are_unique_and_a_changed_one_is_told() {
    let all = Catalogue::embedded().facts();
    let keys: BTreeSet<(&str, &str)> = all.iter().map(|fact| (&*fact.table, &*fact.key)).collect();
    assert_eq!(keys.len(), all.len());
    assert!(keys.iter().all(|(table, key)| !table.is_empty() && !key.is_empty()));
    assert!(compare(&all, &all).is_empty());
    let mut newer = all.clone();
    let removed = newer.remove(0);
    let last = newer.last_mut().unwrap();
    last.says.values_mut().next().unwrap().is = vec!["other".to_owned()];
    let key = last.key.clone();
    let changes = compare(&all, &newer);
    assert!(matches!(&changes[0], Change::Removed(fact) if *fact == removed));
    assert!(matches!(&changes[1], Change::Changed { key: told, .. } if *told == key));
    assert_eq!(changes.len(), 2);
    assert!(matches!(&compare(&newer, &all)[0], Change::Added(_)));
}
