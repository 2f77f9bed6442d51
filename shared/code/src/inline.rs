//! Code that stands in a template.

use crate::language::Grammar;
use crate::{Reading, SourceFile, Unit, read};
use loopguard_model::Origin;
use loopguard_pattern::{Part, Symbol, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Code in a template.
#[derive(Debug)]
pub struct Inline<'a> {
    /// The code; what the template puts in is a symbol.
    pub code: &'a Term,
    /// Where it stands in the template.
    pub origin: &'a Origin,
    /// The template's text, where it is known.
    pub template: Option<&'a str>,
    /// The runtime (`python3.13`).
    pub runtime: Option<&'a str>,
    /// The file and the function that are started.
    pub handler: Option<&'a str>,
    /// The workload's properties.
    pub environment: &'a BTreeMap<Arc<str>, Term>,
}

/// Returns what the code does; none where its language is not read here.
pub fn read_inline(inline: &Inline<'_>) -> Option<Reading> {
    let grammar = match inline.runtime {
        Some(runtime) => Grammar::of_runtime(runtime)?,
        None => Grammar::JavaScript,
    };
    let (text, symbols) = with_words(inline.code);
    let stem = inline.handler.and_then(|handler| handler.rsplit_once('.')).map_or("index", |(stem, _)| stem);
    let ending = if grammar.is_python() { "py" } else { "js" };
    let shown = inline.origin.place().map_or("code".into(), |place| place.file.clone());
    let file = SourceFile {
        path: format!("{stem}.{ending}").into(),
        shown,
        text: text.as_str().into(),
        grammar: Some(grammar),
    };
    let unit =
        Unit { files: &[file], handler: inline.handler, environment: inline.environment, symbols: &symbols };
    let mut reading = read(&unit);
    let place = |origin: &mut Origin| *origin = in_template(inline, &text, &symbols, origin);
    reading.code.calls.iter_mut().for_each(|call| place(&mut call.origin));
    reading.code.guards.iter_mut().for_each(|(_, origin)| place(origin));
    reading.notes.iter_mut().for_each(|note| place(&mut note.origin));
    Some(reading)
}

/// Returns the text with a word for each symbol that does not stand in it otherwise.
fn with_words(code: &Term) -> (String, Vec<(String, Symbol)>) {
    let literals: String = code
        .parts()
        .iter()
        .map(|part| match part {
            Part::Literal(text) => &**text,
            Part::Symbol(_) => " ",
        })
        .collect();
    let mut stem = "Loopguard".to_owned();
    while literals.contains(&stem) {
        stem.push('X');
    }
    let mut symbols: Vec<(String, Symbol)> = Vec::new();
    let mut text = String::with_capacity(literals.len());
    for part in code.parts() {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Symbol(symbol) => {
                let known =
                    symbols.iter().find(|(_, known)| *known == **symbol).map(|(word, _)| word.clone());
                let word = known.unwrap_or_else(|| {
                    let word = format!("{stem}{}End", symbols.len());
                    symbols.push((word.clone(), symbol.as_ref().clone()));
                    word
                });
                text.push_str(&word);
            }
        }
    }
    (text, symbols)
}

/// Returns the place in the template at which a line of the code stands; that of the whole code where none is found.
fn in_template(inline: &Inline<'_>, code: &str, symbols: &[(String, Symbol)], origin: &Origin) -> Origin {
    let found = || {
        let (template, whole, place) = (inline.template?, inline.origin.place()?, origin.place()?);
        let at = usize::try_from(place.line).ok()?.checked_sub(1)?;
        let line = code.lines().nth(at)?.trim();
        let pieces = pieces(line, symbols);
        let stands_in = |text: &str| {
            let mut rest = text;
            pieces.iter().all(|piece| match rest.find(piece) {
                Some(at) => {
                    rest = rest.get(at + piece.len()..).unwrap_or("");
                    true
                }
                None => false,
            })
        };
        // The same line may stand in the code more than once: the one that comes as often before.
        let before = code.lines().take(at).filter(|other| other.trim() == line).count();
        let first = usize::try_from(whole.line).ok()?.checked_sub(1)?;
        let mut offset = 0;
        let mut starts = Vec::new();
        for text in template.split_inclusive('\n') {
            starts.push((offset, text));
            offset += text.len();
        }
        let lines = starts.iter().enumerate().skip(first);
        let mut fitting = lines.filter(|(_, (start, text))| *start <= whole.span.end && stands_in(text));
        let (number, (start, text)) = fitting.nth(before)?;
        let column = text.find(*pieces.first()?)?;
        let mut place = whole.clone();
        place.line = u32::try_from(number + 1).ok()?;
        place.column = u32::try_from(text.get(..column)?.chars().count() + 1).ok()?;
        place.span.start = start + column;
        place.span.end = start + text.trim_end().len();
        Some(Origin::File(place))
    };
    found().unwrap_or_else(|| inline.origin.clone())
}

/// Returns what stands between the words for symbols.
fn pieces<'t>(line: &'t str, symbols: &[(String, Symbol)]) -> Vec<&'t str> {
    let mut pieces = vec![line];
    for (word, _) in symbols {
        pieces = pieces.into_iter().flat_map(|piece| piece.split(word.as_str())).collect();
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}
