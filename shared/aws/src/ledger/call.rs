//! The calls of DynamoDB that the ledger makes, each read strongly, each page followed.

use super::AwsLedger;
use super::item::{Item, Key, text};
use crate::failure::failure;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, PutRequest, ReturnValuesOnConditionCheckFailure, Select,
    TransactWriteItem, WriteRequest,
};
use loopguard_account::CallError;
use std::collections::HashMap;
use std::time::Duration;

pub(super) const GET: &str = "dynamodb:GetItem";
pub(super) const QUERY: &str = "dynamodb:Query";
pub(super) const TRANSACT: &str = "dynamodb:TransactWriteItems";
const BATCH: &str = "dynamodb:BatchWriteItem";

/// `BatchWriteItem` takes no more at once (API reference).
const MOST_IN_A_BATCH: usize = 25;

/// How often a transaction that met another is tried.
const TRIES: u32 = 5;

/// The reasons of `TransactionCanceledException` that pass (API reference of `TransactWriteItems`).
const PASSING: [&str; 3] = ["TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"];

/// What came of a transaction.
#[derive(Debug)]
pub(super) enum Transacted {
    /// All of it is written.
    Written,
    /// None of it; for each part whether its condition failed, and on which item.
    Refused(Vec<Refused>),
}

/// Whether the condition of one part failed.
#[derive(Debug)]
pub(super) enum Refused {
    No,
    /// It did, on this item; `None` where there is none.
    Yes(Option<Item>),
}

/// A condition on one part of a transaction, with the values it names; none where the expression is empty.
///
/// Attributes are named with `#`: some of their names are reserved words.
#[derive(Debug, Default)]
pub(super) struct If {
    pub(super) expression: &'static str,
    pub(super) values: Item,
}

impl If {
    fn expression(&self) -> Option<String> {
        (!self.expression.is_empty()).then(|| self.expression.to_owned())
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        let words = self.expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '#'));
        let names: HashMap<String, String> =
            words.filter_map(|word| Some((word.to_owned(), word.strip_prefix('#')?.to_owned()))).collect();
        (!names.is_empty()).then_some(names)
    }

    fn values(self) -> Option<Item> {
        (!self.values.is_empty()).then_some(self.values)
    }
}

const OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

