//! Resources that hand on what they are given: topics, queues, streams, tables, buckets, and what runs when called.

mod behind;
mod route;

pub(super) use behind::add_behind;

use super::build::{Builder, Key, Kind};
use super::edge::{Edge, Fact};
use crate::arn::{Arn, after_last, split_first, surely_differ, unqualified};
use crate::catalogue::{Catalogue, Feed};
use crate::glob::{fits, is_plain_name, literal};
use crate::iam::{Grant, Reach, covers};
use crate::{Aspect, actor};
use loopguard_model::{Connection, ConnectionKind, Inventory, Workload};
use loopguard_pattern::{Part, Term};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The most resources of a kind that are told apart one by one for a role that may not reach some of them.
const MOST_TOLD_APART: usize = 256;

/// What hands on, by ARN.
#[derive(Debug)]
pub(super) struct Resources<'a> {
    /// What takes from each resource.
    connections: FxHashMap<Term, Vec<&'a Connection>>,
    workloads: FxHashMap<Term, &'a Workload>,
    /// Row of the carriers' table -> the resources of that kind that lead somewhere.
    of_kind: BTreeMap<usize, OfKind>,
    /// Row of the carriers' table -> what connections take from that may be of that kind: its ARN is a value of a
    /// template.
    unknown: BTreeMap<usize, BTreeSet<Term>>,
    /// Row of the carriers' table -> the ARNs of what was read of that kind, whether it leads somewhere or not.
    read: BTreeMap<usize, Vec<Term>>,
    /// Row and resource of a policy -> the resources that it may be: policies name the same again for many calls.
    named: RefCell<Named>,
}

/// Row and resource of a policy -> resources.
type Named = FxHashMap<(usize, Term), Rc<[Term]>>;

/// Resources of one kind.
#[derive(Debug, Default)]
struct OfKind {
    all: BTreeSet<Term>,
    /// Those whose ARNs are not wholly known.
    symbolic: Vec<Term>,
}

impl<'a> Resources<'a> {
    pub(super) fn new(inventory: &'a Inventory, catalogue: &Catalogue) -> Self {
        let mut resources = Self {
            connections: FxHashMap::default(),
            workloads: FxHashMap::default(),
            of_kind: BTreeMap::new(),
            unknown: BTreeMap::new(),
            read: BTreeMap::new(),
            named: RefCell::default(),
        };
        let feeds = catalogue.carriers().feeds();
        for connection in &inventory.connections {
            let Some(from) = &connection.from else { continue };
            let from = unqualified(from);
            if !resources.add_kind(&from, feeds) && Arn::parse(&from).is_none() {
                let link = catalogue.carriers().link(connection.kind);
                let begins = |feed: &Feed| link.is_some_and(|link| link.begins.contains(&feed.id));
                for (row, _) in feeds.iter().enumerate().filter(|(_, feed)| begins(feed)) {
                    resources.unknown.entry(row).or_default().insert(from.clone());
                }
            }
            resources.connections.entry(from).or_default().push(connection);
        }
        for workload in &inventory.workloads {
            for (row, _) in feeds.iter().enumerate().filter(|(_, feed)| feed.read.contains(&workload.class)) {
                resources.read.entry(row).or_default().push(unqualified(&workload.arn));
            }
            if workload.role.is_some() && catalogue.runs(&workload.class) {
                let arn = unqualified(&workload.arn);
                resources.add_kind(&arn, feeds);
                resources.workloads.entry(arn).or_insert(workload);
            }
        }
        resources
    }

    /// Returns true iff the ARN says what it is of.
    fn add_kind(&mut self, arn: &Term, feeds: &[Feed]) -> bool {
        let parsed = Arn::parse(arn);
        let row = feeds.iter().position(|feed| match &parsed {
            Some(arn) => {
                arn.service.as_literal().as_deref() == Some(&feed.arn.0)
                    && arn.resource_after(&feed.arn.1).is_some()
            }
            None => false,
        });
        if let Some(row) = row {
            self.of_kind.entry(row).or_default().add(arn);
        }
        row.is_some()
    }

