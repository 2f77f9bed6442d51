//! What of a member's value an event shows.

use super::Given;
use crate::glob::Glob;
use loopguard_pattern::{Symbol, Term};

fn given(text: &str) -> Given {
    Given::try_from(text.to_owned()).expect("a part that exists")
}

fn bucket(name: &str) -> Term {
    Symbol::created("AWS::S3::Bucket.name", name).into()
}

fn exact(parts: impl IntoIterator<Item = Term>) -> Glob {
    Glob::exact(Term::concat(parts))
}

fn starting(parts: impl IntoIterator<Item = Term>) -> Glob {
    Glob::any_after(Term::concat(parts))
}

fn text(text: &str) -> Term {
    Term::literal(text)
}

#[test]
fn a_uri_shows_bucket_and_key_as_far_as_it_is_known() {
    let (bucket_of, key_of) = (given("Out!bucket"), given("Out!key"));
    let parameter = || Term::from(Symbol::given("parameter", "Place"));
    for (value, bucket, key) in [
        (exact([text("s3://in/out/a")]), Some(exact([text("in")])), Some(starting([text("out/a")]))),
        (exact([text("s3://in/")]), Some(exact([text("in")])), None),
        (exact([text("s3://in")]), Some(exact([text("in")])), None),
        (exact([text("arn:aws:s3:::in")]), Some(exact([text("in")])), None),
        (exact([text("arn:aws:s3:::in/out")]), Some(exact([text("in")])), Some(starting([text("out")]))),
        // No place in S3, or spelled in a way that nobody reads.
        (exact([text("in/out")]), None, None),
        (exact([text("https://in.s3.amazonaws.com/out")]), None, None),
        // A name that the stack makes has no slash, a parameter may have one.
        (
            exact([text("s3://"), self::bucket("In"), text("/out/")]),
            Some(exact([self::bucket("In")])),
            Some(starting([text("out/")])),
        ),
        (exact([text("s3://"), self::bucket("In")]), Some(exact([self::bucket("In")])), None),
        (exact([text("s3://"), parameter(), text("/out/")]), None, None),
        (exact([parameter()]), None, None),
        (exact([text("s3://in/"), parameter()]), Some(exact([text("in")])), Some(starting([parameter()]))),
        // Only the beginning is known.
        (starting([text("s3://in/out")]), Some(exact([text("in")])), Some(starting([text("out")]))),
        (starting([text("s3://in")]), None, None),
        (Glob::any(), None, None),
    ] {
        assert_eq!(bucket_of.shown(value.clone()), bucket, "{value:?}");
        assert_eq!(key_of.shown(value.clone()), key, "{value:?}");
    }
}

#[test]
fn a_prefix_shows_how_the_key_begins() {
    let prefix = given("Prefix!start");
    assert_eq!(prefix.shown(exact([text("out/")])), Some(starting([text("out/")])));
    assert_eq!(prefix.shown(exact([text("")])), None);
    assert_eq!(prefix.shown(exact([text("/out")])), None);
    assert_eq!(prefix.shown(Glob::any()), None);
}

#[test]
fn a_member_is_shown_as_it_is_and_parts_have_names() {
    let whole = given("Bucket");
    assert_eq!((&*whole.member, &*whole.variable), ("Bucket", "request.Bucket"));
    assert_eq!(whole.shown(exact([text("in")])), Some(exact([text("in")])));
    assert_eq!(&*given("Out.Uri!key").member, "Out.Uri");
    assert!(Given::try_from("Bucket!end".to_owned()).is_err());
}