impl AwsLedger {
    pub(super) fn put(&self, item: Item, on: If) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.set_condition_expression(on.expression()).set_expression_attribute_names(on.names());
        let put = put.set_expression_attribute_values(on.values());
        let put = put.return_values_on_condition_check_failure(OLD).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(super) fn delete(&self, key: &Key, on: If) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key.item()));
        let delete =
            delete.set_condition_expression(on.expression()).set_expression_attribute_names(on.names());
        let delete = delete.set_expression_attribute_values(on.values());
        let delete = delete.return_values_on_condition_check_failure(OLD).build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    pub(super) fn check(&self, key: &Key, on: If) -> Result<TransactWriteItem, BuildError> {
        let check = ConditionCheck::builder().table_name(&self.table).set_key(Some(key.item()));
        let check =
            check.set_condition_expression(on.expression()).set_expression_attribute_names(on.names());
        let check = check.set_expression_attribute_values(on.values());
        let check = check.return_values_on_condition_check_failure(OLD).build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Writes all parts or none. A transaction that met another on its way is tried again, after a moment that differs
    /// from one writer to the next.
    pub(super) async fn transact(
        &self,
        writer: &str,
        parts: Result<Vec<TransactWriteItem>, BuildError>,
    ) -> Result<Transacted, CallError> {
        let parts =
            parts.map_err(|error| CallError::unsupported(TRANSACT, &self.table, &error.to_string()))?;
        let mut tries = 0;
        loop {
            let call = self.dynamodb.transact_write_items().set_transact_items(Some(parts.clone()));
            let Err(error) = call.send().await else { return Ok(Transacted::Written) };
            let mut told = failure(TRANSACT, &self.table, &error);
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(told);
            };
            let reasons = cancelled.cancellation_reasons();
            let other = reasons.iter().filter_map(CancellationReason::code).find(|code| !is_condition(code));
            match other {
                None if reasons.len() == parts.len() => {
                    return Ok(Transacted::Refused(reasons.iter().map(refused).collect()));
                }
                Some(code) if PASSING.contains(&code) && tries < TRIES => {}
                _ => {
                    told.retryable = other.is_some_and(|code| PASSING.contains(&code));
                    return Err(told);
                }
            }
            let apart = loopguard_account::digest(writer.as_bytes()) % 40;
            tokio::time::sleep(Duration::from_millis((20 << tries) + apart)).await;
            tries += 1;
        }
    }

    /// Writes items on no condition, each by itself.
    pub(super) async fn put_all(&self, items: Vec<Item>) -> Result<(), CallError> {
        let unfit = |error: BuildError| CallError::unsupported(BATCH, &self.table, &error.to_string());
        let put = |item: &Item| Ok(WriteRequest::builder().put_request(put_request(item)?).build());
        for some in items.chunks(MOST_IN_A_BATCH) {
            let mut left: Vec<WriteRequest> =
                some.iter().map(put).collect::<Result<_, BuildError>>().map_err(unfit)?;
            let mut tries = 0;
            while !left.is_empty() {
                if tries > TRIES {
                    let why = format!("{} items were not taken", left.len());
                    return Err(CallError {
                        retryable: true,
                        ..CallError::unsupported(BATCH, &self.table, &why)
                    });
                }
                let call = self.dynamodb.batch_write_item().request_items(&self.table, left).send().await;
                let answer = call.map_err(|error| failure(BATCH, &self.table, &error))?;
                let unprocessed = answer.unprocessed_items.and_then(|mut of| of.remove(&self.table));
                left = unprocessed.unwrap_or_default();
                if !left.is_empty() {
                    tokio::time::sleep(Duration::from_millis(20 << tries)).await;
                }
                tries += 1;
            }
        }
        Ok(())
    }

    /// Reads an item as it is now.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, CallError> {
        let call = self.dynamodb.get_item().table_name(&self.table).set_key(Some(key.item()));
        let answer = call.consistent_read(true).send().await;
        answer.map(|answer| answer.item).map_err(|error| failure(GET, &key.sk, &error))
    }

    /// Returns the query of all items of a kind, as they are now, in the order of their keys.
    pub(super) fn of_kind(&self, pk: &str) -> QueryFluentBuilder {
        let query = self.dynamodb.query().table_name(&self.table).consistent_read(true);
        query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", text(pk))
    }

    /// Returns the query for the items of one `pk` whose `sk` is this or comes after it.
    pub(super) fn of_kind_from(&self, pk: &str, sk: &str) -> QueryFluentBuilder {
        let query = self.of_kind(pk).expression_attribute_values(":sk", text(sk));
        query.key_condition_expression("pk = :pk AND sk >= :sk")
    }

    /// Reads the items of a query, at most so many.
    pub(super) async fn items(&self, query: QueryFluentBuilder, most: usize) -> Result<Vec<Item>, CallError> {
        let mut items = Vec::new();
        let mut from = None;
        while items.len() < most {
            let page = query.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| failure(QUERY, &self.table, &error))?;
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                break;
            }
        }
        items.truncate(most);
        Ok(items)
    }

    /// Counts the items of a query.
    pub(super) async fn count(&self, query: QueryFluentBuilder) -> Result<usize, CallError> {
        let (mut count, mut from) = (0, None);
        loop {
            let page = query.clone().select(Select::Count).set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| failure(QUERY, &self.table, &error))?;
            count += usize::try_from(page.count()).unwrap_or_default();
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(count);
            }
        }
    }
}

fn put_request(item: &Item) -> Result<PutRequest, BuildError> {
    PutRequest::builder().set_item(Some(item.clone())).build()
}

fn is_condition(code: &str) -> bool {
    matches!(code, "None" | "ConditionalCheckFailed")
}

fn refused(reason: &CancellationReason) -> Refused {
    match reason.code() {
        Some("ConditionalCheckFailed") => Refused::Yes(reason.item().cloned()),
        _ => Refused::No,
    }
}
