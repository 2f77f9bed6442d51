//! Files of facts: what is wrong is told with its place, what is right arrives.

use super::*;
use loopguard_model::Scope;
use loopguard_pattern::Term;

fn file(text: &str) -> Result<FactsFile> {
    let path =
        std::env::temp_dir().join(format!("loopguard-facts-{}-{}.toml", std::process::id(), text.len()));
    std::fs::write(&path, text).unwrap();
    let read = FactsFile::read(&path);
    std::fs::remove_file(&path).unwrap();
    read
}

fn inventory() -> Inventory {
    let unknown = Term::literal("x");
    Inventory::new(Scope { partition: Term::literal("aws"), account: unknown.clone(), region: unknown })
}

#[test]
fn a_wrong_key_is_told_with_its_place_and_the_nearest_one() {
    let error = file("\n[[bucket]]\nname = \"a\"\nnotifys = true\n").unwrap_err().to_string();
    assert!(error.contains(":4:1: "), "{error}");
    assert!(error.ends_with("did you mean `notifies`?"), "{error}");
    let error = file("[[bucket]]\nname = 3\nnotifies = true\n").unwrap_err().to_string();
    assert!(error.contains(":2:8: "), "{error}");
    assert!(file("[[bucket").is_err());
}

#[test]
fn facts_that_name_nothing_are_told_with_their_place() {
    let text = "[[call]]\nworkload = \"Nobody\"\ncall = \"s3:PutObject\"\n\n[[policy]]\nrole = \"NoRole\"\nname = \"p\"\n\
                document = '{}'\n\n[[intended]]\nrule = \"NoRule\"\nreason = \"r\"\n";
    let mut inventory = inventory();
    file(text).unwrap().apply(&mut inventory);
    let told: Vec<String> =
        inventory.notes.iter().map(|note| format!("{} {}", note.origin, note.message)).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains(".toml:2:12 no workload `Nobody`"), "{told:?}");
    assert!(told[1].contains("no role `NoRole`") && told[2].contains("no rule `NoRule`"), "{told:?}");
}

#[test]
fn trails_and_buckets_are_known_afterwards() {
    let mut inventory = inventory();
    let text = "[trails]\nlogging = true\ndata = [\"AWS::S3::Object\"]\n[[bucket]]\nname = \"in\"\nnotifies = true\n";
    file(text).unwrap().apply(&mut inventory);
    let trails = inventory.trails.unwrap();
    assert!(trails.logging && trails.management_writes && trails.management_reads);
    assert!(inventory.bucket_notifications[&Term::literal("in")]);
}
