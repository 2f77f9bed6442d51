//! The Lambda function `sentinel`: clients, settings and the clock; all else is in the library.

use lambda_runtime::{Error, LambdaEvent, service_fn, tracing};
use loopguard_analysis::Catalogue;
use loopguard_aws::{AwsLedger, Clients, Home};
use loopguard_decision::Settings;
use loopguard_decision::rates::Pace;
use loopguard_guard::shell::{account, emit, now, settings};
use loopguard_sentinel::{Sentinel, metrics, read_wake};
use serde_json::{Value, json};

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
        let account = account(&self.clients, &home, &self.settings);
        let sentinel = Sentinel {
            account: &account,
            ledger: &self.ledger,
            catalogue: self.catalogue,
            settings: &self.settings,
            home: home.scope(),
            pace: Pace::IDLE,
        };
        let wake = read_wake(&event.payload);
        let round = Box::pin(sentinel.round(&wake, now())).await?;
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
