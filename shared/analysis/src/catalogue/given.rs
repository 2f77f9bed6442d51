//! What a native event shows of a member of the request that caused it.

#[cfg(test)]
mod tests;

use crate::arn::{Arn, split_first, strip_prefix};
use crate::glob::{Glob, is_plain_name};
use loopguard_pattern::Term;
use serde::Deserialize;
use std::sync::Arc;

/// A member of a request, and which part of its value is shown: `MEMBER`, or `MEMBER!PART`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Given {
    /// The member, as paths name it.
    pub(crate) member: Arc<str>,
    /// What holds the shown part among the variables of a call's resource.
    pub(crate) variable: Arc<str>,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The value itself.
    Whole,
    /// A text that begins with the value.
    Start,
    /// The bucket of an S3 URI, or of a bucket's ARN.
    Bucket,
    /// A key that begins as the S3 URI says.
    Key,
}

impl TryFrom<String> for Given {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (member, part) = match text.split_once('!') {
            None => (&*text, Part::Whole),
            Some((member, "start")) => (member, Part::Start),
            Some((member, "bucket")) => (member, Part::Bucket),
            Some((member, "key")) => (member, Part::Key),
            Some((_, other)) => return Err(format!("no part of a member is called `{other}`")),
        };
        Ok(Self { member: member.into(), variable: format!("request.{text}").into(), part })
    }
}

impl Given {
    /// Returns what the event shows of the member's value; none: that is not known.
    pub(crate) fn shown(&self, value: Glob) -> Option<Glob> {
        let shown = match self.part {
            Part::Whole => value,
            // Services differ in what they make of a slash in front.
            Part::Start if value.start().starts_with('/') => return None,
            Part::Start => Glob::any_after(value.first().clone()),
            Part::Bucket | Part::Key => {
                let place = strip_prefix(value.first(), "s3://").or_else(|| of_arn(value.first()))?;
                match split_first(&place, &['/']) {
                    Some((bucket, _)) if self.part == Part::Bucket => Glob::exact(bucket),
                    Some((_, key)) => Glob::any_after(key),
                    // Without a slash, and nothing that may hold one, all of it is the bucket.
                    None if self.part == Part::Bucket && is_whole(&value, &place) => Glob::exact(place),
                    None => return None,
                }
            }
        };
        (!shown.is_any()).then_some(shown)
    }
}

/// Returns what stands behind the head of a bucket's ARN.
fn of_arn(value: &Term) -> Option<Term> {
    Arn::parse(value).filter(|arn| arn.service.as_str() == Some("s3")).map(|arn| arn.resource)
}

/// Returns true iff the value is known whole and nothing in `place` may hold a slash.
fn is_whole(value: &Glob, place: &Term) -> bool {
    value.as_exact().is_some() && place.symbols().all(is_plain_name)
}
