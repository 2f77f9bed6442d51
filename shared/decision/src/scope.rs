//! Where enforcement may act.

use loopguard_model::Rule;
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The rules that may be disabled. [Nothing](Scope::nothing) unless the owner has said more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    all: bool,
    items: Vec<ScopeItem>,
}

/// One way to name rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ScopeItem {
    /// `bus:NAME`: every rule of that bus.
    Bus(String),
    /// `rule:NAME`: the rules of that name, on any bus.
    Rule(String),
    /// `tag:KEY=VALUE`: every rule that carries the tag.
    Tag(String, String),
    /// `stack:NAME`: every rule that CloudFormation made in that stack, known by the tag
    /// `aws:cloudformation:stack-name`.
    Stack(String),
}

/// A scope that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{item}` names no rules; a scope is `*`, or a list with commas of `bus:NAME`, `rule:NAME`, `tag:KEY=VALUE`, `stack:NAME`"
)]
pub struct ScopeError {
    /// The part that is not understood.
    pub item: String,
}

/// The tag that CloudFormation puts on what a stack creates (CloudFormation User Guide, "Resource tags").
pub(crate) const STACK_TAG: &str = "aws:cloudformation:stack-name";

impl Scope {
    /// Returns the scope that holds no rule.
    pub fn nothing() -> Self {
        Self { all: false, items: Vec::new() }
    }

    /// Returns the scope that holds every rule.
    pub fn all() -> Self {
        Self { all: true, items: Vec::new() }
    }

    /// Returns whether no rule can be in the scope.
    pub fn is_empty(&self) -> bool {
        !self.all && self.items.is_empty()
    }

    /// Returns whether the scope looks at tags, so that a rule's tags must be read before it is asked.
    pub fn looks_at_tags(&self) -> bool {
        self.items.iter().any(|item| matches!(item, ScopeItem::Tag(..) | ScopeItem::Stack(_)))
    }

    /// Returns the tags, none or one, with which a new rule of the default bus is in the scope, whatever its name; `None`
    /// where no tag that its owner may set does that.
    pub fn entrance(&self) -> Option<BTreeMap<&str, &str>> {
        let is_open = |item: &ScopeItem| matches!(item, ScopeItem::Bus(name) if name == "default");
        if self.all || self.items.iter().any(is_open) {
            return Some(BTreeMap::new());
        }
        self.items.iter().find_map(|item| match item {
            ScopeItem::Tag(key, value) => Some(BTreeMap::from([(key.as_str(), value.as_str())])),
            ScopeItem::Bus(_) | ScopeItem::Rule(_) | ScopeItem::Stack(_) => None,
        })
    }

    /// Returns true iff the rule is in the scope by what is known of it: a tag that was not read does not
    /// put a rule in.
    pub fn holds(&self, rule: &Rule) -> bool {
        let is = |term: &Term, text: &str| term.as_literal().as_deref() == Some(text);
        let tagged = |key: &str, value: &str| rule.tags.get(key).is_some_and(|found| **found == *value);
        self.all
            || self.items.iter().any(|item| match item {
                ScopeItem::Bus(name) => is(&rule.bus, name),
                ScopeItem::Rule(name) => is(&rule.name, name),
                ScopeItem::Tag(key, value) => tagged(key, value),
                ScopeItem::Stack(name) => tagged(STACK_TAG, name),
            })
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut scope = Self::nothing();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            if item == "*" {
                scope.all = true;
            } else {
                scope.items.push(item.parse()?);
            }
        }
        Ok(scope)
    }
}

impl FromStr for ScopeItem {
    type Err = ScopeError;

    fn from_str(item: &str) -> Result<Self, ScopeError> {
        let error = || ScopeError { item: item.to_owned() };
        let (kind, name) = item.split_once(':').ok_or_else(error)?;
        if name.is_empty() {
            return Err(error());
        }
        match kind {
            "bus" => Ok(Self::Bus(name.to_owned())),
            "rule" => Ok(Self::Rule(name.to_owned())),
            "stack" => Ok(Self::Stack(name.to_owned())),
            "tag" => match name.split_once('=') {
                Some((key, value)) if !key.is_empty() => Ok(Self::Tag(key.to_owned(), value.to_owned())),
                _ => Err(error()),
            },
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.all.then(|| "*".to_owned());
        let texts: Vec<String> = all.into_iter().chain(self.items.iter().map(ToString::to_string)).collect();
        f.write_str(&texts.join(","))
    }
}

impl fmt::Display for ScopeItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus(name) => write!(f, "bus:{name}"),
            Self::Rule(name) => write!(f, "rule:{name}"),
            Self::Tag(key, value) => write!(f, "tag:{key}={value}"),
            Self::Stack(name) => write!(f, "stack:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Scope;
    use crate::fixtures::rule;

    fn scope(text: &str) -> Scope {
        text.parse().unwrap()
    }

    #[test]
    fn holds_what_it_names() {
        let mut tagged = rule("a");
        tagged.tags.insert("team".into(), "media".into());
        tagged.tags.insert("aws:cloudformation:stack-name".into(), "shop".into());
        for (text, holds) in [
            ("", false),
            ("*", true),
            ("bus:default", true),
            ("bus:orders", false),
            ("bus:orders, rule:a", true),
            ("rule:ab", false),
            ("tag:team=media", true),
            ("tag:team=", false),
            ("tag:Team=media", false),
            ("stack:shop", true),
            ("stack:sho", false),
        ] {
            assert_eq!(scope(text).holds(&tagged), holds, "{text}");
        }
    }

    /// A tag nobody has read is not there.
    #[test]
    fn unread_tags_put_no_rule_in() {
        assert!(!scope("tag:team=media,stack:shop").holds(&rule("a")));
        assert!(scope("stack:shop").looks_at_tags() && !scope("bus:default,*").looks_at_tags());
    }

    #[test]
    fn says_how_a_new_rule_gets_in() {
        for (text, tags) in [
            ("*", Some(vec![])),
            ("bus:default,tag:a=b", Some(vec![])),
            ("bus:orders,tag:a=b,tag:c=d", Some(vec![("a", "b")])),
            ("bus:orders,rule:a,stack:s", None),
            ("", None),
        ] {
            let scope = scope(text);
            assert_eq!(scope.entrance().map(|tags| tags.into_iter().collect()), tags, "{text}");
            let mut new = rule("new");
            let tags: Vec<(&str, &str)> = tags.clone().unwrap_or_default();
            new.tags.extend(tags.iter().map(|(key, value)| ((*key).into(), (*value).into())));
            assert_eq!(scope.holds(&new), scope.entrance().is_some(), "{text}");
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["", "*", "bus:a,rule:b,tag:c=d=e,stack:f"] {
            assert_eq!(scope(text).to_string(), text);
        }
        for text in ["default", "bus:", "tag:a", "tag:=b", "queue:x", ":x"] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }
}
