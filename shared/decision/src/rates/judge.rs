//! What is unusual about a rule's rate now.

use super::baseline::LENGTHS;
use super::{Baseline, Level, Minute, Series};
use crate::Timestamp;
use std::fmt;

/// The rate above which the owner of a rule on a loop wants it stopped, cause shown or not. There is none unless the
/// owner has set one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ceiling {
    /// Events in a minute.
    pub per_minute: u64,
    /// For so many minutes in a row.
    pub minutes: u64,
}

/// Where a rate begins to be unusual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The owner's ceiling.
    pub ceiling: Option<Ceiling>,
    /// Fewer events in a minute than this are never a burst or a growth.
    pub floor: f64,
    /// A burst is so many deviations above the median.
    pub deviations: f64,
    /// A burst is so many times what one window in a hundred exceeds.
    pub times_high: f64,
    /// A growth doubles in at most so many minutes.
    pub doubling: f64,
    /// Fewer events in a window than this are never a plateau.
    pub plateau: f64,
    /// The variance of a plateau's windows is at most so much of their mean; of chance traffic it is the mean.
    pub dispersion: f64,
    /// So many minutes before now have settled: later points may still grow.
    pub settle: u64,
}

impl Limits {
    /// Limits for a rule that the analysis has found on a cycle: what is unusual there is looked into soon.
    pub fn on_cycle() -> Self {
        Self {
            ceiling: None,
            floor: 30.0,
            deviations: 6.0,
            times_high: 2.0,
            doubling: 5.0,
            plateau: 3.0,
            dispersion: 0.5,
            settle: 2,
        }
    }

    /// Limits for any other rule: only what would cost something.
    pub fn swept() -> Self {
        Self {
            floor: 600.0,
            times_high: 4.0,
            deviations: 12.0,
            plateau: 60.0,
            dispersion: 0.3,
            ..Self::on_cycle()
        }
    }
}

/// One thing that is unusual, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sign {
    /// Above the owner's ceiling in each of the last minutes.
    OverCeiling {
        /// The least of those minutes.
        least: u64,
        /// The ceiling.
        ceiling: Ceiling,
    },
    /// Far above what is usual in each of three windows.
    AboveUsual {
        /// The least of the windows.
        least: f64,
        /// What is usual.
        usual: Level,
        /// Where unusual begins.
        limit: f64,
    },
    /// It doubles again and again.
    Growing {
        /// The minutes in which it doubles.
        doubling: f64,
        /// The rate at the beginning, in a minute.
        from: f64,
        /// The rate at the end, in a minute.
        to: f64,
        /// The minutes between.
        minutes: u64,
    },
    /// A new, flat level: what one chain of events makes that causes itself.
    Plateau {
        /// The mean of the windows.
        mean: f64,
        /// Their variance by their mean.
        dispersion: f64,
        /// How many windows.
        windows: u64,
        /// What is usual.
        usual: Level,
    },
}

/// Why nothing is unusual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quiet {
    /// There were no events.
    Nothing {
        /// In so many minutes.
        minutes: u64,
    },
    /// There were, as usual or too few to matter.
    Usual {
        /// The mean of the last minutes.
        per_minute: f64,
        /// Where unusual begins, in a minute.
        limit: f64,
    },
}

/// What there is to say of a rule's rate.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// Nothing is unusual.
    Quiet(Quiet),
    /// These are, at least one.
    Unusual(Vec<Sign>),
}

/// So many windows of one length must all be above what is usual.
const WINDOWS_ABOVE: u64 = 3;

/// So many windows of one length make a plateau.
const WINDOWS_OF_PLATEAU: u64 = 12;

/// Growth is looked for over so many minutes: long enough for bursts to have passed.
const GROWTH_MINUTES: u64 = 10;

/// Growth by less than this is none.
const LEAST_GROWTH: f64 = 8.0;

/// Returns what is unusual about the series (one-minute sums) now. Each answer says its numbers.
///
/// The ceiling counts first and by itself. A burst is shown by three windows of a minute or of five, a growth by ten minutes, a
/// plateau by twelve windows of one, five or thirty minutes.
pub fn judge(series: &Series, baseline: &Baseline, limits: &Limits, now: Timestamp) -> Judgement {
    let end = Minute::of(now).back(limits.settle);
    let above =
        [1, 5].into_iter().find_map(|length| above_usual(series, baseline.level(length), limits, end));
    let flat = LENGTHS.into_iter().find_map(|length| plateau(series, baseline.level(length), limits, end));
    let signs: Vec<Sign> = [over_ceiling(series, limits, end), growing(series, limits, end), above, flat]
        .into_iter()
        .flatten()
        .collect();
    if signs.is_empty() {
        Judgement::Quiet(quiet(series, baseline, limits, end))
    } else {
        Judgement::Unusual(signs)
    }
}

impl Judgement {
    /// Returns whether something is unusual.
    pub fn is_unusual(&self) -> bool {
        matches!(self, Self::Unusual(_))
    }

    /// Returns whether the owner's ceiling is exceeded.
    pub fn is_over_ceiling(&self) -> bool {
        matches!(self, Self::Unusual(signs) if signs.iter().any(|sign| matches!(sign, Sign::OverCeiling { .. })))
    }
}

