//! What every place that keeps what was seen must do.

use super::{Broken, law};
use crate::{CallError, InventoryStore, RuleRef, Stored};
use std::future::Future;
use std::sync::Arc;

/// Checks the laws on a place in which nothing is kept; `read` reads a version of an object.
pub async fn check_inventory<F>(store: &impl InventoryStore, read: impl Fn(Stored) -> F) -> Result<(), Broken>
where
    F: Future<Output = Result<Option<Arc<str>>, CallError>>,
{
    let kept = |name: &'static str, text: &'static str| async move {
        let Ok(rule) = name.parse::<RuleRef>();
        let stored = store.put(&rule, text).await?;
        stored.ok_or(Broken::Law { law: "what is put is kept", seen: name.to_owned() })
    };
    let first = kept("orders/a.b-c_1", "{\"seen\": 1}\n").await?;
    let second = kept("orders/a.b-c_1", "{\"seen\": \"\u{fc}\"}\n").await?;
    let other = kept("default/a.b-c_1", "other").await?;
    law("a rule has one object", first.object == second.object, &*second.object)?;
    law("what is put again is another version", first.version != second.version, &*second.version)?;
    law("each rule has an object of its own", other.object != first.object, &*other.object)?;
    for (stored, text) in [(first, "{\"seen\": 1}\n"), (second, "{\"seen\": \"\u{fc}\"}\n"), (other, "other")]
    {
        let seen = read(stored.clone()).await?;
        law(
            "every version is read as it was put",
            seen.as_deref() == Some(text),
            format!("{stored:?} {seen:?}"),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_inventory;
    use crate::MemoryInventory;

    #[tokio::test]
    async fn the_inventory_in_memory_keeps_the_laws() {
        let store = MemoryInventory::default();
        let checked = check_inventory(&store, async |stored| Ok(store.get(&stored))).await;
        assert_eq!(checked, Ok(()));
    }
}
