//! Which rules to cut, so that none of several loops is left.

use loopguard_model::RuleKey;
use std::collections::BTreeSet;

/// So many rules that may be cut are tried in every combination; of more the one that opens most loops is taken, again
/// and again.
const EXACT: usize = 16;

/// Returns rules that together open every loop that can be opened: one of each loop's rules is among them. They are as
/// few as can be where at most 16 rules may be cut, and of equal choices the first in the order given by `preferred`, then
/// of the loops. A loop without a rule that may be cut is left out.
///
/// Choosing the fewest is the hitting set problem, which takes exponential time in general (Karp 1972); taking the most
/// useful first needs at most the harmonic number of the loops times as many (Johnson 1974).
pub fn cut(
    loops: &[Vec<RuleKey>],
    preferred: Option<&RuleKey>,
    may: impl Fn(&RuleKey) -> bool,
) -> BTreeSet<RuleKey> {
    let mut candidates: Vec<&RuleKey> = Vec::new();
    for rule in preferred.into_iter().chain(loops.iter().flatten()) {
        if !candidates.contains(&rule) && may(rule) {
            candidates.push(rule);
        }
    }
    // Per loop: which candidates open it.
    let open: Vec<Vec<usize>> = loops
        .iter()
        .map(|rules| {
            (0..candidates.len()).filter(|at| candidates.get(*at).is_some_and(|rule| rules.contains(rule)))
        })
        .map(Iterator::collect)
        .filter(|opened_by: &Vec<usize>| !opened_by.is_empty())
        .collect();
    let chosen = if candidates.len() <= EXACT { fewest(&open, candidates.len()) } else { most_useful(&open) };
    chosen.into_iter().filter_map(|at| candidates.get(at).map(|rule| (*rule).clone())).collect()
}

fn opens_all(open: &[Vec<usize>], chosen: &[usize]) -> bool {
    open.iter().all(|opened_by| opened_by.iter().any(|at| chosen.contains(at)))
}

/// Smaller sets first, and of one size those of earlier candidates.
fn fewest(open: &[Vec<usize>], candidates: usize) -> Vec<usize> {
    (0..=candidates)
        .find_map(|size| combination(open, candidates, size, 0, &mut Vec::new()))
        .unwrap_or_default()
}

fn combination(
    open: &[Vec<usize>],
    candidates: usize,
    size: usize,
    from: usize,
    chosen: &mut Vec<usize>,
) -> Option<Vec<usize>> {
    if chosen.len() == size {
        return opens_all(open, chosen).then(|| chosen.clone());
    }
    for at in from..candidates {
        chosen.push(at);
        let found = combination(open, candidates, size, at + 1, chosen);
        chosen.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

fn most_useful(open: &[Vec<usize>]) -> Vec<usize> {
    let mut left: Vec<&Vec<usize>> = open.iter().collect();
    let mut chosen = Vec::new();
    while !left.is_empty() {
        let useful = |at: usize| left.iter().filter(|opened_by| opened_by.contains(&at)).count();
        let best = left.iter().copied().flatten().copied().min_by_key(|at| (usize::MAX - useful(*at), *at));
        let Some(best) = best else { break };
        chosen.push(best);
        left.retain(|opened_by| !opened_by.contains(&best));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::cut;
    use crate::fixtures::key;
    use loopguard_model::RuleKey;
    use std::collections::BTreeSet;

    fn loops(texts: &[&str]) -> Vec<Vec<RuleKey>> {
        texts.iter().map(|text| text.split(' ').map(key).collect()).collect()
    }

    fn chosen(texts: &[&str], preferred: Option<&str>, not: &str) -> Vec<String> {
        let preferred = preferred.map(key);
        let cut =
            cut(&loops(texts), preferred.as_ref(), |rule| !not.split(' ').any(|name| *rule.id == *name));
        cut.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn as_few_as_can_be() {
        assert_eq!(chosen(&["a b"], None, ""), ["a"]);
        assert_eq!(chosen(&["a b"], Some("b"), ""), ["b"], "the preferred one of equals");
        assert_eq!(chosen(&["a b", "c b", "d b"], Some("a"), ""), ["b"], "fewer before preferred");
        assert_eq!(chosen(&["a b", "c b", "d b"], None, "b"), ["a", "c", "d"]);
        assert_eq!(chosen(&["a b", "c"], None, "c"), ["a"], "what cannot be opened is left");
        assert!(chosen(&["a b"], None, "a b").is_empty());
        assert!(chosen(&[], Some("a"), "").is_empty(), "no loop, no cut");
    }

    /// The quick way opens every loop, too, and is no better than the exact one.
    #[test]
    fn both_ways_open_every_loop() {
        let mut seed: usize = 7;
        let mut next = |below: usize| {
            seed = (seed * 1_103_515_245 + 12345) % 2_147_483_648;
            seed / 65_536 % below
        };
        for _ in 0..200 {
            let loops: Vec<Vec<usize>> =
                (0..=next(6)).map(|_| (0..=next(4)).map(|_| next(10)).collect()).collect();
            let exact = super::fewest(&loops, 10);
            let quick = super::most_useful(&loops);
            assert!(super::opens_all(&loops, &exact) && super::opens_all(&loops, &quick), "{loops:?}");
            assert!(exact.len() <= quick.len(), "{loops:?}: {exact:?} {quick:?}");
        }
    }

    #[test]
    fn many_rules_take_no_time() {
        let names: Vec<String> = (0..300).map(|n| format!("r-{n:03} hub")).collect();
        let texts: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(chosen(&texts, None, ""), ["hub"]);
        assert_eq!(chosen(&texts, None, "hub").into_iter().collect::<BTreeSet<_>>().len(), 300);
    }
}