    /// Returns true iff something takes from the resource, or it runs itself.
    pub(super) fn leads_on(&self, arn: &Term) -> bool {
        self.connections.contains_key(arn) || self.workloads.contains_key(arn)
    }

    /// Returns the connections from the resource.
    pub(super) fn connections(&self, arn: &Term) -> &[&'a Connection] {
        self.connections.get(arn).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the resources of a row that the grant reaches; none where it reaches all of them, or where there are too
    /// many to tell those apart that it leaves out.
    pub(super) fn reached_by(&self, feed: usize, grant: &Grant) -> Option<Vec<Term>> {
        let mut reached = match &grant.reach {
            Reach::These(resources) => self.named_by(feed, resources),
            Reach::Any if grant.except.is_empty() => return None,
            Reach::Any => {
                let all = &self.of_kind.get(&feed)?.all;
                if all.len() > MOST_TOLD_APART {
                    return None;
                }
                all.iter().cloned().collect()
            }
        };
        reached.retain(|arn| !grant.except.iter().any(|refused| covers(refused, arn)));
        Some(reached)
    }

    fn named_by(&self, feed: usize, resources: &[Term]) -> Vec<Term> {
        let Some(known) = self.of_kind.get(&feed) else { return Vec::new() };
        let mut found = BTreeSet::new();
        for resource in resources {
            let mut named = self.named.borrow_mut();
            let of_one = named.entry((feed, resource.clone())).or_insert_with(|| known.named_by(resource));
            found.extend(of_one.iter().cloned());
        }
        found.into_iter().collect()
    }

    /// Returns the resources of a row that a request's value may name: by ARN, by name, by a queue's URL.
    pub(super) fn named(&self, feed: usize, value: &Term) -> Vec<Term> {
        let name = |term: &Term| after_last(&after_last(term, ':'), '/');
        let given = name(&unqualified(value));
        let known = self.of_kind.get(&feed).into_iter().flat_map(|known| &known.all);
        known.filter(|arn| !surely_differ(&name(arn), &given)).cloned().collect()
    }

    /// Returns the resources of a row, but for the one of that ARN, that it may name all the same.
    pub(super) fn perhaps(&self, feed: usize, arn: &Term) -> Vec<Term> {
        let may_be = |other: &&Term| *other != arn && !ends_differ(arn, other);
        let literal = arn.as_str().is_some();
        let known = self.of_kind.get(&feed).into_iter();
        let symbolic = known.clone().filter(|_| literal).flat_map(|known| &known.symbolic);
        let all = known.filter(|_| !literal).flat_map(|known| &known.all);
        let unknown = self.unknown.get(&feed).into_iter().flatten();
        symbolic.chain(all).chain(unknown).filter(may_be).cloned().collect()
    }

    /// Returns true iff there is a resource of the row.
    pub(super) fn has(&self, feed: usize) -> bool {
        self.of_kind.get(&feed).is_some_and(|known| !known.all.is_empty())
    }

    /// Returns all resources of a row.
    pub(super) fn all_of(&self, feed: usize) -> Vec<Term> {
        self.of_kind.get(&feed).map(|known| known.all.iter().cloned().collect()).unwrap_or_default()
    }
}

/// What makes a policy's text more than one text.
const WILD: [char; 3] = ['*', '?', '$'];

/// What ends a name within an ARN.
const NAME_ENDS: [char; 2] = [':', '/'];

impl OfKind {
    fn add(&mut self, arn: &Term) {
        if self.all.insert(arn.clone()) && (arn.as_str().is_none() || is_wild(arn)) {
            self.symbolic.push(arn.clone());
        }
    }

