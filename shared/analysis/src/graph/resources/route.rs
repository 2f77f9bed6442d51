//! Methods of APIs as policies and targets name them.
//!
//! The ARN of a method has a star for each of its parts that callers choose: the stage, a parameter of the path. Such a star
//! holds no slash, two of them hold any text. A star of a policy holds any text.

use super::{is_wild, surely_differ};
use crate::arn::{Arn, split_first};
use loopguard_pattern::{Part, Term};

/// The most steps of a comparison; of longer texts it is not known.
const MOST_STEPS: usize = 1 << 20;

/// A part of a text with stars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Char(char),
    One,
    /// Any run without a slash.
    Name,
    Run,
}

/// Returns false only if the policy's text, or the target's, surely is not about the method.
pub(super) fn may_be(resource: &Term, method: &Term) -> bool {
    let (Some(left), Some(right)) = (Arn::parse(resource), Arn::parse(method)) else { return true };
    let fields =
        [(&left.service, &right.service), (&left.region, &right.region), (&left.account, &right.account)];
    if fields.into_iter().any(|(own, other)| !is_wild(own) && surely_differ(own, other)) {
        return false;
    }
    let Some((api, of_api)) = split_first(&right.resource, &['/']) else { return true };
    match split_first(&left.resource, &['/']) {
        Some((named, rest)) if !is_wild(&named) => {
            is_one(&named, &api) && meet(&of_policy(&rest), &of_method(&of_api))
        }
        None if !is_wild(&left.resource) => is_one(&left.resource, &api),
        _ => {
            let method = [vec![Piece::Name, Piece::Char('/')], of_method(&of_api)].concat();
            meet(&of_policy(&left.resource), &method)
        }
    }
}

/// Returns false only if the ids differ: one that AWS makes is none that stands in a text before.
fn is_one(named: &Term, api: &Term) -> bool {
    named == api || (named.as_str().is_none() && !surely_differ(named, api))
}

fn of_policy(term: &Term) -> Vec<Piece> {
    pieces(term, Piece::Run)
}

fn of_method(term: &Term) -> Vec<Piece> {
    let mut pieces = pieces(term, Piece::Name);
    let mut at = 1;
    while at < pieces.len() {
        if pieces.get(at) == Some(&Piece::Name) && pieces.get(at - 1) == Some(&Piece::Name) {
            pieces.remove(at);
            if let Some(before) = pieces.get_mut(at - 1) {
                *before = Piece::Run;
            }
        }
        at += 1;
    }
    pieces
}

fn pieces(term: &Term, star: Piece) -> Vec<Piece> {
    let of_part = |part: &Part| match part {
        Part::Literal(text) => of_text(text, star),
        Part::Symbol(_) => vec![Piece::Run],
    };
    term.parts().iter().flat_map(of_part).collect()
}

fn of_text(text: &str, star: Piece) -> Vec<Piece> {
    let piece = |character| match character {
        '*' => star,
        '?' => Piece::One,
        other => Piece::Char(other),
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    // A variable of a policy, or of a stage, may be anything.
    while let Some((before, behind)) = rest.split_once("${") {
        pieces.extend(before.chars().map(piece));
        pieces.push(Piece::Run);
        rest = behind.split_once('}').map_or("", |(_, rest)| rest);
    }
    pieces.extend(rest.chars().map(piece));
    pieces
}

/// Returns true iff some text fits both.
fn meet(left: &[Piece], right: &[Piece]) -> bool {
    let width = right.len() + 1;
    if (left.len() + 1).saturating_mul(width) > MOST_STEPS {
        return true;
    }
    let mut seen = vec![false; (left.len() + 1) * width];
    let mut open = vec![(0, 0)];
    while let Some((at, to)) = open.pop() {
        match seen.get_mut(at * width + to) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        let (own, other) = (left.get(at).copied(), right.get(to).copied());
        if own.is_none() && other.is_none() {
            return true;
        }
        // A run may end here, or take what the other has and go on.
        if own.is_some_and(is_run) {
            open.push((at + 1, to));
        }
        if other.is_some_and(is_run) {
            open.push((at, to + 1));
        }
        if let (Some(own), Some(other)) = (own, other)
            && fits(own, other)
        {
            open.push((at + usize::from(!is_run(own)), to + usize::from(!is_run(other))));
        }
    }
    false
}

fn is_run(piece: Piece) -> bool {
    matches!(piece, Piece::Name | Piece::Run)
}

/// Returns true iff one character fits both.
fn fits(left: Piece, right: Piece) -> bool {
    match (left, right) {
        (Piece::Char(left), Piece::Char(right)) => left == right,
        (Piece::Char(character), Piece::Name) | (Piece::Name, Piece::Char(character)) => character != '/',
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::may_be;
    use loopguard_pattern::{Symbol, Term};

    const HERE: &str = "arn:aws:execute-api:eu-west-1:111122223333:";

    fn of(policy: &str, method: &str) -> bool {
        may_be(&Term::literal(&format!("{HERE}{policy}")), &Term::literal(&format!("{HERE}{method}")))
    }

    #[test]
    fn stage_method_and_path_are_told_apart() {
        let method = "api/*/POST/orders/*";
        for policy in [
            "*",
            "api",
            "api/*",
            "api/prod/POST/orders/7",
            "api/prod/*",
            "api/*/POST/*",
            "api/*/*/orders/*",
            "*/prod/POST/orders/7",
            "a?i/prod/POST/orders/*",
            "api/${aws:PrincipalTag/stage}/POST/orders/7",
        ] {
            assert!(of(policy, method), "{policy}");
        }
        for policy in [
            "other/*",
            "ap",
            "api/prod/GET/orders/7",
            "api/prod/POST/customers/7",
            "api/*/POST/customers/*",
            "api/prod/POST/orders",
            "api/prod/POST/orders/7/lines",
            "api/a/b/POST/orders/7",
        ] {
            assert!(!of(policy, method), "{policy}");
        }
        assert!(of("api/prod/POST/orders/7/lines", "api/*/POST/orders/**"));
        assert!(of("api/prod/PUT/a/b", "api/*/*/**"));
        assert!(!of("api/prod/POST/orders", "api/*/GET/orders"));
    }

    #[test]
    fn a_text_of_many_variables_is_read() {
        let many = "${a}".repeat(100_000);
        assert!(of(&format!("api/{many}"), "api/*/POST/orders"));
        assert!(!of(&format!("other/{many}"), "api/*/POST/orders"));
    }

    #[test]
    fn an_api_that_a_stack_makes_is_no_text() {
        let arn = |name: &str, rest: &str| {
            Term::concat([Term::literal(HERE), Symbol::created("api", name).into(), Term::literal(rest)])
        };
        let method = arn("Api", "/*/POST/orders");
        assert!(may_be(&arn("Api", "/prod/POST/orders"), &method));
        assert!(!may_be(&arn("Api", "/prod/GET/orders"), &method));
        assert!(!may_be(&arn("Other", "/prod/POST/orders"), &method));
        assert!(!may_be(&Term::literal(&format!("{HERE}a1b2c3/prod/POST/orders")), &method));
        assert!(may_be(&Term::literal(&format!("{HERE}*/prod/POST/orders")), &method));
    }
}
