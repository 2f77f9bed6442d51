//! Answers read as a snapshot is: the sections that hold them, and then the one reader for both.

use crate::AwsAccount;
use crate::failure::is_missing;
use crate::gather::{self, Asker, Section, silent};
use loopguard_account::CallError;
use loopguard_model::snapshot::{self, MARK, VERSION, section};
use loopguard_model::{Facts, Inventory, whole};
use loopguard_pattern::Term;
use serde_json::{Map, Value, json};
use std::sync::atomic::AtomicUsize;

/// Services whose resources event-source mappings name by a part (a table's stream, a stream's consumer), so that they
/// cannot be asked for by the resource.
const MAPPED_BY_PART: [&str; 2] = ["dynamodb", "kinesis"];

/// Reads the trails.
pub(crate) async fn trails(account: &AwsAccount) -> Result<Facts, CallError> {
    let calls = AtomicUsize::new(0);
    let read = gather::trails(&asker(account, &region(account), &calls)).await;
    let inventory = held(account, vec![read])?;
    inventory.trails.map(Facts::Trails).ok_or_else(|| {
        CallError::unsupported(
            "cloudtrail:GetEventSelectors",
            "every trail",
            "a trail has selectors of no known kind",
        )
    })
}

/// Reads whether a bucket sends its events.
pub(crate) async fn bucket(account: &AwsAccount, bucket: &str) -> Result<Facts, CallError> {
    let inventory = held(account, vec![notifications(account, bucket).await])?;
    let sends = inventory.bucket_notifications.get(&Term::literal(bucket)).copied();
    Ok(sends.map_or(Facts::Missing, Facts::BucketNotification))
}

/// Reads what takes from a resource.
pub(crate) async fn consumers(account: &AwsAccount, arn: &str) -> Result<Facts, CallError> {
    let service = arn.split(':').nth(2).unwrap_or_default();
    let (region, calls) = (region(account), AtomicUsize::new(0));
    let asker = asker(account, &region, &calls);
    let mut read = Vec::new();
    for name in snapshot::consumers(service) {
        match *name {
            section::SUBSCRIPTIONS => read.push(gather::subscriptions_of(&asker, arn).await),
            section::INVOKE_CONFIGS => {
                read.push(gather::function(&asker, arn).await);
                read.push(gather::invoke_configs(&asker, &[arn.to_owned()]).await);
            }
            section::BUCKET_NOTIFICATIONS => {
                read.push(notifications(account, arn.rsplit(':').next().unwrap_or_default()).await);
            }
            section::LOG_GROUPS => read.push(gather::log_group(&asker, arn).await),
            section::EVENT_SOURCE_MAPPINGS => {
                let source = Some(arn).filter(|_| !MAPPED_BY_PART.contains(&service));
                read.push(gather::mappings(&asker, source).await);
            }
            section::PIPES => read.push(gather::pipes(&asker, Some(arn)).await),
            other => return Err(CallError::unsupported("consumers", arn, &format!("`{other}` is not read"))),
        }
    }
    // What nobody takes from a queue is not received too often.
    if service == "sqs" && read.iter().any(|section| !section.items.is_empty()) {
        read.push(gather::queue_of(&asker, arn).await);
    }
    let mut connections = held(account, read)?.connections;
    // Pipes are found by the beginning of their source.
    let wanted = whole(&Term::literal(arn));
    connections.retain(|connection| connection.from.as_ref() == Some(&wanted));
    Ok(Facts::Connections(connections))
}

/// Reads a runbook, a build project or a task definition.
pub(crate) async fn workload(account: &AwsAccount, arn: &str) -> Result<Facts, CallError> {
    let (region, calls) = (region(account), AtomicUsize::new(0));
    let Some(named) = gather::Named::one(arn) else {
        return Err(CallError::unsupported("workload", arn, "what runs there is not read"));
    };
    let read = gather::named(&asker(account, &region, &calls), &named).await;
    let found = held(account, read.into())?.workload(&Term::literal(arn)).cloned();
    Ok(found.map_or(Facts::Missing, |workload| Facts::Workload(Box::new(workload))))
}

async fn notifications(account: &AwsAccount, bucket: &str) -> Section {
    let (region, calls) = (region(account), AtomicUsize::new(0));
    let mut section = Section::new(section::BUCKET_NOTIFICATIONS);
    section.add(gather::notification(&asker(account, &region, &calls), bucket).await);
    section
}

pub(crate) fn region(account: &AwsAccount) -> String {
    account.home.scope().region.to_string()
}

pub(crate) fn asker<'a>(account: &'a AwsAccount, region: &'a str, calls: &'a AtomicUsize) -> Asker<'a> {
    Asker { clients: &account.clients, region, calls, watch: &silent }
}

/// Returns what sections hold. Fails where one was not wholly read: half an answer is none.
fn held(account: &AwsAccount, sections: Vec<Section>) -> Result<Inventory, CallError> {
    let scope = account.home.scope();
    let mut entry = Map::new();
    for (name, term) in
        [("partition", &scope.partition), ("account", &scope.account), ("region", &scope.region)]
    {
        entry.insert(name.to_owned(), term.to_string().into());
    }
    for mut section in sections {
        match section.failed.pop() {
            Some(error) if is_missing(&error) => {}
            Some(error) => return Err(error),
            None => entry.extend(section.into_member().map(|(name, items)| (name.to_owned(), items.into()))),
        }
    }
    let document = json!({ MARK: VERSION, "accounts": [Value::Object(entry)] }).to_string();
    let read = snapshot::read_live(&document);
    read.map(|snapshot| snapshot.inventory).map_err(|error| {
        CallError::unsupported(
            "the answer",
            &error.path,
            &format!("not in the API's shape: {}", error.message),
        )
    })
}
