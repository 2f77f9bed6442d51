//! What a plan or a configuration declares.

use crate::nodes::{elements, list, literal, object, string};
use loopguard_pattern::json::{Span, Value};
use std::sync::Arc;

/// One instance of a resource or of a data source.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    /// `aws_s3_bucket.media`, `module.a["k"].data.aws_region.here`: unique in its template.
    pub(crate) address: Arc<str>,
    /// `aws_s3_bucket`.
    pub(crate) kind: Arc<str>,
    /// Whether it is a data source: it reads what exists already.
    pub(crate) data: bool,
    /// Its arguments and known attributes, references as markers; repeated blocks are lists.
    pub(crate) body: Value,
    /// Where it is declared.
    pub(crate) span: Span,
}

/// The function that stands for an attribute of a declared resource until it is settled.
const MARKER: &str = "Fn::TerraformAttribute";

/// Returns the tree that stands for an attribute of what has the address; an empty path is the whole.
pub(super) fn marker(span: Span, address: &str, path: &str) -> Value {
    object(span, [(MARKER, list(span, vec![string(span, address), string(span, path)]))])
}

/// Returns address and path of a marker.
pub(super) fn marked(value: &Value) -> Option<(Arc<str>, Arc<str>)> {
    let [only] = value.members() else { return None };
    let [address, path] = elements(&only.value) else { return None };
    (&*only.key == MARKER).then(|| Some((literal(address)?, literal(path)?)))?
}
