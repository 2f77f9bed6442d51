//! The paths that patterns name, as a tree by the parts of the paths.

use rustc_hash::FxHashMap;

/// A place in the tree.
pub(super) type Node = u32;

/// The number of a path.
pub(super) type PathId = u32;

#[derive(Debug, Default)]
struct Inner {
    children: FxHashMap<Box<str>, Node>,
    path: Option<PathId>,
}

/// All paths that the patterns of a set name.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Inner>,
    count: u32,
}

impl Paths {
    pub(super) const ROOT: Node = 0;

    pub(super) fn new() -> Self {
        Self { nodes: vec![Inner::default()], count: 0 }
    }

    /// Returns how many paths there are; their numbers are those below it.
    pub(super) fn count(&self) -> usize {
        self.count as usize
    }

    /// Returns the number of a path, a new one if it is new.
    pub(super) fn add(&mut self, path: &str) -> PathId {
        let mut at = Self::ROOT;
        for key in path.split('.') {
            at = match self.child(at, key) {
                Some(child) => child,
                None => self.grow(at, key),
            };
        }
        let next = self.count;
        let Some(inner) = self.nodes.get_mut(at as usize) else { return 0 };
        let id = *inner.path.get_or_insert(next);
        self.count = self.count.max(id + 1);
        id
    }

    fn grow(&mut self, at: Node, key: &str) -> Node {
        let child = Node::try_from(self.nodes.len()).unwrap_or(Node::MAX);
        if let Some(inner) = self.nodes.get_mut(at as usize) {
            inner.children.insert(key.into(), child);
            self.nodes.push(Inner::default());
        }
        child
    }

    fn child(&self, at: Node, key: &str) -> Option<Node> {
        self.nodes.get(at as usize)?.children.get(key).copied()
    }

    /// Returns where the key of an event leads; a key with dots is a path of its own.
    pub(super) fn step(&self, at: Node, key: &str) -> Option<Node> {
        if memchr::memchr(b'.', key.as_bytes()).is_none() {
            return self.child(at, key);
        }
        key.split('.').try_fold(at, |at, key| self.child(at, key))
    }

    pub(super) fn path(&self, at: Node) -> Option<PathId> {
        self.nodes.get(at as usize)?.path
    }

    /// Returns whether a path goes on below the node.
    pub(super) fn goes_on(&self, at: Node) -> bool {
        self.nodes.get(at as usize).is_some_and(|inner| !inner.children.is_empty())
    }
}
