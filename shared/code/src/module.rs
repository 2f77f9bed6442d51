//! One file with its scopes: which name stands for what, where.

use crate::expr::{Binding, Bound};
use crate::language::{Grammar, Shape};
use crate::tree::{NodeId, Tree};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A file, read.
#[derive(Debug)]
pub(crate) struct Module {
    /// The file as seen from the folder of the code.
    pub(crate) path: Arc<str>,
    /// The file as reports name it.
    pub(crate) shown: Arc<str>,
    pub(crate) tree: Tree,
    pub(crate) grammar: Grammar,
    /// Per node: the function, class or file around it.
    scopes: Vec<NodeId>,
    bindings: BTreeMap<(NodeId, Arc<str>), Vec<Bound>>,
    /// Functions with their names, where they have some.
    pub(crate) functions: BTreeMap<NodeId, Option<Arc<str>>>,
    pub(crate) classes: BTreeMap<NodeId, Option<Arc<str>>>,
    /// What functions give back.
    pub(crate) returns: BTreeMap<NodeId, Vec<NodeId>>,
    /// Class and name -> values of an attribute.
    pub(crate) attributes: BTreeMap<(NodeId, Arc<str>), Vec<NodeId>>,
    /// Names made known to other files.
    pub(crate) exported: BTreeMap<Arc<str>, NodeId>,
    /// What choices ask, each with the choice.
    pub(crate) choices: Vec<(NodeId, NodeId)>,
    /// Modules that the file asks for.
    pub(crate) imports: Vec<(Arc<str>, Option<Arc<str>>)>,
}

impl Module {
    pub(crate) fn new(path: Arc<str>, shown: Arc<str>, text: String, grammar: Grammar) -> Self {
        let tree = Tree::parse(text, grammar);
        let mut module = Self {
            path,
            shown,
            grammar,
            scopes: Vec::with_capacity(tree.len()),
            bindings: BTreeMap::new(),
            functions: BTreeMap::new(),
            classes: BTreeMap::new(),
            returns: BTreeMap::new(),
            attributes: BTreeMap::new(),
            exported: BTreeMap::new(),
            choices: Vec::new(),
            imports: Vec::new(),
            tree,
        };
        module.build();
        module
    }

    fn build(&mut self) {
        let mut later: Vec<(NodeId, Binding)> = Vec::new();
        for node in 0..self.tree.len() {
            // Parents stand before children, so that the parent's scope is known.
            let scope = match self.tree.parent(node) {
                None => 0,
                Some(parent)
                    if self.functions.contains_key(&parent) || self.classes.contains_key(&parent) =>
                {
                    parent
                }
                Some(parent) => self.scope_of(parent),
            };
            self.scopes.push(scope);
            self.take_shape(node);
            for binding in self.grammar.bindings(&self.tree, node) {
                match &binding.bound {
                    Bound::Outer | Bound::Assigned(_) | Bound::Added(_) => later.push((scope, binding)),
                    Bound::Imported { module, name } => {
                        self.imports.push((module.clone(), name.clone()));
                        self.bind(scope, binding);
                    }
                    _ => self.bind(scope, binding),
                }
            }
            if let crate::expr::Expr::Required(module) = self.grammar.expr(&self.tree, node) {
                self.imports.push((module, None));
            }
        }
        // What is assigned belongs to where the name is declared, which may stand further down.
        for (scope, Binding { name, bound }) in later {
            match bound {
                Bound::Outer => {
                    let moved = self.bindings.remove(&(scope, name.clone())).unwrap_or_default();
                    self.bindings.entry((0, name)).or_default().extend(moved);
                }
                bound => {
                    let home = self.home(scope, &name).unwrap_or(0);
                    let bound = if let Bound::Assigned(value) = bound {
                        Bound::Value(value, Vec::new())
                    } else {
                        bound
                    };
                    self.bindings.entry((home, name)).or_default().push(bound);
                }
            }
        }
    }

    fn bind(&mut self, scope: NodeId, binding: Binding) {
        self.bindings.entry((scope, binding.name)).or_default().push(binding.bound);
    }

    fn take_shape(&mut self, node: NodeId) {
        match self.grammar.shape(&self.tree, node) {
            Shape::Plain => {}
            Shape::Function(name) => {
                self.functions.insert(node, name);
                // The body of an arrow function may be what it gives back.
                let body = self.tree.field(node, "body");
                let is_value = body.filter(|body| {
                    let kind = self.tree.kind(*body);
                    !matches!(kind, "statement_block" | "block")
                });
                if let Some(body) = is_value {
                    self.returns.entry(node).or_default().push(body);
                }
            }
            Shape::Class(name) => {
                self.classes.insert(node, name);
            }
            Shape::Returns(value) => {
                let function = self.scope_of(node);
                self.returns.entry(function).or_default().push(value);
            }
            Shape::Attribute(name, value) => {
                if let Some(class) = self.class_around(node) {
                    self.attributes.entry((class, name)).or_default().push(value);
                }
            }
            Shape::Choice(asked) => self.choices.push((node, asked)),
            Shape::Exported(name, value) => {
                self.exported.insert(name, value);
            }
        }
    }

    /// Returns the function, class or file around the node.
    pub(crate) fn scope_of(&self, node: NodeId) -> NodeId {
        self.scopes.get(node).copied().unwrap_or(0)
    }

    pub(crate) fn class_around(&self, node: NodeId) -> Option<NodeId> {
        let mut at = node;
        while at != 0 {
            at = self.scope_of(at);
            if self.classes.contains_key(&at) {
                return Some(at);
            }
        }
        None
    }

    /// Returns the nearest scope around `scope`, itself included, that has the name.
    fn home(&self, scope: NodeId, name: &Arc<str>) -> Option<NodeId> {
        let mut at = scope;
        loop {
            if self.bindings.contains_key(&(at, name.clone())) {
                return Some(at);
            }
            if at == 0 {
                return None;
            }
            at = self.scope_of(at);
        }
    }

    /// Returns what the name stands for at the node.
    pub(crate) fn lookup(&self, node: NodeId, name: &Arc<str>) -> &[Bound] {
        let home = self.home(self.scope_of(node), name);
        home.map_or(&[], |home| self.of_scope(home, name))
    }

    /// Returns what the scope itself binds the name to.
    pub(crate) fn of_scope(&self, scope: NodeId, name: &Arc<str>) -> &[Bound] {
        self.bindings.get(&(scope, name.clone())).map_or(&[], Vec::as_slice)
    }

    /// Returns the modules of which all names are taken in.
    pub(crate) fn taken_in(&self) -> &[Bound] {
        self.of_scope(0, &"*".into())
    }

    /// Returns the method of a class.
    pub(crate) fn method(&self, class: NodeId, name: &str) -> Option<NodeId> {
        let is = |(node, known): &(&NodeId, &Option<Arc<str>>)| {
            known.as_deref() == Some(name) && self.scope_of(**node) == class
        };
        self.functions.iter().find(is).map(|(node, _)| *node)
    }
}
