//! How many states at once a wildcard may need, which the bus limits.
//!
//! The bus refuses a rule whose wildcards are too costly. Two of its answers are known: it refuses
//! `*:*:*:*:*:event-bus/*` and accepts `/Users/*/dir/dir/dir/dir/dir/doc.txt`. Here the score of a wildcard
//! is the greatest number of its beginnings (each character and each star ends one) that fit one and the
//! same text: 10 for the first and 7 for the second. A score of 8 or 9 is accepted, unverified against AWS;
//! so is the sum over several wildcards of one field, which is not limited here: a pattern that the bus
//! holds must never be refused.

use super::fail;
use crate::json::Span;
use crate::{AnythingBut, EventPattern, MatcherKind, Part, PatternError, Wildcard};
use std::collections::{BTreeSet, VecDeque};

/// The least score that is refused.
const TOO_COMPLEX: usize = 10;

/// The most sets of beginnings that are looked at for one wildcard; one that hides its score behind more
/// is accepted.
const MAX_SETS: usize = 500;

impl EventPattern {
    /// Returns an error iff the bus refuses the pattern although its engine can compile it: a wildcard
    /// needs too many states at once.
    ///
    /// `parse` leaves this out, because the engine does, and because a rule that exists must be read even
    /// where the limit, known by two answers of the bus only, is drawn wrongly.
    ///
    /// ```
    /// let p = loopguard_pattern::parse(r#"{"a":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}"#)?;
    /// assert!(p.check_bus_limits().is_err());
    /// let p = loopguard_pattern::parse(r#"{"a":[{"wildcard":"/Users/*/dir/dir/doc.txt"}]}"#)?;
    /// assert!(p.check_bus_limits().is_ok());
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn check_bus_limits(&self) -> Result<(), PatternError> {
        let mut seen: BTreeSet<Span> = BTreeSet::new();
        let fields = self.branches.iter().flat_map(|branch| &branch.fields);
        for matcher in fields.flat_map(|field| &field.matchers) {
            let wildcards = match &matcher.kind {
                MatcherKind::Wildcard(wildcard) => std::slice::from_ref(wildcard),
                MatcherKind::AnythingBut(AnythingBut::Wildcard(wildcards)) => wildcards,
                _ => continue,
            };
            if seen.insert(matcher.span) && wildcards.iter().any(too_complex) {
                return fail(
                    "Rule is too complex - try using fewer wildcard characters or fewer repeating character \
                     sequences after a wildcard character",
                    matcher.span,
                );
            }
        }
        Ok(())
    }
}

/// One step of a wildcard.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step<'a> {
    Star,
    One(char),
    /// A value known after deployment, taken as one character of its own.
    Unknown(&'a str),
}

fn steps(wildcard: &Wildcard) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for (index, piece) in wildcard.pieces.iter().enumerate() {
        if index > 0 {
            steps.push(Step::Star);
        }
        for part in piece.parts() {
            match part {
                Part::Literal(text) => steps.extend(text.chars().map(Step::One)),
                Part::Symbol(symbol) => steps.push(Step::Unknown(&symbol.name)),
            }
        }
    }
    steps
}

/// Searches, breadth first, the sets of beginnings that fit a common text.
fn too_complex(wildcard: &Wildcard) -> bool {
    let steps = steps(wildcard);
    // Without a star just one beginning fits a text.
    if steps.len() < TOO_COMPLEX || !steps.contains(&Step::Star) {
        return false;
    }
    let start = closed(&steps, BTreeSet::from([0]));
    let mut queue = VecDeque::from([start.clone()]);
    let mut seen = BTreeSet::from([start]);
    while let Some(set) = queue.pop_front() {
        if set.iter().filter(|length| **length > 0).count() >= TOO_COMPLEX {
            return true;
        }
        let next: BTreeSet<Step<'_>> = set.iter().filter_map(|length| steps.get(*length).copied()).collect();
        for step in next {
            let set = closed(&steps, after(&steps, &set, step));
            if seen.len() < MAX_SETS && seen.insert(set.clone()) {
                queue.push_back(set);
            }
        }
    }
    false
}

/// Returns the lengths of the beginnings that fit after one more character.
fn after(steps: &[Step<'_>], set: &BTreeSet<usize>, read: Step<'_>) -> BTreeSet<usize> {
    let mut after = BTreeSet::new();
    for length in set {
        if length.checked_sub(1).and_then(|last| steps.get(last)) == Some(&Step::Star) {
            after.insert(*length);
        }
        if read != Step::Star && steps.get(*length) == Some(&read) {
            after.insert(length + 1);
        }
    }
    after
}

/// Adds the beginnings that end with a star for nothing.
fn closed(steps: &[Step<'_>], mut set: BTreeSet<usize>) -> BTreeSet<usize> {
    let stars: Vec<usize> = set
        .iter()
        .filter(|length| steps.get(**length) == Some(&Step::Star))
        .map(|length| length + 1)
        .collect();
    set.extend(stars);
    set
}

#[cfg(test)]
mod tests {
    use crate::parse;

    fn accepted(wildcard: &str) -> bool {
        let text = format!(r#"{{"a":[{{"wildcard":"{wildcard}"}}]}}"#);
        let but = format!(r#"{{"a":[{{"anything-but":{{"wildcard":["x","{wildcard}"]}}}}]}}"#);
        let check = |text: &str| parse(text).unwrap().check_bus_limits();
        let answer = check(&text);
        assert_eq!(answer.is_ok(), check(&but).is_ok());
        if let Err(error) = &answer {
            assert!(error.to_string().starts_with("Rule is too complex - try using fewer wildcard"));
        }
        answer.is_ok()
    }

    #[test]
    fn the_two_answers_of_the_bus() {
        assert!(!accepted("*:*:*:*:*:event-bus/*"));
        assert!(accepted("/Users/*/dir/dir/dir/dir/dir/doc.txt"));
    }

    #[test]
    fn stars_and_repetitions_count() {
        assert!(accepted("*a*a*a*a*"), "9 beginnings fit `aaaa`");
        assert!(!accepted("*a*a*a*a*a"), "10 beginnings fit `aaaaa`");
        assert!(accepted("*aaaaaaaa"), "9 beginnings fit");
        assert!(!accepted("*aaaaaaaaa"), "10 beginnings fit");
        assert!(accepted("a*b*c*d*e*f*g"), "8 beginnings fit");
        assert!(accepted("aaaaaaaaaaaaaaaaaaaa"), "no star");
    }

    #[test]
    fn a_long_wildcard_costs_little() {
        assert!(!accepted(&"*abcdefgh".repeat(60)));
        assert!(accepted(&format!("*{}", "abcdefgh".repeat(8))), "8 periods and a star");
        assert!(!accepted(&format!("*{}", "abcdefgh".repeat(200))));
    }

    #[test]
    fn an_overridden_list_does_not_count() {
        let pattern = parse(r#"{"a":[{"wildcard":"*a*a*a*a*a*a*"}],"a":["x"]}"#).unwrap();
        assert_eq!(pattern.check_bus_limits(), Ok(()));
    }
}
