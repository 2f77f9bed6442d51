//! A document as a template: its sections, SAM written out.

use crate::foreach;
use crate::nodes::literal;
use crate::notes::Notes;
use crate::sam;
use crate::source_text::SourceText;
use loopguard_pattern::json::{Span, Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One template. Resources are plain CloudFormation: SAM's have been written out.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) source: Arc<SourceText>,
    /// Names the template among all that are read: the file, with a number where a file holds several.
    pub(crate) unit: Arc<str>,
    pub(crate) parameters: BTreeMap<Arc<str>, Parameter>,
    pub(crate) mappings: Value,
    pub(crate) conditions: Value,
    pub(crate) outputs: Value,
    /// In the order of the text, what SAM generates behind its owner.
    pub(crate) resources: Vec<Resource>,
    /// What exists already and is only referred to.
    existing: BTreeMap<Arc<str>, Resource>,
    by_id: BTreeMap<Arc<str>, usize>,
}

/// A parameter's declaration.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Its default as text; none where it has none or where the default is not the value (SSM parameters).
    pub(crate) default: Option<Arc<str>>,
    /// Whether its value is a list.
    pub(crate) list: bool,
    /// Whether the template hides its value.
    pub(crate) secret: bool,
}

/// A resource's declaration.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The logical id.
    pub(crate) id: Arc<str>,
    /// The CloudFormation type.
    pub(crate) class: Arc<str>,
    /// The properties as written.
    pub(crate) properties: Value,
    /// The full path in the template.
    pub(crate) path: Arc<str>,
    /// Where its key stands.
    pub(crate) span: Span,
    /// The condition it is created under.
    pub(crate) condition: Option<Arc<str>>,
    /// SAM connectors that start here, by name.
    pub(crate) connectors: Value,
    /// Where the CDK left what it packed for the resource, beside the template.
    pub(crate) asset: Option<Asset>,
}

/// What the CDK packed for a resource.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    /// The file or folder, as seen from the template's folder.
    pub(crate) path: Arc<str>,
    /// Where that is said.
    pub(crate) span: Span,
}

impl Template {
    /// Returns the template that the document is, or none if it is not one; `given` has values of parameters by name.
    pub(crate) fn new(
        document: &Value,
        source: Arc<SourceText>,
        unit: Arc<str>,
        given: &BTreeMap<Arc<str>, Arc<str>>,
        notes: &Notes,
    ) -> Option<Self> {
        // What is no template has nothing to write out, and nothing to tell.
        document.get("Resources")?;
        let document = foreach::written_out(document, given, notes);
        let resources = document.get("Resources")?;
        if !matches!(resources.kind, ValueKind::Object(_) | ValueKind::Null) {
            notes.tell(resources.span, "`Resources` is not an object of resources by name");
        }
        let declared = resources.members().iter().filter_map(|member| {
            let resource = Resource::new(&member.key, member.key_span, &member.value, notes)?;
            Some(resource)
        });
        let section = |name: &str| {
            document.get(name).cloned().unwrap_or(Value { kind: ValueKind::Null, span: Span::default() })
        };
        let resources = sam::written_out(declared.collect(), &section("Globals"), notes);
        let by_id = resources.iter().enumerate().map(|(at, resource)| (resource.id.clone(), at)).collect();
        let parameters = section("Parameters");
        let parameters = parameters
            .members()
            .iter()
            .map(|member| (member.key.clone(), Parameter::new(&member.value)))
            .collect();
        Some(Self {
            source,
            unit,
            parameters,
            mappings: section("Mappings"),
            conditions: section("Conditions"),
            outputs: section("Outputs"),
            resources,
            existing: BTreeMap::new(),
            by_id,
        })
    }

    /// Returns the template of resources that another front end has made; `existing` ones are not declared,
    /// but can be referred to.
    pub(crate) fn of_resources(
        source: Arc<SourceText>,
        unit: Arc<str>,
        resources: Vec<Resource>,
        existing: Vec<Resource>,
    ) -> Self {
        let nothing = || Value { kind: ValueKind::Null, span: Span::default() };
        Self {
            source,
            unit,
            parameters: BTreeMap::new(),
            mappings: nothing(),
            conditions: nothing(),
            outputs: nothing(),
            by_id: resources.iter().enumerate().map(|(at, resource)| (resource.id.clone(), at)).collect(),
            resources,
            existing: existing.into_iter().map(|resource| (resource.id.clone(), resource)).collect(),
        }
    }

    /// Returns the resource of that logical id.
    pub(crate) fn resource(&self, id: &str) -> Option<&Resource> {
        self.by_id.get(id).and_then(|at| self.resources.get(*at)).or_else(|| self.existing.get(id))
    }
}

impl Parameter {
    fn new(declaration: &Value) -> Self {
        let kind = declaration.get("Type").and_then(literal).unwrap_or_else(|| "String".into());
        // The default of such a parameter names an entry of the Parameter Store; the value is what stands there.
        let stored = kind.starts_with("AWS::SSM::Parameter::Value");
        let default = if stored { None } else { declaration.get("Default").and_then(literal) };
        let secret = declaration.get("NoEcho").and_then(literal).is_some_and(|text| &*text == "true");
        Self { default, list: kind.contains("List"), secret }
    }
}

impl Asset {
    fn new(metadata: &Value) -> Option<Self> {
        let path = metadata.get("aws:asset:path")?;
        Some(Self { path: literal(path)?, span: path.span })
    }
}

impl Resource {
    fn new(id: &Arc<str>, span: Span, declaration: &Value, notes: &Notes) -> Option<Self> {
        if id.starts_with("Fn::") {
            let message = format!("`{id}` makes resources when the stack is deployed; they are not read");
            notes.tell(span, message);
            return None;
        }
        let Some(class) = declaration.get("Type").and_then(literal) else {
            notes.tell(span, format!("resource `{id}` has no `Type`; it is not read"));
            return None;
        };
        if is_module(&class) {
            notes.tell(span, format!("what the module `{id}` deploys is not read: its rules are not known"));
        }
        let nothing = || Value { kind: ValueKind::Object(Vec::new()), span };
        let properties = match declaration.member("Properties") {
            Some(member) => member.value.clone(),
            None => nothing(),
        };
        Some(Self {
            id: id.clone(),
            class,
            properties,
            path: format!("Resources.{id}").into(),
            span,
            condition: declaration.get("Condition").and_then(literal),
            connectors: declaration.get("Connectors").cloned().unwrap_or_else(nothing),
            asset: declaration.get("Metadata").and_then(Asset::new),
        })
    }
}

/// Returns true iff such a resource is a module, which makes others that stand in the registry (CloudFormation User Guide
/// on modules).
fn is_module(class: &str) -> bool {
    class.ends_with("::MODULE")
}
