//! IP addresses as the engine sees them: runs of hexadecimal digits.
//!
//! The engine turns every string that looks like an address into the digits of its bytes, eight for
//! IPv4 and thirty-two for IPv6, and compares those. Both families share one space, so that a block of
//! one family also holds addresses of the other whose digits fall between its ends; the bus shows that,
//! and so does this crate.

use crate::Cidr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the address that the engine reads from the text, if it reads one.
pub(crate) fn parse(text: &str) -> Option<IpAddr> {
    if let Some(address) = parse_v4(text) {
        return Some(IpAddr::V4(address));
    }
    let characters = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
    if !characters || !text.contains(':') {
        return None;
    }
    let address: Ipv6Addr = text.parse().ok()?;
    // The engine's platform reads an IPv4 address mapped into IPv6 as the IPv4 address.
    Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
}

/// Four decimal groups of one to three digits; leading zeros count as decimal.
fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut groups = text.split('.');
    for octet in &mut octets {
        let group = groups.next()?;
        if group.is_empty() || group.len() > 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *octet = group.parse().ok()?;
    }
    groups.next().is_none().then(|| octets.into())
}

/// Returns the digits of an address.
pub(crate) fn digits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("{:08X}", u32::from(v4)),
        IpAddr::V6(v6) => format!("{:032X}", u128::from(v6)),
    }
}

/// The lowest and the highest address of a block.
fn ends(cidr: &Cidr) -> (IpAddr, IpAddr) {
    match cidr.address {
        IpAddr::V4(v4) => {
            let free = u32::MAX.checked_shr(u32::from(cidr.mask)).unwrap_or(0);
            let base = u32::from(v4) & !free;
            (IpAddr::V4(base.into()), IpAddr::V4((base | free).into()))
        }
        IpAddr::V6(v6) => {
            let free = u128::MAX.checked_shr(u32::from(cidr.mask)).unwrap_or(0);
            let base = u128::from(v6) & !free;
            (IpAddr::V6(base.into()), IpAddr::V6((base | free).into()))
        }
    }
}

/// The ends of a block as digits.
pub(crate) fn block(cidr: &Cidr) -> (String, String) {
    let (low, high) = ends(cidr);
    (digits(low), digits(high))
}

/// Returns the lowest and the highest digits that the engine takes for an exact address.
///
/// It compiles the address to a range that is open at one end, next to the digits themselves; for IPv4 that
/// lets in the IPv6 addresses whose digits begin the same, or for a last digit `F` those one below.
pub(crate) fn exactly(address: IpAddr) -> (String, String) {
    let digits = digits(address);
    if digits.len() != 8 {
        return (digits.clone(), digits);
    }
    match digits.strip_suffix('F') {
        Some(start) => (format!("{start}E{}", "0".repeat(24)), digits),
        None => (digits.clone(), format!("{digits}{}", "F".repeat(24))),
    }
}

/// Returns whether the text is an address whose digits lie between `low` and `high`, ends included.
pub(crate) fn within(text: &str, low: &str, high: &str) -> bool {
    parse(text).is_some_and(|found| {
        let digits = digits(found);
        *low <= *digits && *digits <= *high
    })
}

/// Digits as a number that compares as they do: left-aligned, the shorter of two equal ones first.
type Order = (u128, bool);

fn order(address: IpAddr) -> Order {
    match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, false),
        IpAddr::V6(v6) => (v6.into(), true),
    }
}

/// Returns whether the text is an address that the engine finds in the block.
pub(crate) fn in_block(text: &str, cidr: &Cidr) -> bool {
    let Some(found) = parse(text).map(order) else { return false };
    let (low, high) = ends(cidr);
    order(low) <= found && found <= order(high)
}

/// Returns the digits of some addresses between `low` and `high`, ends included; none iff there is none.
pub(crate) fn candidates(low: &str, high: &str) -> Vec<String> {
    let first = |text: &str| text.get(..8).unwrap_or(text).to_owned();
    let step = |text: &str, by: i64| {
        let value = i64::from_str_radix(text, 16).ok()?.checked_add(by)?;
        u32::try_from(value).ok().map(|value| format!("{value:08X}"))
    };
    let (low8, high8) = (first(low), first(high));
    let mut found = vec![low.to_owned(), high.to_owned(), low8.clone(), high8.clone()];
    found.extend(step(&low8, 1));
    found.extend(step(&high8, -1).map(|less| format!("{less}{}", "F".repeat(24))));
    found.push(format!("{low8}{}", "0".repeat(24)));
    found.push(format!("{high8}{}", "0".repeat(24)));
    found.retain(|digits| [8, 32].contains(&digits.len()) && *low <= **digits && **digits <= *high);
    found.sort();
    found.dedup();
    found
}

/// Returns texts that the engine reads as the address of these digits, the usual one first.
pub(crate) fn texts(digits: &str) -> Vec<String> {
    if digits.len() == 8 {
        let Ok(value) = u32::from_str_radix(digits, 16) else { return Vec::new() };
        let usual = Ipv4Addr::from(value).to_string();
        let padded = usual.split('.').map(|group| format!("{group:0>3}")).collect::<Vec<_>>().join(".");
        return vec![usual, padded];
    }
    let Ok(value) = u128::from_str_radix(digits, 16) else { return Vec::new() };
    let address = Ipv6Addr::from(value);
    if address.to_ipv4_mapped().is_some() {
        return Vec::new();
    }
    let whole = address.segments().iter().map(|part| format!("{part:04x}")).collect::<Vec<_>>().join(":");
    // The usual text may end in dotted decimals, which the engine does not read.
    let usual = address.to_string();
    let mut texts = Vec::new();
    if !usual.contains('.') {
        texts.push(usual.clone());
        texts.push(usual.to_uppercase());
    }
    texts.push(whole.clone());
    texts.push(whole.to_uppercase());
    texts
}