    /// Returns the resources that the policy's text may be about.
    fn named_by(&self, resource: &Term) -> Rc<[Term]> {
        let exact = resource.as_str().is_some_and(|text| !text.contains(WILD));
        let plain = unqualified(resource);
        if exact && self.all.contains(&plain) {
            return [plain].into();
        }
        let of = |text| self.like(text).filter(move |arn| may_be(text, arn)).cloned();
        let found: BTreeSet<Term> = of(resource).chain(of(&plain)).collect();
        found.into_iter().collect()
    }

    /// Returns all resources that the policy's text may be about, and perhaps others: those that begin as it does, those
    /// of which it names a part, and those of which not all is known.
    fn like<'s>(&'s self, text: &Term) -> Box<dyn Iterator<Item = &'s Term> + 's> {
        let Some(text) = text.as_literal() else { return Box::new(self.all.iter()) };
        let known = text.split(WILD).next().unwrap_or_default().to_owned();
        let wholes: Vec<&Term> = text
            .match_indices([':', '/'])
            .filter_map(|(at, _)| self.all.get(&Term::literal(text.get(..at)?)))
            .collect();
        let start = Term::literal(&known);
        let begins_so = move |arn: &&Term| match arn.parts().first() {
            Some(Part::Literal(first)) => first.starts_with(&known),
            Some(Part::Symbol(_)) | None => known.is_empty(),
        };
        let alike = self.all.range(start..).take_while(begins_so);
        Box::new(wholes.into_iter().chain(alike).chain(&self.symbolic))
    }
}

impl<'a> Builder<'a, '_> {
    /// Returns the node of a resource, whose edges are made later.
    pub(super) fn resource(&mut self, arn: &Term) -> usize {
        let (node, new) = self.node(Key::Resource(arn.clone()), || Kind::Resource);
        if new {
            self.lead_on(arn, node);
        }
        node
    }

    /// Returns the node from which all resources of a row are fed, or those that may wait for an answer; none where
    /// there are none of the row.
    pub(super) fn any_of(&mut self, feed: usize, waiting: bool) -> Option<usize> {
        if !self.resources.has(feed) {
            return None;
        }
        let id = self.ground.catalogue.carriers().feeds().get(feed)?.id.clone();
        let (node, new) = self.node(Key::AnyOf(id, waiting), || Kind::Resource);
        if new {
            let mut all = self.resources.all_of(feed);
            self.keep_led_to(feed, waiting, &mut all);
            for arn in all {
                let to = self.resource(&arn);
                self.edge(Edge::sure(node, to, Fact::Is));
            }
        }
        Some(node)
    }

    fn lead_on(&mut self, arn: &Term, node: usize) {
        let (index, catalogue) = (&self.ground.index, self.ground.catalogue);
        let inventory = self.ground.inventory;
        if let Some(workload) = self.resources.workloads.get(arn).copied()
            && catalogue.has(Aspect::StartedWorkloads)
            && let Some(actor) = actor::of_workload(workload, &inventory.scope, index, catalogue)
        {
            let to = self.actor(actor);
            self.edge(Edge::sure(node, to, Fact::Is));
        }
        let from: Vec<&'a Connection> = self.resources.connections(arn).to_vec();
        for connection in from {
            // What a function's runs lead to hangs on the function that acts, however it was started.
            let of_run = matches!(
                connection.kind,
                ConnectionKind::OnSuccess | ConnectionKind::OnFailure | ConnectionKind::DeadLetter
            );
            if !of_run || !self.resources.workloads.contains_key(arn) {
                self.hand_on(node, connection, connection.filters.is_empty());
            }
        }
    }
}

/// Returns the one of the resources whose name a request's value surely is.
pub(super) fn exactly(named: &[Term], value: &Term) -> Option<Term> {
    let name = |term: &Term| after_last(&after_last(term, ':'), '/');
    let plain = unqualified(value);
    let same = |arn: &&Term| **arn == plain;
    let of_name = |arn: &&Term| Arn::parse(value).is_none() && name(arn) == name(value);
    named.iter().find(same).or_else(|| named.iter().find(of_name)).cloned()
}

