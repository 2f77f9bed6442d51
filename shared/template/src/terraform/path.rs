//! Paths through trees of blocks: `a.b` takes a block's first, `a[].b` all of them.

use crate::nodes::{elements, object};
use loopguard_pattern::json::{Member, Value, ValueKind};

/// The most entries that one path may make of nested lists.
const MOST: usize = 10_000;

/// Returns what stands behind the path, with the numbers of the list entries on the way.
pub(super) fn collect<'v>(value: &'v Value, path: &str) -> Vec<(Vec<usize>, &'v Member)> {
    let mut found = Vec::new();
    walk(value, path, &mut Vec::new(), &mut found);
    found
}

fn walk<'v>(
    value: &'v Value,
    path: &str,
    numbers: &mut Vec<usize>,
    found: &mut Vec<(Vec<usize>, &'v Member)>,
) {
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let (name, each) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
    let Some(member) = value.member(name).filter(|member| member.value.kind != ValueKind::Null) else {
        return;
    };
    let Some(rest) = rest else {
        if found.len() < MOST {
            found.push((numbers.clone(), member));
        }
        return;
    };
    if !each {
        if let Some(first) = elements(&member.value).first() {
            walk(first, rest, numbers, found);
        }
        return;
    }
    for (number, entry) in elements(&member.value).iter().enumerate() {
        numbers.push(number);
        walk(entry, rest, numbers, found);
        numbers.pop();
    }
}

/// Puts a member behind the path, in objects and lists that are made on the way.
pub(super) fn put(target: &mut Value, path: &str, numbers: &[usize], from: &Member) {
    let span = target.span;
    let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
    let (name, each) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
    let ValueKind::Object(members) = &mut target.kind else { return };
    let at = members.iter().position(|member| &*member.key == name).unwrap_or_else(|| {
        let value = if each { Value { kind: ValueKind::Array(Vec::new()), span } } else { object(span, []) };
        members.push(Member { key: name.into(), key_span: from.key_span, value });
        members.len() - 1
    });
    let Some(member) = members.get_mut(at) else { return };
    let Some(rest) = rest else {
        member.key_span = from.key_span;
        member.value = from.value.clone();
        return;
    };
    match (&mut member.value.kind, numbers.split_first()) {
        (ValueKind::Array(entries), Some((number, numbers))) if each => {
            while entries.len() <= *number {
                entries.push(object(span, []));
            }
            if let Some(entry) = entries.get_mut(*number) {
                put(entry, rest, numbers, from);
            }
        }
        _ => put(&mut member.value, rest, numbers, from),
    }
}

#[cfg(test)]
mod tests {
    use super::{collect, put};
    use crate::nodes::{literal, object};
    use loopguard_pattern::json::{Span, parse};

    #[test]
    fn lists_stay_lists_and_blocks_become_objects() {
        let body = parse(r#"{"a":[{"b":"1"},{"b":"2","c":null}],"d":[{"e":{"f":"3"}}]}"#);
        let mut made = object(Span::default(), []);
        for (from, to) in [("a[].b", "A[].B.X"), ("d.e.f", "D.F"), ("a[].c", "A[].C"), ("none.x", "N")] {
            for (numbers, member) in collect(&body, from) {
                put(&mut made, to, &numbers, member);
            }
        }
        let written: Vec<_> =
            collect(&made, "A[].B.X").iter().map(|(n, m)| (n.clone(), literal(&m.value))).collect();
        assert_eq!(written, [(vec![0], Some("1".into())), (vec![1], Some("2".into()))]);
        assert_eq!(collect(&made, "D.F").len(), 1);
        assert!(collect(&made, "N").is_empty() && collect(&made, "A[].C").is_empty());
    }
}
