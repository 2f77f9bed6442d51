//! `Fn::ForEach` of the transform `AWS::LanguageExtensions`, written out as CloudFormation does it before anything else.
//!
//! The forms are those of the CloudFormation template reference on `Fn::ForEach`: a list of an identifier, a collection and an object;
//! `${Identifier}` stands in keys and texts for the item, `&{Identifier}` for its letters and digits, `Ref` of the identifier
//! for the item alone.

use crate::nodes::{elements, literal};
use crate::notes::Notes;
use loopguard_pattern::json::{Member, Value, ValueKind};
use loopguard_pattern::{Part, Term};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

const PREFIX: &str = "Fn::ForEach::";

/// So much is written out of one document at most: bytes of texts, and what a node takes besides. CloudFormation takes no more
/// than 500 resources and a megabyte of template.
const MOST: usize = 200_000 * NODE;

/// What a node weighs beside its text.
const NODE: usize = 64;

/// Returns the document with every `Fn::ForEach` written out; `given` has values of parameters, which go before their
/// defaults. What cannot be written out is left out and told as unread.
pub(crate) fn written_out<'d>(
    document: &'d Value,
    given: &BTreeMap<Arc<str>, Arc<str>>,
    notes: &Notes,
) -> Cow<'d, Value> {
    if !has_loop(document) {
        return Cow::Borrowed(document);
    }
    Cow::Owned(Writer { document, given, notes, left: Cell::new(MOST) }.value(document))
}

fn has_loop(value: &Value) -> bool {
    match &value.kind {
        ValueKind::Array(items) => items.iter().any(has_loop),
        ValueKind::Object(members) => {
            members.iter().any(|member| member.key.starts_with(PREFIX) || has_loop(&member.value))
        }
        _ => false,
    }
}

struct Writer<'a> {
    document: &'a Value,
    given: &'a BTreeMap<Arc<str>, Arc<str>>,
    notes: &'a Notes,
    left: Cell<usize>,
}

