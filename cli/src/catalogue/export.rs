//! A catalogue as a file.

use crate::input;
use anyhow::{Context, Result, bail};
use loopguard_analysis::{Catalogue, Fact};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The version of the format.
const VERSION: u32 = 1;

/// Rows, with the version that they are of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    loopguard_catalogue: u32,
    /// The version of the command.
    pub(super) loopguard: String,
    /// The package that the generated part is taken from.
    pub(super) generated_from: String,
    /// The hash of the operations.
    pub(super) sha256: String,
    pub(super) facts: Vec<Fact>,
}

impl Export {
    /// Returns rows of the catalogue of this program.
    pub(super) fn of(catalogue: &Catalogue, facts: Vec<Fact>) -> Self {
        let info = catalogue.describe();
        Self {
            loopguard_catalogue: VERSION,
            loopguard: env!("CARGO_PKG_VERSION").to_owned(),
            generated_from: info.generated_from.clone(),
            sha256: info.sha256.clone(),
            facts,
        }
    }

    /// Returns it as JSON, a row on each line.
    pub(super) fn text(&self) -> serde_json::Result<String> {
        let head = Self { facts: Vec::new(), ..self.clone() };
        let rows: Vec<String> = self.facts.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        let head = serde_json::to_string(&head)?;
        let head = head.strip_suffix("]}").unwrap_or(&head);
        Ok(format!("{head}\n{}\n]}}\n", rows.join(",\n")))
    }

    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = input::text(path)?;
        let told = || format!("`{}` is not what `loopguard catalogue show --json` prints", path.display());
        let export: Self = serde_json::from_str(&text).with_context(told)?;
        if export.loopguard_catalogue != VERSION {
            bail!(
                "`{}` has version {} of the format, and this loopguard reads {VERSION}",
                path.display(),
                export.loopguard_catalogue
            );
        }
        Ok(export)
    }
}
