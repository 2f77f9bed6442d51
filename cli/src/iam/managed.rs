//! The AWS managed policies that cases name.

use crate::input;
use anyhow::{Context, Result};
use loopguard_analysis::Catalogue;
use loopguard_model::{Origin, Policy};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Managed policies by name: those of a file, then those of the catalogue.
#[derive(Debug)]
pub(crate) struct Managed {
    given: BTreeMap<String, Policy>,
    catalogue: Arc<Catalogue>,
}

#[derive(Debug, Deserialize)]
struct Row<'a> {
    name: String,
    #[serde(borrow)]
    document: &'a RawValue,
}

impl Managed {
    /// Reads the file, if there is one.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self> {
        let mut managed = Self { given: BTreeMap::new(), catalogue: Catalogue::embedded() };
        let Some(file) = file else { return Ok(managed) };
        let text = input::text(file)?;
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row: Row<'_> = serde_json::from_str(line)
                .with_context(|| format!("reading `{}`, line {}", file.display(), index + 1))?;
            let origin = Origin::Assumed(format!("line {} of the managed policies", index + 1).into());
            let policy = Policy::from_text(&row.name, row.document.get(), origin);
            managed.given.insert(row.name, policy);
        }
        Ok(managed)
    }

    /// Returns the policy of that name or ARN.
    pub(crate) fn get(&self, name: &str) -> Option<&Policy> {
        let name = name.rsplit('/').next().unwrap_or(name);
        self.given.get(name).or_else(|| self.catalogue.managed_policy(name))
    }

    /// Returns the facts of AWS.
    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }
}
