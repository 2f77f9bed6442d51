//! The operator objects of a pattern: `{"prefix": ..}` and the others.

use crate::compile::{fail, sound};
use crate::json::{Member, Span, Value, ValueKind};
use crate::{Affix, AnythingBut, Cidr, MatcherKind, Number, NumericRange, PatternError, Term, Wildcard};
use std::sync::Arc;

type Result<T> = std::result::Result<T, PatternError>;

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";

/// Reads the members of an operator object.
pub(crate) fn read(members: &[Member], span: Span) -> Result<MatcherKind> {
    let Some(member) = members.first() else { return fail("Match expression name not found", span) };
    let value = &member.value;
    let kind = match &*member.key {
        "exactly" => MatcherKind::Exact(string(value, "exact match pattern must be a string")?),
        "prefix" => MatcherKind::Prefix(affix(value, "prefix", "Prefix")?),
        "suffix" => MatcherKind::Suffix(affix(value, "suffix", "Suffix")?),
        "numeric" => {
            sound(value)?;
            let ValueKind::Array(items) = &value.kind else {
                return fail("Value of numeric must be an array.", value.span);
            };
            let range = numeric(items, value.span)?;
            return only(members, TOO_MANY).map(|()| MatcherKind::Numeric(range));
        }
        "anything-but" => {
            let kind = anything_but(value)?;
            return only(members, TOO_MANY).map(|()| MatcherKind::AnythingBut(kind));
        }
        "exists" => {
            sound(value)?;
            let ValueKind::Bool(flag) = value.kind else {
                return fail("exists match pattern must be either true or false.", value.span);
            };
            MatcherKind::Exists(flag)
        }
        "cidr" => {
            let text = string(value, "prefix match pattern must be a string")?;
            let Some(text) = text.as_literal() else {
                return Ok(MatcherKind::Opaque(text.to_string().into()));
            };
            MatcherKind::Cidr(cidr(&text, value.span)?)
        }
        "equals-ignore-case" => {
            MatcherKind::EqualsIgnoreCase(string(value, "equals-ignore-case match pattern must be a string")?)
        }
        "wildcard" => MatcherKind::Wildcard(wildcard(
            &string(value, "wildcard match pattern must be a string")?,
            value.span,
        )?),
        other => return fail(format!("Unrecognized match type {other}"), member.key_span),
    };
    only(members, ONE_KEY).map(|()| kind)
}

fn only(members: &[Member], message: &str) -> Result<()> {
    match members.get(1) {
        None => Ok(()),
        Some(second) => {
            sound(&second.value)?;
            fail(message, second.key_span)
        }
    }
}

fn string(value: &Value, message: &str) -> Result<Term> {
    sound(value)?;
    match &value.kind {
        ValueKind::String(term) => Ok(term.clone()),
        _ => fail(message, value.span),
    }
}

fn affix(value: &Value, name: &str, title: &str) -> Result<Affix> {
    if let ValueKind::Object(members) = &value.kind {
        let Some(member) = members.first() else {
            return fail(format!("{title} expression name not found"), value.span);
        };
        if &*member.key != "equals-ignore-case" {
            return fail(format!("Unsupported {name} pattern: {}", member.key), member.key_span);
        }
        let text = string(&member.value, "equals-ignore-case match pattern must be a string")?;
        only(members, ONE_KEY)?;
        return Ok(Affix { text, ignore_case: true });
    }
    Ok(Affix { text: string(value, &format!("{name} match pattern must be a string"))?, ignore_case: false })
}

fn anything_but(value: &Value) -> Result<AnythingBut> {
    sound(value)?;
    match &value.kind {
        ValueKind::Object(members) => {
            let Some(member) = members.first() else {
                return fail("Anything-But expression name not found", value.span);
            };
            let Some(kind) = kind_of(&member.key) else {
                return fail(format!("Unsupported anything-but pattern: {}", member.key), member.key_span);
            };
            let but = set(&member.value, kind)?;
            only(members, TOO_MANY)?;
            Ok(but)
        }
        ValueKind::Array(items) => list(items, value.span),
        ValueKind::String(term) => Ok(AnythingBut::Strings(vec![term.clone()])),
        ValueKind::Number(text) => Ok(AnythingBut::Numbers(vec![number(text, value.span)?])),
        _ => fail(NO_VALUE, value.span),
    }
}

