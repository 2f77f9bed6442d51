//! Which nodes lie on every path through a graph.

/// Returns for each node whether every path from `start` to an end goes through it.
///
/// `next` are the edges, `ends` the nodes at which a path may end. A path that goes round for ever ends where it can no
/// longer reach an end; one that can leave its round counts as leaving it. Linear in nodes and edges.
pub(in crate::definition) fn on_every_path(next: &[Vec<usize>], ends: &[bool], start: usize) -> Vec<bool> {
    let mut ends = ends.to_vec();
    close_traps(next, &mut ends);
    let mut always = vec![false; next.len()];
    let Some(path) = some_path(next, &ends, start) else { return always };
    let mut place = vec![None; next.len()];
    for (at, node) in path.iter().enumerate() {
        if let Some(slot) = place.get_mut(*node) {
            *slot = Some(at);
        }
    }
    // A node of the path is on every path iff nothing that was seen before it leads past it.
    let mut seen = vec![false; next.len()];
    let mut furthest = 0;
    for (at, node) in path.iter().enumerate() {
        if furthest == at
            && let Some(slot) = always.get_mut(*node)
        {
            *slot = true;
        }
        let mut open = vec![*node];
        while let Some(node) = open.pop() {
            if ends.get(node).copied().unwrap_or_default() {
                furthest = path.len();
            }
            for to in next.get(node).into_iter().flatten().copied() {
                match place.get(to).copied().flatten() {
                    Some(at) => furthest = furthest.max(at),
                    None => {
                        if let Some(slot) = seen.get_mut(to).filter(|slot| !**slot) {
                            *slot = true;
                            open.push(to);
                        }
                    }
                }
            }
        }
    }
    always
}

/// Makes an end of every node from which no end can be reached.
fn close_traps(next: &[Vec<usize>], ends: &mut [bool]) {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); next.len()];
    for (from, all) in next.iter().enumerate() {
        for to in all {
            if let Some(slot) = before.get_mut(*to) {
                slot.push(from);
            }
        }
    }
    let mut reaches = ends.to_vec();
    let mut open: Vec<usize> = (0..next.len()).filter(|at| reaches.get(*at) == Some(&true)).collect();
    while let Some(node) = open.pop() {
        for from in before.get(node).into_iter().flatten() {
            if let Some(slot) = reaches.get_mut(*from).filter(|slot| !**slot) {
                *slot = true;
                open.push(*from);
            }
        }
    }
    for (end, reached) in ends.iter_mut().zip(reaches) {
        *end |= !reached;
    }
}

/// Returns some path from `start` to an end.
fn some_path(next: &[Vec<usize>], ends: &[bool], start: usize) -> Option<Vec<usize>> {
    let mut from: Vec<Option<usize>> = vec![None; next.len()];
    *from.get_mut(start)? = Some(start);
    let mut open = vec![start];
    let mut end = None;
    while let Some(node) = open.pop() {
        if ends.get(node) == Some(&true) {
            end = Some(node);
            break;
        }
        for to in next.get(node).into_iter().flatten().copied() {
            if let Some(slot) = from.get_mut(to).filter(|slot| slot.is_none()) {
                *slot = Some(node);
                open.push(to);
            }
        }
    }
    let mut path = vec![end?];
    while let Some(node) = path.last().copied().filter(|node| *node != start) {
        path.push(from.get(node).copied().flatten()?);
    }
    path.reverse();
    Some(path)
}

/// Returns the nodes that can be reached from `start`.
pub(in crate::definition) fn reached(next: &[Vec<usize>], start: usize) -> Vec<bool> {
    let mut reached = vec![false; next.len()];
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        if let Some(slot) = reached.get_mut(node).filter(|slot| !**slot) {
            *slot = true;
            open.extend(next.get(node).into_iter().flatten());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::on_every_path;
    use proptest::prelude::*;

    /// The same, by taking each node out.
    fn by_removal(next: &[Vec<usize>], ends: &[bool], start: usize) -> Vec<bool> {
        let reach = |from: usize, without: Option<usize>| {
            let mut seen = vec![false; next.len()];
            let mut open = vec![from];
            while let Some(node) = open.pop() {
                if Some(node) == without || seen[node] {
                    continue;
                }
                seen[node] = true;
                open.extend(&next[node]);
            }
            seen
        };
        let trapped = |node: usize| !reach(node, None).iter().zip(ends).any(|(seen, end)| *seen && *end);
        (0..next.len())
            .map(|node| {
                reach(start, None)[node]
                    && !reach(start, Some(node))
                        .iter()
                        .enumerate()
                        .any(|(other, seen)| *seen && (ends[other] || trapped(other)))
            })
            .collect()
    }

    proptest! {
        #[test]
        fn it_agrees_with_taking_nodes_out(
            next in prop::collection::vec(prop::collection::vec(0usize..8, 0..3), 8),
            ends in prop::collection::vec(prop::bool::weighted(0.3), 8),
        ) {
            let ends: Vec<bool> = ends.iter().zip(&next).map(|(end, next)| *end || next.is_empty()).collect();
            prop_assert_eq!(on_every_path(&next, &ends, 0), by_removal(&next, &ends, 0));
        }
    }
}
