//! API calls that a definition or a function's code makes.

use crate::Origin;
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One API call as a source names it; the catalogue says which operation it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The service as written: an SDK client (`s3`, `events`, `sfn`), an IAM prefix. Case does not matter.
    pub service: Arc<str>,
    /// The operation as written (`PutObject`, `putObject`, `put_object`). Case and underscores do not matter.
    pub operation: Arc<str>,
    /// What the request gives, by the member's name in the SDK, lists and members joined by dots
    /// (`Bucket`, `Entries.0.Source`). What is not here is not known.
    pub request: BTreeMap<Arc<str>, Given>,
    /// The role that makes the call, where it is not the workload's own.
    pub role: Option<Term>,
    /// The region of the client that makes it, where it is not the workload's own; not a constant: any.
    pub region: Option<Given>,
    /// How often one run makes it.
    pub runs: Runs,
    /// Where it stands.
    pub origin: Origin,
    /// What a reader should know beside it (`behind a choice`); may be empty.
    pub note: Arc<str>,
}

/// The value of a request member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// Always this.
    Constant(Term),
    /// Text that begins so and goes on in an unknown way.
    StartsWith(Term),
    /// Copied from this path of the event that started the run (`detail.bucket.name`); an element of a list is named
    /// by the list.
    FromEvent(Arc<str>),
}

/// How often one run makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runs {
    /// Perhaps never: behind a choice, in a handler of errors, in code.
    Sometimes,
    /// Once on every path.
    Each,
    /// More than once on every path.
    Many,
}

/// What was read of a function's code. That a call is not here proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// The calls found.
    pub calls: Vec<Call>,
    /// Checks on the event's caller or name: they may keep the code from answering its own events, and are
    /// told, never trusted. Each as a sentence with its place.
    pub guards: Vec<(Arc<str>, Origin)>,
}

/// Where a function's code is, before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeSource {
    /// Text in the template, with where it stands. What `Fn::Sub` and `Fn::Join` put in stays a symbol.
    Inline(Term, Origin),
    /// A file or folder beside the template, relative to the template's folder, with where it is named.
    Local(Arc<str>, Origin),
    /// Code that cannot be read here: why (`it is a container image`), with where that is said.
    Elsewhere(Arc<str>, Origin),
}