const NO_VALUE: &str = "Value of anything-but must be an array or single string/number value.";

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Prefix,
    Suffix,
    IgnoreCase,
    Wildcard,
}

fn kind_of(name: &str) -> Option<Kind> {
    match name {
        "prefix" => Some(Kind::Prefix),
        "suffix" => Some(Kind::Suffix),
        "equals-ignore-case" => Some(Kind::IgnoreCase),
        "wildcard" => Some(Kind::Wildcard),
        _ => None,
    }
}

fn set(value: &Value, kind: Kind) -> Result<AnythingBut> {
    sound(value)?;
    let texts = match &value.kind {
        ValueKind::Array(items) => {
            items.iter().map(|item| member_of(item, kind)).collect::<Result<Vec<_>>>()?
        }
        ValueKind::String(_) | ValueKind::Number(_) => vec![member_of(value, kind)?],
        _ => return fail(NO_VALUE, value.span),
    };
    Ok(match kind {
        Kind::Prefix => AnythingBut::Prefix(texts),
        Kind::Suffix => AnythingBut::Suffix(texts),
        Kind::IgnoreCase => AnythingBut::EqualsIgnoreCase(texts),
        Kind::Wildcard => AnythingBut::Wildcard(
            texts.iter().map(|text| wildcard(text, value.span)).collect::<Result<Vec<_>>>()?,
        ),
    })
}

fn member_of(value: &Value, kind: Kind) -> Result<Term> {
    let message = match kind {
        Kind::Prefix | Kind::Suffix => "prefix/suffix match pattern must be a string",
        Kind::IgnoreCase => {
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
        }
        Kind::Wildcard => "wildcard match pattern must be a string",
    };
    let text = string(value, message)?;
    if matches!(kind, Kind::Prefix | Kind::Suffix) && text == Term::default() {
        return fail("Null prefix/suffix not allowed", value.span);
    }
    Ok(text)
}

fn list(items: &[Value], span: Span) -> Result<AnythingBut> {
    let (mut strings, mut numbers) = (Vec::new(), Vec::new());
    for item in items {
        sound(item)?;
        match &item.kind {
            ValueKind::String(term) => strings.push(term.clone()),
            ValueKind::Number(text) => numbers.push(number(text, item.span)?),
            _ => return fail("Inside anything but list, start|null|boolean is not supported.", item.span),
        }
    }
    match (strings.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(AnythingBut::Strings(strings)),
        (true, false) => Ok(AnythingBut::Numbers(numbers)),
        _ => fail(
            "Inside anything but list, either all values are number or string, mixed type is not supported",
            span,
        ),
    }
}

fn number(text: &str, span: Span) -> Result<Number> {
    let number = Number::new(text);
    if number.comparable.is_none() {
        return fail(format!("Cannot compare number : {text}"), span);
    }
    Ok(number)
}

fn numeric(items: &[Value], span: Span) -> Result<NumericRange> {
    let operator = |value: Option<&Value>| -> Result<Arc<str>> {
        let Some(value) = value else { return fail("Invalid member in numeric match: ]", span) };
        sound(value)?;
        match &value.kind {
            ValueKind::String(term) => Ok(term.to_string().into()),
            other => fail(format!("Invalid member in numeric match: {}", word(other)), value.span),
        }
    };
    let operand = |value: Option<&Value>, name: &str| -> Result<Number> {
        let message = || format!("Value of {name} must be numeric");
        let Some(value) = value else { return fail(message(), span) };
        sound(value)?;
        match &value.kind {
            ValueKind::Number(text) => Ok(Number::new(text)),
            _ => fail(message(), value.span),
        }
    };
    let comparable = |number: Number, span: Span| -> Result<Number> {
        if number.comparable.is_none() {
            return fail(format!("Cannot compare number : {}", number.text), span);
        }
        Ok(number)
    };
    let first = operator(items.first())?;
    let none = NumericRange { low: None, high: None, equality: false };
    match &*first {
        "=" => {
            let value = operand(items.get(1), "equals")?;
            end(items, 2, TOO_MANY)?;
            let value = comparable(value, span)?;
            Ok(NumericRange { low: Some((value.clone(), true)), high: Some((value, true)), equality: true })
        }
        "<" | "<=" => {
            let value = operand(items.get(1), &first)?;
            end(items, 2, TOO_MANY)?;
            Ok(NumericRange { high: Some((comparable(value, span)?, &*first == "<=")), ..none })
        }
        ">" | ">=" => {
            let low = operand(items.get(1), &first)?;
            let inclusive = &*first == ">=";
            let Some(second) = items.get(2) else {
                return Ok(NumericRange { low: Some((comparable(low, span)?, inclusive)), ..none });
            };
            sound(second)?;
            let ValueKind::String(second_op) = &second.kind else {
                return fail(format!("Bad value in numeric range: {}", word(&second.kind)), second.span);
            };
            let second_op = second_op.to_string();
            if second_op != "<" && second_op != "<=" {
                return fail(format!("Bad numeric range operator: {second_op}"), second.span);
            }
            let high = operand(items.get(3), &second_op)?;
            end(items, 4, "Too many terms in numeric range expression")?;
            let (low, high) = (comparable(low, span)?, comparable(high, span)?);
            if low.comparable >= high.comparable {
                return fail("Bottom must be less than top", span);
            }
            Ok(NumericRange {
                low: Some((low, inclusive)),
                high: Some((high, second_op == "<=")),
                equality: false,
            })
        }
        other => fail(format!("Unrecognized numeric range operator: {other}"), span),
    }
}