fn over_ceiling(series: &Series, limits: &Limits, end: Minute) -> Option<Sign> {
    let ceiling = limits.ceiling?;
    let least = series.windows(end, 1, ceiling.minutes.max(1)).into_iter().min()?;
    (least > ceiling.per_minute).then_some(Sign::OverCeiling { least, ceiling })
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
fn floats(sums: Vec<u64>) -> Vec<f64> {
    sums.into_iter().map(|sum| sum as f64).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a few minutes")]
fn limit(usual: Level, limits: &Limits) -> f64 {
    let far = usual.median + limits.deviations * usual.deviation;
    (limits.floor * usual.length as f64).max(far).max(limits.times_high * usual.high)
}

fn above_usual(series: &Series, usual: Level, limits: &Limits, end: Minute) -> Option<Sign> {
    let limit = limit(usual, limits);
    let sums = floats(series.windows(end, usual.length, WINDOWS_ABOVE));
    let least = sums.into_iter().min_by(f64::total_cmp)?;
    (least > limit).then_some(Sign::AboveUsual { least, usual, limit })
}

/// Least squares through the logarithms of the sums: the slope is one over the doubling time.
#[expect(clippy::cast_precision_loss, reason = "a few minutes")]
fn growing(series: &Series, limits: &Limits, end: Minute) -> Option<Sign> {
    let sums = floats(series.windows(end, 1, GROWTH_MINUTES));
    let (from, to) = (*sums.first()?, *sums.last()?);
    let rises = sums.windows(2).filter(|pair| matches!(pair, [a, b] if b > a)).count();
    if to < limits.floor || to < from.max(1.0) * LEAST_GROWTH || rises + 2 < sums.len() {
        return None;
    }
    let middle = (sums.len() as f64 - 1.0) / 2.0;
    let logarithms: Vec<f64> = sums.iter().map(|sum| sum.max(0.5).log2()).collect();
    let offsets = |at: usize| at as f64 - middle;
    let covariance: f64 = logarithms.iter().enumerate().map(|(at, value)| offsets(at) * value).sum();
    let variance: f64 = (0..sums.len()).map(|at| offsets(at) * offsets(at)).sum();
    let doubling = variance / covariance;
    (doubling > 0.0 && doubling <= limits.doubling).then_some(Sign::Growing {
        doubling,
        from,
        to,
        minutes: GROWTH_MINUTES,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a few windows")]
fn plateau(series: &Series, usual: Level, limits: &Limits, end: Minute) -> Option<Sign> {
    let sums = floats(series.windows(end, usual.length, WINDOWS_OF_PLATEAU));
    let count = sums.len() as f64;
    let mean = sums.iter().sum::<f64>() / count;
    let least = sums.iter().copied().min_by(f64::total_cmp)?;
    let variance = sums.iter().map(|sum| (sum - mean) * (sum - mean)).sum::<f64>() / (count - 1.0);
    let dispersion = variance / mean.max(f64::MIN_POSITIVE);
    let new = least > limits.times_high * usual.high.max(usual.median + limits.deviations * usual.deviation);
    (least >= limits.plateau && new && dispersion <= limits.dispersion).then_some(Sign::Plateau {
        mean,
        dispersion,
        windows: WINDOWS_OF_PLATEAU,
        usual,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
fn quiet(series: &Series, baseline: &Baseline, limits: &Limits, end: Minute) -> Quiet {
    let minutes = 5;
    match series.sum(end.back(minutes), end) {
        0 => Quiet::Nothing { minutes },
        sum => {
            Quiet::Usual { per_minute: sum as f64 / minutes as f64, limit: limit(baseline.level(1), limits) }
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quiet(quiet) => quiet.fmt(f),
            Self::Unusual(signs) => {
                let texts: Vec<String> = signs.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join("; "))
            }
        }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing { minutes } => write!(f, "no event in {minutes} minutes"),
            Self::Usual { per_minute, limit } => {
                write!(f, "{per_minute:.1} events a minute; unusual begins at {limit:.0}")
            }
        }
    }
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OverCeiling { least, ceiling } => write!(
                f,
                "at least {least} events a minute for {} minutes, above the ceiling of {}",
                ceiling.minutes, ceiling.per_minute
            ),
            Self::AboveUsual { least, usual, limit } => write!(
                f,
                "at least {least:.0} events in each of {WINDOWS_ABOVE} windows of {}; {usual}, and unusual begins at {limit:.0}",
                minutes(usual.length)
            ),
            Self::Growing { doubling, from, to, minutes } => write!(
                f,
                "from {from:.0} to {to:.0} events a minute in {minutes} minutes, doubling every {doubling:.1} minutes"
            ),
            Self::Plateau { mean, dispersion, windows, usual } => write!(
                f,
                "a flat level of {mean:.1} events in each of {windows} windows of {} (variance {dispersion:.2} of the mean); {usual}",
                minutes(usual.length)
            ),
        }
    }
}

fn minutes(count: u64) -> String {
    if count == 1 { "a minute".to_owned() } else { format!("{count} minutes") }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.windows == 0 {
            return f.write_str("what is usual is not known");
        }
        write!(
            f,
            "usual are {:.1}, give or take {:.1}, and 99 of 100 are at most {:.1}",
            self.median, self.deviation, self.high
        )
    }
}

#[cfg(test)]
mod tests;
