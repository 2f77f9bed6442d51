//! Alerts and notices as messages of a topic, for people, and as events on a bus, for programs.

use crate::AwsAccount;
use crate::failure::failure;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sns::types::MessageAttributeValue;
use loopguard_account::{
    Alert, CallError, EVENT_DETAIL_TYPE, EVENT_SOURCE, NOTICE_DETAIL_TYPE, Notice, Receipt,
};

/// What goes out.
#[derive(Debug)]
pub(crate) struct Message {
    subject: String,
    text: String,
    json: String,
    detail_type: &'static str,
    /// What subscriptions can filter by. With the whole for programs, at most ten reach a queue with raw delivery (SNS
    /// Developer Guide, "Message attributes").
    attributes: Vec<(&'static str, String)>,
}

impl Message {
    pub(crate) fn of_alert(alert: &Alert) -> Self {
        Self {
            subject: alert.subject(),
            text: alert.text(),
            json: alert.json(),
            detail_type: EVENT_DETAIL_TYPE,
            attributes: vec![
                ("step", alert.word().to_owned()),
                ("code", alert.code.as_str().to_owned()),
                ("verdict", alert.verdict.as_str().to_owned()),
                ("bus", alert.bus.to_string()),
                ("rule", alert.rule.to_string()),
                ("alert", alert.json()),
            ],
        }
    }

    pub(crate) fn of_notice(notice: &Notice) -> Self {
        let mut attributes = vec![("notice", notice.json()), ("step", notice.kind.as_str().to_owned())];
        if let Some(rule) = &notice.rule {
            attributes.extend([("bus", rule.bus.to_string()), ("rule", rule.name.to_string())]);
        }
        Self {
            subject: notice.subject(),
            text: notice.text(),
            json: notice.json(),
            detail_type: NOTICE_DETAIL_TYPE,
            attributes,
        }
    }
}

/// Publishes the alert wherever the owner listens; into the log where that is nowhere.
///
/// The message is what counts: if it is sent and the event is not, the alert is out, and the log says what failed.
/// Where there is a bus alone the event counts.
pub(crate) async fn publish(account: &AwsAccount, message: &Message) -> Result<Receipt, CallError> {
    let sent = match &account.topic_arn {
        Some(topic) => Some(send(account, topic, message).await?),
        None => None,
    };
    let put = match &account.event_bus {
        Some(bus) => Some(put(account, bus, message).await),
        None => None,
    };
    match (sent, put) {
        (Some(receipt), put) => {
            if let Some(Err(error)) = put {
                tracing::warn!(subject = message.subject, %error, "the message is sent, but is no event");
            }
            Ok(receipt)
        }
        (None, Some(put)) => put,
        (None, None) => {
            let what = "no topic (`LOOPGUARD_TOPIC_ARN`) and no bus: the alert is only here";
            tracing::warn!(alert = message.json, "{what}");
            Ok(Receipt { request_id: "".into() })
        }
    }
}

async fn send(account: &AwsAccount, topic: &str, message: &Message) -> Result<Receipt, CallError> {
    let call = account.clients.sns.publish().topic_arn(topic);
    let mut call = call.subject(&message.subject).message(&message.text);
    for (name, value) in &message.attributes {
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(value).build();
        let attribute = attribute.map_err(|error| {
            CallError::unsupported("sns:Publish", topic, &format!("attribute `{name}`: {error}"))
        })?;
        call = call.message_attributes(*name, attribute);
    }
    let answer = call.send().await.map_err(|error| failure("sns:Publish", topic, &error))?;
    Ok(Receipt { request_id: answer.message_id().unwrap_or_default().into() })
}

async fn put(account: &AwsAccount, bus: &str, message: &Message) -> Result<Receipt, CallError> {
    const OPERATION: &str = "events:PutEvents";
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(bus)
        .source(EVENT_SOURCE)
        .detail_type(message.detail_type)
        .detail(&message.json)
        .build();
    let answer = account.clients.events.put_events().entries(entry).send().await;
    let answer = answer.map_err(|error| failure(OPERATION, bus, &error))?;
    // An entry that is refused comes with an answer that went well.
    let refused =
        answer.entries().iter().find_map(|entry| Some((entry.error_code()?, entry.error_message())));
    if let Some((code, message)) = refused {
        return Err(CallError {
            operation: OPERATION.to_owned(),
            subject: bus.to_owned(),
            code: Some(code.to_owned()),
            request_id: None,
            // Throttling and inner faults are the only ones that PutEvents documents for a well-formed entry.
            retryable: true,
            message: message.unwrap_or("the entry was refused").to_owned(),
        });
    }
    let id = answer.entries().first().and_then(|entry| entry.event_id());
    Ok(Receipt { request_id: id.unwrap_or_default().into() })
}
