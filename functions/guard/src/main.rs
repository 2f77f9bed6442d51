//! The Lambda function `guard`: clients, settings and the clock; all else is in the library.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsLedger, Clients, Home};
use loopguard_decision::{Settings, Timestamp};
use loopguard_guard::shell::{account, emit, now, settings};
use loopguard_guard::{Guard, Invocation, Known, batch, metrics};

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
        let account = account(&self.clients, &home, &self.settings);
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
        // One allocation per invocation, so that what polls it stays small.
        let handled = Box::pin(batch(&guard, event.payload, invocation)).await;
        if let Some(line) = metrics(&handled.outcomes, self.known.take_unkept(), now()) {
            emit(&line);
        }
        Ok(handled.response)
    }
}
