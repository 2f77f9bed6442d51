//! Events of a bucket that does not send any.

use super::{Site, list};
use crate::accept;
use crate::emission::API_CALL;
use std::sync::Arc;

pub(super) fn look(site: &Site<'_>) -> Vec<String> {
    let mut silent: Vec<Arc<str>> = Vec::new();
    for branch in site.pattern().into_iter().flat_map(loopguard_pattern::EventPattern::branches) {
        let of_s3 = accept::listed(branch, "source").is_some_and(|sources| *sources == ["aws.s3".into()]);
        let calls = accept::listed(branch, "detail-type")
            .is_some_and(|listed| listed.iter().any(|detail_type| &**detail_type == API_CALL));
        if !of_s3 || calls {
            continue;
        }
        for bucket in accept::listed_terms(branch, "detail.bucket.name").unwrap_or_default() {
            let name: Arc<str> = bucket.to_string().into();
            if site.inventory.bucket_notifications.get(&bucket) == Some(&false) && !silent.contains(&name) {
                silent.push(name);
            }
        }
    }
    if silent.is_empty() {
        return Vec::new();
    }
    vec![format!("these buckets do not send their events to EventBridge: {}", list(&silent))]
}
