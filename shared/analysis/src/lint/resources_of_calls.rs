//! A filter on `resources` for API calls, whose events have none.

use super::Site;
use crate::accept;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let filters = |branch: &loopguard_pattern::Branch| {
        branch.field("resources").is_some_and(|field| !accept::accepts_absence(field))
    };
    let found = site.calls().iter().any(|calls| filters(calls.branch));
    let message = "API calls are filtered by `resources`, which their events leave empty";
    found.then(|| message.to_owned()).into_iter().collect()
}
