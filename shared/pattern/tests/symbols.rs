//! Values that are known only after deployment.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "helpers of tests may fail, read files and look at the clock"
)]

use loopguard_pattern::{
    EventSet, Overlap, Schema, Subset, Symbol, Term, ValueSet, Wildcard, overlap, subset,
};

const PATH: &str = "detail.eventName";

fn created(name: &str) -> Term {
    Symbol::created("AWS::S3::Bucket.name", name).into()
}

fn given(name: &str) -> Term {
    Symbol::given("parameter", name).into()
}

fn join<const N: usize>(parts: [Term; N]) -> Term {
    Term::concat(parts)
}

fn is(term: Term) -> ValueSet {
    ValueSet::terms([term])
}

fn not(set: &ValueSet) -> ValueSet {
    set.complement()
}

fn glob(pieces: Vec<Term>) -> ValueSet {
    ValueSet::wildcard(&Wildcard { pieces })
}

fn answer(a: &ValueSet, b: &ValueSet) -> &'static str {
    let one = EventSet::open().with_values(PATH, a.clone());
    let other = EventSet::open().with_values(PATH, b.clone());
    match overlap(&one, &other, &Schema::events()) {
        Overlap::Yes(witness) => {
            for side in [&one, &other] {
                assert!(
                    side.contains(&witness.event, &witness.assignment).unwrap(),
                    "{a} and {b}: {witness:?}"
                );
            }
            "yes"
        }
        Overlap::No(_) => "no",
        Overlap::Unknown(_) => "unknown",
    }
}

#[test]
fn symbols_compare_by_identity_class_and_text() {
    let text = Term::literal;
    let arn = |name: Term| join([text("arn:aws:iam::"), given("Account"), text(":role/"), name]);
    let under = |bucket: Term| glob(vec![join([bucket, text("/out/")]), Term::default()]);
    let rows = [
        (is(created("A")), is(created("A")), "yes"),
        (is(created("A")), is(created("B")), "no"),
        (is(created("A")), is(text("media")), "unknown"),
        (is(given("P")), is(given("P")), "yes"),
        (is(given("P")), is(given("Q")), "unknown"),
        (is(given("P")), is(text("media")), "unknown"),
        (is(created("A")), not(&is(created("A"))), "no"),
        (is(created("A")), not(&is(created("B"))), "yes"),
        (is(created("A")), not(&is(text("media"))), "yes"),
        (is(created("A")), not(&is(given("P"))), "yes"),
        (is(given("P")), not(&is(text("media"))), "unknown"),
        (is(given("P")), not(&is(created("A"))), "unknown"),
        (is(given("P")), not(&is(given("P"))), "no"),
        (is(arn(created("A"))), is(arn(created("A"))), "yes"),
        (is(arn(created("A"))), is(arn(created("B"))), "no"),
        (is(arn(created("A"))), not(&is(arn(created("A")))), "no"),
        (is(arn(created("A"))), not(&is(arn(created("B")))), "yes"),
        (is(arn(created("A"))), ValueSet::prefix(text("arn:aws:iam::")), "yes"),
        (is(arn(created("A"))), ValueSet::prefix(text("arn:aws:sts::")), "no"),
        (is(arn(created("A"))), ValueSet::suffix(text("x")), "unknown"),
        (is(arn(text("x"))), is(arn(text("y"))), "no"),
        (is(created("A")), not(&ValueSet::prefix(text("prod-"))), "unknown"),
        (under(created("A")), is(join([created("A"), text("/out/k")])), "yes"),
        (under(created("A")), is(join([created("B"), text("/out/k")])), "no"),
        (under(created("A")), is(join([created("A"), text("/in/k")])), "no"),
        (under(created("A")), under(created("B")), "no"),
        (under(created("A")), under(created("A")), "yes"),
        (under(created("A")), glob(vec![join([created("A"), text("/in/")]), Term::default()]), "no"),
        (under(given("P")), is(text("media/out/k")), "unknown"),
        (under(given("P")), is(text("media/in/k")), "no"),
        (ValueSet::any_string(), not(&is(given("P"))), "yes"),
        (is(given("P")), ValueSet::any_string(), "yes"),
        (is(given("P")), ValueSet::null(), "no"),
    ];
    for (index, (a, b, want)) in rows.iter().enumerate() {
        assert_eq!(answer(a, b), *want, "row {index}: {a} and {b}");
        assert_eq!(answer(b, a), *want, "row {index}, turned: {b} and {a}");
    }
}

#[test]
fn a_symbol_is_part_of_itself_and_of_any_string() {
    let set = |values: ValueSet| EventSet::open().with_values(PATH, values);
    let answer = |a: ValueSet, b: ValueSet| subset(&set(a), &set(b), &Schema::events());
    assert_eq!(answer(is(given("P")), is(given("P"))), Subset::Yes);
    assert_eq!(answer(is(given("P")), ValueSet::any_string()), Subset::Yes);
    assert!(matches!(answer(is(given("P")), is(given("Q"))), Subset::Unknown(_)));
    assert!(matches!(answer(is(created("A")), is(created("B"))), Subset::No(_)));
}