/// Returns false only if the policy's resource surely is not the thing of that ARN.
pub(super) fn may_be(resource: &Term, arn: &Term) -> bool {
    if is_wild(arn) {
        return route::may_be(resource, arn);
    }
    match (literal(resource), literal(arn)) {
        (Some(pattern), Some(arn)) => {
            fits(&pattern, &arn, false)
                // A version or an alias behind a name.
                || pattern.strip_prefix(&*arn).is_some_and(|rest| rest.starts_with(':'))
                // An object of a bucket, a stream of a table, a log group's streams.
                || pattern.strip_prefix(&*arn).is_some_and(|rest| rest.starts_with('/'))
        }
        _ => may_be_named(resource, arn),
    }
}

/// Compares two ARNs of which one has symbols: they differ if their services or places do, one of their names, or, without
/// a star, the last ones.
fn may_be_named(resource: &Term, arn: &Term) -> bool {
    let (Some(left), Some(right)) = (Arn::parse(&unqualified(resource)), Arn::parse(&unqualified(arn)))
    else {
        return true;
    };
    let fields =
        [(&left.service, &right.service), (&left.region, &right.region), (&left.account, &right.account)];
    if fields.into_iter().any(|(own, other)| !is_wild(own) && surely_differ(own, other)) {
        return false;
    }
    let (left, right) = (left.resource, right.resource);
    if is_wild(&left) {
        return !begin_apart(left, right);
    }
    left == right
        || is_part_of(&left, &right)
        || !(begin_apart(left.clone(), right.clone()) || names_differ(&left, &right))
}

/// Returns true iff the name is one within the other: a field of an API.
fn is_part_of(part: &Term, whole: &Term) -> bool {
    let slash = Term::concat([whole.clone(), Term::literal("/")]);
    let (part, slash) = (part.parts(), slash.parts());
    let Some((last, first)) = slash.split_last() else { return false };
    let begins = |part: Option<&Part>| match (part, last) {
        (Some(Part::Literal(text)), Part::Literal(start)) => text.starts_with(&**start),
        _ => false,
    };
    part.len() >= slash.len() && part.starts_with(first) && begins(part.get(first.len()))
}

fn is_wild(term: &Term) -> bool {
    term.parts().iter().any(|part| matches!(part, Part::Literal(text) if text.contains(WILD)))
}

/// Returns true only if one of the names before the first star, which end at a colon or a slash, differs from the one
/// that stands in its place.
fn begin_apart(left: Term, right: Term) -> bool {
    let (mut left, mut right) = (left, right);
    while let Some((own, behind)) = split_first(&left, &NAME_ENDS) {
        if is_wild(&own) {
            return false;
        }
        // What ends here is compared as a whole, unless a symbol may stand for more names than one.
        let is_plain = |term: &Term| term.symbols().all(is_plain_name);
        let (other, rest) = match split_first(&right, &NAME_ENDS) {
            Some((other, rest)) => (other, Some(rest)),
            None if is_plain(&right) => (right, None),
            None => return false,
        };
        if surely_differ(&own, &other) {
            return true;
        }
        let Some(rest) = rest else { return false };
        (left, right) = (behind, rest);
    }
    false
}

/// Returns true only if the ARNs differ, as wholes, in their names or in their places.
fn ends_differ(left: &Term, right: &Term) -> bool {
    let places_differ = || {
        let (Some(left), Some(right)) = (Arn::parse(left), Arn::parse(right)) else { return false };
        surely_differ(&left.account, &right.account) || surely_differ(&left.region, &right.region)
    };
    surely_differ(left, right) || names_differ(left, right) || places_differ()
}

fn names_differ(left: &Term, right: &Term) -> bool {
    let last = |term: &Term| {
        let behind = after_last(term, ':');
        after_last(&behind, '/')
    };
    surely_differ(&last(left), &last(right))
}
