//! Names within texts with runs.

use super::{Glob, glob_of, tokens};
use loopguard_pattern::{Symbol, Term};

fn of_policy(text: &str) -> Glob {
    glob_of(&tokens(&Term::literal(text)))
}

fn shown(glob: &Glob) -> String {
    let pieces: Vec<String> = glob.to_wildcard().pieces.iter().map(ToString::to_string).collect();
    pieces.join("*")
}

#[test]
fn a_secrets_name_is_its_arn_without_the_suffix() {
    let cases = [
        ("prod/db-AbCdEf", "prod/db"),
        ("prod/db-??????", "prod/db*"),
        ("prod/db-*", "prod/db*"),
        ("prod/*", "prod/*"),
        ("prod/db", "prod/db"),
        ("*-AbCdEf", "*"),
        ("*/db-AbCdEf", "*/db"),
        ("*", "*"),
    ];
    for (resource, name) in cases {
        assert_eq!(shown(&of_policy(resource).without_random_suffix()), name, "{resource}");
    }
    let symbol =
        |behind: &str| Term::concat([Symbol::given("parameter", "Name").into(), Term::literal(behind)]);
    let name = |behind: &str| shown(&glob_of(&tokens(&symbol(behind))).without_random_suffix());
    assert_eq!(name("-??????"), "${Name}*");
    assert_eq!(name(""), "*");
}

#[test]
fn a_roles_name_stands_behind_its_path() {
    let cases = [
        ("app/fixer", "fixer"),
        ("fixer", "fixer"),
        ("app/*", "*"),
        ("app-*", "*"),
        ("*-fixer", "*-fixer"),
        ("*/fixer", "fixer"),
    ];
    for (resource, name) in cases {
        assert_eq!(shown(&of_policy(resource).last_segment()), name, "{resource}");
    }
}
