//! The ledger in a DynamoDB table.
//!
//! Every write of an incident is one transaction that asks for what was read, and every read is strong, so that the
//! table does what [`Book`](loopguard_decision::Book) says. The SDK's retries repeat a transaction under one token,
//! which DynamoDB writes once.

mod begin;
mod call;
mod end;
mod item;
mod watched;

use crate::Clients;
use crate::failure::failure;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use call::{GET, QUERY};
use futures_util::future::try_join4;
use item::{ACTED, EXEMPT, INCIDENT, Kept, Key, OPEN, RESTORED};
use item::{body, body_of, number, number_of, text, text_of, with};
use loopguard_account::{
    ALERT_WINDOW, Begun, CallError, End, Ended, Exemption, Incident, Ledger, Pause, Record, RuleRef,
    Timestamp, View,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The ledger of one account in one region.
#[derive(Debug, Clone)]
pub struct AwsLedger {
    dynamodb: aws_sdk_dynamodb::Client,
    table: String,
}

const DAY: u64 = 86_400_000;

impl AwsLedger {
    /// Returns the ledger in that table.
    pub fn new(clients: &Clients, table: String) -> Self {
        Self { dynamodb: clients.dynamodb.clone(), table }
    }

    async fn kept(&self, id: &str) -> Result<Option<Kept>, CallError> {
        self.get(&Key::incident(id)).await?.map(|item| Kept::read(&item, GET)).transpose()
    }

    async fn pause_that_holds(&self, now: Timestamp) -> Result<Option<Pause>, CallError> {
        Ok(self.pause().await?.filter(|pause| pause.holds(now)))
    }

    async fn exemption_that_holds(
        &self,
        rule: &RuleRef,
        now: Timestamp,
    ) -> Result<Option<Exemption>, CallError> {
        let item = self.get(&Key::exempt(rule)).await?;
        let exemption: Option<Exemption> = item.map(|item| body_of(&item, GET)).transpose()?;
        Ok(exemption.filter(|exemption| exemption.holds(now)))
    }

    /// How often the rule was disabled within the last day.
    async fn times(&self, rule: &RuleRef, now: Timestamp) -> Result<usize, CallError> {
        // An id begins with the time of the intent, which is before the time of whoever took it over.
        let since = now.0.saturating_sub(DAY);
        let from = Incident::id_for(rule, "", Timestamp(since.saturating_sub(DAY)));
        let recent = self.dynamodb.query().table_name(&self.table).consistent_read(true);
        let recent = recent
            .key_condition_expression("pk = :pk AND sk >= :from")
            .filter_expression("#rule = :rule AND #state IN (:acted, :restored) AND #at > :since")
            .expression_attribute_names("#rule", "rule")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":pk", text(INCIDENT))
            .expression_attribute_values(":from", text(&from))
            .expression_attribute_values(":rule", text(&rule.to_string()))
            .expression_attribute_values(":acted", text(ACTED))
            .expression_attribute_values(":restored", text(RESTORED))
            .expression_attribute_values(":since", number(since));
        self.count(recent).await
    }
}

impl Ledger for AwsLedger {
    async fn view(&self, rule: &RuleRef, now: Timestamp) -> Result<View, CallError> {
        let (pause, exemption, slots, times) = try_join4(
            Box::pin(self.pause_that_holds(now)),
            Box::pin(self.exemption_that_holds(rule, now)),
            Box::pin(self.slots_taken(now)),
            Box::pin(self.times(rule, now)),
        )
        .await?;
        Ok(View { pause, exemption, acts: slots.len(), times })
    }

    async fn begin(&self, intent: &Incident, cap: usize) -> Result<Begun, CallError> {
        self.write_intent(intent, cap).await
    }

    async fn take_over(&self, seen: &Incident, attempt: &str, now: Timestamp) -> Result<bool, CallError> {
        let over = seen.is_lease_over(now);
        let taken = self.change(&seen.id, attempt, |incident| {
            let same = incident.attempt == seen.attempt && incident.is_open();
            (same && over).then(|| Incident { attempt: attempt.into(), at: now, ..incident.clone() })
        });
        Ok(taken.await?.is_some())
    }

