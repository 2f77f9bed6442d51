//! Every limit and every kind of edge of the analysis is needed: left out, a case breaks.
//!
//! `docs/mutations.md` says which case it is. Without an edge kind something is less surely a loop there than it is;
//! without a limit, more surely.

use crate::cases::{self, Case};
use crate::workspace;
use loopguard_analysis::{Aspect, AspectKind, Catalogue};
use std::cmp::Ordering;
use std::fs;

/// Returns true iff the case breaks without the aspect, in the direction that the aspect works.
fn breaks(case: &Case, lacking: &Catalogue, aspect: Aspect) -> bool {
    let wanted = match aspect.kind() {
        AspectKind::Edge => Ordering::Less,
        AspectKind::Limit => Ordering::Greater,
    };
    case.differences(lacking).iter().any(|difference| difference.ordering == wanted)
}

/// Returns the cells of all cases that break without the aspect, for whoever writes its row.
fn breaking(cases: &[Case], aspect: Aspect) -> String {
    let lacking = Catalogue::without(aspect);
    let found = cases.iter().filter(|case| breaks(case, &lacking, aspect));
    found.map(|case| format!("[{}](../{})", case.title, case.file)).collect::<Vec<_>>().join(" ; ")
}

/// Returns the cells of the table's rows.
fn rows(page: &str) -> Vec<Vec<&str>> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Returns the case that a cell links to: `[TITLE](../FILE)`.
fn linked<'c>(cell: &str, cases: &'c [Case]) -> Option<&'c Case> {
    let (title, file) = cell.strip_prefix('[')?.strip_suffix(')')?.split_once("](../")?;
    cases.iter().find(|case| case.title == title && case.file == file)
}

#[test]
fn every_aspect_is_in_the_table_and_needed_by_its_case() {
    let page = fs::read_to_string(workspace::root().join("docs/mutations.md")).unwrap();
    let rows = rows(&page);
    let cases = cases::all();
    let mut wrong = Vec::new();
    for (at, aspect) in Aspect::ALL.iter().enumerate() {
        let head = [format!("`{aspect}`"), aspect.kind().as_str().to_owned(), aspect.about().to_owned()];
        let Some([name, kind, about, cell]) = rows.get(at).map(Vec::as_slice) else {
            wrong.push(format!("{aspect}: its row is missing"));
            continue;
        };
        if [name, kind, about].iter().zip(&head).any(|(is, wanted)| *is != wanted) {
            wrong.push(format!("{aspect}: its row begins | {} |", head.join(" | ")));
        }
        match linked(cell, &cases) {
            Some(case) if breaks(case, &Catalogue::without(*aspect), *aspect) => {}
            Some(_) => {
                let those = breaking(&cases, *aspect);
                wrong.push(format!("{aspect}: without it, {cell} does not break; those that do: {those}"));
            }
            None => {
                let those = breaking(&cases, *aspect);
                wrong.push(format!("{aspect}: `{cell}` is no case; those that break without it: {those}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(rows.len(), Aspect::ALL.len(), "a row for each aspect");
}
