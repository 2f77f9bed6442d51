use super::Policy;
use crate::Origin;
use std::fmt::Write;

fn read(document: &str) -> (usize, Vec<String>) {
    let policy = Policy::from_text("p", document, Origin::Assumed("a test".into()));
    (policy.statements.len(), policy.unread.iter().map(ToString::to_string).collect())
}

#[test]
fn encoded_and_plain_documents_are_read() {
    let plain = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::100%25/*"}}"#;
    let mut encoded = String::new();
    for byte in plain.bytes() {
        write!(encoded, "%{byte:02X}").unwrap();
    }
    assert_eq!(read(plain), (1, Vec::new()));
    assert_eq!(read(&encoded), (1, Vec::new()));
}

/// What cannot be read may allow anything: it must never look like an empty policy.
#[test]
fn what_cannot_be_read_is_kept_as_unread() {
    for document in ["", "%", "%7", "%zz", "%FF%FE", "%7B", "{", "{}", "null", r#"{"Statement":[7]}"#] {
        let (statements, unread) = read(document);
        assert!(statements == 0 && !unread.is_empty(), "{document:?}");
    }
}
