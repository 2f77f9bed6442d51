//! The files of one function, as far as its handler leads to them.

use crate::expr::Expr;
use crate::language::Grammar;
use crate::module::Module;
use crate::region::Region;
use crate::tree::NodeId;
use crate::value::{FileId, Value};
use crate::{SourceFile, Unit};
use loopguard_pattern::{Symbol, Term};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most files read for one function.
const MOST_FILES: usize = 200;

/// All that is read for one function.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    pub(crate) modules: Vec<Module>,
    pub(crate) environment: &'a BTreeMap<Arc<str>, Term>,
    /// Words that stand in the text for symbols.
    pub(crate) symbols: &'a [(String, Symbol)],
    /// The function that is started, where it is found.
    pub(crate) entry: Option<(FileId, NodeId)>,
    /// Name of what is called -> calls.
    pub(crate) calls: BTreeMap<Arc<str>, Vec<(FileId, NodeId)>>,
    /// The region of clients that are made without one.
    pub(crate) default_region: Region,
    pub(crate) known: RefCell<BTreeMap<(FileId, NodeId), Option<Value>>>,
    pub(crate) steps: Cell<usize>,
    by_path: BTreeMap<Arc<str>, FileId>,
}

impl<'a> Program<'a> {
    pub(crate) fn new(unit: &Unit<'a>) -> Self {
        let mut program = Self {
            modules: Vec::new(),
            environment: unit.environment,
            symbols: unit.symbols,
            entry: None,
            calls: BTreeMap::new(),
            default_region: Region::Own,
            known: RefCell::default(),
            steps: Cell::new(0),
            by_path: BTreeMap::new(),
        };
        let files: BTreeMap<&str, &SourceFile> = unit.files.iter().map(|file| (&*file.path, file)).collect();
        let handler = unit.handler.and_then(|handler| handler.rsplit_once('.'));
        let first = handler.and_then(|(path, _)| of_stem(&files, path));
        match first {
            Some(first) => program.load(&files, first),
            None => unit.files.iter().take(MOST_FILES).for_each(|file| program.load(&files, &file.path)),
        }
        program.index();
        if let (Some(_), Some((_, name))) = (first, handler) {
            program.entry = program.function_of(0, &name.into());
        }
        program.default_region = program.find_default_region();
        // What was evaluated for it knew of no such region.
        program.known.borrow_mut().clear();
        program.steps.set(0);
        program
    }

    /// Reads the file and what it asks for.
    fn load(&mut self, files: &BTreeMap<&str, &SourceFile>, first: &str) {
        let mut open = vec![first.to_owned()];
        while let Some(path) = open.pop() {
            let Some(file) = files.get(path.as_str()) else { continue };
            let Some(grammar) = file.grammar else { continue };
            if self.by_path.contains_key(path.as_str()) || self.modules.len() >= MOST_FILES {
                continue;
            }
            let module = Module::new(file.path.clone(), file.shown.clone(), file.text.to_string(), grammar);
            for (asked, name) in &module.imports {
                let found = |path: &str| files.contains_key(path);
                open.extend(resolve(&module, asked, name.as_deref(), &found));
            }
            self.by_path.insert(file.path.clone(), self.modules.len());
            self.modules.push(module);
        }
    }

    fn index(&mut self) {
        for (file, module) in self.modules.iter().enumerate() {
            for node in 0..module.tree.len() {
                if let Expr::Call { callee, .. } = module.grammar.expr(&module.tree, node) {
                    let (Expr::Name(name) | Expr::Member(_, name)) =
                        module.grammar.expr(&module.tree, callee)
                    else {
                        continue;
                    };
                    self.calls.entry(name).or_default().push((file, node));
                }
            }
        }
    }

