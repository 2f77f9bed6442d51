//! Whether buckets send their events to EventBridge.

use super::Reader;
use crate::nodes::{at, literal};
use crate::template::Resource;
use loopguard_model::Inventory;
use loopguard_pattern::json::{Value, ValueKind};

impl Reader<'_> {
    pub(super) fn bucket(&self, resource: &Resource, inventory: &mut Inventory) {
        let properties = self.properties(resource);
        let own = (&*resource.class == "AWS::S3::Bucket").then(|| self.resolver.resource_name(resource));
        if let Some(name) = &own {
            let region = self.stacks.scope.region.clone();
            inventory.bucket_regions.entry(name.clone()).or_default().insert(region);
        }
        let Some(sends) = sends_events(&properties) else { return };
        if let Some(name) = own {
            // CDK turns the notifications on beside the bucket, perhaps before it in the text.
            let known = inventory.bucket_notifications.entry(name).or_insert(sends);
            *known |= sends;
        } else if sends && let Some(name) = self.text(&properties, "BucketName") {
            inventory.bucket_notifications.insert(name, true);
        }
    }
}

/// Returns whether the properties turn the events on, or none if they do not tell.
fn sends_events(properties: &Value) -> Option<bool> {
    let Some(configuration) = properties.get("NotificationConfiguration") else { return Some(false) };
    if matches!(configuration.kind, ValueKind::Opaque(_)) {
        return None;
    }
    let Some(bridge) = at(configuration, "EventBridgeConfiguration") else { return Some(false) };
    match bridge.get("EventBridgeEnabled") {
        // The empty configuration turns them on.
        None => Some(true),
        Some(flag) => literal(flag).map(|text| &*text == "true"),
    }
}
