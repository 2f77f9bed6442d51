//! Texts that name things: equal for equal things, and for no others.

use crate::emission::Identity;
use loopguard_model::Scope;
use loopguard_pattern::{Part, Term};
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::sync::Arc;

/// A name that is being written, word by word.
///
/// Every text has its length in front of it, so that no two rows of texts make the same name.
#[derive(Debug, Default)]
pub(crate) struct Name(String);

impl Name {
    /// Returns a name that begins with the kind of thing that it names.
    pub(crate) fn of(kind: &str) -> Self {
        Self(kind.to_owned())
    }

    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.push(' ');
        self.number(text.len());
        self.0.push(':');
        self.0.push_str(text);
        self
    }

    /// Writes the digits of a number, the last one first: as good a name, and quickly written.
    fn number(&mut self, number: usize) {
        let mut left = number;
        loop {
            self.0.push(char::from(b'0' + u8::try_from(left % 10).unwrap_or_default()));
            left /= 10;
            if left == 0 {
                return;
            }
        }
    }

    pub(crate) fn flag(mut self, flag: bool) -> Self {
        self.0.push_str(if flag { " y" } else { " n" });
        self
    }

    pub(crate) fn term(mut self, term: &Term) -> Self {
        self.0.push_str(" t");
        for part in term.parts() {
            self = match part {
                Part::Literal(text) => self.text(text),
                Part::Symbol(symbol) => self.debug(symbol),
            };
        }
        self.0.push('.');
        self
    }

    pub(crate) fn maybe(self, term: Option<&Term>) -> Self {
        match term {
            Some(term) => self.term(term),
            None => self.flag(false),
        }
    }

    pub(crate) fn terms<'t>(self, terms: impl IntoIterator<Item = &'t Term>) -> Self {
        terms.into_iter().fold(self, Self::term).flag(false)
    }

    pub(crate) fn parameters(self, parameters: &BTreeMap<Arc<str>, Term>) -> Self {
        parameters.iter().fold(self, |name, (key, value)| name.text(key).term(value)).flag(false)
    }

    pub(crate) fn scope(self, scope: &Scope) -> Self {
        self.term(&scope.partition).term(&scope.account).term(&scope.region)
    }

    pub(crate) fn identity(self, identity: &Identity) -> Self {
        match identity {
            Identity::Role { arn, name, session, invoked_by, direct } => {
                let named =
                    self.text("role").maybe(arn.as_ref()).maybe(name.as_ref()).maybe(session.as_ref());
                named.text(invoked_by.as_deref().unwrap_or_default()).flag(*direct)
            }
            Identity::Service(service) => self.text("service").text(service),
            Identity::Unknown => self.text("unknown"),
        }
    }

    /// Adds what a program would print of the value.
    pub(crate) fn debug(mut self, value: &impl Debug) -> Self {
        let start = self.0.len();
        // Writing to a string does not fail.
        let _ = write!(self.0, " {value:?}");
        let length = self.0.len() - start;
        let _ = write!(self.0, "#{length}");
        self
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Name;
    use loopguard_pattern::{Symbol, Term};

    #[test]
    fn other_things_have_other_names() {
        let symbol = || Term::from(Symbol::given("parameter", "a b"));
        let names = [
            Name::of("n").text("a").text("b").finish(),
            Name::of("n").text("a b").finish(),
            Name::of("n").text("a 1:b").finish(),
            Name::of("n").term(&"a".into()).term(&"b".into()).finish(),
            Name::of("n").term(&Term::concat(["a".into(), symbol(), "b".into()])).finish(),
            Name::of("n").term(&Term::concat(["a".into(), symbol()])).term(&"b".into()).finish(),
            Name::of("n").terms([&"a".into(), &"b".into()]).finish(),
            Name::of("n").terms([&"a".into()]).terms([&"b".into()]).finish(),
            Name::of("n").maybe(None).finish(),
            Name::of("n").maybe(Some(&Term::default())).finish(),
        ];
        let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
    }
}
