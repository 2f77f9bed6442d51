//! What every event history must do.

use super::{Broken, law};
use crate::{HISTORY_PAGE, Lookup, LookupBy, Timestamp, Watch};
use serde_json::Value;
use std::collections::BTreeSet;

/// More pages than this are not read.
const PAGES: usize = 100;

/// Checks the laws on an account in whose history more calls are found by the lookup than stand on one page, all of them before its
/// last second.
pub async fn check_history(account: &impl Watch, lookup: &Lookup) -> Result<(), Broken> {
    let all = all(account, lookup).await?;
    law("more than a page is found", all.len() > HISTORY_PAGE, format!("{} records", all.len()))?;
    let ids: BTreeSet<&str> = all.iter().map(|one| text(one, "eventID")).collect();
    law("each record comes once", ids.len() == all.len(), format!("{} of {}", ids.len(), all.len()))?;
    let times: Vec<Timestamp> = all.iter().filter_map(at).collect();
    law("each record says when", times.len() == all.len(), format!("{} of {}", times.len(), all.len()))?;
    law("the newest comes first", times.is_sorted_by(|one, next| one >= next), format!("{times:?}"))?;
    let within = |at: &Timestamp| (lookup.from..=lookup.to).contains(at);
    law("what is found was called within the time", times.iter().all(within), format!("{times:?}"))?;
    let member = match &lookup.by {
        LookupBy::Name(_) => "eventName",
        LookupBy::Source(_) => "eventSource",
    };
    let (_, wanted) = lookup.by.attribute();
    let foreign = all.iter().map(|one| text(one, member)).find(|found| *found != wanted);
    law("what is found is what was asked for", foreign.is_none(), format!("{foreign:?}"))?;
    let data = all.iter().find(|one| one.get("managementEvent") == Some(&Value::Bool(false)));
    law("no data event is found", data.is_none(), format!("{data:?}"))?;
    // Both ends belong to it: what is found between two of the times is what was found of them.
    let (Some(newest), Some(oldest)) = (times.first(), times.last()) else { return Ok(()) };
    let ends = Lookup { from: *oldest, to: *newest, ..lookup.clone() };
    let again = self::all(account, &ends).await?;
    law(
        "both ends belong to the time",
        again.len() == all.len(),
        format!("{} of {}", again.len(), all.len()),
    )?;
    let later = Lookup { from: Timestamp(newest.0 + 1_000), ..lookup.clone() };
    let none = self::all(account, &later).await?;
    law("nothing is found where nothing was called", none.is_empty(), format!("{} records", none.len()))
}

async fn all(account: &impl Watch, lookup: &Lookup) -> Result<Vec<Value>, Broken> {
    let (mut all, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let page = account.look_up(lookup, token.as_deref()).await?;
        law("a page is no longer than AWS's", page.records.len() <= HISTORY_PAGE, "more")?;
        for record in &page.records {
            let read = serde_json::from_str(record);
            all.push(read.map_err(|error| Broken::Law {
                law: "a record is JSON",
                seen: format!("{error}: {record}"),
            })?);
        }
        token = page.next;
        if token.is_none() {
            return Ok(all);
        }
    }
    law("the pages end", false, format!("{PAGES} pages"))?;
    Ok(all)
}

fn text<'a>(record: &'a Value, member: &str) -> &'a str {
    record.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn at(record: &Value) -> Option<Timestamp> {
    Timestamp::from_rfc3339(text(record, "eventTime"))
}
