use super::{Offer, Parts};
use crate::Paint;
use crate::bare::{self, Note};
use crate::diagnostic::Diagnostic;
use loopguard_analysis::{Code, Severity};
use loopguard_model::Origin;

fn told(severity: Severity) -> Diagnostic<'static> {
    Diagnostic {
        id: "",
        code: Code::SelfTrigger,
        severity,
        headline: String::new(),
        rule: "",
        origin: Origin::Assumed("".into()),
        facts: Vec::new(),
        no_remedy: None,
        cost: None,
        fingerprint: String::new(),
        is_new: None,
        finding: None,
    }
}

/// Every number of notes and offers, with a place or words for one.
#[test]
fn lines_without_sources_are_those_of_the_layout() {
    let notes = |count: usize| -> Vec<Note> {
        let text = |at: usize| format!("a note, `{at}` [x] = |");
        (0..count).map(|at| if at % 2 == 0 { Note::named(text(at)) } else { Note::plain(text(at)) }).collect()
    };
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        for case in 0..2 * 3 * 3 * 3 {
            let (place, own, offers, of_offer) =
                ([None, Some((7, 12))][case % 2], case / 2 % 3, case / 6 % 3, case / 18);
            let offers = (0..offers)
                .map(|_| Offer { headline: "do it".to_owned(), edits: &[], notes: notes(of_offer) })
                .collect();
            let parts = Parts {
                headline: "rule `a` triggers itself".to_owned(),
                place: ("template.yaml".to_owned(), place),
                notes: notes(own),
                offers,
            };
            let told = told(severity);
            let laid_out = parts.laid_out(&told, &[], Paint::Plain);
            assert_eq!(bare::lines(&parts.sections(&told)), Some(laid_out), "case {case}");
        }
    }
}

#[test]
fn letters_that_are_not_plain_are_laid_out() {
    let parts = |headline: &str| Parts {
        headline: headline.to_owned(),
        place: ("a".to_owned(), None),
        notes: Vec::new(),
        offers: Vec::new(),
    };
    let told = told(Severity::Error);
    assert!(bare::lines(&parts("plain").sections(&told)).is_some());
    assert!(bare::lines(&parts("gr\u{f6}\u{df}e \u{200d}").sections(&told)).is_none());
}
