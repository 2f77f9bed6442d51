//! A compiled event pattern: branches, fields, matchers.

use crate::Term;
use crate::json::Span;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

/// A valid event pattern.
///
/// A pattern is a union of branches, one for each way to choose from its `$or`s; an event matches the
/// pattern iff it matches one branch.
///
/// ```
/// let p = loopguard_pattern::parse(r#"{"source": ["aws.s3"]}"#)?;
/// assert_eq!(p.to_string(), r#"{"source":["aws.s3"]}"#);
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EventPattern {
    /// INVARIANT: never empty; at most [`MAX_BRANCHES`].
    pub(crate) branches: Vec<Branch>,
    pub(crate) notes: Vec<Note>,
}

/// The most branches that the `$or`s of one pattern may make.
///
/// AWS states no number; one of 1,000 is quoted elsewhere and is unverified. Beyond this cap `parse`
/// refuses the pattern with an error that says so.
///
/// ```
/// use loopguard_pattern::{MAX_BRANCHES, parse};
/// let choice = r#""$or":[{"a":[1]},{"b":[1]}]"#;
/// let p = parse(&format!("{{{}}}", [choice; 9].join(",")))?;
/// assert!(p.branches().len() == 512 && 512 <= MAX_BRANCHES);
/// assert!(parse(&format!("{{{}}}", [choice; 10].join(","))).is_err());
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
pub const MAX_BRANCHES: usize = 1_000;

/// One alternative of a pattern: all its fields must match.
///
/// ```
/// let p = loopguard_pattern::parse(r#"{"a":["x"],"$or":[{"b":[1]},{"c":[2]}]}"#)?;
/// let second = &p.branches()[1];
/// assert!(second.field("a").is_some() && second.field("b").is_none() && second.field("c").is_some());
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Branch {
    /// INVARIANT: sorted by path in UTF-16 order (the engine's order), each path once.
    pub(crate) fields: Vec<Field>,
}

/// A path and the values it may have: one of them must match.
///
/// ```
/// let p = loopguard_pattern::parse(r#"{"a":{"b":["x", null]}}"#)?;
/// let field = &p.branches()[0].fields()[0];
/// assert_eq!((&*field.path, field.matchers.len(), field.span.start), ("a.b", 2, 10));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Field {
    /// Keys joined by dots; `{"a":{"b":..}}` and `{"a.b":..}` are one path.
    pub path: Arc<str>,
    /// The alternatives, in the order of the text. May be empty only if the text's list held nothing but opaque values.
    pub matchers: Vec<Matcher>,
    /// Where the list of alternatives stands.
    pub span: Span,
}

/// One alternative of a field, with its place.
///
/// ```
/// let p = loopguard_pattern::parse(r#"{"a":["x", null]}"#)?;
/// let second = &p.branches()[0].fields()[0].matchers[1];
/// assert_eq!(second.span.start, 11);
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Matcher {
    /// What it accepts.
    pub kind: MatcherKind,
    /// Where it stands.
    pub span: Span,
}

/// What one alternative accepts. Strings are [`Term`]s: symbolic only in patterns from templates.
///
/// ```
/// use loopguard_pattern::{MatcherKind, parse};
/// let p = parse(r#"{"a":[null]}"#)?;
/// assert!(matches!(&p.branches()[0].fields()[0].matchers[0].kind, MatcherKind::Null));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum MatcherKind {
    /// `{"exists": true}`: any leaf; `{"exists": false}`: no leaf.
    Exists(bool),
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A string literal or `{"exactly": ..}`; text that looks like an IP address is that address.
    Exact(Term),
    /// A number literal.
    Number(Number),
    /// `{"prefix": ..}`, perhaps without regard to case.
    Prefix(Affix),
    /// `{"suffix": ..}`, perhaps without regard to case.
    Suffix(Affix),
    /// `{"equals-ignore-case": ..}`.
    EqualsIgnoreCase(Term),
    /// `{"wildcard": ..}`.
    Wildcard(Wildcard),
    /// `{"numeric": ..}`.
    Numeric(NumericRange),
    /// `{"cidr": ..}`.
    Cidr(Cidr),
    /// `{"anything-but": ..}`.
    AnythingBut(AnythingBut),
    /// A template value that is not known (`!Ref ListParameter`): may accept anything or nothing.
    Opaque(Arc<str>),
}

/// The argument of `prefix` or `suffix`.
///
/// ```
/// use loopguard_pattern::{MatcherKind, parse};
/// let p = parse(r#"{"a":[{"prefix":{"equals-ignore-case":"eu-"}}]}"#)?;
/// assert!(matches!(&p.branches()[0].fields()[0].matchers[0].kind, MatcherKind::Prefix(affix) if affix.ignore_case));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Affix {
    /// The text.
    pub text: Term,
    /// Whether case is ignored.
    pub ignore_case: bool,
}

/// What `anything-but` leaves out.
///
/// ```
/// use loopguard_pattern::{AnythingBut, MatcherKind, parse};
/// let p = parse(r#"{"a":[{"anything-but":[1,2]}]}"#)?;
/// assert!(matches!(&p.branches()[0].fields()[0].matchers[0].kind, MatcherKind::AnythingBut(AnythingBut::Numbers(two)) if two.len() == 2));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Hash)]
pub enum AnythingBut {
    /// These strings, as text (no addresses).
    Strings(Vec<Term>),
    /// These numbers.
    Numbers(Vec<Number>),
    /// Strings with one of these beginnings.
    Prefix(Vec<Term>),
    /// Strings with one of these ends.
    Suffix(Vec<Term>),
    /// Strings equal to one of these without regard to case.
    EqualsIgnoreCase(Vec<Term>),
    /// Strings that fit one of these wildcards.
    Wildcard(Vec<Wildcard>),
}

