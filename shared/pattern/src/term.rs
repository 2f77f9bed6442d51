//! Strings that are not wholly known.
//!
//! A template names values that exist only after it is deployed (`!GetAtt Role.Arn`), takes others from
//! its parameters, and joins both with literal text. A [`Term`] is such a string: literal parts and
//! [`Symbol`]s in order. Patterns and emissions carry terms, so that "the same role" can be told from
//! "another role" without knowing either name.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What a symbol stands for, and with it what may be said of two different symbols.
///
/// ```
/// use loopguard_pattern::{Symbol, SymbolKind};
/// assert_eq!(Symbol::created("AWS::S3::Bucket.name", "Media").kind, SymbolKind::Created);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// A value that one stack creates and that nobody chose (a generated name, an id).
    /// Two different created symbols of one `kind` stand for different values.
    Created,
    /// A value given from outside: a parameter, an import, another stack's output.
    /// Two different given symbols may stand for one value.
    Given,
}

/// A value without a known text, equal to itself.
///
/// ```
/// use loopguard_pattern::Symbol;
/// assert_eq!(Symbol::given("parameter", "Name").to_string(), "${Name}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// Whether the value is created here or given from outside.
    pub kind: SymbolKind,
    /// The type of the value (`AWS::IAM::Role.name`, `parameter`); created symbols differ only within one.
    pub class: Arc<str>,
    /// The name that makes the symbol (a logical id, a parameter's name), unique within its class.
    pub name: Arc<str>,
    /// What a generated name is made from; none: nothing is known of the value's text.
    pub made_from: Option<Arc<str>>,
}

/// How much a generated name keeps of what it is made from, at least: where names must be short, it is cut.
const KEPT: usize = 4;

/// How many characters that nobody chose a generated name ends with, at least.
const RANDOM: usize = 8;

impl Symbol {
    /// Returns the symbol for a value that the stack creates.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, Term};
    /// let bucket = Symbol::created("AWS::S3::Bucket.name", "Media");
    /// assert_eq!(Term::from(bucket).to_string(), "${Media}");
    /// ```
    pub fn created(class: &str, name: &str) -> Self {
        Self { kind: SymbolKind::Created, class: class.into(), name: name.into(), made_from: None }
    }

    /// Returns the symbol for a name that is generated from `id`: it holds the first characters of that, in any case, and
    /// behind them at least eight that nobody chose.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, Term};
    /// let bucket = Term::from(Symbol::generated("AWS::S3::Bucket.name", "Media", "Media"));
    /// assert!(bucket.may_be("shop-media-1k2j3h4g5f6d") && !bucket.may_be("company-landing"));
    /// ```
    pub fn generated(class: &str, name: &str, id: &str) -> Self {
        Self { made_from: Some(id.into()), ..Self::created(class, name) }
    }

    /// Returns the symbol for a value given from outside.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, SymbolKind};
    /// assert_eq!(Symbol::given("parameter", "BucketName").kind, SymbolKind::Given);
    /// ```
    pub fn given(class: &str, name: &str) -> Self {
        Self { kind: SymbolKind::Given, class: class.into(), name: name.into(), made_from: None }
    }

    /// Returns the shortest beginning of `text` that may be the value, as its length; each longer one may be, too.
    fn shortest(&self, text: &str) -> Option<usize> {
        let Some(id) = &self.made_from else { return Some(0) };
        let kept: String = id.chars().take(KEPT).collect();
        let at = text.to_ascii_lowercase().find(&kept.to_ascii_lowercase())?;
        let behind = text.get(at + kept.len()..)?;
        let (random, _) = behind.char_indices().nth(RANDOM - 1)?;
        Some(at + kept.len() + random + 1)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}}}", self.name)
    }
}

/// One piece of a [`Term`].
///
/// ```
/// use loopguard_pattern::{Part, Symbol, Term};
/// let name = Symbol::given("parameter", "Name");
/// let term = Term::concat(["out-".into(), name.clone().into()]);
/// assert_eq!(term.parts(), [Part::Literal("out-".into()), Part::Symbol(name.into())]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Known text, never empty inside a term.
    Literal(Arc<str>),
    /// An unknown text.
    Symbol(Arc<Symbol>),
}

/// A string of literal text and symbols. A copy shares its text, and a term that is one text is no more than that text:
/// an account has very many.
///
/// INVARIANT: no empty literal part, no two literal parts side by side; so equal terms are equal values.
///
/// ```
/// use loopguard_pattern::Term;
/// assert_eq!(Term::concat(["aws.".into(), "s3".into()]), Term::literal("aws.s3"));
/// ```
#[derive(Clone, Default)]
pub struct Term {
    parts: Parts,
}

