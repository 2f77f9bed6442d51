//! What was found before: an earlier report, held against this one.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// The findings of an earlier report.
#[derive(Debug, Clone)]
pub struct Base {
    name: String,
    findings: BTreeMap<String, Earlier>,
}

/// A finding of an earlier report.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Earlier {
    fingerprint: String,
    pub(crate) code: String,
    pub(crate) severity: String,
    pub(crate) headline: String,
    #[serde(skip, default = "yes")]
    is_told: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct Document {
    format_version: u32,
    findings: Vec<Earlier>,
    lints: Vec<Earlier>,
}

/// Why a text is no earlier report.
#[derive(Debug)]
pub struct BaseError(String);

impl fmt::Display for BaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no report of `loopguard scan --format json`: {}", self.0)
    }
}

impl std::error::Error for BaseError {}

impl Base {
    /// Reads a report that `scan --format json` printed; `name` is what it is called in the comparison.
    pub fn from_json(name: &str, text: &str) -> Result<Self, BaseError> {
        let document: Document = serde_json::from_str(text).map_err(|error| BaseError(error.to_string()))?;
        if document.format_version != crate::FORMAT_VERSION {
            let version = document.format_version;
            return Err(BaseError(format!("its format_version is {version}, not {}", crate::FORMAT_VERSION)));
        }
        // As in a report, of single rules people are told what is more than a note.
        let quiet = |mut lint: Earlier| {
            lint.is_told = lint.severity != "note";
            lint
        };
        let told = document.findings.into_iter().chain(document.lints.into_iter().map(quiet));
        let findings = told.map(|finding| (finding.fingerprint.clone(), finding)).collect();
        Ok(Self { name: name.to_owned(), findings })
    }

    /// Nothing was found, because nothing was there.
    pub fn empty(name: &str) -> Self {
        Self { name: name.to_owned(), findings: BTreeMap::new() }
    }

    /// Returns what the base is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn holds(&self, fingerprint: &str) -> bool {
        self.findings.contains_key(fingerprint)
    }

    /// Returns what people were told and is not among the findings that there are now.
    pub(crate) fn fixed<'f>(&self, now: impl Iterator<Item = &'f str>) -> Vec<&Earlier> {
        let now: std::collections::BTreeSet<&str> = now.collect();
        let gone = |earlier: &&Earlier| earlier.is_told && !now.contains(earlier.fingerprint.as_str());
        self.findings.values().filter(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Base;

    #[test]
    fn notes_are_known_and_not_missed() {
        let row = |print: &str, severity: &str| serde_json::json!({"fingerprint": print, "code": "c", "severity": severity, "headline": "h", "more": 1});
        let document = serde_json::json!({
            "format_version": 1,
            "findings": [row("a", "error"), row("b", "note")],
            "lints": [row("c", "warning"), row("d", "note")],
        });
        let base = Base::from_json("base", &document.to_string()).unwrap();
        assert!(["a", "b", "c", "d"].iter().all(|print| base.holds(print)));
        let fixed: Vec<&str> =
            base.fixed(["a"].into_iter()).iter().map(|was| was.fingerprint.as_str()).collect();
        assert_eq!(fixed, ["b", "c"]);
        let old = serde_json::json!({"format_version": 2, "findings": [], "lints": []}).to_string();
        assert!(Base::from_json("base", &old).unwrap_err().to_string().contains("is 2, not 1"));
    }
}
