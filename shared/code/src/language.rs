//! Which language a text is in, and which grammar reads it.

use crate::expr::{Binding, Expr};
use crate::javascript;
use crate::python;
use crate::tree::{NodeId, Tree};
use std::sync::Arc;
use tree_sitter::Language;

/// A grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    Python,
    JavaScript,
    TypeScript,
    Tsx,
}

impl Grammar {
    /// Returns the grammar for a file of that name.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        Some(match ending {
            "py" => Self::Python,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            _ => return None,
        })
    }

    /// Returns the grammar for code of that Lambda runtime (`python3.13`, `nodejs22.x`).
    pub(crate) fn of_runtime(runtime: &str) -> Option<Self> {
        if runtime.starts_with("python") {
            Some(Self::Python)
        } else if runtime.starts_with("nodejs") {
            Some(Self::JavaScript)
        } else {
            None
        }
    }

    pub(crate) fn syntax(self) -> Language {
        match self {
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
        }
    }

    pub(crate) fn is_python(self) -> bool {
        self == Self::Python
    }

    /// Returns what the node is as an expression.
    pub(crate) fn expr(self, tree: &Tree, node: NodeId) -> Expr {
        if self.is_python() { python::expr(tree, node) } else { javascript::expr(tree, node) }
    }

    /// Returns the names that the node itself binds, and whether they belong to the function's scope around it.
    pub(crate) fn bindings(self, tree: &Tree, node: NodeId) -> Vec<Binding> {
        if self.is_python() { python::bindings(tree, node) } else { javascript::bindings(tree, node) }
    }

    /// Returns what the node is for the scopes.
    pub(crate) fn shape(self, tree: &Tree, node: NodeId) -> Shape {
        if self.is_python() { python::shape(tree, node) } else { javascript::shape(tree, node) }
    }
}

/// What a node is for scopes and for the way of control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing special.
    Plain,
    /// A function; its name where it has one.
    Function(Option<Arc<str>>),
    /// A class; its name where it has one.
    Class(Option<Arc<str>>),
    /// What a function gives back.
    Returns(NodeId),
    /// An attribute of the object at hand, or of the class around: name and value.
    Attribute(Arc<str>, NodeId),
    /// A choice: what is asked.
    Choice(NodeId),
    /// A name that is made known to other files, and what it stands for.
    Exported(Arc<str>, NodeId),
}