impl Writer<'_> {
    fn value(&self, value: &Value) -> Value {
        let kind = match &value.kind {
            ValueKind::Array(items) => ValueKind::Array(items.iter().map(|item| self.value(item)).collect()),
            ValueKind::Object(members) => {
                ValueKind::Object(members.iter().flat_map(|member| self.members(member)).collect())
            }
            kind => kind.clone(),
        };
        Value { kind, span: value.span }
    }

    /// Returns what stands in the member's place.
    fn members(&self, member: &Member) -> Vec<Member> {
        if !member.key.starts_with(PREFIX) {
            let (key, key_span) = (member.key.clone(), member.key_span);
            return vec![Member { key, key_span, value: self.value(&member.value) }];
        }
        self.repeated(member).unwrap_or_else(|why| {
            let told = format!("`{}` is not read: {why}; rules may be missing", member.key);
            self.notes.stop(member.key_span, told);
            Vec::new()
        })
    }

    /// Returns what the loop makes; an error is why that is not known, as a clause.
    fn repeated(&self, member: &Member) -> Result<Vec<Member>, String> {
        let [identifier, collection, body] = elements(&member.value) else {
            return Err("it is no list of an identifier, a collection and an object".to_owned());
        };
        let (Some(identifier), ValueKind::Object(made)) = (literal(identifier), &body.kind) else {
            return Err("it is no list of an identifier, a collection and an object".to_owned());
        };
        let items = self.items(collection).ok_or("its collection is not known before deployment")?;
        let items: Vec<Item> = items.into_iter().map(|text| Item::new(&identifier, text)).collect();
        for item in &items {
            let left = self.left.get().checked_sub(item.weight(body));
            self.left.set(left.ok_or("it makes more than a stack can have")?);
        }
        let of_item = |item: &Item| made.iter().map(|member| item.in_member(member)).collect::<Vec<_>>();
        let copies: Vec<Member> = items.iter().flat_map(of_item).collect();
        // A loop within it may go over what this one has put in.
        Ok(copies.iter().flat_map(|member| self.members(member)).collect())
    }

    /// Returns the items of a collection, if they are known: a list of texts, a parameter that is a list, an entry of a mapping.
    fn items(&self, collection: &Value) -> Option<Vec<Arc<str>>> {
        match &collection.kind {
            ValueKind::Array(items) => items.iter().map(|item| self.text(item)).collect(),
            ValueKind::Object(members) => match members.as_slice() {
                [only] if &*only.key == "Ref" => {
                    let text = self.parameter(&literal(&only.value)?)?;
                    Some(text.split(',').map(|item| item.trim().into()).collect())
                }
                [only] if &*only.key == "Fn::FindInMap" => {
                    let [map, first, second, ..] = elements(&only.value) else { return None };
                    let table = self.document.get("Mappings")?.get(&self.text(map)?)?;
                    let entry = table.get(&self.text(first)?)?.get(&self.text(second)?)?;
                    elements(entry).iter().map(literal).collect()
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn text(&self, value: &Value) -> Option<Arc<str>> {
        match value.members() {
            [only] if &*only.key == "Ref" => self.parameter(&literal(&only.value)?),
            _ => literal(value),
        }
    }

    fn parameter(&self, name: &str) -> Option<Arc<str>> {
        let default = || literal(self.document.get("Parameters")?.get(name)?.get("Default")?);
        self.given.get(name).cloned().or_else(default)
    }
}

/// One turn of a loop.
struct Item {
    identifier: Arc<str>,
    text: Arc<str>,
    /// What stands in texts for the item, and what for its letters and digits.
    marks: [String; 2],
}

impl Item {
    fn new(identifier: &Arc<str>, text: Arc<str>) -> Self {
        let marks = [format!("${{{identifier}}}"), format!("&{{{identifier}}}")];
        Self { identifier: identifier.clone(), text, marks }
    }

    /// Returns at least what the body weighs once the item stands in it.
    fn weight(&self, body: &Value) -> usize {
        let in_text = |text: &str| {
            let marks: usize = self.marks.iter().map(|mark| text.matches(&**mark).count()).sum();
            text.len().saturating_add(marks.saturating_mul(self.text.len()))
        };
        let below = match &body.kind {
            ValueKind::Array(items) => {
                items.iter().map(|item| self.weight(item)).fold(0, usize::saturating_add)
            }
            ValueKind::Object(members) => members
                .iter()
                .map(|member| in_text(&member.key).saturating_add(self.weight(&member.value)))
                .fold(0, usize::saturating_add),
            ValueKind::String(term) => term
                .parts()
                .iter()
                .map(|part| match part {
                    Part::Literal(text) => in_text(text),
                    Part::Symbol(_) => 0,
                })
                .fold(0, usize::saturating_add),
            _ => 0,
        };
        // `Ref` of the identifier is the item, too.
        NODE.max(self.text.len()).saturating_add(below)
    }

    fn in_member(&self, member: &Member) -> Member {
        let value = self.in_value(&member.value);
        Member { key: self.in_text(&member.key).into(), key_span: member.key_span, value }
    }

    fn in_value(&self, value: &Value) -> Value {
        let kind = match &value.kind {
            ValueKind::Array(items) => {
                ValueKind::Array(items.iter().map(|item| self.in_value(item)).collect())
            }
            ValueKind::Object(members) => match members.as_slice() {
                [only] if &*only.key == "Ref" && literal(&only.value).as_ref() == Some(&self.identifier) => {
                    ValueKind::String(Term::literal(&self.text))
                }
                members => ValueKind::Object(members.iter().map(|member| self.in_member(member)).collect()),
            },
            ValueKind::String(term) => ValueKind::String(self.in_term(term)),
            kind => kind.clone(),
        };
        Value { kind, span: value.span }
    }

    fn in_term(&self, term: &Term) -> Term {
        Term::concat(term.parts().iter().map(|part| match part {
            Part::Literal(text) => Term::literal(&self.in_text(text)),
            Part::Symbol(symbol) => symbol.clone().into(),
        }))
    }

    fn in_text(&self, text: &str) -> String {
        let plain: String = self.text.chars().filter(char::is_ascii_alphanumeric).collect();
        let [whole, letters] = &self.marks;
        // Letters and digits first: they hold no mark, as the item itself may.
        text.replace(&**letters, &plain).replace(&**whole, &self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::written_out;
    use crate::document::documents;
    use crate::notes::Notes;
    use crate::source_text::SourceText;
    use loopguard_pattern::json::Value;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn made(text: &str) -> (Value, Vec<String>) {
        let notes = Notes::new(Arc::new(SourceText::new("t.yaml".into(), text.into())));
        let document = documents(text, &notes).remove(0);
        let given = BTreeMap::from([("Given".into(), "x, y".into())]);
        let value = written_out(&document, &given, &notes).into_owned();
        let told = notes.into_told();
        (value, told.notes.into_iter().map(|note| note.message).collect())
    }

    fn keys(value: &Value) -> Vec<&str> {
        value.members().iter().map(|member| &*member.key).collect()
    }

    #[test]
    fn every_item_of_a_list_makes_its_members() {
        let (value, told) = made("
Resources:
  Fn::ForEach::Rules:
    - Name
    - [a-1, b]
    - Rule&{Name}:
        Type: T
        Properties: {Name: !Ref Name, Other: !Sub 'x-${Name}', Fn::ForEach::P: [Q, [1, 2], {'P${Q}': '${Q}${Name}'}]}
  Last: {Type: T}
");
        let resources = value.get("Resources").unwrap();
        assert_eq!(keys(resources), ["Rulea1", "Ruleb", "Last"]);
        let properties = resources.get("Rulea1").unwrap().get("Properties").unwrap();
        assert_eq!(keys(properties), ["Name", "Other", "P1", "P2"]);
        let text = |name: &str| properties.get(name).and_then(crate::nodes::literal).unwrap();
        assert_eq!((&*text("Name"), &*text("P2")), ("a-1", "2a-1"));
        let sub = properties.get("Other").unwrap().get("Fn::Sub").and_then(crate::nodes::literal).unwrap();
        assert_eq!(&*sub, "x-a-1");
        assert!(told.is_empty(), "{told:?}");
    }

    #[test]
    fn collections_may_be_parameters_and_entries_of_mappings() {
        let (value, told) = made("
Parameters: {Given: {Type: CommaDelimitedList}, Open: {Type: CommaDelimitedList, Default: 'c,d'}, Key: {Type: String, Default: k}}
Mappings: {M: {k: {names: [e, f]}}}
Resources:
  Fn::ForEach::A: [N, !Ref Given, {'A${N}': {}}]
  Fn::ForEach::B: [N, !Ref Open, {'B${N}': {}}]
  Fn::ForEach::C: [N, !FindInMap [M, !Ref Key, names], {'C${N}': {}}]
");
        assert_eq!(keys(value.get("Resources").unwrap()), ["Ax", "Ay", "Bc", "Bd", "Ce", "Cf"]);
        assert!(told.is_empty(), "{told:?}");
    }

    #[test]
    fn what_is_not_known_or_too_large_is_told_as_unread() {
        let (value, told) = made(
            "
Resources:
  Fn::ForEach::A: [N, !Ref Nowhere, {'A${N}': {}}]
  Fn::ForEach::B: [N, {'B${N}': {}}]
  B: {}
",
        );
        assert_eq!(keys(value.get("Resources").unwrap()), ["B"]);
        assert!(
            told[0].contains("its collection is not known before deployment") && told.len() == 2,
            "{told:?}"
        );
        let many = vec!["x"; 100].join(", ");
        let deep = (0..5).fold("{a: b}".to_owned(), |body, at| {
            format!("{{Fn::ForEach::L{at}: [I{at}, [{many}], {body}]}}")
        });
        let (_, told) = made(&format!("Resources: {deep}"));
        assert!(told.iter().any(|told| told.contains("more than a stack can have")), "{told:?}");
    }

    /// A long item that stands often in a text makes of a small file one that no memory holds.
    #[test]
    fn long_items_that_stand_often_are_told_as_too_large() {
        let (item, text) = ("x".repeat(10_000), "${N}".repeat(10_000));
        let (value, told) =
            made(&format!("Resources: {{Fn::ForEach::A: [N, [{item}], {{B: '{text}'}}], C: {{}}}}"));
        assert_eq!(keys(value.get("Resources").unwrap()), ["C"]);
        assert!(told[0].contains("more than a stack can have"), "{told:?}");
    }

    /// What a loop makes is read like anything else: events of a SAM function, and rules beside it.
    #[test]
    fn rules_that_a_loop_makes_are_rules() {
        let text = "
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Fn::ForEach::Events:
          - Call
          - [PutBucketAcl, PutBucketPolicy]
          - On${Call}: {Type: EventBridgeRule, Properties: {Pattern: {detail: {eventName: [!Ref Call]}}}}
  Fn::ForEach::Rules: [N, [A, B], {'Rule${N}': {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [!Sub '${N}']}}}}]
";
        let source = crate::Source { file: "t.yaml".into(), text: text.into() };
        let inventory = crate::read(&[source], &crate::Options::default());
        let ids: Vec<&str> = inventory.rules.iter().map(|rule| &*rule.key.id).collect();
        assert_eq!(ids, ["FOnPutBucketAcl", "FOnPutBucketPolicy", "RuleA", "RuleB"]);
        assert!(inventory.notes.is_empty(), "{:?}", inventory.notes);
    }
}
