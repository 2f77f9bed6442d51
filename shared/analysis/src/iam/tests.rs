//! Texts of policies: actions, resources, conditions.

mod random;

use super::{Read, bind, fits_action};
use crate::glob::fits;
use loopguard_model::Scope;
use loopguard_pattern::{Symbol, Term};

fn scope() -> Scope {
    Scope { partition: "aws".into(), account: "111122223333".into(), region: "eu-west-1".into() }
}

#[test]
fn actions_fit_by_name_without_case() {
    let cases = [
        ("*", "s3:PutObject", true),
        ("s3:*", "s3:PutObject", true),
        ("S3:put*", "s3:PutObject", true),
        ("s3:Put?bject", "s3:PutObject", true),
        ("s3:Put", "s3:PutObject", false),
        ("s?:PutObject", "s3:PutObject", false),
        ("ec2:*", "s3:PutObject", false),
        ("*:*", "s3:PutObject", true),
        ("PutObject", "s3:PutObject", false),
    ];
    for (pattern, action, expected) in cases {
        assert_eq!(fits_action(pattern, action), expected, "{pattern} {action}");
    }
}

#[test]
fn stars_run_over_anything() {
    let cases = [
        ("", "", true),
        ("*", "", true),
        ("a*c", "abbbc", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*c", "ab", false),
        ("?", "", false),
        ("a**", "a", true),
        ("*abc", "ababc", true),
    ];
    for (pattern, text, expected) in cases {
        assert_eq!(fits(pattern, text, false), expected, "{pattern} {text}");
    }
}

/// Reads `resource` and returns `name=value` per variable, a star for each unknown run, or `no`.
fn read(resource: &Term, template: &str, without: Option<&str>, variables: &[&str]) -> String {
    match bind(resource, template, without, &scope()) {
        Read::IsNot => "no".to_owned(),
        Read::Is(bound) => variables
            .iter()
            .map(|name| {
                let shown = bound.get(name).map_or_else(
                    || "?".to_owned(),
                    |glob| {
                        glob.to_wildcard()
                            .pieces
                            .iter()
                            .map(ToString::to_string)
                            .collect::<Vec<_>>()
                            .join("*")
                    },
                );
                format!("{name}={shown}")
            })
            .collect::<Vec<_>>()
            .join(" "),
    }
}

#[test]
fn resources_are_taken_apart() {
    let object = |resource: &str| read(&Term::literal(resource), "{bucket}/{key}", None, &["bucket", "key"]);
    assert_eq!(object("arn:aws:s3:::media/out/*"), "bucket=media key=out/*");
    assert_eq!(object("arn:aws:s3:::media/*"), "bucket=media key=?");
    assert_eq!(object("arn:aws:s3:::med*"), "bucket=med* key=?");
    assert_eq!(object("arn:aws:s3:::*/out/*"), "bucket=? key=?");
    assert_eq!(object("arn:aws:s3:::media"), "no");
    assert_eq!(object("*"), "bucket=? key=?");
    assert_eq!(object("arn:aws:s3:::media/${aws:username}/*"), "bucket=media key=**".replace("**", "*/*"));
    let bucket = |resource: &str| read(&Term::literal(resource), "{bucket}", Some("/"), &["bucket"]);
    assert_eq!(bucket("arn:aws:s3:::media"), "bucket=media");
    assert_eq!(bucket("arn:aws:s3:::media/*"), "no");
    let table = |resource: &str| read(&Term::literal(resource), "table/{table}", Some("/"), &["table"]);
    assert_eq!(table("arn:aws:dynamodb:eu-west-1:111122223333:table/t"), "table=t");
    assert_eq!(table("arn:aws:dynamodb:us-east-1:111122223333:table/t"), "no");
    assert_eq!(table("arn:aws:dynamodb:*:*:table/t*"), "table=t*");
    assert_eq!(table("arn:aws:dynamodb:eu-west-1:111122223333:stream/t"), "no");
}

#[test]
fn symbols_in_resources_keep_their_place() {
    let bucket = Symbol::created("AWS::S3::Bucket.name", "Media");
    let resource = Term::concat([Term::literal("arn:aws:s3:::"), bucket.into(), Term::literal("/out/*")]);
    assert_eq!(read(&resource, "{bucket}/{key}", None, &["bucket", "key"]), "bucket=${Media} key=out/*");
    // A parameter may hold a separator, so that nothing behind it is certain.
    let given = Symbol::given("parameter", "Place");
    let resource = Term::concat([Term::literal("arn:aws:s3:::"), given.into(), Term::literal("/out/*")]);
    assert_eq!(read(&resource, "{bucket}/{key}", None, &["bucket", "key"]), "bucket=? key=?");
}
