//! AWS managed policies that most roles carry, so that their text need not be read.

use crate::catalogue::CatalogueError;
use crate::catalogue::error::check;
use loopguard_model::{Effect, Origin, Policy, Scoped, Statement};
use loopguard_pattern::Term;
use loopguard_pattern::json::Span;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Deserialize)]
struct Table {
    policy: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: Arc<str>,
    allow: Vec<Grant>,
    source: String,
    confidence: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    actions: Option<Vec<Arc<str>>>,
    not_actions: Option<Vec<Arc<str>>>,
    #[serde(default)]
    resources: Vec<Arc<str>>,
}

pub(crate) fn read(text: &str) -> Result<BTreeMap<Arc<str>, Policy>, CatalogueError> {
    let table: Table = toml::from_str(text)
        .map_err(|source| CatalogueError::Table { table: "managed.toml", source: Box::new(source) })?;
    for row in &table.policy {
        check("managed.toml", &row.source, &row.confidence)?;
    }
    Ok(table.policy.iter().map(|row| (row.name.clone(), policy(row))).collect())
}

fn policy(row: &Row) -> Policy {
    let terms = |texts: &[Arc<str>]| texts.iter().map(|text| Term::literal(text)).collect::<Vec<_>>();
    let why: Arc<str> = format!("{} ({}, {})", row.name, row.source, row.confidence).into();
    let statement = |grant: &Grant| Statement {
        sid: None,
        effect: Effect::Allow,
        principals: None,
        actions: match (&grant.actions, &grant.not_actions) {
            (_, Some(not)) => Scoped::AllBut(terms(not)),
            (actions, None) => Scoped::Only(terms(actions.as_deref().unwrap_or_default())),
        },
        resources: Some(Scoped::Only(if grant.resources.is_empty() {
            vec![Term::literal("*")]
        } else {
            terms(&grant.resources)
        })),
        conditions: Vec::new(),
        span: Span::default(),
    };
    Policy {
        name: row.name.clone(),
        version: Some("2012-10-17".into()),
        statements: row.allow.iter().map(statement).collect(),
        unread: Vec::new(),
        origin: Origin::Assumed(why),
    }
}
