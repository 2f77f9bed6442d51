//! What the binaries of both functions take from where they run: settings, clock, output, the account.

use loopguard_aws::{AwsAccount, Clients, Home};
use loopguard_decision::{Settings, SettingsError, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the settings of the environment.
pub fn settings() -> Result<Settings, SettingsError> {
    // A setting is ASCII: a variable that is not Unicode belongs to somebody else.
    let pairs =
        std::env::vars_os().filter_map(|(key, value)| key.into_string().ok().zip(value.into_string().ok()));
    Settings::from_pairs(pairs)
}

/// Returns the time.
#[expect(clippy::disallowed_methods, reason = "the shell reads the clock for the core")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_millis().try_into().unwrap_or(u64::MAX))
}

/// Writes a line into the function's log.
#[expect(clippy::print_stdout, reason = "CloudWatch takes metrics from lines of the function's output")]
pub fn emit(line: &str) {
    println!("{line}");
}

/// Returns the account that the settings speak of.
pub fn account(clients: &Clients, home: &Home, settings: &Settings) -> AwsAccount {
    AwsAccount::new(clients.clone(), home.clone(), settings.topic_arn.clone())
        .with_queue(settings.queue_url.clone())
        .with_event_bus(settings.event_bus.clone())
        .with_inventory(settings.inventory.clone())
}
