//! A story as a page: what happened, line by line, and the loops that it is about.

use super::anchors::Anchors;
use super::{document, finding, footer};
use crate::diagnostic::{Diagnostic, diagnostics};
use crate::markup::marked_up;
use crate::view::{Index, View};
use std::fmt::{self, Write};

/// A part of a story.
#[derive(Debug, Clone, Default)]
pub struct Chapter {
    /// What it is about.
    pub heading: String,
    /// Its lines, each of pieces with their tones; spaces keep columns apart.
    pub lines: Vec<Vec<(Tone, String)>>,
}

/// How a piece of a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As all text.
    Plain,
    /// A name that is looked for.
    Strong,
    /// What may be passed over.
    Faint,
    /// What does harm.
    Bad,
    /// What ends harm.
    Good,
    /// What somebody should look at.
    Warning,
}

impl Tone {
    /// Returns the class of the page's style.
    fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Strong => "strong",
            Self::Faint => "faint",
            Self::Bad => "bad",
            Self::Good => "good",
            Self::Warning => "warn",
        }
    }
}

/// Returns the story as a page of its own, with a picture of each loop of the report. Same story, same bytes.
pub fn chronicle(view: &View<'_>, title: &str, chapters: &[Chapter]) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = document(&mut out, title, "", |out| write(out, &Index::of(view), title, chapters));
    out
}

fn write(out: &mut String, index: &Index<'_>, title: &str, chapters: &[Chapter]) -> fmt::Result {
    writeln!(out, "<header>\n<h1>{}</h1>\n<nav aria-label=\"Sections\">", marked_up(title))?;
    for (number, chapter) in chapters.iter().enumerate() {
        writeln!(out, "<a href=\"#c{number}\">{}</a>", marked_up(&chapter.heading))?;
    }
    out.push_str("<a href=\"#loops\">The loops</a></nav>\n</header>\n<main>\n");
    for (number, chapter) in chapters.iter().enumerate() {
        writeln!(
            out,
            "<section aria-labelledby=\"c{number}\">\n<h2 id=\"c{number}\">{}</h2>\n<pre class=\"course\">",
            marked_up(&chapter.heading)
        )?;
        let is_blank = |line: &&Vec<(Tone, String)>| line.iter().all(|(_, text)| text.trim().is_empty());
        let blank = chapter.lines.iter().rev().take_while(is_blank).count();
        for line in chapter.lines.iter().take(chapter.lines.len() - blank) {
            for (tone, text) in line {
                match tone {
                    Tone::Plain => out.push_str(&marked_up(text)),
                    tone => write!(out, "<span class=\"{}\">{}</span>", tone.class(), marked_up(text))?,
                }
            }
            out.push('\n');
        }
        out.push_str("</pre>\n</section>\n");
    }
    writeln!(out, "<section aria-labelledby=\"loops\">\n<h2 id=\"loops\">The loops</h2>")?;
    let is_loop = |told: &Diagnostic<'_>| told.finding.is_some_and(|finding| !finding.hops.is_empty());
    for told in diagnostics(index).into_iter().filter(is_loop) {
        finding::article(out, index, &told, &Anchors::default())?;
    }
    out.push_str("</section>\n</main>\n");
    footer(out, index)
}
