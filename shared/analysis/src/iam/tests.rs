//! Texts of policies: actions, resources, conditions.

mod random;

use super::{Read, Shapes, bind, fits_action};
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

/// Reads `resource` as one of the templates, separated by ` | `, and returns `name=value` per variable, a star for each
/// unknown run, or `no`. The ARN's service is taken for the right one.
fn read(resource: &Term, templates: &str, without: Option<&str>, variables: &[&str]) -> String {
    let templates: Vec<std::sync::Arc<str>> = templates.split(" | ").map(Into::into).collect();
    let text = resource.to_string();
    let service = text.split(':').nth(2).unwrap_or("s3");
    match bind(resource, Shapes { service, templates: &templates, placed: &[], without }, &scope()) {
        Read::IsNot => "no".to_owned(),
        Read::Is(bound) => variables
            .iter()
            .filter(|name| bound.has(name) || variables.len() < 3)
            .map(|name| {
                let shown = bound.get(name).map_or_else(
                    || "?".to_owned(),
                    |glob| {
                        let wildcard = glob.to_wildcard();
                        wildcard.pieces.iter().map(ToString::to_string).collect::<Vec<_>>().join("*")
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
fn a_resource_of_another_service_is_none_of_the_operations() {
    let templates = ["{bucket}".into()];
    let shapes = Shapes { service: "s3", templates: &templates, placed: &[], without: None };
    let of = |text: &str| bind(&Term::literal(text), shapes, &scope()) == Read::IsNot;
    assert!(of("arn:aws:sns:eu-west-1:111122223333:media"));
    assert!(!of("arn:aws:s3:::media") && !of("arn:aws:*:::media") && !of("*"));
}

#[test]
fn the_first_shape_that_fits_is_taken() {
    let index = |resource: &str| {
        read(
            &Term::literal(resource),
            "table/{table}/index/{index} | table/{table}",
            None,
            &["table", "index", "x"],
        )
    };
    assert_eq!(index("arn:aws:dynamodb:*:*:table/t/index/i*"), "table=t index=i*");
    assert_eq!(index("arn:aws:dynamodb:*:*:table/t"), "table=t");
    assert_eq!(index("arn:aws:dynamodb:*:*:table/*"), "table=? index=?");
}

#[test]
fn symbols_in_resources_keep_their_place() {
    let bucket = Symbol::created("AWS::S3::Bucket.name", "Media");
    let resource = Term::concat([Term::literal("arn:aws:s3:::"), bucket.into(), Term::literal("/out/*")]);
    assert_eq!(read(&resource, "{bucket}/{key}", None, &["bucket", "key"]), "bucket=${Media} key=out/*");
    // A parameter in the place of a name counts as one name, where a separator stands behind it.
    let given = |behind: &str| {
        let symbol = Symbol::given("parameter", "Place").into();
        Term::concat([Term::literal("arn:aws:s3:::"), symbol, Term::literal(behind)])
    };
    let object = |behind: &str| read(&given(behind), "{bucket}/{key}", None, &["bucket", "key"]);
    assert_eq!(object("/out/*"), "bucket=${Place} key=out/*");
    assert_eq!(object("-out/*"), "bucket=${Place}-out key=?");
    assert_eq!(object("*"), "bucket=${Place}* key=?");
    // Where none does, it may hold the separator and more: any names, none of them known to be any.
    assert_eq!(object(""), "bucket=${bucket within Place} key=${key within Place}");
}

#[test]
fn a_symbol_for_a_whole_arn_holds_names_that_are_not_known() {
    let arn = |behind: &str| Term::concat([Symbol::given("parameter", "Arn").into(), Term::literal(behind)]);
    let object = |behind: &str| read(&arn(behind), "{bucket}/{key}", None, &["bucket", "key"]);
    assert_eq!(object("/in/*"), "bucket=${bucket within Arn} key=in/*");
    assert_eq!(object(""), "bucket=${bucket within Arn} key=${key within Arn}");
    assert_eq!(read(&arn(""), "table/{table}", None, &["table"]), "table=${table within Arn}");
}
