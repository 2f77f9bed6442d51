//! What the owner has said, as one typed struct.

use crate::{Scope, ScopeError};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

/// What the guard may do with a loop that it is sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Say what it would do.
    Observe,
    /// Tell of loops; never act.
    Alert,
    /// Disable rules in its scope on shown cause.
    Enforce,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Observe, Self::Alert, Self::Enforce];

    /// Returns the word that settings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Alert => "alert",
            Self::Enforce => "enforce",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the owner has said.
///
/// It has no `Default`: the mode must be said, and a scope that nobody gave is empty, so that no missing or
/// misspelt setting can switch a rule off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What may be done.
    pub mode: Mode,
    /// To which rules.
    pub scope: Scope,
    /// The SNS topic for alerts; without one alerts are only logged.
    pub topic_arn: Option<String>,
    /// The bus, by name or ARN, that takes each alert as an event, too.
    pub event_bus: Option<String>,
    /// The stack the guard is deployed by: rules of this stack are its own.
    pub own_stack: Option<String>,
    /// The ARN of the role the guard runs under: changes made by it are its own.
    pub own_role_arn: Option<String>,
    /// Protected rules that may be disabled all the same, if they are in the scope, too.
    pub unprotected: Scope,
    /// The DynamoDB table that acts are recorded in; without one nothing is done.
    pub table: Option<String>,
    /// The S3 bucket that keeps what the guard sees of each rule; without one that is not kept.
    pub inventory: Option<String>,
    /// The URL of the queue that feeds the guard; without it the guard plans no second look at a rule it disabled.
    pub queue_url: Option<String>,
    /// The most acts within an hour.
    pub cap: usize,
    /// Whether functions may be braked where rules cannot be disabled.
    pub brakes: Brakes,
    /// The most reads of the account for one change; what is left unread then is a gap.
    pub max_reads: usize,
    /// What the owner has said of watching.
    pub watch: Watching,
    /// The SNS topic for notices of budgets; without one an incident gets no budget of its own.
    pub budget_topic_arn: Option<String>,
    /// The state machine that `loopguard selftest` has loop; the functions do not use it.
    pub selftest_arn: Option<String>,
}

/// What the owner has said of watching rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watching {
    /// From how many invocations a minute on the rate of a rule in a loop matters; a flat rate of a tenth does, too.
    pub threshold: u64,
    /// The rate, in invocations a minute, above which a rule in a loop may be disabled without shown cause; none unless the
    /// owner has set it.
    pub ceiling: Option<u64>,
    /// For so many minutes the rate has to be above the ceiling.
    pub ceiling_minutes: usize,
    /// When rules are made that look for the cause.
    pub tripwires: Tripwires,
    /// So many of these rules at once, at most.
    pub max_tripwires: usize,
    /// Whether a rule may be switched off for some minutes to see whether its events stop.
    pub interruption_test: InterruptionTest,
}

impl Watching {
    /// Returns from how many events a minute on a loop matters that is shown: where a flat rate begins to be looked into.
    pub fn matters_from(&self) -> u64 {
        self.threshold / FLAT
    }

    /// Returns what holds where the owner has said nothing: no ceiling, and nothing is made.
    pub fn unsaid() -> Self {
        Self {
            threshold: DEFAULT_THRESHOLD as u64,
            ceiling: None,
            ceiling_minutes: DEFAULT_CEILING_MINUTES,
            tripwires: Tripwires::Off,
            max_tripwires: DEFAULT_MAX_TRIPWIRES,
            interruption_test: InterruptionTest::Off,
        }
    }
}

/// Whether a rule whose events carry no caller may be switched off for some minutes, to see whether its events stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InterruptionTest {
    /// Never.
    Off,
    /// Where a shown cause would have the rule disabled.
    On,
}

impl InterruptionTest {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Off, Self::On];

    /// Returns the word that settings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }
}

/// Whether functions may be braked where rules cannot be disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Brakes {
    /// Never.
    Off,
    /// Those of rules that an AWS service manages and that are in the scope.
    Managed,
}

impl Brakes {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Off, Self::Managed];

    /// Returns the word that settings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Managed => "managed",
        }
    }
}

