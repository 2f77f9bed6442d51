//! Languages of strings: what a conjunction of requirements and exclusions leaves, and its shortest member.
//!
//! A conjunction is searched as the product of the automata of its parts. Each part is a line of pieces
//! with gaps between (a literal, a prefix, a suffix, a wildcard are all of that form), so that its state
//! is a set of positions. The search is breadth first over characters that can make a difference and one
//! that stands for all others; it finds a shortest member or shows that there is none.

use super::reader::{Place, Reader};
use crate::{Part, Symbol, Term, address, fold};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The most product states that one search visits.
const MAX_STATES: usize = 20_000;

/// The most positions that one search looks at: some hundred milliseconds at worst.
const MAX_WORK: usize = 1_000_000;

/// First character of the private area: symbols are letters of their own there. It lies in the basic
/// plane, so that a letter is one unit also where case is ignored.
const SYMBOLS: u32 = 0xE000;

/// One requirement on a string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Language {
    /// The pieces in order with anything between; one piece is an exact text.
    Pieces(Vec<Term>, Case),
    /// Strings that are addresses between two runs of digits, ends included.
    Addresses(String, String),
}

/// Whether case matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Kept,
    Ignored,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// A member; symbols as letters of the private area.
    Member(String),
    Nothing,
    /// The search was given up.
    TooLarge,
}

/// Symbols as letters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Letters {
    known: BTreeMap<Symbol, char>,
}

impl Letters {
    pub(crate) fn letter(&mut self, symbol: &Symbol) -> char {
        let next = SYMBOLS + u32::try_from(self.known.len()).unwrap_or(0);
        *self.known.entry(symbol.clone()).or_insert_with(|| char::from_u32(next).unwrap_or('\u{E000}'))
    }

    pub(crate) fn text(&mut self, term: &Term) -> String {
        let mut text = String::new();
        for part in term.parts() {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Symbol(symbol) => text.push(self.letter(symbol)),
            }
        }
        text
    }

    /// Returns the term that a text with letters stands for.
    pub(crate) fn term(&self, text: &str) -> Term {
        let mut term = Term::default();
        for character in text.chars() {
            match self.symbol(character) {
                Some(symbol) => term = Term::concat([term, symbol.clone().into()]),
                None => term.push_str(character.encode_utf8(&mut [0; 4])),
            }
        }
        term
    }

    /// Returns the symbol of a letter.
    pub(crate) fn symbol(&self, letter: char) -> Option<&Symbol> {
        self.known.iter().find(|(_, known)| **known == letter).map(|(symbol, _)| symbol)
    }

    /// Returns the symbols with their letters.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = (&Symbol, char)> {
        self.known.iter().map(|(symbol, letter)| (symbol, *letter))
    }
}

/// Returns whether the character may stand for a symbol.
pub(crate) fn is_letter(character: char) -> bool {
    ('\u{E000}'..='\u{F8FF}').contains(&character)
}

impl Language {
    /// Returns whether a text belongs to the language.
    pub(crate) fn holds(&self, text: &str, letters: &mut Letters) -> bool {
        match self {
            Self::Addresses(low, high) => address::within(text, low, high),
            Self::Pieces(pieces, Case::Kept) => {
                let pieces: Vec<String> = pieces.iter().map(|piece| letters.text(piece)).collect();
                fits(&pieces, text)
            }
            Self::Pieces(_, Case::Ignored) => Line::of(self, letters).is_none_or(|line| line.holds(text)),
        }
    }

