//! The SARIF report against the schema of SARIF 2.1.0, which the crate `serde-sarif` ships: fetched at a pinned version with
//! `cargo`, never built, and held against by a pinned validator.

use crate::lab::harness::environment;
use crate::workspace;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the schema, fetched now if it is not there yet, or why it cannot be had.
fn schema(folder: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = "[package]\nname = \"schema\"\nedition = \"2024\"\n\n[dependencies]\n\
                    serde-sarif = { version = \"=0.8.0\", default-features = false }\n\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1"])
        .current_dir(folder)
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap();
    Ok(Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src").join("schema.json"))
}

#[test]
fn the_report_is_valid_sarif() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sarif");
    let pins = workspace::root().join("tests/sarif/requirements.txt");
    let tools = schema(&folder).and_then(|schema| Ok((schema, environment("sarif", &pins)?)));
    let (schema, python) = match tools {
        Ok(tools) => tools,
        Err(why) if std::env::var_os("CI").is_none() => {
            eprintln!("left out: the schema of SARIF ({why})");
            return;
        }
        Err(why) => panic!("{why}"),
    };
    let hostile = folder.join("hostile.json");
    fs::write(&hostile, crate::formats::hostile_template()).unwrap();
    let inputs = [
        "tests/cases/templates",
        "tests/cases/shapes",
        "tests/cases/shapes/N29.json",
        hostile.to_str().unwrap(),
    ];
    let mut reports = Vec::new();
    for (at, input) in inputs.into_iter().enumerate() {
        let output = workspace::loopguard().args(["scan", "--format", "sarif", input]).output().unwrap();
        let report = folder.join(format!("report-{at}.sarif"));
        fs::write(&report, &output.stdout).unwrap();
        reports.push(report);
    }
    let output = Command::new(python)
        .arg(workspace::root().join("tests/sarif/check.py"))
        .arg(schema)
        .args(&reports)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.matches(" results").count(), reports.len(), "{said}");
}
