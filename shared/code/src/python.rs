//! Python as expressions and names.

use crate::expr::{Argument, Binding, Bound, Entry, Expr, Step};
use crate::language::Shape;
use crate::quoted::unescaped;
use crate::tree::{NodeId, Tree};
use std::sync::Arc;

/// Returns what the node is as an expression.
pub(crate) fn expr(tree: &Tree, node: NodeId) -> Expr {
    let child = |at: usize| tree.children(node).nth(at);
    let same = |inner: Option<NodeId>| inner.map_or(Expr::Other, Expr::Same);
    match tree.kind(node) {
        "identifier" => match tree.text(node) {
            "self" | "cls" => Expr::This,
            name => Expr::Name(name.into()),
        },
        "none" => Expr::Nothing,
        "integer" | "float" => Expr::Number,
        "string" => string(tree, node),
        "string_content" => Expr::Text(content(tree, node)),
        "concatenated_string" => Expr::Joined(tree.children(node).collect()),
        "interpolation" => match tree.field(node, "format_specifier") {
            Some(_) => Expr::Other,
            None => same(tree.field(node, "expression").or_else(|| child(0))),
        },
        "attribute" => match (tree.field(node, "object"), tree.field(node, "attribute")) {
            (Some(object), Some(name)) => Expr::Member(object, tree.text(name).into()),
            _ => Expr::Other,
        },
        "subscript" => match (tree.field(node, "value"), tree.field(node, "subscript")) {
            (Some(object), Some(index)) => Expr::Index(object, index),
            _ => Expr::Other,
        },
        "call" => call(tree, node),
        "list" | "tuple" | "set" | "expression_list" | "pattern_list" => {
            Expr::List(tree.children(node).collect())
        }
        // One entry for each turn, all of one form.
        "list_comprehension" | "generator_expression" => {
            Expr::List(tree.field(node, "body").into_iter().collect())
        }
        "dictionary" => Expr::Record(tree.children(node).filter_map(|entry| entry_of(tree, entry)).collect()),
        "conditional_expression" => Expr::Either(child(0).into_iter().chain(child(2)).collect()),
        "boolean_operator" => Expr::Either(tree.children(node).collect()),
        "binary_operator" => match tree.field(node, "operator").map(|sign| tree.text(sign)) {
            Some("+") => Expr::Joined(tree.children(node).collect()),
            _ => Expr::Other,
        },
        "parenthesized_expression" | "await" | "expression_statement" => same(child(0)),
        "named_expression" => same(tree.field(node, "value")),
        "assignment" => same(tree.field(node, "right")),
        "lambda" => Expr::Function,
        _ => Expr::Other,
    }
}

fn string(tree: &Tree, node: NodeId) -> Expr {
    let parts: Vec<NodeId> = tree
        .children(node)
        .filter(|part| !matches!(tree.kind(*part), "string_start" | "string_end"))
        .collect();
    if parts.iter().any(|part| tree.kind(*part) == "interpolation") {
        return Expr::Joined(parts);
    }
    Expr::Text(parts.iter().map(|part| content(tree, *part)).collect())
}

/// Returns the text of a part of a string; braces of an f-string are written twice.
fn content(tree: &Tree, node: NodeId) -> String {
    let start = tree.parent(node).and_then(|string| tree.all_children(string).next());
    let prefix = start.map_or("", |start| tree.text(start)).to_ascii_lowercase();
    let text = tree.text(node);
    let text = if prefix.contains('r') { text.to_owned() } else { unescaped(text) };
    if prefix.contains('f') { text.replace("{{", "{").replace("}}", "}") } else { text }
}

fn call(tree: &Tree, node: NodeId) -> Expr {
    let (Some(callee), Some(list)) = (tree.field(node, "function"), tree.field(node, "arguments")) else {
        return Expr::Other;
    };
    let arguments = if tree.kind(list) == "argument_list" {
        tree.children(list).filter_map(|child| argument(tree, child)).collect()
    } else {
        vec![Argument { name: None, spread: false, value: list }]
    };
    Expr::Call { callee, arguments, new: false }
}

