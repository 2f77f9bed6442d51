//! Trails, whether they log, and what they select.

use super::ask::{answer, elements, only, put, text};
use super::{Asker, Section};
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::Value;

/// Reads the trails of the region, shadows of other regions' trails included.
pub(crate) async fn trails(asker: &Asker<'_>) -> Section {
    let mut section = Section::new(section::TRAILS);
    let call = asker.clients.cloudtrail.describe_trails();
    match answer!(asker, "cloudtrail:DescribeTrails", "every trail", call) {
        Ok(mut told) => {
            for trail in elements(&mut told, "trailList") {
                whole(asker, trail, &mut section).await;
            }
        }
        Err(error) => section.failed.push(error),
    }
    section
}

/// Adds a trail with its status and selectors; what could not be read of them is absent.
async fn whole(asker: &Asker<'_>, mut trail: Value, section: &mut Section) {
    let arn = text(&trail, "TrailARN").to_owned();
    let (status, selectors) = (status(asker, &arn).await, selectors(asker, &arn).await);
    match status {
        Ok(status) => put(&mut trail, "Status", only(status, &["IsLogging"])),
        Err(error) => section.failed.push(error),
    }
    match selectors {
        Ok(mut told) => {
            for name in ["EventSelectors", "AdvancedEventSelectors"] {
                if let Some(list) = told.get_mut(name).filter(|list| !list.is_null()) {
                    put(&mut trail, name, list.take());
                }
            }
        }
        Err(error) => section.failed.push(error),
    }
    section.items.push(trail);
}

async fn status(asker: &Asker<'_>, arn: &str) -> Result<Value, CallError> {
    let call = asker.clients.cloudtrail.get_trail_status().name(arn);
    answer!(asker, "cloudtrail:GetTrailStatus", arn, call)
}

async fn selectors(asker: &Asker<'_>, arn: &str) -> Result<Value, CallError> {
    let call = asker.clients.cloudtrail.get_event_selectors().trail_name(arn);
    answer!(asker, "cloudtrail:GetEventSelectors", arn, call)
}
