use super::{Link, Lists, components};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use proptest::prelude::{ProptestConfig, proptest};
use std::collections::BTreeSet;

/// Node -> all nodes of its component, if it is in a cycle.
type Partners = Vec<Option<BTreeSet<usize>>>;

fn lists(nodes: usize, edges: &[(usize, usize)]) -> Lists {
    let links = edges.iter().enumerate().map(|(place, (from, to))| (*from, Link::new(place, *to)));
    Lists::new(nodes, links)
}

fn ours(nodes: usize, edges: &[(usize, usize)]) -> Partners {
    let of = components(&lists(nodes, edges));
    let partners = |number: &u32| (0..nodes).filter(|node| of[*node] == Some(*number)).collect();
    of.iter().map(|number| number.as_ref().map(partners)).collect()
}

fn theirs(nodes: usize, edges: &[(usize, usize)]) -> Partners {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let places: Vec<NodeIndex> = (0..nodes).map(|_| graph.add_node(())).collect();
    for (from, to) in edges {
        graph.add_edge(places[*from], places[*to], ());
    }
    let mut of = vec![None; nodes];
    for members in kosaraju_scc(&graph) {
        let members: BTreeSet<usize> = members.into_iter().map(NodeIndex::index).collect();
        for member in &members {
            if members.len() > 1 || edges.contains(&(*member, *member)) {
                of[*member] = Some(members.clone());
            }
        }
    }
    of
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn components_are_those_of_another_algorithm(
        edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30)
    ) {
        assert_eq!(ours(12, &edges), theirs(12, &edges));
    }
}

#[test]
fn a_long_chain_does_not_end_the_program() {
    let nodes = 200_000;
    let chain: Vec<(usize, usize)> = (1..nodes).map(|node| (node - 1, node)).collect();
    let of = components(&lists(nodes, &chain));
    assert!(of.iter().all(Option::is_none));
}