fn argument(tree: &Tree, node: NodeId) -> Option<Argument> {
    let spread = |value| Argument { name: None, spread: true, value };
    match tree.kind(node) {
        "keyword_argument" => Some(Argument {
            name: tree.field(node, "name").map(|name| tree.text(name).into()),
            spread: false,
            value: tree.field(node, "value")?,
        }),
        "list_splat" | "dictionary_splat" => tree.children(node).next().map(spread),
        _ => Some(Argument { name: None, spread: false, value: node }),
    }
}

fn entry_of(tree: &Tree, node: NodeId) -> Option<Entry> {
    if tree.kind(node) == "dictionary_splat" {
        return tree.children(node).next().map(Entry::All);
    }
    let (key, value) = (tree.field(node, "key")?, tree.field(node, "value")?);
    Some(match expr(tree, key) {
        Expr::Text(name) => Entry::Named(name.into(), value),
        _ => Entry::Computed(key, value),
    })
}

/// Returns the names that the node itself binds.
pub(crate) fn bindings(tree: &Tree, node: NodeId) -> Vec<Binding> {
    let mut found = Vec::new();
    let field = |name: &'static str| tree.field(node, name);
    match tree.kind(node) {
        "assignment" => {
            if let (Some(left), Some(right)) = (field("left"), field("right")) {
                pattern(tree, left, right, &mut found);
            }
        }
        "named_expression" => {
            if let (Some(name), Some(value)) = (field("name"), field("value")) {
                pattern(tree, name, value, &mut found);
            }
        }
        "augmented_assignment" => {
            let name = field("left").filter(|left| tree.kind(*left) == "identifier");
            found.extend(name.map(|name| binding(tree, name, Bound::Opaque)));
        }
        "for_statement" | "for_in_clause" => {
            if let (Some(left), Some(right)) = (field("left"), field("right")) {
                pattern_at(tree, left, right, vec![Step::Any], &mut found);
            }
        }
        "as_pattern" => {
            let alias = field("alias").and_then(|target| tree.children(target).next());
            if let (Some(alias), Some(value)) = (alias, tree.children(node).next()) {
                pattern(tree, alias, value, &mut found);
            }
        }
        "import_statement" | "import_from_statement" => imports(tree, node, &mut found),
        "function_definition" | "class_definition" => {
            found.extend(field("name").map(|name| binding(tree, name, Bound::Defined(node))));
        }
        "parameters" | "lambda_parameters" => parameters(tree, node, &mut found),
        "global_statement" | "nonlocal_statement" => {
            found.extend(tree.children(node).map(|name| binding(tree, name, Bound::Outer)));
        }
        "call" => found.extend(added(tree, node)),
        _ => {}
    }
    found
}

fn binding(tree: &Tree, name: NodeId, bound: Bound) -> Binding {
    Binding { name: tree.text(name).into(), bound }
}

/// `entries.append(x)`.
fn added(tree: &Tree, node: NodeId) -> Option<Binding> {
    let callee = tree.field(node, "function")?;
    let (object, name) = (tree.field(callee, "object")?, tree.field(callee, "attribute")?);
    let list = tree.field(node, "arguments")?;
    let is = tree.kind(object) == "identifier" && tree.text(name) == "append";
    let value = tree.children(list).next().filter(|_| is)?;
    Some(binding(tree, object, Bound::Added(value)))
}

fn pattern(tree: &Tree, left: NodeId, right: NodeId, found: &mut Vec<Binding>) {
    pattern_at(tree, left, right, Vec::new(), found);
}

