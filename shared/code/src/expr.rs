//! What an expression is, whatever the language.

use crate::tree::NodeId;
use std::sync::Arc;

/// An expression, seen one step deep: the parts are nodes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    /// Anything else.
    Other,
    /// `None`, `null`, `undefined`.
    Nothing,
    /// Text that is written out.
    Text(String),
    /// Texts one after the other.
    Joined(Vec<NodeId>),
    /// A number.
    Number,
    /// A variable.
    Name(Arc<str>),
    /// The object whose method this is.
    This,
    /// `object.name`.
    Member(NodeId, Arc<str>),
    /// `object[index]`.
    Index(NodeId, NodeId),
    /// A call, or `new`.
    Call {
        /// What is called.
        callee: NodeId,
        /// What is passed.
        arguments: Vec<Argument>,
        /// Whether an object is made.
        new: bool,
    },
    /// A list.
    List(Vec<NodeId>),
    /// Members with values.
    Record(Vec<Entry>),
    /// One of these.
    Either(Vec<NodeId>),
    /// A function without a name, or one that stands as a value.
    Function,
    /// A class that stands as a value.
    Class,
    /// A module that is asked for by name: `require`.
    Required(Arc<str>),
    /// The same as another expression: brackets, `await`, a type.
    Same(NodeId),
}

/// What is passed to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argument {
    /// Its name, where it has one.
    pub(crate) name: Option<Arc<str>>,
    /// Whether it stands for several.
    pub(crate) spread: bool,
    pub(crate) value: NodeId,
}

/// A member of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A member whose name is written out.
    Named(Arc<str>, NodeId),
    /// A member whose name is an expression.
    Computed(NodeId, NodeId),
    /// A member that is the variable of its name.
    Short(Arc<str>, NodeId),
    /// All members of another record.
    All(NodeId),
}

/// A name of a scope, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) name: Arc<str>,
    pub(crate) bound: Bound,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A part of the value of an expression; the whole where the way is empty.
    Value(NodeId, Vec<Step>),
    /// A part of what is passed to the function, at this place; by the name of the parameter, too.
    Parameter {
        /// The node of the function.
        function: NodeId,
        /// Which parameter, from 0.
        at: usize,
        /// The part of it.
        way: Vec<Step>,
        /// What it is where nothing is passed.
        default: Option<NodeId>,
    },
    /// A module, or what it has under a name.
    Imported {
        /// The module as the code names it.
        module: Arc<str>,
        /// The name; none: the module itself.
        name: Option<Arc<str>>,
    },
    /// The function or class of that node.
    Defined(NodeId),
    /// An element that is added to the list of that name.
    Added(NodeId),
    /// The name is declared without a value.
    Declared,
    /// Here the name is that of the module.
    Outer,
    /// A value given where the name is declared further out, perhaps.
    Assigned(NodeId),
    /// Something that is not followed.
    Opaque,
}

/// A step to a part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The member of that name.
    Member(Arc<str>),
    /// The element at that place.
    At(usize),
    /// Any element.
    Any,
}
