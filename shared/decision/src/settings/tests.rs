use super::{Brakes, InterruptionTest, Mode, Settings, SettingsError, Tripwires, Watching};
use crate::Scope;

fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_pairs(pairs.iter().copied())
}

#[test]
fn the_mode_must_be_said() {
    assert_eq!(read(&[]), Err(SettingsError::NoMode));
    assert_eq!(read(&[("LOOPGUARD_MODE", " ")]), Err(SettingsError::NoMode));
}

#[test]
fn what_is_not_said_cannot_disable_a_rule() {
    let settings = read(&[("LOOPGUARD_MODE", "enforce")]).unwrap();
    assert_eq!(settings.scope, Scope::nothing());
    assert!(settings.scope.is_empty());
    assert!(settings.unprotected.is_empty());
    assert_eq!((settings.topic_arn, settings.own_stack, settings.own_role_arn), (None, None, None));
    assert_eq!(settings.brakes, Brakes::Off);
    assert_eq!(settings.table, None, "and without a table nothing is done");
    assert_eq!(settings.inventory, None, "and without a bucket nothing is kept");
    assert_eq!(settings.watch, Watching::unsaid());
    assert_eq!((settings.watch.ceiling, settings.watch.tripwires), (None, Tripwires::Off));
    assert_eq!(settings.watch.interruption_test, InterruptionTest::Off);
}

#[test]
fn all_settings_are_read() {
    let settings = read(&[
        ("PATH", "/bin"),
        ("LOOPGUARD_MODE", "observe"),
        ("LOOPGUARD_SCOPE", "bus:orders, stack:shop"),
        ("LOOPGUARD_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:alerts"),
        ("LOOPGUARD_OWN_STACK", "loopguard"),
        ("LOOPGUARD_OWN_ROLE_ARN", "arn:aws:iam::111122223333:role/guard"),
        ("LOOPGUARD_MAX_READS", "7"),
        ("LOOPGUARD_UNPROTECTED", "rule:findings"),
        ("LOOPGUARD_TABLE", "ledger"),
        ("LOOPGUARD_INVENTORY", "seen"),
        ("LOOPGUARD_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/changes"),
        ("LOOPGUARD_CAP", "3"),
        ("LOOPGUARD_BRAKE", "managed"),
        ("LOOPGUARD_THRESHOLD", "12"),
        ("LOOPGUARD_CEILING", "6000"),
        ("LOOPGUARD_CEILING_MINUTES", "10"),
        ("LOOPGUARD_TRIPWIRES", "on-suspicion"),
        ("LOOPGUARD_MAX_TRIPWIRES", "4"),
        ("LOOPGUARD_INTERRUPTION_TEST", "on"),
        ("LOOPGUARD_BUDGET_TOPIC_ARN", "arn:aws:sns:eu-west-1:111122223333:budgets"),
        ("LOOPGUARD_SELFTEST_ARN", "arn:aws:states:eu-west-1:111122223333:stateMachine:loopguard-selftest"),
    ])
    .unwrap();
    assert_eq!(settings.mode, Mode::Observe);
    assert_eq!(settings.scope.to_string(), "bus:orders,stack:shop");
    assert_eq!(settings.topic_arn.as_deref(), Some("arn:aws:sns:eu-west-1:111122223333:alerts"));
    assert_eq!(settings.own_stack.as_deref(), Some("loopguard"));
    assert_eq!(settings.own_role_arn.as_deref(), Some("arn:aws:iam::111122223333:role/guard"));
    assert_eq!((settings.max_reads, settings.cap, settings.brakes), (7, 3, Brakes::Managed));
    assert_eq!(settings.unprotected.to_string(), "rule:findings");
    assert_eq!((settings.table.as_deref(), settings.inventory.as_deref()), (Some("ledger"), Some("seen")));
    let queue = "https://sqs.eu-west-1.amazonaws.com/111122223333/changes";
    assert_eq!(settings.queue_url.as_deref(), Some(queue));
    let watch = Watching {
        threshold: 12,
        ceiling: Some(6000),
        ceiling_minutes: 10,
        tripwires: Tripwires::OnSuspicion,
        max_tripwires: 4,
        interruption_test: InterruptionTest::On,
    };
    assert_eq!(settings.budget_topic_arn.as_deref(), Some("arn:aws:sns:eu-west-1:111122223333:budgets"));
    assert_eq!(
        settings.selftest_arn.as_deref(),
        Some("arn:aws:states:eu-west-1:111122223333:stateMachine:loopguard-selftest")
    );
    assert_eq!(settings.watch, watch);
}

#[test]
fn errors_name_what_would_be_valid() {
    for (pairs, message) in [
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_SCOPES", "*")],
            "`LOOPGUARD_SCOPES` is not a setting; the nearest is `LOOPGUARD_SCOPE`",
        ),
        (
            [("LOOPGUARD_MODE", "enforced"), ("LOOPGUARD_SCOPE", "*")],
            "`enforced` is not a mode; the nearest is `enforce` (`LOOPGUARD_MODE` is `observe`, `alert` or `enforce`)",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_SCOPE", "orders")],
            "`LOOPGUARD_SCOPE`: `orders` names no rules; a scope is `*`, or a list with commas of `bus:NAME`, \
             `rule:NAME`, `tag:KEY=VALUE`, `stack:NAME`",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_TOPIC_ARN", "alerts")],
            "`LOOPGUARD_TOPIC_ARN` is `alerts`; it is the ARN of an SNS topic (`arn:aws:sns:REGION:ACCOUNT:NAME`)",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_SELFTEST_ARN", "machine")],
            "`LOOPGUARD_SELFTEST_ARN` is `machine`; it is the ARN of a state machine \
             (`arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`)",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_MAX_READS", "0")],
            "`LOOPGUARD_MAX_READS` is `0`; it is a whole number from 1 to 100000",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_CAP", "all")],
            "`LOOPGUARD_CAP` is `all`; it is a whole number from 0 to 1000",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_CEILING", "0")],
            "`LOOPGUARD_CEILING` is `0`; it is a whole number from 1 to 1000000000",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_TRIPWIRES", "on")],
            "`LOOPGUARD_TRIPWIRES` is `on`; it is `off`, `on-suspicion` or `standing`",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_BRAKE", "on")],
            "`LOOPGUARD_BRAKE` is `on`; it is `off` or `managed`",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_INTERRUPTION_TEST", "true")],
            "`LOOPGUARD_INTERRUPTION_TEST` is `true`; it is `off` or `on`",
        ),
        (
            [("LOOPGUARD_MODE", "observe"), ("LOOPGUARD_QUEUE_URL", "changes")],
            "`LOOPGUARD_QUEUE_URL` is `changes`; it is the URL of an SQS queue \
             (`https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`)",
        ),
    ] {
        assert_eq!(read(&pairs).unwrap_err().to_string(), message);
    }
}

/// A mode is a word, exactly: nothing near `enforce` may act.
#[test]
fn no_misspelt_mode_is_taken() {
    for word in ["Enforce", "ENFORCE", "enforce!", "observ", "true", "1"] {
        assert!(
            matches!(read(&[("LOOPGUARD_MODE", word)]), Err(SettingsError::UnknownMode { .. })),
            "{word}"
        );
    }
}
