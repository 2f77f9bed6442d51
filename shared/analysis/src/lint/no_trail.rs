//! API calls, where no trail logs.

use super::Site;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let silent = site.inventory.trails.as_ref().is_some_and(|trails| !trails.logging);
    let found = silent && !site.calls().is_empty();
    let message = "the rule listens to API calls, and no trail logs here";
    found.then(|| message.to_owned()).into_iter().collect()
}
