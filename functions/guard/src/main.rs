//! The Lambda function `guard`: clients, settings and the clock; all else is in the library.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsAccount, Clients, Home};
use loopguard_decision::{Settings, SettingsError, Timestamp};
use loopguard_guard::{Guard, batch};
use std::time::{SystemTime, UNIX_EPOCH};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let settings = settings().inspect_err(|error| tracing::error!(%error, "settings not understood"))?;
    let catalogue = Catalogue::embedded();
    let shell = Shell { settings, catalogue: &catalogue, clients: Clients::from_env().await };
    lambda_runtime::run(service_fn(|event| shell.invoke(event))).await
}

/// What is built once and used by every invocation.
struct Shell<'a> {
    settings: Settings,
    catalogue: &'a Catalogue,
    clients: Clients,
}

impl Shell<'_> {
    async fn invoke(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let home = Home::of_function(&event.context.invoked_function_arn)?;
        let account = AwsAccount::new(self.clients.clone(), home.clone(), self.settings.topic_arn.clone());
        let guard = Guard {
            account: &account,
            catalogue: self.catalogue,
            settings: &self.settings,
            home: home.scope(),
        };
        Ok(batch(&guard, event.payload, now()).await)
    }
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
