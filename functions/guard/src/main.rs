//! The Lambda function `guard`: clients, settings and the clock; all else is in the library.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsAccount, AwsLedger, Clients, Home};
use loopguard_decision::{Settings, SettingsError, Timestamp};
use loopguard_guard::{Guard, Invocation, Known, batch, metrics};
use std::time::{SystemTime, UNIX_EPOCH};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let settings = settings().inspect_err(|error| tracing::error!(%error, "settings not understood"))?;
    let catalogue = Catalogue::embedded();
    let clients = Clients::from_env().await;
    let ledger = settings.table.clone().map(|table| AwsLedger::new(&clients, table));
    let shell = Shell { settings, catalogue: &catalogue, clients, ledger, known: Known::default() };
    lambda_runtime::run(service_fn(|event| Box::pin(shell.invoke(event)))).await
}

/// What is built once and used by every invocation.
struct Shell<'a> {
    settings: Settings,
    catalogue: &'a Catalogue,
    clients: Clients,
    ledger: Option<AwsLedger>,
    known: Known,
}

impl Shell<'_> {
    async fn invoke(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let home = Home::of_function(&event.context.invoked_function_arn)?;
        let account = AwsAccount::new(self.clients.clone(), home.clone(), self.settings.topic_arn.clone())
            .with_queue(self.settings.queue_url.clone())
            .with_event_bus(self.settings.event_bus.clone());
        let guard = Guard {
            account: &account,
            ledger: self.ledger.as_ref(),
            known: &self.known,
            catalogue: self.catalogue,
            settings: &self.settings,
            home: home.scope(),
        };
        let invocation = Invocation {
            id: &event.context.request_id,
            deadline: Timestamp(event.context.deadline),
            clock: now,
        };
        let handled = batch(&guard, event.payload, invocation).await;
        if let Some(line) = metrics(&handled.outcomes, now()) {
            emit(&line);
        }
        Ok(handled.response)
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
