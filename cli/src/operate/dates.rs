//! Lengths of time and dates as people write them.

use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, civil};
use loopguard_decision::Timestamp;

/// The longest that anything may be set aside, in days.
const LONGEST_DAYS: u64 = 400;

const DAY: u64 = 86_400_000;

/// Reads `2h`, `30m`, `1d`: milliseconds, from a minute up to 400 days.
pub(super) fn length(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no length of time: write it as 30m, 2h or 1d");
    let span: Span = text.trim().parse().map_err(|_| wrong())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    let Ok(milliseconds) = u64::try_from(length.as_millis()) else {
        return Err(format!("`{text}` lies in the past: write it without the minus"));
    };
    if milliseconds < 60_000 {
        return Err(format!("`{text}` is shorter than a minute; the shortest is 1m"));
    }
    if milliseconds > LONGEST_DAYS * DAY {
        return Err(format!("`{text}` is longer than {LONGEST_DAYS} days; the longest is {LONGEST_DAYS}d"));
    }
    Ok(milliseconds)
}

/// Reads until when something holds: a day (its beginning in UTC), a moment, or a length from now.
pub(super) fn until(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    let Some(until) = moment(text) else {
        let length = length(text).map_err(|error| {
            if text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(char::is_alphanumeric) {
                return error;
            }
            format!("`{text}` is no date: write it as 2026-12-24, 2026-12-24T10:00Z or 30d")
        })?;
        return Ok(Timestamp(now.0.saturating_add(length)));
    };
    let latest = Timestamp(now.0.saturating_add(LONGEST_DAYS * DAY));
    if until <= now {
        return Err(format!(
            "`{text}` is in the past (it is {now}); the nearest day is {}",
            day(now.0 + DAY)
        ));
    }
    if until > latest {
        return Err(format!(
            "`{text}` is more than {LONGEST_DAYS} days away; the latest day is {}",
            day(latest.0)
        ));
    }
    Ok(until)
}

/// Returns the moment, if it is written as one.
fn moment(text: &str) -> Option<Timestamp> {
    let at = match text.parse::<jiff::Timestamp>() {
        Ok(at) => at,
        Err(_) if text.contains(['T', 't', ' ']) => return None,
        Err(_) => {
            let day: civil::Date = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(day.to_datetime(civil::Time::midnight())).ok()?
        }
    };
    Some(Timestamp(u64::try_from(at.as_millisecond()).unwrap_or_default()))
}

fn day(at: u64) -> String {
    Timestamp(at).to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::{length, until};
    use loopguard_decision::Timestamp;

    /// 2026-11-25T20:00:00Z.
    const NOW: Timestamp = Timestamp(1_795_636_800_000);

    #[test]
    fn lengths_are_read_as_people_write_them() {
        let minutes = |text: &str| length(text).map(|length| length / 60_000);
        assert_eq!(minutes("30m"), Ok(30));
        assert_eq!(minutes("2h"), Ok(120));
        assert_eq!(minutes("1h30m"), Ok(90));
        assert_eq!(minutes("1d"), Ok(24 * 60));
        assert_eq!(minutes("400d"), Ok(400 * 24 * 60));
        assert_eq!(minutes("1w"), Ok(7 * 24 * 60));
    }

    #[test]
    fn wrong_lengths_name_the_nearest_right_one() {
        for (text, told) in [
            ("soon", "write it as 30m, 2h or 1d"),
            ("2", "write it as 30m, 2h or 1d"),
            ("", "write it as 30m, 2h or 1d"),
            ("1y", "write it as 30m, 2h or 1d"),
            ("30s", "the shortest is 1m"),
            ("401d", "the longest is 400d"),
            ("-2h", "without the minus"),
        ] {
            let error = length(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn dates_are_days_moments_or_lengths_from_now() {
        let read = |text: &str| until(text, NOW).map(|at| at.to_string());
        assert_eq!(NOW.to_string(), "2026-11-25T20:00:00Z");
        assert_eq!(read("2026-12-24").as_deref(), Ok("2026-12-24T00:00:00Z"));
        assert_eq!(read("2026-12-24T10:00Z").as_deref(), Ok("2026-12-24T10:00:00Z"));
        assert_eq!(read("2026-12-24T10:00:00+02:00").as_deref(), Ok("2026-12-24T08:00:00Z"));
        assert_eq!(read("30d").as_deref(), Ok("2026-12-25T20:00:00Z"));
        assert_eq!(read("2027-12-30").as_deref(), Ok("2027-12-30T00:00:00Z"));
    }

    #[test]
    fn wrong_dates_name_the_nearest_right_one() {
        for (text, told) in [
            ("2026-11-25", "in the past (it is 2026-11-25T20:00:00Z); the nearest day is 2026-11-26"),
            ("1969-01-01", "the nearest day is 2026-11-26"),
            ("2027-12-31", "more than 400 days away; the latest day is 2027-12-30"),
            ("24.12.2026", "write it as 2026-12-24, 2026-12-24T10:00Z or 30d"),
            ("2026-12-24T10:00", "write it as 2026-12-24, 2026-12-24T10:00Z or 30d"),
            ("2026-13-01", "write it as 2026-12-24"),
            ("christmas", "write it as 2026-12-24"),
            ("500d", "the longest is 400d"),
        ] {
            let error = until(text, NOW).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