/// INVARIANT: `Many` has two parts or more.
#[derive(Clone, Default)]
enum Parts {
    #[default]
    None,
    One(Part),
    Many(Arc<[Part]>),
}

impl Term {
    /// The empty text.
    pub const EMPTY: Self = Self { parts: Parts::None };

    /// Returns the term that is exactly `text`.
    ///
    /// ```
    /// use loopguard_pattern::Term;
    /// assert_eq!(Term::literal("aws.s3").as_literal().as_deref(), Some("aws.s3"));
    /// ```
    pub fn literal(text: &str) -> Self {
        if text.is_empty() { Self::EMPTY } else { Self { parts: Parts::One(Part::Literal(text.into())) } }
    }

    /// Returns the concatenation of `parts`.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, Term};
    /// let role = Symbol::created("AWS::IAM::Role.name", "FixerRole");
    /// let arn = Term::concat([Term::literal("arn:aws:iam::111122223333:role/"), role.into()]);
    /// assert_eq!(arn.to_string(), "arn:aws:iam::111122223333:role/${FixerRole}");
    /// ```
    pub fn concat(parts: impl IntoIterator<Item = Term>) -> Self {
        let mut joined = Joined::default();
        for term in parts {
            match term.parts {
                Parts::None => {}
                Parts::One(part) => joined.push(part),
                Parts::Many(parts) => parts.iter().cloned().for_each(|part| joined.push(part)),
            }
        }
        joined.finish()
    }

    /// Appends literal text.
    ///
    /// ```
    /// use loopguard_pattern::Term;
    /// let mut term = Term::literal("out");
    /// term.push_str("/");
    /// assert_eq!(term, Term::literal("out/"));
    /// ```
    pub fn push_str(&mut self, text: &str) {
        match &self.parts {
            _ if text.is_empty() => {}
            Parts::None => *self = Self::literal(text),
            Parts::One(Part::Literal(start)) => *self = Self::literal(&[start, text].concat()),
            _ => *self = Self::concat([std::mem::take(self), Self::literal(text)]),
        }
    }

    /// Returns the text iff the term has no symbol.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, Term};
    /// assert_eq!(Term::default().as_literal().as_deref(), Some(""));
    /// assert_eq!(Term::from(Symbol::given("parameter", "P")).as_literal(), None);
    /// ```
    pub fn as_literal(&self) -> Option<Arc<str>> {
        match &self.parts {
            Parts::None => Some(Arc::default()),
            Parts::One(Part::Literal(text)) => Some(text.clone()),
            Parts::One(Part::Symbol(_)) | Parts::Many(_) => None,
        }
    }

    /// Returns the text iff the term has no symbol, borrowed.
    ///
    /// ```
    /// use loopguard_pattern::Term;
    /// assert_eq!(Term::literal("aws.s3").as_str(), Some("aws.s3"));
    /// ```
    pub fn as_str(&self) -> Option<&str> {
        match &self.parts {
            Parts::None => Some(""),
            Parts::One(Part::Literal(text)) => Some(text),
            Parts::One(Part::Symbol(_)) | Parts::Many(_) => None,
        }
    }

    /// Returns the parts in order.
    ///
    /// ```
    /// use loopguard_pattern::{Part, Term};
    /// assert_eq!(Term::literal("a").parts(), [Part::Literal("a".into())]);
    /// ```
    pub fn parts(&self) -> &[Part] {
        match &self.parts {
            Parts::None => &[],
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Many(parts) => parts,
        }
    }

    /// Returns false only if the term is not `text` whatever its symbols stand for.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, Term};
    /// let name = Symbol::given("parameter", "Name");
    /// let term = Term::concat(["out-".into(), name.into()]);
    /// assert!(term.may_be("out-1") && !term.may_be("in-1"));
    /// ```
    pub fn may_be(&self, text: &str) -> bool {
        // Where the parts so far may end: at these places, or anywhere from one on.
        let mut ends = Ends::At(vec![0]);
        for part in self.parts() {
            ends = match part {
                Part::Literal(literal) => ends.past(text, literal),
                Part::Symbol(symbol) => {
                    let first = ends.first();
                    let rest = first.and_then(|first| Some((first, symbol.shortest(text.get(first..)?)?)));
                    rest.map_or(Ends::At(Vec::new()), |(first, shortest)| Ends::From(first + shortest))
                }
            };
        }
        match ends {
            Ends::At(places) => places.contains(&text.len()),
            Ends::From(first) => first <= text.len(),
        }
    }