/// When rules are made that look for the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tripwires {
    /// Never.
    Off,
    /// While a rule that may loop runs away.
    OnSuspicion,
    /// All the time, for the loops that were found; and on suspicion.
    Standing,
}

impl Tripwires {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::OnSuspicion, Self::Standing];

    /// Returns the word that settings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::OnSuspicion => "on-suspicion",
            Self::Standing => "standing",
        }
    }
}

/// Rules with this prefix belong to the guard, and it never acts on them.
pub const OWN_PREFIX: &str = "loopguard-";

/// The prefix of every setting's name.
const PREFIX: &str = "LOOPGUARD_";
const MODE: &str = "LOOPGUARD_MODE";
const SCOPE: &str = "LOOPGUARD_SCOPE";
/// The setting of [`Settings::topic_arn`].
pub const TOPIC_ARN: &str = "LOOPGUARD_TOPIC_ARN";
const EVENT_BUS: &str = "LOOPGUARD_EVENT_BUS";
const OWN_STACK: &str = "LOOPGUARD_OWN_STACK";
const OWN_ROLE_ARN: &str = "LOOPGUARD_OWN_ROLE_ARN";
const MAX_READS: &str = "LOOPGUARD_MAX_READS";
const UNPROTECTED: &str = "LOOPGUARD_UNPROTECTED";
/// The setting of [`Settings::table`].
pub const TABLE: &str = "LOOPGUARD_TABLE";
/// The setting of [`Settings::inventory`].
pub const INVENTORY: &str = "LOOPGUARD_INVENTORY";
const QUEUE_URL: &str = "LOOPGUARD_QUEUE_URL";
const CAP: &str = "LOOPGUARD_CAP";
const BRAKE: &str = "LOOPGUARD_BRAKE";
const THRESHOLD: &str = "LOOPGUARD_THRESHOLD";
const CEILING: &str = "LOOPGUARD_CEILING";
const CEILING_MINUTES: &str = "LOOPGUARD_CEILING_MINUTES";
const TRIPWIRES: &str = "LOOPGUARD_TRIPWIRES";
const MAX_TRIPWIRES: &str = "LOOPGUARD_MAX_TRIPWIRES";
const INTERRUPTION_TEST: &str = "LOOPGUARD_INTERRUPTION_TEST";
const BUDGET_TOPIC_ARN: &str = "LOOPGUARD_BUDGET_TOPIC_ARN";
const SELFTEST_ARN: &str = "LOOPGUARD_SELFTEST_ARN";
const KEYS: [&str; 21] = [
    MODE,
    SCOPE,
    TOPIC_ARN,
    EVENT_BUS,
    OWN_STACK,
    OWN_ROLE_ARN,
    MAX_READS,
    UNPROTECTED,
    TABLE,
    INVENTORY,
    QUEUE_URL,
    CAP,
    BRAKE,
    THRESHOLD,
    CEILING,
    CEILING_MINUTES,
    TRIPWIRES,
    MAX_TRIPWIRES,
    INTERRUPTION_TEST,
    BUDGET_TOPIC_ARN,
    SELFTEST_ARN,
];

/// A loop at this rate costs some $1.3 a day, at the $30.95 for a million events of the incident that is best documented.
const DEFAULT_THRESHOLD: usize = 30;

/// A flat rate matters from such a part of the threshold on.
pub const FLAT: u64 = 10;

/// From how many events a minute on a loop matters, where the owner has said nothing.
pub(crate) const MATTERS_BY_DEFAULT: u64 = DEFAULT_THRESHOLD as u64 / FLAT;

/// A rate is only taken for the rule's own once it has lasted longer than a burst.
const DEFAULT_CEILING_MINUTES: usize = 5;

/// A fifteenth of the 300 rules that a bus may have.
const DEFAULT_MAX_TRIPWIRES: usize = 20;

/// Far above any account's rate.
const MOST_A_MINUTE: usize = 1_000_000_000;

/// More loops within an hour than this are rather a mistake than loops.
const DEFAULT_CAP: usize = 5;

/// Enough for a change that reaches some forty targets with their roles, and far below what a minute of
/// Lambda allows.
const DEFAULT_MAX_READS: usize = 200;

