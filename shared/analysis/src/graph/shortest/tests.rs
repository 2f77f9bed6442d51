use super::{Hubs, Search};
use crate::graph::component::{Link, Lists};
use crate::graph::level::Level;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

type Edges = [(usize, usize)];

/// Returns the length of a shortest cycle through the node by walking from it alone.
fn plainly(edges: &Edges, start: usize) -> Option<usize> {
    let mut front = vec![start];
    for length in 1..=edges.len() {
        let ends = edges.iter().filter(|(from, _)| front.contains(from)).map(|(_, to)| *to);
        front = ends.collect();
        if front.contains(&start) {
            return Some(length);
        }
    }
    None
}

fn level(nodes: usize, edges: &Edges) -> Level {
    let out = edges.iter().enumerate().map(|(place, (from, to))| (*from, Link::new(place, *to)));
    let into = edges.iter().enumerate().map(|(place, (from, to))| (*to, Link::new(place, *from)));
    Level::of_lists(Lists::new(nodes, out), Lists::new(nodes, into))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn cycles_are_as_short_as_plain_walks_tell(
        edges in proptest::collection::vec((0_usize..14, 0_usize..14), 1..40),
        hubs in proptest::collection::vec(0_usize..14, 0..4),
    ) {
        let level = level(14, &edges);
        let hubs = Hubs::of(&level, hubs);
        let mut search = Search::new(14);
        for start in 0..14 {
            let found = search.shortest(&level, &hubs, &|place| edges.get(place).copied(), start);
            prop_assert_eq!(found.as_ref().map(Vec::len), plainly(&edges, start), "from {}", start);
            let Some(cycle) = found else { continue };
            prop_assert_eq!(edges[cycle[0]].0, start);
            prop_assert_eq!(edges[cycle[cycle.len() - 1]].1, start);
            prop_assert!(cycle.windows(2).all(|pair| edges[pair[0]].1 == edges[pair[1]].0));
        }
    }
}
