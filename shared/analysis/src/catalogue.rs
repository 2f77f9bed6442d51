//! Facts of AWS as tables.

/// The facts of AWS that the analysis rests on.
#[derive(Debug)]
pub struct Catalogue {
    info: CatalogueInfo,
}

/// What a report says about the catalogue it used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueInfo {
    /// Version of the catalogue's own format.
    pub format: u32,
    /// Where the generated part comes from (`botocore 1.44.5`).
    pub generated_from: String,
    /// Services whose operations are known.
    pub services: usize,
    /// Operations known.
    pub operations: usize,
    /// Kinds of targets known.
    pub target_kinds: usize,
    /// Rows that map a call to a native event.
    pub native_rows: usize,
}

impl Catalogue {
    /// Returns the catalogue that is built in.
    pub fn embedded() -> Self {
        Self {
            info: CatalogueInfo {
                format: 1,
                generated_from: "botocore 1.44.5".to_owned(),
                services: 0,
                operations: 0,
                target_kinds: 0,
                native_rows: 0,
            },
        }
    }

    /// Returns what a report says about the catalogue.
    pub fn describe(&self) -> &CatalogueInfo {
        &self.info
    }
}
