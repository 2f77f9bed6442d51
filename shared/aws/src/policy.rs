//! Policy documents as IAM sends them.

use loopguard_model::{Origin, Policy};
use loopguard_pattern::json;
use std::sync::Arc;

/// Returns the policy of a document that IAM sent: JSON text, percent-encoded (RFC 3986, IAM API reference of
/// `GetRolePolicy`). What cannot be read is kept as unread.
pub(crate) fn policy(name: &str, document: &str, origin: Origin) -> Policy {
    let read = decoded(document)
        .and_then(|text| json::parse_strict(&text).map_err(|error| error.to_string().into()));
    match read {
        Ok(value) => Policy::from_value(name, &value, origin),
        Err(why) => Policy { name: name.into(), statements: Vec::new(), unread: vec![why], origin },
    }
}

/// Decodes `%XX`; a document that is plain JSON (as some local stacks send it) has no `%` before its first `{`.
fn decoded(document: &str) -> Result<String, Arc<str>> {
    if document.trim_start().starts_with('{') {
        return Ok(document.to_owned());
    }
    let mut bytes = Vec::with_capacity(document.len());
    let mut rest = document.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            return Err("the document is not percent-encoded JSON".into());
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
    }
    String::from_utf8(bytes).map_err(|_| "the document is not UTF-8".into())
}

#[cfg(test)]
mod tests;