fn pattern_at(tree: &Tree, left: NodeId, right: NodeId, way: Vec<Step>, found: &mut Vec<Binding>) {
    let mut open = vec![(left, way)];
    while let Some((left, way)) = open.pop() {
        match tree.kind(left) {
            "identifier" => found.push(binding(tree, left, Bound::Value(right, way))),
            "pattern_list" | "tuple_pattern" | "list_pattern" | "parenthesized_expression" => {
                for (at, child) in tree.children(left).enumerate() {
                    let step = Step::At(at);
                    open.push((child, way.iter().cloned().chain([step]).collect()));
                }
            }
            "list_splat_pattern" => {
                let names = tree.children(left).filter(|name| tree.kind(*name) == "identifier");
                found.extend(names.map(|name| binding(tree, name, Bound::Opaque)));
            }
            _ => {}
        }
    }
}

fn parameters(tree: &Tree, list: NodeId, found: &mut Vec<Binding>) {
    let Some(function) = tree.parent(list) else { return };
    for (at, parameter) in tree.children(list).enumerate() {
        let default = tree.field(parameter, "value");
        let name = match tree.kind(parameter) {
            "identifier" => Some(parameter),
            "default_parameter" | "typed_default_parameter" => tree.field(parameter, "name"),
            "typed_parameter" => tree.children(parameter).next(),
            _ => None,
        };
        if let Some(name) = name.filter(|name| tree.kind(*name) == "identifier") {
            found.push(binding(tree, name, Bound::Parameter { function, at, way: Vec::new(), default }));
        }
    }
}

fn imports(tree: &Tree, node: NodeId, found: &mut Vec<Binding>) {
    let from = tree.field(node, "module_name").map(|module| -> Arc<str> { tree.text(module).into() });
    for child in tree.fields(node, "name") {
        let (name, alias) = match tree.kind(child) {
            "aliased_import" => match (tree.field(child, "name"), tree.field(child, "alias")) {
                (Some(name), Some(alias)) => (tree.text(name), Some(tree.text(alias))),
                _ => continue,
            },
            _ => (tree.text(child), None),
        };
        let (known_as, module, part): (&str, Arc<str>, Option<Arc<str>>) = match (&from, alias) {
            (Some(module), alias) => (alias.unwrap_or(name), module.clone(), Some(name.into())),
            (None, Some(alias)) => (alias, name.into(), None),
            // `import a.b` binds `a`.
            (None, None) => {
                let first = name.split('.').next().unwrap_or(name);
                (first, first.into(), None)
            }
        };
        found.push(Binding { name: known_as.into(), bound: Bound::Imported { module, name: part } });
    }
    if let Some(module) =
        from.filter(|_| tree.children(node).any(|child| tree.kind(child) == "wildcard_import"))
    {
        found.push(Binding { name: "*".into(), bound: Bound::Imported { module, name: None } });
    }
}

/// Returns what the node is for the scopes.
pub(crate) fn shape(tree: &Tree, node: NodeId) -> Shape {
    let field = |name: &'static str| tree.field(node, name);
    let name = || field("name").map(|name| -> Arc<str> { tree.text(name).into() });
    match tree.kind(node) {
        "function_definition" => Shape::Function(name()),
        "lambda" => Shape::Function(None),
        "class_definition" => Shape::Class(name()),
        "return_statement" => tree.children(node).next().map_or(Shape::Plain, Shape::Returns),
        "assignment" => attribute(tree, node).unwrap_or(Shape::Plain),
        "if_statement" | "elif_clause" | "while_statement" => {
            field("condition").map_or(Shape::Plain, Shape::Choice)
        }
        "conditional_expression" => tree.children(node).nth(1).map_or(Shape::Plain, Shape::Choice),
        "match_statement" => field("subject").map_or(Shape::Plain, Shape::Choice),
        _ => Shape::Plain,
    }
}

fn attribute(tree: &Tree, node: NodeId) -> Option<Shape> {
    let (left, right) = (tree.field(node, "left")?, tree.field(node, "right")?);
    let (object, name) = (tree.field(left, "object")?, tree.field(left, "attribute")?);
    matches!(tree.text(object), "self" | "cls").then(|| Shape::Attribute(tree.text(name).into(), right))
}