    /// Returns the one text of the language, if it has just one.
    fn only(&self, letters: &mut Letters) -> Option<String> {
        match self {
            Self::Pieces(pieces, Case::Kept) => match pieces.as_slice() {
                [one] => Some(letters.text(one)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns the one shortest text of the language, if it is of pieces: these and nothing between them.
    fn least(&self, letters: &mut Letters) -> Option<String> {
        match self {
            Self::Pieces(pieces, Case::Kept) => {
                Some(pieces.iter().map(|piece| letters.text(piece)).collect())
            }
            _ => None,
        }
    }

    /// Returns whether a symbol stands in the language.
    pub(crate) fn has_symbols(&self) -> bool {
        self.terms().iter().any(|term| term.symbols().next().is_some())
    }

    /// Returns the language with each symbol that `value` knows replaced by its text.
    pub(crate) fn assign(&self, value: &dyn Fn(&Symbol) -> Option<Arc<str>>) -> Self {
        match self {
            Self::Pieces(pieces, case) => {
                Self::Pieces(pieces.iter().map(|piece| piece.assign(value)).collect(), *case)
            }
            known @ Self::Addresses(..) => known.clone(),
        }
    }

    pub(crate) fn terms(&self) -> &[Term] {
        match self {
            Self::Pieces(pieces, _) => pieces,
            Self::Addresses(..) => &[],
        }
    }
}

/// Returns whether the text is the pieces in order with anything between; leftmost fits suffice.
fn fits(pieces: &[String], text: &str) -> bool {
    let (Some((first, rest)), Some(last)) = (pieces.split_first(), pieces.last()) else { return false };
    if rest.is_empty() {
        return text == first;
    }
    let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
    for piece in rest.get(..rest.len() - 1).unwrap_or_default() {
        match text.split_once(piece.as_str()) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(last.as_str())
}

/// A language of pieces as steps: each consumes one of its forms or is a gap.
struct Line {
    steps: Vec<Step>,
}

enum Step {
    Gap,
    /// The forms of one unit, as characters.
    Unit(Vec<Vec<char>>),
}

/// A position: step, form within the step, characters of the form already read.
type Position = (usize, usize, usize);

impl Line {
    fn of(language: &Language, letters: &mut Letters) -> Option<Self> {
        let Language::Pieces(pieces, case) = language else { return None };
        let mut steps = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                steps.push(Step::Gap);
            }
            let text = letters.text(piece);
            match case {
                Case::Kept => steps.extend(text.chars().map(|character| Step::Unit(vec![vec![character]]))),
                Case::Ignored => steps.extend(fold::forms(&text).into_iter().map(|forms| {
                    let forms: BTreeSet<Vec<char>> =
                        forms.iter().map(|form| form.chars().collect()).collect();
                    Step::Unit(forms.into_iter().collect())
                })),
            }
        }
        Some(Self { steps })
    }

    fn start(&self) -> Vec<Position> {
        self.closed(BTreeSet::from([(0, 0, 0)]))
    }

    /// Adds what is reached without reading.
    fn closed(&self, mut states: BTreeSet<Position>) -> Vec<Position> {
        let mut open: Vec<Position> = states.iter().copied().collect();
        while let Some((step, _, read)) = open.pop() {
            if read != 0 {
                continue;
            }
            let next: Vec<Position> = match self.steps.get(step) {
                Some(Step::Gap) => vec![(step + 1, 0, 0)],
                Some(Step::Unit(forms)) => (1..forms.len()).map(|form| (step, form, 0)).collect(),
                None => Vec::new(),
            };
            for state in next {
                if states.insert(state) {
                    open.push(state);
                }
            }
        }
        states.into_iter().collect()
    }

    fn next(&self, states: &[Position], character: char) -> Vec<Position> {
        let mut reached = BTreeSet::new();
        for &(step, form, read) in states {
            match self.steps.get(step) {
                Some(Step::Gap) => {
                    reached.insert((step, 0, 0));
                }
                Some(Step::Unit(forms)) => {
                    let Some(text) = forms.get(form) else { continue };
                    if text.get(read) == Some(&character) {
                        let done = read + 1 == text.len();
                        reached.insert(if done { (step + 1, 0, 0) } else { (step, form, read + 1) });
                    }
                }
                None => {}
            }
        }
        self.closed(reached)
    }

    fn accepts(&self, states: &[Position]) -> bool {
        states.iter().any(|(step, _, _)| *step == self.steps.len())
    }

    fn holds(&self, text: &str) -> bool {
        let mut states = self.start();
        for character in text.chars() {
            states = self.next(&states, character);
        }
        self.accepts(&states)
    }

    fn characters(&self) -> impl Iterator<Item = char> {
        self.steps.iter().flat_map(|step| match step {
            Step::Gap => Vec::new(),
            Step::Unit(forms) => forms.iter().flatten().copied().collect(),
        })
    }
}

/// Returns a shortest text that every language of `must` holds and none of `not` does.
pub(crate) fn search(must: &[Language], not: &[Language], letters: &mut Letters) -> Found {
    let fits = |text: &str, letters: &mut Letters| {
        must.iter().all(|language| language.holds(text, letters))
            && !not.iter().any(|language| language.holds(text, letters))
    };
    if let Some(text) = must.iter().find_map(|language| language.only(letters)) {
        return if fits(&text, letters) { Found::Member(text) } else { Found::Nothing };
    }
    if let [one] = must
        && let Some(text) = one.least(letters)
        && !not.iter().any(|language| language.holds(&text, letters))
    {
        return Found::Member(text);
    }
    if must.iter().any(|language| matches!(language, Language::Addresses(..))) {
        return search_addresses(must, not, letters, &fits);
    }
    search_product(must, not, letters)
}

fn search_addresses(
    must: &[Language],
    not: &[Language],
    letters: &mut Letters,
    fits: &dyn Fn(&str, &mut Letters) -> bool,
) -> Found {
    let mut low = "0".repeat(8);
    let mut high = "F".repeat(32);
    for language in must {
        match language {
            Language::Addresses(from, to) => {
                low = low.max(from.clone());
                high = high.min(to.clone());
            }
            Language::Pieces(..) => {}
        }
    }
    if low > high {
        return Found::Nothing;
    }
    for digits in address::candidates(&low, &high) {
        for text in address::texts(&digits) {
            if fits(&text, letters) {
                return Found::Member(text);
            }
        }
    }
    search_product(must, not, letters)
}

/// One automaton of the product, with its state.
enum Machine {
    Line(Line),
    Addresses(Reader),
}

/// The state of a [`Machine`]: where it may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Line(Vec<Position>),
    Addresses(Vec<Place>),
}

impl Machine {
    fn of(language: &Language, letters: &mut Letters) -> Option<Self> {
        match language {
            Language::Addresses(low, high) => Some(Self::Addresses(Reader::new(low, high))),
            Language::Pieces(..) => Line::of(language, letters).map(Self::Line),
        }
    }

    fn characters(&self) -> Vec<char> {
        match self {
            Self::Line(line) => line.characters().collect(),
            Self::Addresses(_) => "0123456789abcdefABCDEF.:".chars().collect(),
        }
    }

    fn start(&self) -> State {
        match self {
            Self::Line(line) => State::Line(line.start()),
            Self::Addresses(_) => State::Addresses(Reader::start()),
        }
    }

    fn next(&self, state: &State, character: char) -> State {
        match (self, state) {
            (Self::Line(line), State::Line(at)) => State::Line(line.next(at, character)),
            (Self::Addresses(reader), State::Addresses(at)) => State::Addresses(reader.next(at, character)),
            (Self::Line(_), State::Addresses(_)) => State::Line(Vec::new()),
            (Self::Addresses(_), State::Line(_)) => State::Addresses(Vec::new()),
        }
    }

    fn accepts(&self, state: &State) -> bool {
        match (self, state) {
            (Self::Line(line), State::Line(at)) => line.accepts(at),
            (Self::Addresses(reader), State::Addresses(at)) => reader.accepts(at),
            _ => false,
        }
    }
}

impl State {
    fn size(&self) -> usize {
        match self {
            Self::Line(at) => at.len(),
            Self::Addresses(at) => at.len(),
        }
    }
}

pub(crate) fn search_product(must: &[Language], not: &[Language], letters: &mut Letters) -> Found {
    let machines = |languages: &[Language], letters: &mut Letters| -> Vec<Machine> {
        languages.iter().filter_map(|language| Machine::of(language, letters)).collect()
    };
    let (must, not) = (machines(must, letters), machines(not, letters));
    let mut alphabet: BTreeSet<char> = must.iter().chain(&not).flat_map(Machine::characters).collect();
    // One character that no part names stands for all of those.
    let other = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain('\u{100}'..);
    alphabet.extend(other.into_iter().find(|c| !alphabet.contains(c)));
    let alphabet: Vec<char> = preferred(alphabet);
    let all = || must.iter().chain(&not);
    let start: Vec<State> = all().map(Machine::start).collect();
    let mut seen = BTreeSet::from([start.clone()]);
    let mut open = VecDeque::from([(start, String::new())]);
    let mut work = 0;
    while let Some((states, text)) = open.pop_front() {
        let accepted = must.iter().zip(&states).all(|(machine, state)| machine.accepts(state))
            && !not.iter().zip(states.iter().skip(must.len())).any(|(machine, state)| machine.accepts(state));
        if accepted {
            return Found::Member(text);
        }
        let cost: usize = states.iter().map(|state| state.size() + 1).sum();
        for &character in &alphabet {
            work += cost;
            if seen.len() > MAX_STATES || work > MAX_WORK {
                return Found::TooLarge;
            }
            let next: Vec<State> =
                all().zip(&states).map(|(machine, state)| machine.next(state, character)).collect();
            let dead = next.iter().take(must.len()).any(|state| state.size() == 0);
            if dead || !seen.insert(next.clone()) {
                continue;
            }
            let mut longer = text.clone();
            longer.push(character);
            open.push_back((next, longer));
        }
    }
    Found::Nothing
}

/// Letters before digits before the rest, so that witnesses read well.
fn preferred(alphabet: BTreeSet<char>) -> Vec<char> {
    let mut sorted: Vec<char> = alphabet.into_iter().collect();
    sorted.sort_by_key(|c| (!c.is_ascii_lowercase(), !c.is_ascii_alphanumeric(), !c.is_ascii_graphic(), *c));
    sorted
}