/// Settings that are not understood. Each names what would be valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A name nobody knows.
    #[error("`{key}` is not a setting; the nearest is `{nearest}`")]
    UnknownKey {
        /// The name given.
        key: String,
        /// The known name nearest to it.
        nearest: &'static str,
    },
    /// The mode was not said.
    #[error("`LOOPGUARD_MODE` is not set; it is `observe`, `alert` or `enforce`")]
    NoMode,
    /// A mode nobody knows.
    #[error(
        "`{value}` is not a mode; the nearest is `{nearest}` (`LOOPGUARD_MODE` is `observe`, `alert` or `enforce`)"
    )]
    UnknownMode {
        /// The value given.
        value: String,
        /// The mode nearest to it.
        nearest: &'static str,
    },
    /// A scope that is not understood.
    #[error("`{key}`: {error}")]
    Scope {
        /// The setting.
        key: &'static str,
        /// What is not understood.
        error: ScopeError,
    },
    /// A number that is none, or too small or too large.
    #[error("`{key}` is `{value}`; it is a whole number from {least} to {most}")]
    Number {
        /// The setting.
        key: &'static str,
        /// The value given.
        value: String,
        /// The least that is valid.
        least: usize,
        /// The most that is valid.
        most: usize,
    },
    /// A value of the wrong form.
    #[error("`{key}` is `{value}`; it is {expected}")]
    Value {
        /// The setting.
        key: &'static str,
        /// The value given.
        value: String,
        /// What would be valid.
        expected: &'static str,
    },
}

impl Settings {
    /// Returns the settings that name-value pairs (an environment) hold. Names without the prefix
    /// `LOOPGUARD_` are not settings and are passed over; an unknown name with it is an error, because a
    /// misspelt setting would otherwise be one that is silently not in force. An empty value is as none.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, SettingsError> {
        let mut given: BTreeMap<&'static str, String> = BTreeMap::new();
        for (key, value) in pairs {
            let (key, value): (String, String) = (key.into(), value.into());
            if !key.starts_with(PREFIX) {
                continue;
            }
            let known = Self::key(&key)?;
            if !value.trim().is_empty() {
                given.insert(known, value.trim().to_owned());
            }
        }
        let mode = mode(given.get(MODE).ok_or(SettingsError::NoMode)?)?;
        Ok(Self {
            mode,
            scope: scope(SCOPE, given.get(SCOPE))?,
            topic_arn: given.get(TOPIC_ARN).map(|text| arn(TOPIC_ARN, text, "sns")).transpose()?,
            event_bus: given.get(EVENT_BUS).cloned(),
            own_stack: given.get(OWN_STACK).cloned(),
            own_role_arn: given.get(OWN_ROLE_ARN).map(|text| arn(OWN_ROLE_ARN, text, "iam")).transpose()?,
            unprotected: scope(UNPROTECTED, given.get(UNPROTECTED))?,
            table: given.get(TABLE).cloned(),
            inventory: given.get(INVENTORY).cloned(),
            queue_url: given.get(QUEUE_URL).map(|text| url(QUEUE_URL, text)).transpose()?,
            cap: given.get(CAP).map_or(Ok(DEFAULT_CAP), |text| number(CAP, text, 0..=1000))?,
            brakes: given.get(BRAKE).map_or(Ok(Brakes::Off), |text| brakes(text))?,
            max_reads: given
                .get(MAX_READS)
                .map_or(Ok(DEFAULT_MAX_READS), |text| number(MAX_READS, text, 1..=100_000))?,
            watch: watching(|key| given.get(key).map(String::as_str))?,
            budget_topic_arn: given
                .get(BUDGET_TOPIC_ARN)
                .map(|text| arn(BUDGET_TOPIC_ARN, text, "sns"))
                .transpose()?,
            selftest_arn: given
                .get(SELFTEST_ARN)
                .map(|text| arn(SELFTEST_ARN, text, "states"))
                .transpose()?,
        })
    }

    /// Returns the setting of that name; an error has the nearest one.
    pub fn key(name: &str) -> Result<&'static str, SettingsError> {
        KEYS.into_iter()
            .find(|known| *known == name)
            .ok_or_else(|| SettingsError::UnknownKey { key: name.to_owned(), nearest: nearest(name, &KEYS) })
    }

    /// Returns the name of the queue that feeds the guard: the last part of its URL.
    pub fn queue_name(&self) -> Option<&str> {
        self.queue_url.as_deref()?.rsplit('/').next().filter(|name| !name.is_empty())
    }
}

