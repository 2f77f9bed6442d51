//! A finding as lines of text where no line of a source is shown.
//!
//! A snapshot has no lines that are worth showing, and a large account has thousands of findings. What lays out sources
//! sets each character by itself; where there is none, the same lines are written as they are. A test holds both
//! against each other.

/// What stands below a heading of its own.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) heading: String,
    /// Where it is; what is only offered has no place.
    pub(crate) place: Option<String>,
    pub(crate) notes: Vec<Note>,
}

/// A sentence of a section.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    /// Whether it is called a note, or is a step.
    pub(crate) is_named: bool,
    pub(crate) text: String,
}

impl Note {
    /// Returns a sentence that is called a note.
    pub(crate) fn named(text: String) -> Self {
        Self { is_named: true, text }
    }

    /// Returns a sentence that stands for itself.
    pub(crate) fn plain(text: String) -> Self {
        Self { is_named: false, text }
    }
}

/// Returns the sections as lines without colours; none where a text has characters that may be shown otherwise than
/// they are written.
pub(crate) fn lines(sections: &[Section]) -> Option<String> {
    let texts = sections.iter().flat_map(Section::texts);
    let mut length = 0;
    for text in texts {
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return None;
        }
        length += text.len() + FRAME;
    }
    let mut out = String::with_capacity(length);
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(&section.heading);
        if let Some(place) = &section.place {
            out.push_str("\n--> ");
            out.push_str(place);
        }
        // A heading is set apart from what follows, unless its place does that.
        let sets_apart = section.place.is_none() && !section.notes.is_empty();
        let ends_alone = section.notes.is_empty() && at == 0 && sections.len() > 1;
        if sets_apart || ends_alone {
            out.push_str("\n |");
        }
        for note in &section.notes {
            out.push_str(if note.is_named { "\n = note: " } else { "\n = " });
            out.push_str(&note.text);
        }
    }
    Some(out)
}

/// The most characters that a line has beside its text.
const FRAME: usize = "\n = note: ".len();

impl Section {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let notes = self.notes.iter().map(|note| &*note.text);
        [Some(&*self.heading), self.place.as_deref()].into_iter().flatten().chain(notes)
    }
}