fn end(items: &[Value], count: usize, message: &str) -> Result<()> {
    match items.get(count) {
        None => Ok(()),
        Some(more) => {
            sound(more)?;
            fail(message, more.span)
        }
    }
}

fn word(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Number(text) | ValueKind::Opaque(text) | ValueKind::Broken(text) => text.to_string(),
        ValueKind::Bool(flag) => flag.to_string(),
        ValueKind::Null => "null".to_owned(),
        ValueKind::Array(_) => "[".to_owned(),
        ValueKind::Object(_) => "{".to_owned(),
        ValueKind::String(term) => term.to_string(),
    }
}

fn cidr(text: &str, span: Span) -> Result<Cidr> {
    let mut parts = text.split('/');
    let (Some(address), Some(mask), None) = (parts.next(), parts.next(), parts.next()) else {
        return fail("Malformed CIDR, one '/' required", span);
    };
    let Ok(mask) = mask.parse::<i32>() else {
        return fail("Malformed CIDR, mask bits must be an integer", span);
    };
    let Some(address) = crate::address::parse(address) else {
        return fail(format!("Nonstandard IP address: {address}"), span);
    };
    let most = if address.is_ipv4() { 31 } else { 127 };
    match u8::try_from(mask) {
        Ok(mask) if mask <= most => Ok(Cidr { address, mask }),
        Ok(_) => {
            fail(format!("IPv{} mask bits must be < {}", if most == 31 { 4 } else { 6 }, most + 1), span)
        }
        Err(_) => fail("Malformed CIDR, mask bits must not be negative", span),
    }
}

/// Splits at the stars, resolving escapes; positions count the opening quote as the engine does.
fn wildcard(text: &Term, span: Span) -> Result<Wildcard> {
    let mut pieces = vec![Term::default()];
    let mut position = 1;
    let mut star = false;
    for part in text.parts() {
        let crate::Part::Literal(literal) = part else {
            if let Some(last) = pieces.last_mut() {
                *last = Term::concat([std::mem::take(last), Term::concat([Term::from(symbol(part))])]);
            }
            star = false;
            continue;
        };
        let mut characters = literal.chars();
        while let Some(character) = characters.next() {
            match character {
                '*' if star => {
                    return fail(format!("Consecutive wildcard characters at pos {}", position - 1), span);
                }
                '*' => pieces.push(Term::default()),
                '\\' => {
                    let next = characters.next();
                    match next {
                        Some(escaped @ ('*' | '\\')) => push(&mut pieces, escaped),
                        _ => return fail(format!("Invalid escape character at pos {position}"), span),
                    }
                    position += 1;
                }
                other => push(&mut pieces, other),
            }
            star = character == '*';
            position += character.len_utf8();
        }
    }
    Ok(Wildcard { pieces })
}

fn symbol(part: &crate::Part) -> crate::Symbol {
    match part {
        crate::Part::Symbol(symbol) => symbol.as_ref().clone(),
        crate::Part::Literal(text) => crate::Symbol::given("text", text),
    }
}

fn push(pieces: &mut [Term], character: char) {
    if let Some(last) = pieces.last_mut() {
        last.push_str(character.encode_utf8(&mut [0; 4]));
    }
}
