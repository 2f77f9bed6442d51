//! Hand-written tables as the build packs them: JSON, deflated.

use crate::catalogue::CatalogueError;
use serde::de::DeserializeOwned;

/// The most bytes that a table inflates to; all are far below.
const MOST_BYTES: usize = 8 << 20;

/// One table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    /// The name of the file that people edit.
    pub(crate) name: &'static str,
    pub(crate) bytes: &'static [u8],
}

/// Returns the packed table that stands in the TOML file of that name.
macro_rules! packed {
    ($name:literal) => {
        Packed {
            name: concat!($name, ".toml"),
            bytes: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".bin")),
        }
    };
}

pub(crate) const NATIVES: Packed = packed!("natives");
pub(crate) const TARGETS: Packed = packed!("targets");
pub(crate) const BINDS: Packed = packed!("binds");
pub(crate) const CARRIERS: Packed = packed!("carriers");
pub(crate) const GUARDED: Packed = packed!("guarded");
pub(crate) const TAKEOVERS: Packed = packed!("takeovers");
pub(crate) const PLACES: Packed = packed!("places");
pub(crate) const RECORDS: Packed = packed!("records");
pub(crate) const SECONDS: Packed = packed!("seconds");
pub(crate) const UNTOLD: Packed = packed!("untold");
pub(crate) const SPELLING: Packed = packed!("spelling");
pub(crate) const ANYWHERE: Packed = packed!("anywhere");
pub(crate) const ACTIONS: Packed = packed!("actions");
pub(crate) const INTEGRATIONS: Packed = packed!("integrations");
pub(crate) const SCHEDULES: Packed = packed!("schedules");

impl Packed {
    /// Returns what the table holds; fails iff it does not have the expected members.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, CatalogueError> {
        let table = self.name;
        let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(self.bytes, MOST_BYTES)
            .map_err(|_| CatalogueError::Generated { table })?;
        serde_json::from_slice(&plain).map_err(|source| CatalogueError::Table { table, source })
    }
}
