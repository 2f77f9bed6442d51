//! What goes over the wire; that a bucket keeps the laws is tested in the lab.

use crate::replay::Replay;
use loopguard_account::{InventoryStore, RuleRef};

fn rule() -> RuleRef {
    RuleRef { bus: "orders".into(), name: "a.b".into() }
}

#[tokio::test]
async fn an_object_is_put_into_the_own_bucket() {
    let replay = Replay::start(|_| (200, String::new()));
    let account = replay.account().with_inventory(Some("seen".to_owned()));
    let stored = account.put(&rule(), "{}").await.unwrap().unwrap();
    assert_eq!(&*stored.object, "s3://seen/inventory/orders/a.b.json");
    let [call] = replay.contents("path").try_into().unwrap();
    assert!(call.starts_with("PUT /seen/inventory/orders/a.b.json?x-id=PutObject"), "{call}");
}

#[tokio::test]
async fn without_a_bucket_nothing_is_asked() {
    let replay = Replay::start(|_| (200, String::new()));
    assert_eq!(replay.account().put(&rule(), "{}").await, Ok(None));
    assert_eq!(replay.operations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refusal_names_operation_and_object() {
    let refused = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    let replay = Replay::start(move |_| (403, refused.to_owned()));
    let account = replay.account().with_inventory(Some("seen".to_owned()));
    let error = account.put(&rule(), "{}").await.unwrap_err();
    assert_eq!((&*error.operation, &*error.subject), ("s3:PutObject", "inventory/orders/a.b.json"));
    assert_eq!((error.code.as_deref(), error.retryable), (Some("AccessDenied"), false));
}
