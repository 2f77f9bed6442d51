//! The AWS calls that stand in a function's code: Python, JavaScript, TypeScript.
//!
//! Input: the text of files and the workload's environment. Output: [`Code`], the calls of AWS SDKs with what is known
//! of their requests, and the checks on the event's caller that were seen. A call that is not found proves nothing.
//!
//! The way: text -> flat tree (`tree`) -> names by scope (`module`) -> files that the handler leads to (`program`)
//! -> values (`evaluate`) -> calls (`calls`) in what a run can reach (`reach`), and guards (`guard`).
//!
//! Deliberately not here: files, what an operation is, and what follows from a call. Nothing here fails: code that is
//! not understood is a note.

mod calls;
mod evaluate;
mod expr;
mod facts;
mod guard;
mod inline;
mod javascript;
mod language;
mod module;
mod program;
mod python;
mod quoted;
mod reach;
mod region;
mod request;
mod tree;
mod value;

pub use inline::{Inline, read_inline};

use language::Grammar;
use loopguard_model::{Code, ReadNote};
use loopguard_pattern::{Symbol, Term};
use program::Program;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most calls that are told of one function.
const MOST_CALLS: usize = 500;

/// One file of code.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: Arc<str>,
    shown: Arc<str>,
    text: Arc<str>,
    grammar: Option<Grammar>,
}

impl SourceFile {
    /// Returns the file: its path as seen from the folder of the code, its name in reports, its text.
    pub fn new(path: &str, shown: &str, text: Arc<str>) -> Self {
        Self { path: path.into(), shown: shown.into(), text, grammar: Grammar::of_path(path) }
    }

    /// Returns true iff a file of that name is in a language that is read here.
    pub fn is_read(path: &str) -> bool {
        Grammar::of_path(path).is_some()
    }
}

/// The code of one function.
#[derive(Debug)]
pub struct Unit<'a> {
    /// Its files.
    pub files: &'a [SourceFile],
    /// The file and the function that are started (`src/app.handler`), where that is known.
    pub handler: Option<&'a str>,
    /// The workload's properties, of which `Environment.Variables.*` are used.
    pub environment: &'a BTreeMap<Arc<str>, Term>,
    /// Words that stand in the text for values that are not known yet.
    pub symbols: &'a [(String, Symbol)],
}

/// What was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// Calls and guards.
    pub code: Code,
    /// What was not understood.
    pub notes: Vec<ReadNote>,
    /// The files that were read, by their names in reports.
    pub files: BTreeSet<Arc<str>>,
}

/// Returns what the code of a function does, as far as the calls of AWS SDKs can be seen in it.
pub fn read(unit: &Unit<'_>) -> Reading {
    let program = Program::new(unit);
    let mut notes = Vec::new();
    for (file, module) in program.modules.iter().enumerate() {
        let message = match (module.tree.whole, module.tree.broken) {
            (false, _) => "the code is too large or too tangled to be read; what it does is not known",
            (true, Some(_)) => "the code is not understood here; calls around it are found all the same",
            (true, None) => continue,
        };
        let byte = module.tree.broken.unwrap_or(0);
        let mut origin = program.origin(file, 0);
        if let loopguard_model::Origin::File(place) = &mut origin {
            (place.line, place.column) = module.tree.place(byte);
            place.span = loopguard_pattern::json::Span { start: byte, end: byte };
        }
        notes.push(ReadNote { origin, message: message.to_owned() });
    }
    let reached = reach::reached(&program);
    let mut code = Code { guards: guard::guards(&program, &reached), ..Code::default() };
    for (file, node) in &reached {
        for call in program.calls_at(*file, *node) {
            if !code.calls.contains(&call) && code.calls.len() < MOST_CALLS {
                code.calls.push(call);
            }
        }
    }
    Reading { code, notes, files: program.files() }
}

#[cfg(test)]
mod tests;
