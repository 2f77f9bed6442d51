//! JavaScript and TypeScript as expressions and names.

use crate::expr::{Argument, Binding, Bound, Entry, Expr, Step};
use crate::language::Shape;
use crate::quoted::unescaped;
use crate::tree::{NodeId, Tree};
use std::sync::Arc;

/// Returns what the node is as an expression.
pub(crate) fn expr(tree: &Tree, node: NodeId) -> Expr {
    let child = |at: usize| tree.children(node).nth(at);
    let field = |name: &'static str| tree.field(node, name);
    let same = |inner: Option<NodeId>| inner.map_or(Expr::Other, Expr::Same);
    match tree.kind(node) {
        "identifier" | "shorthand_property_identifier" => match tree.text(node) {
            "undefined" => Expr::Nothing,
            name => Expr::Name(name.into()),
        },
        "this" => Expr::This,
        "null" | "undefined" => Expr::Nothing,
        "number" => Expr::Number,
        "string" => Expr::Text(tree.children(node).map(|part| unescaped(tree.text(part))).collect()),
        "string_fragment" | "escape_sequence" => Expr::Text(unescaped(tree.text(node))),
        "template_string" => Expr::Joined(tree.children(node).collect()),
        "member_expression" => match (field("object"), field("property")) {
            (Some(object), Some(name)) => Expr::Member(object, tree.text(name).into()),
            _ => Expr::Other,
        },
        "subscript_expression" => match (field("object"), field("index")) {
            (Some(object), Some(index)) => Expr::Index(object, index),
            _ => Expr::Other,
        },
        "call_expression" => call(tree, node, "function", false),
        "new_expression" => call(tree, node, "constructor", true),
        "array" => Expr::List(tree.children(node).collect()),
        "object" => Expr::Record(tree.children(node).filter_map(|entry| entry_of(tree, entry)).collect()),
        "ternary_expression" => {
            Expr::Either(field("consequence").into_iter().chain(field("alternative")).collect())
        }
        "binary_expression" => match field("operator").map(|sign| tree.text(sign)) {
            Some("+") => Expr::Joined(tree.children(node).collect()),
            Some("||" | "??" | "&&") => Expr::Either(tree.children(node).collect()),
            _ => Expr::Other,
        },
        "parenthesized_expression"
        | "await_expression"
        | "as_expression"
        | "satisfies_expression"
        | "non_null_expression"
        | "template_substitution"
        | "expression_statement" => same(child(0)),
        "type_assertion" => same(child(1)),
        "sequence_expression" => same(tree.children(node).last()),
        "assignment_expression" => same(field("right")),
        "function_expression" | "arrow_function" | "generator_function" | "method_definition" => {
            Expr::Function
        }
        "class" => Expr::Class,
        _ => Expr::Other,
    }
}

fn call(tree: &Tree, node: NodeId, callee: &'static str, new: bool) -> Expr {
    let Some(callee) = tree.field(node, callee) else { return Expr::Other };
    let list = tree.field(node, "arguments").filter(|list| tree.kind(*list) == "arguments");
    let arguments: Vec<Argument> =
        list.into_iter().flat_map(|list| tree.children(list)).map(|child| argument(tree, child)).collect();
    if !new && matches!(tree.text(callee), "require" | "import") {
        let module = arguments.first().map(|argument| expr(tree, argument.value));
        if let Some(Expr::Text(module)) = module {
            return Expr::Required(module.into());
        }
    }
    Expr::Call { callee, arguments, new }
}

fn argument(tree: &Tree, node: NodeId) -> Argument {
    let spread = tree.kind(node) == "spread_element";
    let value = if spread { tree.children(node).next().unwrap_or(node) } else { node };
    Argument { name: None, spread, value }
}

fn entry_of(tree: &Tree, node: NodeId) -> Option<Entry> {
    match tree.kind(node) {
        "shorthand_property_identifier" => Some(Entry::Short(tree.text(node).into(), node)),
        "spread_element" => tree.children(node).next().map(Entry::All),
        "pair" => {
            let (key, value) = (tree.field(node, "key")?, tree.field(node, "value")?);
            Some(match written_key(tree, key) {
                Some(name) => Entry::Named(name, value),
                None => Entry::Computed(tree.children(key).next().unwrap_or(key), value),
            })
        }
        "method_definition" => Some(Entry::Named(written_key(tree, tree.field(node, "name")?)?, node)),
        _ => None,
    }
}

