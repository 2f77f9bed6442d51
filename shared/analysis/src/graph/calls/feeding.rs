//! What a call gives something to, or starts.

use super::Making;
use crate::actor::{of_runbook, parameter_in};
use crate::arn;
use crate::catalogue::{Feed, Operation};
use crate::definition::RUNBOOK;
use crate::emission::Identity;
use crate::graph::actors::consumers;
use crate::graph::allowance::Allowance;
use crate::graph::request::{given, glob_of};
use crate::graph::resources::exactly;
use crate::iam::Grant;
use crate::{Aspect, Certainty};
use loopguard_model::{Given, Need, Scope, Workload};
use loopguard_pattern::{Symbol, Term};
use std::collections::BTreeSet;
use std::sync::Arc;

impl<'a> Making<'_, 'a, '_> {
    /// What the request names as given something, in every run; none: that is not known.
    fn fed(&self, row: &Feed) -> Option<BTreeSet<Term>> {
        let members = row.member.iter().filter(|_| self.request_counts());
        let given = members.into_iter().find_map(|member| given(self.call, member));
        let exact = |start| glob_of(given?, start)?.as_exact().cloned();
        self.by.start.iter().map(exact).collect()
    }

    /// Returns false only if the policies surely refuse the call on the resource that it gives something to.
    pub(super) fn may_feed(&self, operation: &Operation, allowance: &Allowance) -> bool {
        let Some(feed) = self.builder.operations.of_call(&operation.call).and_then(|known| known.feeds)
        else {
            return true;
        };
        let carriers = self.builder.ground.catalogue.carriers();
        let Some(values) = carriers.feeds().get(feed).and_then(|row| self.fed(row)) else { return true };
        let resources = &self.builder.resources;
        let allows = |value: &Term| {
            exactly(&resources.named(feed, value), value)
                .is_none_or(|arn| allowance.allows_feeding(feed, &arn, resources))
        };
        values.iter().any(allows)
    }

    /// The resources that the call gives something to.
    pub(super) fn feed(&mut self, operation: &Arc<Operation>, grants: &[Grant]) {
        let Some(feed) = self.builder.operations.of_call(&operation.call).and_then(|known| known.feeds)
        else {
            return;
        };
        let Some(row) = self.builder.ground.catalogue.carriers().feeds().get(feed) else { return };
        let Some(resumes) = self.builder.resumes(feed, operation) else { return };
        if !resumes && let Some(values) = self.fed(row) {
            for value in values {
                self.feed_one(operation, feed, row, &value);
            }
            return;
        }
        // Which one it is, is not said: any that the role allows.
        let permitted = self.certainty.min(Certainty::Permitted);
        for grant in grants {
            match self.builder.resources.reached_by(feed, grant) {
                Some(mut reached) => {
                    self.builder.keep_led_to(feed, resumes, &mut reached);
                    for arn in reached {
                        let to = self.builder.fed(feed, &arn, operation);
                        self.edge(to, operation, permitted);
                    }
                }
                None => {
                    if let Some(to) = self.builder.any_of(feed, resumes) {
                        self.edge(to, operation, permitted.min(Certainty::Broad));
                    }
                }
            }
        }
    }

    /// The resource that the call names.
    fn feed_one(&mut self, operation: &Arc<Operation>, feed: usize, row: &Feed, value: &Term) {
        let mut named = self.builder.resources.named(feed, value);
        let runbook = self.runbook(row, value);
        let exact = exactly(&named, value);
        if exact.is_none() && runbook.is_none() {
            self.not_read(row, value);
        }
        if let Some((document, role)) = runbook {
            named.retain(|arn| *arn != arn::unqualified(&document.arn));
            let ground = self.builder.ground;
            if let Some(actor) = of_runbook(document, &role, self.by.scope, &ground.index, ground.catalogue) {
                let to = self.builder.actor(actor);
                self.edge(to, operation, self.certainty);
            }
        }
        for arn in named {
            let to = self.builder.fed(feed, &arn, operation);
            // Of one that it only may be, nobody knows.
            let sure = exact.as_ref() == Some(&arn);
            self.edge(to, operation, if sure { self.certainty } else { Certainty::Assumed });
        }
    }

    /// The runbook that the call starts and to which it gives a role, or lends its own.
    fn runbook(&self, row: &Feed, value: &Term) -> Option<(&'a Workload, Term)> {
        let arn = arn::Arn::parse(value).map_or_else(|| self.arn_of(row, value), |_| arn::unqualified(value));
        let document = self.builder.ground.index.workload(&arn)?;
        if &*document.class != RUNBOOK {
            return None;
        }
        let parameter = match &document.role {
            None => None,
            Some(role) => Some(parameter_in(role)?),
        };
        let given = |name: &str| {
            let one = given(self.call, &format!("Parameters.{name}.0"));
            one.or_else(|| given(self.call, &format!("Parameters.{name}"))).or_else(|| {
                given(self.call, &format!("RuntimeParameters.{name}"))
                    .or_else(|| given(self.call, &format!("RuntimeParameters.{name}.0")))
            })
        };
        let lends = self.builder.ground.catalogue.has(Aspect::LentRoles);
        let lent = || match self.by.identity {
            _ if !lends => None,
            Identity::Role { arn, .. } => arn.clone(),
            Identity::Service(_) | Identity::Unknown => None,
        };
        let role = match parameter.as_deref().and_then(given) {
            Some(Given::Constant(role)) => Some(role.clone()),
            Some(_) => Some(Symbol::given("runbook's role", &document.name.to_string()).into()),
            None => lent(),
        };
        Some((document, role?))
    }

    /// The call starts something, or gives something, of which nothing was read.
    fn not_read(&mut self, row: &Feed, value: &Term) {
        let arn = match arn::Arn::parse(value) {
            Some(_) => arn::unqualified(value),
            None => self.arn_of(row, &arn::after_last(value, '/')),
        };
        if row.runs {
            // What has no role makes no calls.
            let ground = self.builder.ground;
            if ground.index.workload(&arn).is_none() && ground.catalogue.has(Aspect::UnreadWorkloads) {
                let why = format!("what runs as `{arn}` was not read");
                self.guess(Some(Need::Workload { arn }), why.into());
            }
        } else {
            consumers(self.builder, self.by.at, &arn);
        }
    }

    fn arn_of(&self, row: &Feed, name: &Term) -> Term {
        let Scope { partition, account, region } = self.by.scope;
        let (service, start) = &row.arn;
        let colon = || Term::literal(":");
        let head = [Term::literal("arn:"), partition.clone(), colon(), Term::literal(service), colon()];
        let place = [region.clone(), colon(), account.clone(), colon(), Term::literal(start), name.clone()];
        Term::concat(head.into_iter().chain(place))
    }
}
