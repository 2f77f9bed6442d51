use super::{FileLedger, beside, locked};
use loopguard_account::{Ledger, MemoryLedger, laws};
use loopguard_decision::{Book, Pause, RuleRef, Timestamp};
use std::fs;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Returns what a future of a file gives: none of them ever waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a file waits for nothing"),
    }
}

/// A folder of one test, empty.
fn path(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("loopguard-ledger-{}-{test}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join("ledger.json")
}

fn pause(by: &str) -> Pause {
    Pause { until: None, at: Timestamp(1), by: by.into() }
}

#[test]
fn a_file_keeps_the_laws_of_ledgers() {
    let path = path("laws");
    FileLedger::create(&path, &Book::default()).unwrap();
    let ledger = FileLedger::open(&path).unwrap();
    assert_eq!(ready(laws::check_ledger(&ledger, Timestamp(1_700_000_000_000))), Ok(()));
}

/// What functions in memory write down of rules that they watch.
#[test]
fn memory_keeps_the_laws_of_what_is_watched() {
    let ledger = MemoryLedger::default();
    assert_eq!(ready(laws::check_watched(&ledger, Timestamp(1_700_000_000_000))), Ok(()));
}

#[test]
fn what_is_written_is_read_by_the_next() {
    let path = path("kept");
    FileLedger::create(&path, &Book::default()).unwrap();
    let ledger = FileLedger::open(&path).unwrap();
    ready(ledger.set_pause(Some(pause("ana")))).unwrap();
    let again = FileLedger::open(&path).unwrap();
    assert_eq!(ready(again.pause()), Ok(Some(pause("ana"))));
    assert!(!beside(&path, "new").exists());
}

#[test]
fn a_ledger_that_is_not_there_is_not_made_by_looking() {
    let path = path("absent");
    let told = FileLedger::open(&path).unwrap_err().to_string();
    assert!(told.contains("there is no ledger") && told.contains("loopguard demo --ledger"), "{told}");
    assert!(!path.exists());
}

#[test]
fn what_is_no_ledger_is_told_and_left_as_it_is() {
    for (name, text, reason) in [
        ("other", r#"{"orders": [1, 2]}"#, "is no ledger: missing field `loopguard_ledger`"),
        ("text", "important notes", "is no ledger: expected value at line 1 column 1"),
        (
            "newer",
            r#"{"loopguard_ledger": 7, "book": {}}"#,
            "version 7 of the format; this loopguard reads 1",
        ),
        ("cut", r#"{"loopguard_ledger": 1, "book": {"incidents": {}}}"#, "is broken: missing field `locks`"),
    ] {
        let path = path(name);
        FileLedger::create(&path, &Book::default()).unwrap();
        let ledger = FileLedger::open(&path).unwrap();
        fs::write(&path, text).unwrap();
        let told = [
            FileLedger::open(&path).unwrap_err().to_string(),
            FileLedger::create(&path, &Book::default()).unwrap_err().to_string(),
            ready(ledger.set_pause(Some(pause("ana")))).unwrap_err().message,
        ];
        for told in told {
            assert!(told.contains(reason), "{name}: {told}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "{name}");
    }
}

#[test]
fn two_at_once_lose_nothing() {
    let path = path("both");
    FileLedger::create(&path, &Book::default()).unwrap();
    let write = |who: &str| {
        let ledger = FileLedger::open(&path).unwrap();
        for number in 0..20 {
            let rule = RuleRef { bus: "default".into(), name: format!("{who}-{number}").into() };
            ready(ledger.note_reach(&rule, &["role".into()].into(), Timestamp(0))).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| write("a"));
        scope.spawn(|| write("b"));
    });
    let ledger = FileLedger::open(&path).unwrap();
    assert_eq!(ready(ledger.reaching("role")).unwrap().len(), 40);
}

#[test]
fn a_change_waits_for_the_lock_but_not_for_ever() {
    let path = path("locked");
    FileLedger::create(&path, &Book::default()).unwrap();
    let ledger = FileLedger::open(&path).unwrap();
    let lock = locked(&path).unwrap();
    let started = Instant::now();
    let told = ready(ledger.set_pause(Some(pause("ana")))).unwrap_err().message;
    assert!(
        told.contains("another program holds the lock") && told.contains("nothing was changed"),
        "{told}"
    );
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(ready(ledger.pause()), Ok(None), "reading needs no lock");
    drop(lock);
    ready(ledger.set_pause(Some(pause("ana")))).unwrap();
}