/// A wildcard: literal pieces with `*` (any run of characters, newlines and nothing included) between.
///
/// ```
/// use loopguard_pattern::{MatcherKind, parse};
/// let p = parse(r#"{"a":[{"wildcard":"a*b"}]}"#)?;
/// assert!(matches!(&p.branches()[0].fields()[0].matchers[0].kind, MatcherKind::Wildcard(text) if text.pieces.len() == 2));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wildcard {
    /// The pieces between the stars, escapes resolved; one piece means no star.
    /// `a*b` is `["a", "b"]`, `*` is `["", ""]`.
    pub pieces: Vec<Term>,
}

/// A decimal as the engine sees it.
///
/// ```
/// use loopguard_pattern::{MatcherKind, parse};
/// let p = parse(r#"{"a":[1.50]}"#)?;
/// assert!(matches!(&p.branches()[0].fields()[0].matchers[0].kind, MatcherKind::Number(n) if &*n.text == "1.50" && n.comparable == Some(1.5)));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The literal as written.
    pub text: Arc<str>,
    /// The binary value, iff the decimal survives decimal -> binary64 -> shortest decimal; a number that
    /// does not matches its own text only.
    pub comparable: Option<f64>,
}

/// Numbers that are equal are written alike.
impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

/// The numbers that `numeric` accepts.
///
/// ```
/// use loopguard_pattern::{MatcherKind, parse};
/// let p = parse(r#"{"a":[{"numeric":[">",1]}]}"#)?;
/// assert!(matches!(&p.branches()[0].fields()[0].matchers[0].kind, MatcherKind::Numeric(range) if range.high.is_none()));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Hash)]
pub struct NumericRange {
    /// Lower bound and whether it is included; none is minus infinity.
    pub low: Option<(Number, bool)>,
    /// Upper bound and whether it is included; none is infinity.
    pub high: Option<(Number, bool)>,
    /// Written as `["=", n]`.
    pub equality: bool,
}

/// A block of addresses.
///
/// ```
/// use loopguard_pattern::{MatcherKind, parse};
/// let p = parse(r#"{"a":[{"cidr":"10.0.0.0/8"}]}"#)?;
/// assert!(matches!(&p.branches()[0].fields()[0].matchers[0].kind, MatcherKind::Cidr(block) if block.mask == 8));
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    /// Any address of the block as written.
    pub address: IpAddr,
    /// Bits of the mask: 0..=31 for IPv4, 0..=127 for IPv6.
    pub mask: u8,
}

/// Something worth saying about a valid pattern.
///
/// ```
/// let text = r#"{"a":["x"],"a":["y"]}"#;
/// let p = loopguard_pattern::parse(text)?;
/// let note = &p.notes()[0];
/// assert_eq!(&text[note.span.start..note.span.end], r#"["x"]"#);
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What kind of note it is.
    pub kind: NoteKind,
    /// What it is about.
    pub span: Span,
    /// The sentence for people.
    pub message: String,
}

/// The kinds of notes.
///
/// ```
/// use loopguard_pattern::{NoteKind, parse};
/// let p = parse(r#"{"a":[{"prefix":"x"},{"suffix":"y"}]}"#)?;
/// assert_eq!(p.notes()[0].kind, NoteKind::OrWhereAndWasMeant);
/// # Ok::<(), loopguard_pattern::PatternError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// A path is written twice; the earlier list has no effect.
    Overridden,
    /// A field accepts every leaf (several `anything-but` in one list, say).
    AlwaysTrue,
    /// The pattern, a branch or a value can never match.
    NeverMatches,
    /// `$or` that the engine may read otherwise than meant.
    SuspiciousOr,
    /// Alternatives of one list that look as if all were meant to hold.
    OrWhereAndWasMeant,
}

impl EventPattern {
    /// Returns the alternatives.
    ///
    /// ```
    /// let p = loopguard_pattern::parse(r#"{"$or":[{"a":["x"]},{"b":["y"]}]}"#)?;
    /// assert_eq!(p.branches().len(), 2);
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Returns what is worth saying about the pattern, in the order of the text.
    ///
    /// ```
    /// let p = loopguard_pattern::parse(r#"{"a":["x"],"a":["y"]}"#)?;
    /// assert_eq!(p.notes().len(), 1);
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

impl Branch {
    /// Returns the fields, sorted by path in UTF-16 order, each path once.
    ///
    /// ```
    /// let p = loopguard_pattern::parse(r#"{"b":["x"],"a":{"c":["y"]}}"#)?;
    /// let paths: Vec<_> = p.branches()[0].fields().iter().map(|f| &*f.path).collect();
    /// assert_eq!(paths, ["a.c", "b"]);
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns the field of `path`, if the branch has one.
    ///
    /// ```
    /// let p = loopguard_pattern::parse(r#"{"source":["aws.s3"]}"#)?;
    /// assert!(p.branches()[0].field("source").is_some());
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn field(&self, path: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.path == path)
    }
}
