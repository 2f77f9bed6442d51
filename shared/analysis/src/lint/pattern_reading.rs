//! Part of a pattern that rarely means what it was written for.

use super::Site;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let notes = site.pattern().map(loopguard_pattern::EventPattern::notes).unwrap_or_default();
    notes.iter().map(|note| note.message.clone()).collect()
}
