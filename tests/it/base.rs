//! `loopguard scan --base`: what a change brings, held against an earlier report or a revision.

use crate::workspace;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Repository(PathBuf);

impl Repository {
    fn of(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("loopguard-repository-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("infra")).unwrap();
        let repository = Self(folder);
        repository.git(&["init", "-q"]);
        repository
    }

    fn git(&self, args: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(identity).args(args).current_dir(&self.0).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "a state"]);
    }

    fn put(&self, name: &str, case: &str) {
        let text = fs::read_to_string(workspace::root().join("tests/cases/templates").join(case)).unwrap();
        fs::write(self.0.join("infra").join(name), text).unwrap();
    }

    fn scan(&self, folder: &Path, args: &[&str]) -> Output {
        workspace::loopguard().current_dir(self.0.join(folder)).arg("scan").args(args).output().unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn only_what_is_new_fails() {
    let repository = Repository::of("new");
    repository.put("acl.yaml", "acl-loop.yaml");
    repository.commit();
    let same = repository.scan(Path::new(""), &["--base", "HEAD", "infra"]);
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    assert!(text(&same).contains("since HEAD: 0 new, 0 fixed, 1 unchanged"), "{}", text(&same));
    // Lines that move make nothing new.
    let acl = repository.0.join("infra/acl.yaml");
    let moved = format!("# moved\n{}", fs::read_to_string(&acl).unwrap());
    fs::write(&acl, moved).unwrap();
    assert_eq!(repository.scan(Path::new(""), &["--base", "HEAD", "infra"]).status.code(), Some(0));
    repository.put("machine.yaml", "restart-machine.yaml");
    for folder in ["", "infra"] {
        let path = if folder.is_empty() { "infra" } else { "." };
        let more = repository.scan(Path::new(folder), &["--base", "HEAD", path]);
        assert_eq!(more.status.code(), Some(1), "{more:?}");
        let told = text(&more);
        assert!(told.contains("error[self-trigger]: rule `StartAgain`"), "{told}");
        assert!(told.contains("unchanged: ") && told.contains("1 new, 0 fixed, 1 unchanged"), "{told}");
    }
    let report: Value = serde_json::from_str(&text(
        &repository.scan(Path::new(""), &["--base", "HEAD", "--format", "json", "infra"]),
    ))
    .unwrap();
    let new: Vec<bool> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["new"].as_bool().unwrap())
        .collect();
    assert_eq!(new.iter().filter(|new| **new).count(), 1, "{report:#}");
    let annotations =
        text(&repository.scan(Path::new(""), &["--base", "HEAD", "--format", "github", "infra"]));
    assert_eq!(annotations.matches("::error ").count(), 1, "{annotations}");
}

#[test]
fn what_is_gone_is_fixed() {
    let repository = Repository::of("fixed");
    repository.put("acl.yaml", "acl-loop.yaml");
    let earlier = repository.scan(Path::new(""), &["--format", "json", "infra"]);
    fs::write(repository.0.join("earlier.json"), &earlier.stdout).unwrap();
    repository.put("acl.yaml", "harmless.yaml");
    for format in ["full", "markdown"] {
        let now = repository.scan(Path::new(""), &["--base", "earlier.json", "--format", format, "infra"]);
        assert_eq!(now.status.code(), Some(0));
        let told = text(&now);
        assert!(told.contains("0 new, 1 fixed") && told.contains("triggers itself"), "{told}");
    }
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let repository = Repository::of("error");
    repository.put("acl.yaml", "acl-loop.yaml");
    repository.commit();
    fs::write(repository.0.join("odd.json"), "{}").unwrap();
    for base in ["no-such-revision", "odd.json", "infra/acl.yaml"] {
        let output = repository.scan(Path::new(""), &["--base", base, "infra"]);
        assert_eq!(output.status.code(), Some(2), "{base}");
        assert!(!output.stderr.is_empty());
    }
    let whole = repository.0.join("infra");
    let output = repository.scan(Path::new(""), &["--base", "HEAD", whole.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    // What was not there had no findings.
    repository.put("machine.yaml", "restart-machine.yaml");
    let output = repository.scan(Path::new(""), &["--base", "HEAD", "infra/machine.yaml"]);
    assert_eq!(output.status.code(), Some(1));
}
