//! In which region a client calls.

use crate::program::Program;
use crate::value::Value;
use loopguard_model::Given;
use loopguard_pattern::Term;
use std::sync::Arc;

/// The region of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Region {
    /// The one in which the code runs.
    Own,
    /// This one.
    Named(Term),
    /// Any.
    Open,
}

/// Parts of an event that say in which region it arises: the one in which the rule hears it, and the code runs.
const OF_EVENTS: [&str; 2] = ["region", "detail.awsRegion"];

impl Region {
    /// Returns the regions that the value may be; where nothing is given, `otherwise`.
    pub(crate) fn all(given: &Value, otherwise: &Self) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for value in given.all() {
            let one = match value {
                Value::Nothing => otherwise.clone(),
                Value::Here => Self::Own,
                Value::Event(path) if OF_EVENTS.contains(&&**path) => Self::Own,
                Value::Text(name) if *name == Term::default() => otherwise.clone(),
                Value::Text(name) => Self::Named(name.clone()),
                _ => Self::Open,
            };
            if !found.contains(&one) {
                found.push(one);
            }
        }
        // What stands behind the own region is for where there is none.
        if found.contains(&Self::Own) { vec![Self::Own] } else { found }
    }

    /// Returns the region as calls tell it; none for the own one.
    pub(crate) fn given(&self) -> Option<Given> {
        match self {
            Self::Own => None,
            Self::Named(name) => Some(Given::Constant(name.clone())),
            Self::Open => Some(Given::StartsWith(Term::default())),
        }
    }
}

/// Calls that set the region of all clients that are made without one, by their last name: what is called, and the member.
const DEFAULTS: [(&str, &str, &str); 2] = [
    ("update", "aws-sdk#config.update", "region"),
    ("setup_default_session", "boto3.setup_default_session", "region_name"),
];

impl Program<'_> {
    /// Returns the region that the code sets for clients that are made without one.
    pub(crate) fn find_default_region(&self) -> Region {
        let mut found = Vec::new();
        for (name, path, member) in DEFAULTS {
            for (file, site) in self.calls.get(name).into_iter().flatten() {
                let Some((called, passed)) = self.call_at(*file, *site) else { continue };
                if called.all().contains(&Value::Outside(path.into())) {
                    let given = match passed.request(0) {
                        Value::Record(members) => members.get(member).cloned().unwrap_or(Value::Nothing),
                        _ => Value::Nothing,
                    };
                    found.extend(Region::all(&given, &Region::Own));
                }
            }
        }
        found.dedup();
        match found.as_slice() {
            [] => Region::Own,
            [only] => only.clone(),
            _ => Region::Open,
        }
    }

    /// Returns the regions of the clients that send the command.
    pub(crate) fn regions_of(&self, command: &Value) -> Vec<Region> {
        let mut found: Vec<Region> = Vec::new();
        for (file, site) in self.calls.get("send").into_iter().flatten() {
            let Some((called, passed)) = self.call_at(*file, *site) else { continue };
            if !passed.placed.first().is_some_and(|sent| sent.all().contains(command)) {
                continue;
            }
            for one in called.all() {
                let Value::Method(method) = one else { continue };
                let Value::Client(client) = &method.0 else { continue };
                if !found.contains(&client.region) {
                    found.push(client.region.clone());
                }
            }
        }
        if found.is_empty() { vec![Region::Own] } else { found }
    }

    /// Returns what a call calls, and what it passes.
    fn call_at(&self, file: usize, site: usize) -> Option<(Value, crate::evaluate::Passed)> {
        let module = self.modules.get(file)?;
        let crate::expr::Expr::Call { callee, arguments, .. } = module.grammar.expr(&module.tree, site)
        else {
            return None;
        };
        Some((self.value(file, callee, 0), self.arguments(file, &arguments, 0)))
    }
}

/// Returns the member of options by which JavaScript's clients name their region.
pub(crate) fn of_options(options: &Value) -> Value {
    match options {
        Value::Record(members) => members.get(&Arc::from("region")).cloned().unwrap_or(Value::Nothing),
        _ => Value::Nothing,
    }
}