    async fn end(
        &self,
        incident: &Incident,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> Result<Ended, CallError> {
        self.write_end(&incident.id, attempt, end, at).await
    }

    async fn told(&self, id: &str, at: Timestamp) -> Result<(), CallError> {
        let told = self.change(id, "told", |incident| {
            incident.told.is_none().then(|| Incident { told: Some(at), ..incident.clone() })
        });
        told.await.map(drop)
    }

    async fn left_behind(&self, now: Timestamp) -> Result<Vec<Incident>, CallError> {
        let mut left = Vec::new();
        for item in self.items(self.of_kind(OPEN), usize::MAX).await? {
            let id = text_of(&item, "sk").unwrap_or_default();
            let Some(Kept { incident, .. }) = self.kept(id).await? else { continue };
            if incident.is_lease_over(now) && (incident.is_open() || incident.is_untold()) {
                left.push(incident);
            }
        }
        Ok(left)
    }

    async fn is_alert_due(&self, key: &str, now: Timestamp) -> Result<bool, CallError> {
        let item = self.get(&Key::alert(key)).await?;
        let last = item.and_then(|item| number_of(&item, "at"));
        Ok(last.is_none_or(|last| last.saturating_add(ALERT_WINDOW) <= now.0))
    }

    async fn alerted(&self, key: &str, now: Timestamp) -> Result<(), CallError> {
        self.put_one(item::alert(key, now)).await
    }

    async fn note_reach(
        &self,
        rule: &RuleRef,
        subjects: &BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        self.put_all(subjects.iter().map(|subject| item::reach(subject, rule, now)).collect()).await
    }

    async fn reaching(&self, subject: &str) -> Result<Vec<RuleRef>, CallError> {
        let items = self.items(self.of_kind(&item::reach_kind(subject)), usize::MAX).await?;
        let mut rules: Vec<RuleRef> = items.iter().map(rule_of).collect();
        rules.sort();
        Ok(rules)
    }

    async fn record(&self, rule: &RuleRef) -> Result<Option<Record>, CallError> {
        self.get(&Key::seen(rule)).await?.map(|item| body_of(&item, GET)).transpose()
    }

    async fn note_record(&self, rule: &RuleRef, record: &Record) -> Result<(), CallError> {
        self.put_one(item::record(&Key::seen(rule), record)).await
    }

    async fn basis(&self, incident: &str) -> Result<Option<Record>, CallError> {
        self.get(&Key::basis(incident)).await?.map(|item| body_of(&item, GET)).transpose()
    }

    async fn note_basis(&self, incident: &str, record: &Record) -> Result<(), CallError> {
        let item = item::record(&Key::basis(incident), record);
        let put = self.dynamodb.put_item().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").send().await;
        match put {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(failure("dynamodb:PutItem", &self.table, &error)),
            Ok(_) => Ok(()),
        }
    }

    async fn incident(&self, id: &str) -> Result<Option<Incident>, CallError> {
        Ok(self.kept(id).await?.map(|kept| kept.incident))
    }

    async fn incidents(&self, most: usize) -> Result<Vec<Incident>, CallError> {
        let page = i32::try_from(most.clamp(1, 100)).unwrap_or(100);
        let newest = self.of_kind(INCIDENT).scan_index_forward(false).limit(page);
        let items = self.items(newest, most).await?;
        items.iter().map(|item| Ok(Kept::read(item, QUERY)?.incident)).collect()
    }

    async fn restored(&self, id: &str, at: Timestamp, by: &str) -> Result<bool, CallError> {
        self.write_restored(id, at, by).await
    }

    async fn pause(&self) -> Result<Option<Pause>, CallError> {
        self.get(&Key::pause()).await?.map(|item| body_of(&item, GET)).transpose()
    }

    async fn set_pause(&self, pause: Option<Pause>) -> Result<(), CallError> {
        let Some(pause) = pause else { return self.delete_one(&Key::pause()).await };
        let item = with(Key::pause().item(), [("body", body(&pause))]);
        self.put_one(match pause.until {
            Some(until) => with(item, [("until", number(until.0))]),
            None => item,
        })
        .await
    }

    async fn exemptions(&self) -> Result<Vec<(RuleRef, Exemption)>, CallError> {
        let items = self.items(self.of_kind(EXEMPT), usize::MAX).await?;
        let read = items.iter().map(|item| Ok((rule_of(item), body_of(item, QUERY)?)));
        let mut exemptions: Vec<(RuleRef, Exemption)> = read.collect::<Result<_, CallError>>()?;
        exemptions.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(exemptions)
    }

    async fn set_exemption(&self, rule: &RuleRef, exemption: Option<Exemption>) -> Result<(), CallError> {
        let key = Key::exempt(rule);
        let Some(exemption) = exemption else { return self.delete_one(&key).await };
        let more = [
            ("body", body(&exemption)),
            ("rule", text(&rule.to_string())),
            ("until", number(exemption.until.0)),
        ];
        self.put_one(with(key.item(), more)).await
    }
}

impl AwsLedger {
    async fn put_one(&self, item: item::Item) -> Result<(), CallError> {
        let put = self.dynamodb.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(drop).map_err(|error| failure("dynamodb:PutItem", &self.table, &error))
    }

    async fn delete_one(&self, key: &Key) -> Result<(), CallError> {
        let delete = self.dynamodb.delete_item().table_name(&self.table).set_key(Some(key.item()));
        let deleted = delete.send().await;
        deleted.map(drop).map_err(|error| failure("dynamodb:DeleteItem", &self.table, &error))
    }
}

fn rule_of(item: &item::Item) -> RuleRef {
    let Ok(rule) = text_of(item, "rule").unwrap_or_default().parse();
    rule
}

#[cfg(test)]
mod tests;