fn written_key(tree: &Tree, key: NodeId) -> Option<Arc<str>> {
    match tree.kind(key) {
        "property_identifier" | "private_property_identifier" => Some(tree.text(key).into()),
        "string" => match expr(tree, key) {
            Expr::Text(name) => Some(name.into()),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the names that the node itself binds.
pub(crate) fn bindings(tree: &Tree, node: NodeId) -> Vec<Binding> {
    let mut found = Vec::new();
    let field = |name: &'static str| tree.field(node, name);
    match tree.kind(node) {
        "variable_declarator" => match (field("name"), field("value")) {
            (Some(name), Some(value)) => {
                names(tree, name, Vec::new(), &|way| Bound::Value(value, way), &mut found);
            }
            (Some(name), None) => names(tree, name, Vec::new(), &|_| Bound::Declared, &mut found),
            _ => {}
        },
        "assignment_expression" => {
            if let (Some(left), Some(right)) = (field("left"), field("right")) {
                if tree.kind(left) == "identifier" {
                    found.push(Binding { name: tree.text(left).into(), bound: Bound::Assigned(right) });
                } else {
                    names(tree, left, Vec::new(), &|way| Bound::Value(right, way), &mut found);
                }
            }
        }
        "augmented_assignment_expression" => {
            let name = field("left").filter(|left| tree.kind(*left) == "identifier");
            found.extend(name.map(|name| Binding { name: tree.text(name).into(), bound: Bound::Opaque }));
        }
        "for_in_statement" => {
            let of = field("operator").is_some_and(|word| tree.text(word) == "of");
            if let (Some(left), Some(right)) = (field("left"), field("right")) {
                let bound = |way| if of { Bound::Value(right, way) } else { Bound::Opaque };
                names(tree, left, vec![Step::Any], &bound, &mut found);
            }
        }
        "function_declaration" | "generator_function_declaration" | "class_declaration" => {
            let name = field("name").map(|name| tree.text(name).into());
            found.extend(name.map(|name| Binding { name, bound: Bound::Defined(node) }));
        }
        "formal_parameters" => parameters(tree, node, &mut found),
        "identifier" if tree.node(node).is_some_and(|node| node.field == Some("parameter")) => {
            parameter(tree, node, 0, tree.parent(node), &mut found);
        }
        "import_statement" => imports(tree, node, &mut found),
        "call_expression" => found.extend(added(tree, node)),
        _ => {}
    }
    found
}

/// `entries.push(x)`.
fn added(tree: &Tree, node: NodeId) -> Option<Binding> {
    let callee = tree.field(node, "function")?;
    let (object, name) = (tree.field(callee, "object")?, tree.field(callee, "property")?);
    let is = tree.kind(object) == "identifier" && tree.text(name) == "push";
    let value = tree.children(tree.field(node, "arguments")?).next().filter(|_| is)?;
    Some(Binding { name: tree.text(object).into(), bound: Bound::Added(value) })
}

/// Adds the names of a pattern, each with what the way to it is bound to.
fn names(
    tree: &Tree,
    pattern: NodeId,
    way: Vec<Step>,
    bound: &dyn Fn(Vec<Step>) -> Bound,
    found: &mut Vec<Binding>,
) {
    let mut open = vec![(pattern, way)];
    while let Some((node, way)) = open.pop() {
        let longer = |step: Step| -> Vec<Step> { way.iter().cloned().chain([step]).collect() };
        match tree.kind(node) {
            "identifier" => found.push(Binding { name: tree.text(node).into(), bound: bound(way) }),
            "shorthand_property_identifier_pattern" => {
                let name: Arc<str> = tree.text(node).into();
                let bound = bound(longer(Step::Member(name.clone())));
                found.push(Binding { name, bound });
            }
            "object_pattern" => open.extend(tree.children(node).map(|child| (child, way.clone()))),
            "pair_pattern" => {
                let key = tree.field(node, "key").and_then(|key| written_key(tree, key));
                if let (Some(key), Some(value)) = (key, tree.field(node, "value")) {
                    open.push((value, longer(Step::Member(key))));
                }
            }
            "array_pattern" => {
                open.extend(tree.children(node).enumerate().map(|(at, child)| (child, longer(Step::At(at)))));
            }
            "assignment_pattern" | "object_assignment_pattern" => {
                open.extend(tree.field(node, "left").map(|left| (left, way.clone())));
            }
            "rest_pattern" => {
                let name = tree.children(node).next().map(|name| tree.text(name).into());
                found.extend(name.map(|name| Binding { name, bound: Bound::Opaque }));
            }
            _ => {}
        }
    }
}

fn parameters(tree: &Tree, list: NodeId, found: &mut Vec<Binding>) {
    for (at, child) in tree.children(list).enumerate() {
        parameter(tree, child, at, tree.parent(list), found);
    }
}

fn parameter(tree: &Tree, node: NodeId, at: usize, function: Option<NodeId>, found: &mut Vec<Binding>) {
    let Some(function) = function else { return };
    let (pattern, default) = match tree.kind(node) {
        "required_parameter" | "optional_parameter" => {
            (tree.field(node, "pattern"), tree.field(node, "value"))
        }
        "assignment_pattern" => (tree.field(node, "left"), tree.field(node, "right")),
        _ => (Some(node), None),
    };
    let bound = |way| Bound::Parameter { function, at, way, default };
    if let Some(pattern) = pattern {
        names(tree, pattern, Vec::new(), &bound, found);
    }
}

fn imports(tree: &Tree, node: NodeId, found: &mut Vec<Binding>) {
    let source = |of: NodeId| match tree.field(of, "source").map(|source| expr(tree, source)) {
        Some(Expr::Text(module)) => Some(Arc::<str>::from(module)),
        _ => None,
    };
    for at in tree.below(node) {
        let module = source(node);
        let mut add = |name: Option<NodeId>, module: Option<Arc<str>>, part: Option<&str>| {
            if let (Some(name), Some(module)) = (name, module) {
                let bound = Bound::Imported { module, name: part.map(Into::into) };
                found.push(Binding { name: tree.text(name).into(), bound });
            }
        };
        match tree.kind(at) {
            "import_clause" => {
                let default = tree.children(at).find(|child| tree.kind(*child) == "identifier");
                add(default, module, Some("default"));
            }
            "namespace_import" => add(tree.children(at).next(), module, None),
            "import_specifier" => {
                let name = tree.field(at, "name");
                let part = name.map(|name| tree.text(name));
                add(tree.field(at, "alias").or(name), module, part);
            }
            "import_require_clause" => add(tree.children(at).next(), source(at), None),
            _ => {}
        }
    }
}

/// Returns what the node is for the scopes.
pub(crate) fn shape(tree: &Tree, node: NodeId) -> Shape {
    let field = |name: &'static str| tree.field(node, name);
    let text = |of: Option<NodeId>| of.map(|name| -> Arc<str> { tree.text(name).into() });
    match tree.kind(node) {
        "function_declaration" | "generator_function_declaration" | "method_definition" => {
            Shape::Function(text(field("name")))
        }
        "function_expression" | "arrow_function" | "generator_function" => {
            Shape::Function(given_name(tree, node))
        }
        "class_declaration" | "class" => Shape::Class(text(field("name")).or_else(|| given_name(tree, node))),
        "return_statement" => tree.children(node).next().map_or(Shape::Plain, Shape::Returns),
        "assignment_expression" => assignment(tree, node).unwrap_or(Shape::Plain),
        "field_definition" | "public_field_definition" => {
            match (text(field("property").or_else(|| field("name"))), field("value")) {
                (Some(name), Some(value)) => Shape::Attribute(name, value),
                _ => Shape::Plain,
            }
        }
        "if_statement" | "while_statement" | "ternary_expression" => {
            field("condition").map_or(Shape::Plain, Shape::Choice)
        }
        "switch_statement" => field("value").map_or(Shape::Plain, Shape::Choice),
        "export_specifier" => match (text(field("alias").or_else(|| field("name"))), field("name")) {
            (Some(name), Some(value)) => Shape::Exported(name, value),
            _ => Shape::Plain,
        },
        "export_statement" => {
            field("value").map_or(Shape::Plain, |value| Shape::Exported("default".into(), value))
        }
        _ => Shape::Plain,
    }
}

/// Returns the name that a function gets from where it stands: a variable, a member, an export.
fn given_name(tree: &Tree, node: NodeId) -> Option<Arc<str>> {
    let parent = tree.parent(node)?;
    let name = match tree.kind(parent) {
        "variable_declarator" | "public_field_definition" => tree.field(parent, "name"),
        "pair" => tree.field(parent, "key"),
        "field_definition" => tree.field(parent, "property"),
        "assignment_expression" => {
            let left = tree.field(parent, "left")?;
            tree.field(left, "property").or(Some(left))
        }
        _ => None,
    }?;
    Some(tree.text(name).into())
}

fn assignment(tree: &Tree, node: NodeId) -> Option<Shape> {
    let (left, right) = (tree.field(node, "left")?, tree.field(node, "right")?);
    if matches!(tree.text(left), "module.exports" | "exports") {
        return Some(Shape::Exported("*".into(), right));
    }
    let (object, name) = (tree.field(left, "object")?, tree.field(left, "property")?);
    let name: Arc<str> = tree.text(name).into();
    match tree.text(object) {
        "this" => Some(Shape::Attribute(name, right)),
        "exports" | "module.exports" => Some(Shape::Exported(name, right)),
        _ => None,
    }
}
