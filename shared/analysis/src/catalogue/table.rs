//! Generated tables: rows by key, in blocks that are deflated one by one.
//!
//! `catalogue/generate.py` and the build write them, and the former says how they are laid out. A row costs the search of its block and the
//! inflating of that block, once.

use crate::catalogue::CatalogueError;
use std::sync::OnceLock;

/// The most bytes that a block inflates to; the generator keeps far below.
const MOST_BYTES: usize = 8 << 20;

/// A table of rows `KEY TAB REST`, sorted by the bytes of their keys; what a row stands for is made once.
#[derive(Debug)]
pub(crate) struct Table<T> {
    blocks: Vec<Block<T>>,
}

#[derive(Debug)]
struct Block<T> {
    first: &'static str,
    packed: &'static [u8],
    rows: OnceLock<Vec<Row<T>>>,
}

#[derive(Debug)]
struct Row<T> {
    key: String,
    rest: String,
    made: OnceLock<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { blocks: Vec::new() }
    }
}

impl<T> Table<T> {
    /// Reads the directory of a table; fails iff the bytes are no table of this format.
    pub(crate) fn read(name: &'static str, bytes: &'static [u8]) -> Result<Self, CatalogueError> {
        let broken = || CatalogueError::Generated { table: name };
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or_else(broken)?;
        let (head, rest) = bytes.split_at_checked(end + 2).ok_or_else(broken)?;
        let head = std::str::from_utf8(head).map_err(|_| broken())?;
        let mut lines = head.lines();
        if !lines.next().is_some_and(|line| line.starts_with("loopguard-table 2 ")) {
            return Err(broken());
        }
        let mut blocks = Vec::new();
        let mut rest = rest;
        for line in lines.filter(|line| !line.is_empty()) {
            let mut columns = line.split('\t');
            let first = columns.next().ok_or_else(broken)?;
            let length = columns.next().and_then(|text| text.parse().ok()).ok_or_else(broken)?;
            let (packed, behind) = rest.split_at_checked(length).ok_or_else(broken)?;
            blocks.push(Block { first, packed, rows: OnceLock::new() });
            rest = behind;
        }
        Ok(Self { blocks })
    }

    /// Returns what the row of the key stands for, made of what stands behind the key.
    pub(crate) fn get(&self, key: &str, make: impl FnOnce(&str) -> T) -> Option<&T> {
        self.row(key).map(|row| row.made.get_or_init(|| make(&row.rest)))
    }

    /// Returns what stands behind the key in its row.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.row(key).map(|row| row.rest.as_str())
    }

    fn row(&self, key: &str) -> Option<&Row<T>> {
        let behind = self.blocks.partition_point(|block| block.first <= key);
        let rows = self.blocks.get(behind.checked_sub(1)?)?.rows();
        let at = rows.binary_search_by(|row| row.key.as_str().cmp(key)).ok()?;
        rows.get(at)
    }

    /// Returns all rows, in the order of their keys; none of a block that is broken.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks.iter().flat_map(Block::rows).map(|row| (row.key.as_str(), row.rest.as_str()))
    }
}

impl<T> Block<T> {
    fn rows(&self) -> &Vec<Row<T>> {
        self.rows.get_or_init(|| {
            let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(self.packed, MOST_BYTES);
            let text = plain.ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            let row = |line: &str| {
                let (key, rest) = line.split_once('\t')?;
                Some(Row { key: key.to_owned(), rest: rest.to_owned(), made: OnceLock::new() })
            };
            text.lines().filter_map(row).collect()
        })
    }
}
