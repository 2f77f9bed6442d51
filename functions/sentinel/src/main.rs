//! The Lambda function `sentinel`: clients, settings and the clock; all else is in the library.

use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsAccount, AwsLedger, Clients, Home};
use loopguard_decision::rates::Pace;
use loopguard_decision::{Settings, SettingsError, Timestamp};
use loopguard_sentinel::{Sentinel, metrics, read_wake};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let settings = settings().inspect_err(|error| tracing::error!(%error, "settings not understood"))?;
    let catalogue = Catalogue::embedded();
    let clients = Clients::from_env().await;
    let table = settings.table.clone();
    let table = table.ok_or("`LOOPGUARD_TABLE` is not set: without a ledger nothing can be watched")?;
    let ledger = AwsLedger::new(&clients, table);
    let shell = Shell { settings, catalogue: &catalogue, clients, ledger };
    lambda_runtime::run(service_fn(|event| Box::pin(shell.invoke(event)))).await
}

/// What is built once and used by every invocation.
struct Shell<'a> {
    settings: Settings,
    catalogue: &'a Catalogue,
    clients: Clients,
    ledger: AwsLedger,
}

impl Shell<'_> {
    async fn invoke(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let home = Home::of_function(&event.context.invoked_function_arn)?;
        let account = AwsAccount::new(self.clients.clone(), home.clone(), self.settings.topic_arn.clone())
            .with_queue(self.settings.queue_url.clone())
            .with_event_bus(self.settings.event_bus.clone());
        let sentinel = Sentinel {
            account: &account,
            ledger: &self.ledger,
            catalogue: self.catalogue,
            settings: &self.settings,
            home: home.scope(),
            pace: Pace::IDLE,
        };
        let wake = read_wake(&event.payload);
        let round = sentinel.round(&wake, now()).await?;
        tracing::info!(?wake, metrics = round.metrics, unusual = round.unusual.len(), "round");
        if let Some(line) = metrics(&round, now()) {
            emit(&line);
        }
        Ok(json!({
            "metrics": round.metrics,
            "begun": round.begun,
            "shown": round.shown,
            "ended": round.ended,
        }))
    }
}

#[expect(clippy::print_stdout, reason = "CloudWatch takes metrics from lines of the function's output")]
fn emit(line: &str) {
    println!("{line}");
}

fn settings() -> Result<Settings, SettingsError> {
    // A setting is ASCII: a variable that is not Unicode belongs to somebody else.
    let pairs =
        std::env::vars_os().filter_map(|(key, value)| key.into_string().ok().zip(value.into_string().ok()));
    Settings::from_pairs(pairs)
}

#[expect(clippy::disallowed_methods, reason = "the shell reads the clock for the core")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_millis().try_into().unwrap_or(u64::MAX))
}
