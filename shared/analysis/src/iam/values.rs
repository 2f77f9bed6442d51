//! Dates and addresses as conditions write them.

use std::net::IpAddr;

/// Returns the milliseconds since 1970 of a date of ISO 8601 (`2026-08-01`, `2026-08-01T00:00:00Z`, with a fraction or
/// an offset) or of seconds since 1970.
pub(crate) fn date(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return seconds.checked_mul(1000);
    }
    let (day, time) = match text.split_once(['T', 't']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let milliseconds = time.map_or(Some(0), time_of_day)?;
    days(day)?.checked_mul(86_400_000)?.checked_add(milliseconds)
}

/// Returns the days since 1970 of `year-month-day`.
fn days(text: &str) -> Option<i64> {
    let mut fields = text.split('-');
    let (year, month, day) = (digits(fields.next()?)?, digits(fields.next()?)?, digits(fields.next()?)?);
    if fields.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9999 {
        return None;
    }
    // Years from March on, so that the leap day is the last of its year.
    let year = if month > 2 { year } else { year - 1 };
    let since_march = (month + 9) % 12;
    let day_of_year = (153 * since_march + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap_days + day_of_year - 719_468)
}

/// Returns the milliseconds of `hh:mm[:ss[.fff]]` and a zone; no zone is UTC.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => match text.rsplit_once(['+', '-']) {
            Some((clock, zone)) => (clock, minutes(zone)? * if text.contains('+') { 1 } else { -1 }),
            None => (text, 0),
        },
    };
    let mut fields = clock.split(':');
    let (hour, minute) = (digits(fields.next()?)?, digits(fields.next()?)?);
    let (second, fraction) =
        match fields.next().map(|seconds| seconds.split_once('.').unwrap_or((seconds, "0"))) {
            Some((second, fraction)) => (digits(second)?, fraction),
            None => (0, "0"),
        };
    let fraction: String = fraction.chars().chain("00".chars()).take(3).collect();
    if hour > 24 || minute > 59 || second > 60 || fields.next().is_some() {
        return None;
    }
    Some(((hour * 60 + minute - offset) * 60 + second) * 1000 + digits(&fraction)?)
}

fn minutes(zone: &str) -> Option<i64> {
    let (hours, minutes) = zone.split_once(':').or_else(|| zone.split_at_checked(2))?;
    Some(digits(hours)? * 60 + digits(minutes)?)
}

fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Returns whether the address is in the network (`203.0.113.0/24`, or one address); none: one of them is neither.
pub(crate) fn in_network(address: &str, network: &str) -> Option<bool> {
    let address: IpAddr = address.trim().parse().ok()?;
    let (base, length) = match network.trim().split_once('/') {
        Some((base, length)) => (base, Some(length.parse::<u32>().ok()?)),
        None => (network.trim(), None),
    };
    match (address, base.parse().ok()?) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            let shift = 32_u32.checked_sub(length.unwrap_or(32))?;
            Some(u64::from(address.to_bits()) >> shift == u64::from(base.to_bits()) >> shift)
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            let shift = 128_u32.checked_sub(length.unwrap_or(128))?;
            let bits = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
            Some(bits(address.to_bits()) == bits(base.to_bits()))
        }
        _ => Some(false),
    }
}