    /// Returns the symbols in order of appearance, repeated as often as they stand in the term.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, Term};
    /// let p = Symbol::given("parameter", "P");
    /// assert_eq!(Term::from(p.clone()).symbols().collect::<Vec<_>>(), [&p]);
    /// ```
    pub fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.parts().iter().filter_map(|part| match part {
            Part::Symbol(symbol) => Some(&**symbol),
            Part::Literal(_) => None,
        })
    }

    /// Returns the term with each symbol that `value` knows replaced by its text.
    ///
    /// ```
    /// use loopguard_pattern::{Symbol, Term};
    /// let term = Term::from(Symbol::given("parameter", "P"));
    /// assert_eq!(term.assign(&|_| Some("x".into())), Term::literal("x"));
    /// ```
    #[must_use]
    pub fn assign(&self, value: &dyn Fn(&Symbol) -> Option<Arc<str>>) -> Self {
        Self::concat(self.parts().iter().map(|part| match part {
            Part::Literal(_) => part.clone().into(),
            Part::Symbol(symbol) => {
                value(symbol).map_or_else(|| part.clone().into(), |text| Term::literal(&text))
            }
        }))
    }
}

/// Places in a text, in bytes.
enum Ends {
    /// These, in order.
    At(Vec<usize>),
    /// This one and all behind it.
    From(usize),
}

impl Ends {
    fn first(&self) -> Option<usize> {
        match self {
            Self::At(places) => places.first().copied(),
            Self::From(first) => Some(*first),
        }
    }

    /// Returns the places behind `literal`, where it stands at one of these.
    fn past(&self, text: &str, literal: &str) -> Self {
        let stands = |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with(literal));
        let places: Vec<usize> = match self {
            Self::At(places) => places.iter().copied().filter(stands).collect(),
            Self::From(first) => (*first..=text.len()).filter(stands).collect(),
        };
        Self::At(places.into_iter().map(|at| at + literal.len()).collect())
    }
}

/// Parts that are being joined: literal text side by side becomes one text.
#[derive(Default)]
struct Joined {
    parts: Vec<Part>,
    /// The text that the last part, a literal, has become; none: it is as it was given.
    grown: Option<String>,
}

impl Joined {
    fn push(&mut self, part: Part) {
        if let (Some(Part::Literal(last)), Part::Literal(text)) = (self.parts.last(), &part) {
            let grown = self.grown.get_or_insert_with(|| {
                // Twice the room, since more is often joined than two texts.
                let mut grown = String::with_capacity(2 * (last.len() + text.len()));
                grown.push_str(last);
                grown
            });
            grown.push_str(text);
        } else {
            self.settle();
            self.parts.push(part);
        }
    }

    fn settle(&mut self) {
        if let (Some(text), Some(last)) = (self.grown.take(), self.parts.last_mut()) {
            *last = Part::Literal(text.into());
        }
    }

    fn finish(mut self) -> Term {
        self.settle();
        let parts = match self.parts.len() {
            0 => Parts::None,
            1 => self.parts.pop().map_or(Parts::None, Parts::One),
            _ => Parts::Many(self.parts.into()),
        };
        Term { parts }
    }
}

impl From<Part> for Term {
    fn from(part: Part) -> Self {
        match part {
            Part::Literal(text) if text.is_empty() => Self::EMPTY,
            part => Self { parts: Parts::One(part) },
        }
    }
}

impl From<Arc<Symbol>> for Term {
    fn from(symbol: Arc<Symbol>) -> Self {
        Part::Symbol(symbol).into()
    }
}

impl From<Symbol> for Term {
    fn from(symbol: Symbol) -> Self {
        Arc::new(symbol).into()
    }
}

impl From<Arc<str>> for Term {
    fn from(text: Arc<str>) -> Self {
        Part::Literal(text).into()
    }
}

impl From<&str> for Term {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Term {}

impl PartialOrd for Term {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Term {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(other.parts())
    }
}

impl Hash for Term {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.parts()).finish()
    }
}

impl fmt::Display for Term {
    /// Writes literal parts as they are and symbols as `${Name}`; for people, not to be read back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts() {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Symbol(symbol) => symbol.fmt(f)?,
            }
        }
        Ok(())
    }
}
