//! Service control policies that stand in files.

use crate::input;
use crate::progress::Progress;
use anyhow::Result;
use loopguard_model::{Effect, Inventory, Origin, Policy, ScpLevel};
use std::path::PathBuf;

/// What AWS attaches to every level of an organisation at first.
const FULL_ACCESS: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// Adds the service control policies of the files; without any, all is taken to be allowed.
///
/// Which level of the organisation each belongs to is not told, so that what one of them allows counts as allowed; what
/// one of them denies is denied. Where none allows anything, each level has `FullAWSAccess` beside what was given.
pub(super) fn add(files: &[PathBuf], inventory: &mut Inventory, progress: &Progress) -> Result<()> {
    let mut policies = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let origin = Origin::Assumed(format!("service control policy of `{name}`").into());
        let policy = Policy::from_text(&name, &input::text(file)?, origin);
        for part in &policy.unread {
            let told = format!("service control policy `{name}`: {part}; it may allow anything");
            progress.tell(&format!("warning: {}", loopguard_report::escaped(&told)));
        }
        policies.push(policy);
    }
    if policies.is_empty() {
        if inventory.scps.is_empty() {
            inventory.assumptions.insert(
                "service control policies refuse nothing (`FullAWSAccess`); name them with `--scp`".into(),
            );
        }
        return Ok(());
    }
    let allows = |policy: &Policy| {
        !policy.unread.is_empty()
            || policy.statements.iter().any(|statement| statement.effect == Effect::Allow)
    };
    if !policies.iter().any(allows) {
        let origin = Origin::Assumed("attached to every level unless it is taken away".into());
        policies.push(Policy::from_text("FullAWSAccess", FULL_ACCESS, origin));
        inventory
            .assumptions
            .insert("service control policies that only deny stand beside `FullAWSAccess`".into());
    }
    inventory.scps.push(ScpLevel { account: None, policies });
    Ok(())
}
