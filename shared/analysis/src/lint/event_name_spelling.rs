//! A call's name that CloudTrail writes in another way.

use super::Site;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    for calls in site.calls() {
        for (name, operations) in &calls.named {
            for operation in operations.iter().filter(|operation| *operation.name == **name) {
                // Only a longer spelling of the same name: other names are other kinds of records.
                let other = operation.event_names.iter().find(|known| {
                    known
                        .strip_prefix(&**name)
                        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                });
                let Some(other) = other else { continue };
                if !calls.named.iter().any(|(listed, _)| listed == other) {
                    sentences.push(format!(
                        "CloudTrail records `{name}` as `{other}`: list both, or use a prefix"
                    ));
                }
            }
        }
    }
    sentences.sort();
    sentences.dedup();
    sentences
}
