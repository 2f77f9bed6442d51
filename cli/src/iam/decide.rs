//! `loopguard iam decide`: one case in, one answer out.

use crate::iam::case::{Case, Named};
use crate::iam::managed::Managed;
use loopguard_analysis::iam::{Answer, Context, Layers, Request, Source, World, decide};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: Option<&'a RawValue>,
    decision: &'static str,
    because: Vec<String>,
}

/// Answers one case.
pub(crate) fn row(line: &str, world: World, managed: &Managed) -> Result<String, String> {
    let case: Case<'_> = serde_json::from_str(line).map_err(|error| format!("not a case: {error}"))?;
    let request = request(&case, world)?;
    let policies = case.policies()?;
    let layers = Layers {
        identity: sources(&policies.identity, managed),
        boundary: policies.boundary.as_ref().map(|named| source(named, managed)),
        scps: policies.scps.iter().map(|level| sources(level, managed)).collect(),
        session: policies.session.as_ref().map(|named| source(named, managed)),
        resource: policies.resource.as_ref().map(|named| source(named, managed)),
        needs_resource: managed.catalogue().needs_resource_policy(&request.action, &request.resource),
    };
    let decision = decide(&request, &layers);
    let row = Row {
        id: case.id,
        decision: match decision.answer {
            Answer::Must => "must",
            Answer::May => "may",
            Answer::No => "no",
        },
        because: decision.because.iter().map(ToString::to_string).collect(),
    };
    serde_json::to_string(&row).map_err(|error| error.to_string())
}

fn sources<'a>(list: &'a [Named], managed: &'a Managed) -> Vec<Source<'a>> {
    list.iter().map(|named| source(named, managed)).collect()
}

fn source<'a>(named: &'a Named, managed: &'a Managed) -> Source<'a> {
    match named {
        Named::Inline(policy) => Source::Read(policy),
        Named::Managed(name) => {
            managed.get(name).map_or_else(|| Source::Unread(name.as_str().into()), Source::Read)
        }
    }
}

fn request(case: &Case<'_>, world: World) -> Result<Request, String> {
    let mut context = Context::new(world);
    if let Some(principal) = &case.principal {
        context.set("aws:PrincipalArn", [principal.as_str()]);
    }
    for (key, value) in &case.context {
        context.set(key, texts(key, value)?);
    }
    Ok(Request { action: case.action.clone(), resource: case.resource.clone(), context })
}

/// Returns the values of a key; an empty list: the request does not carry it.
fn texts(key: &str, value: &Value) -> Result<Vec<String>, String> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(format!("`context`: the value of `{key}` is neither a text nor a list of texts")),
    };
    match value {
        Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|text| vec![text]),
    }
}