    /// Returns the file that an import of `module` in `file` leads to.
    pub(crate) fn local(&self, file: FileId, asked: &str, name: Option<&str>) -> Option<FileId> {
        let module = self.modules.get(file)?;
        let found = |path: &str| self.by_path.contains_key(path);
        let paths = resolve(module, asked, name, &found);
        paths.first().and_then(|path| self.by_path.get(path.as_str()).copied())
    }

    /// Returns the function that the file knows by the name.
    fn function_of(&self, file: FileId, name: &Arc<str>) -> Option<(FileId, NodeId)> {
        if let Value::Function(file, node) = self.exported(file, name, 0) {
            return Some((file, node));
        }
        let module = self.modules.get(file)?;
        let is = |(_, known): &(&NodeId, &Option<Arc<str>>)| known.as_ref() == Some(name);
        module.functions.iter().find(is).map(|(node, _)| (file, *node))
    }

    pub(crate) fn files(&self) -> BTreeSet<Arc<str>> {
        self.modules.iter().map(|module| module.shown.clone()).collect()
    }
}

/// Returns the file that a handler's path names: `src/app`, `src.app`; else the only one that is called so.
fn of_stem<'f>(files: &BTreeMap<&'f str, &SourceFile>, stem: &str) -> Option<&'f str> {
    let stem = stem.trim_start_matches("./");
    let endings = ["py", "js", "mjs", "cjs", "ts", "mts", "tsx"];
    let known = |path: String| files.get_key_value(path.as_str()).map(|(path, _)| *path);
    let plain = endings.iter().find_map(|ending| known(format!("{stem}.{ending}")));
    let dotted = || known(format!("{}.py", stem.replace('.', "/")));
    let last = stem.rsplit(['/', '.']).next().unwrap_or(stem);
    plain.or_else(dotted).or_else(|| {
        let named = |path: &&&str| {
            let file = path.rsplit('/').next().unwrap_or(path);
            endings
                .iter()
                .any(|ending| file.strip_suffix(ending).and_then(|rest| rest.strip_suffix('.')) == Some(last))
        };
        let mut found = files.keys().filter(named);
        let first = found.next().copied();
        first.filter(|_| found.next().is_none())
    })
}

/// Returns the paths of the files that an import leads to, as far as there are such files.
fn resolve(module: &Module, asked: &str, name: Option<&str>, found: &dyn Fn(&str) -> bool) -> Vec<String> {
    let folder = module.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let tries = if module.grammar == Grammar::Python {
        python_paths(folder, asked, name)
    } else if asked.starts_with('.') {
        script_paths(&joined(folder, asked))
    } else {
        Vec::new()
    };
    tries.into_iter().filter(|path| found(path)).collect()
}

fn python_paths(folder: &str, asked: &str, name: Option<&str>) -> Vec<String> {
    let dots = asked.chars().take_while(|sign| *sign == '.').count();
    let rest = asked.trim_start_matches('.').replace('.', "/");
    let mut bases = Vec::new();
    if dots > 0 {
        let up = "../".repeat(dots - 1);
        bases.push(joined(folder, &format!("./{up}{rest}")));
    } else {
        bases.push(rest.clone());
        bases.push(joined(folder, &rest));
    }
    let mut tries = Vec::new();
    for base in bases {
        // What is taken from a package may be a file of it.
        tries.extend(name.map(|name| joined(&base, &format!("{name}.py"))));
        tries.push(format!("{base}.py"));
        tries.push(joined(&base, "__init__.py"));
    }
    tries
}

fn script_paths(base: &str) -> Vec<String> {
    let endings = ["js", "ts", "mjs", "mts", "cjs", "tsx", "jsx"];
    let stem = endings.iter().find_map(|ending| base.strip_suffix(&format!(".{ending}"))).unwrap_or(base);
    let mut tries = vec![base.to_owned()];
    tries.extend(endings.iter().map(|ending| format!("{stem}.{ending}")));
    tries.extend(endings.iter().map(|ending| format!("{base}/index.{ending}")));
    tries
}

/// Returns the path as seen from the folder, `.` and `..` taken out.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
