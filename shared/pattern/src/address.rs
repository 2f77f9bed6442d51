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
        IpAddr::V4(v4) => v4.octets().iter().map(|byte| format!("{byte:02X}")).collect(),
        IpAddr::V6(v6) => v6.octets().iter().map(|byte| format!("{byte:02X}")).collect(),
    }
}

/// The lowest and the highest address of a block, as digits.
pub(crate) fn block(cidr: &Cidr) -> (String, String) {
    match cidr.address {
        IpAddr::V4(v4) => {
            let free = u32::MAX.checked_shr(u32::from(cidr.mask)).unwrap_or(0);
            let base = u32::from(v4) & !free;
            (digits(IpAddr::V4(base.into())), digits(IpAddr::V4((base | free).into())))
        }
        IpAddr::V6(v6) => {
            let free = u128::MAX.checked_shr(u32::from(cidr.mask)).unwrap_or(0);
            let base = u128::from(v6) & !free;
            (digits(IpAddr::V6(base.into())), digits(IpAddr::V6((base | free).into())))
        }
    }
}
