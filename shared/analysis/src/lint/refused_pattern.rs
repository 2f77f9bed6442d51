//! A pattern that the bus refuses.

use super::Site;
use loopguard_model::Trigger;

/// The bus's own words begin like this; a pattern that is not known before deployment is another matter.
const REFUSED: &str = "Event pattern is not valid";

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    match &site.rule.trigger {
        Trigger::Unreadable(why) if why.starts_with(REFUSED) => vec![why.to_string()],
        _ => Vec::new(),
    }
}