fn watching<'a>(given: impl Fn(&'static str) -> Option<&'a str>) -> Result<Watching, SettingsError> {
    let unsaid = Watching::unsaid();
    let counted = |key, otherwise: usize, of: RangeInclusive<usize>| {
        given(key).map_or(Ok(otherwise), |text| number(key, text, of))
    };
    let rate = |key| given(key).map(|text| number(key, text, 1..=MOST_A_MINUTE)).transpose();
    Ok(Watching {
        threshold: rate(THRESHOLD)?.map_or(unsaid.threshold, |rate| rate as u64),
        ceiling: rate(CEILING)?.map(|rate| rate as u64),
        ceiling_minutes: counted(CEILING_MINUTES, unsaid.ceiling_minutes, 1..=60)?,
        tripwires: given(TRIPWIRES).map_or(Ok(unsaid.tripwires), tripwires)?,
        max_tripwires: counted(MAX_TRIPWIRES, unsaid.max_tripwires, 0..=100)?,
        interruption_test: given(INTERRUPTION_TEST)
            .map_or(Ok(unsaid.interruption_test), interruption_test)?,
    })
}

fn interruption_test(text: &str) -> Result<InterruptionTest, SettingsError> {
    InterruptionTest::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| SettingsError::Value {
        key: INTERRUPTION_TEST,
        value: text.to_owned(),
        expected: "`off` or `on`",
    })
}

fn brakes(text: &str) -> Result<Brakes, SettingsError> {
    Brakes::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| SettingsError::Value {
        key: BRAKE,
        value: text.to_owned(),
        expected: "`off` or `managed`",
    })
}

fn tripwires(text: &str) -> Result<Tripwires, SettingsError> {
    Tripwires::ALL.into_iter().find(|one| one.as_str() == text).ok_or_else(|| SettingsError::Value {
        key: TRIPWIRES,
        value: text.to_owned(),
        expected: "`off`, `on-suspicion` or `standing`",
    })
}

fn mode(text: &str) -> Result<Mode, SettingsError> {
    Mode::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| SettingsError::UnknownMode {
        value: text.to_owned(),
        nearest: nearest(text, &Mode::ALL.map(Mode::as_str)),
    })
}

fn arn(key: &'static str, text: &str, service: &str) -> Result<String, SettingsError> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, found, _, _, _] if *found == service => Ok(text.to_owned()),
        _ => Err(SettingsError::Value {
            key,
            value: text.to_owned(),
            expected: match service {
                "sns" => "the ARN of an SNS topic (`arn:aws:sns:REGION:ACCOUNT:NAME`)",
                "states" => "the ARN of a state machine (`arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`)",
                _ => "the ARN of an IAM role (`arn:aws:iam::ACCOUNT:role/NAME`)",
            },
        }),
    }
}

fn url(key: &'static str, text: &str) -> Result<String, SettingsError> {
    if text.starts_with("https://") || text.starts_with("http://") {
        return Ok(text.to_owned());
    }
    Err(SettingsError::Value {
        key,
        value: text.to_owned(),
        expected: "the URL of an SQS queue (`https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`)",
    })
}

fn scope(key: &'static str, text: Option<&String>) -> Result<Scope, SettingsError> {
    text.map_or(Ok(Scope::nothing()), |text| {
        text.parse().map_err(|error| SettingsError::Scope { key, error })
    })
}

fn number(key: &'static str, text: &str, of: RangeInclusive<usize>) -> Result<usize, SettingsError> {
    text.parse().ok().filter(|number| of.contains(number)).ok_or_else(|| SettingsError::Number {
        key,
        value: text.to_owned(),
        least: *of.start(),
        most: *of.end(),
    })
}

/// Returns the candidate with the fewest single-character edits to `text`; the first of equals.
fn nearest(text: &str, candidates: &[&'static str]) -> &'static str {
    let text = text.to_ascii_lowercase();
    candidates
        .iter()
        .copied()
        .min_by_key(|candidate| strsim::levenshtein(&text, &candidate.to_ascii_lowercase()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
