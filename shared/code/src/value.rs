//! What is known of a value at run time.

use crate::region::Region;
use crate::tree::NodeId;
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most values that one expression may have; with more of them it is unknown.
const MOST: usize = 8;

/// Names a file of the program.
pub(crate) type FileId = usize;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Anything.
    Unknown,
    /// No value.
    Nothing,
    /// A number, which only tells that it is no name.
    Number,
    /// This text.
    Text(Term),
    /// Text that begins so.
    Begins(Term),
    /// This part of the event that started the run; empty: the event.
    Event(Arc<str>),
    /// The name of the region in which the code runs.
    Here,
    /// Something outside the code: a module, or what it has (`boto3.client`, `@aws-sdk/client-s3#S3Client`).
    Outside(Arc<str>),
    /// A file of the code as a module.
    Local(FileId),
    /// A session or its like, from which clients are made.
    Session(Caller, Region),
    /// A client of a service, or an object of boto3's resource classes.
    Client(Arc<Client>),
    /// A method of a value.
    Method(Arc<(Value, Arc<str>)>),
    /// A request that is ready to be sent: service, operation, members.
    Command(Arc<(Arc<str>, Arc<str>, Value)>),
    /// What `AssumeRole` gives for the role; none: another caller of whom nothing is known.
    Credentials(Option<Term>),
    /// A list.
    List(Arc<Vec<Value>>),
    /// Members; what is not here is not known.
    Record(Arc<BTreeMap<Arc<str>, Value>>),
    /// A function of the code.
    Function(FileId, NodeId),
    /// A class of the code.
    Class(FileId, NodeId),
    /// An object of a class of the code.
    Object(FileId, NodeId),
    /// One of these.
    OneOf(Arc<Vec<Value>>),
}

/// Whose credentials a client has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// The workload's own.
    Own,
    /// Those of a role that is assumed.
    Role(Term),
    /// Others.
    Other,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) service: Arc<str>,
    pub(crate) caller: Caller,
    pub(crate) region: Region,
    pub(crate) kind: ClientKind,
}

/// How a client names its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClientKind {
    /// By the operations' own names.
    Plain,
    /// As the document clients of DynamoDB do.
    Document,
    /// As boto3's resource classes do: class and identifiers.
    Resource(Arc<str>, Vec<Value>),
    /// A paginator: each request is this operation.
    Pages(Arc<str>),
}

impl Value {
    /// Returns what the value is if it is one of these.
    pub(crate) fn one_of(values: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for value in values {
            let several = match &value {
                Self::OneOf(several) => several.to_vec(),
                _ => vec![value],
            };
            for one in several {
                if one != Self::Nothing && !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        match all.len() {
            0 => Self::Nothing,
            1 => all.into_iter().next().unwrap_or(Self::Unknown),
            count if count > MOST => Self::Unknown,
            _ => Self::OneOf(Arc::new(all)),
        }
    }

    /// Returns all values that this may be.
    pub(crate) fn all(&self) -> &[Self] {
        match self {
            Self::OneOf(several) => several,
            one => std::slice::from_ref(one),
        }
    }

    /// Returns the text, if it is known to the end.
    pub(crate) fn literal(&self) -> Option<Arc<str>> {
        match self {
            Self::Text(term) => term.as_literal(),
            _ => None,
        }
    }

    /// Returns the known texts that the value may be.
    pub(crate) fn literals(&self) -> Vec<Arc<str>> {
        self.all().iter().filter_map(Self::literal).collect()
    }
}
