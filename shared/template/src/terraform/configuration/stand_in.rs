//! Stand-ins for modules of the public registry: what they make of the arguments that matter here, in words of
//! the program's own.

use super::instance::Module;
use super::syntax;
use crate::notes::Notes;
use crate::source_text::SourceText;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names of modules of `terraform-aws-modules` and their stand-ins; each text names the page it was written from.
const TEXTS: &[(&str, &str)] = &[
    ("eventbridge", include_str!("../../facts/modules/eventbridge.tf")),
    ("lambda", include_str!("../../facts/modules/lambda.tf")),
    ("step-functions", include_str!("../../facts/modules/step-functions.tf")),
    ("sqs", include_str!("../../facts/modules/sqs.tf")),
    ("sns", include_str!("../../facts/modules/sns.tf")),
    ("s3-bucket", include_str!("../../facts/modules/s3-bucket.tf")),
];

/// Returns the stand-in's name for a module's source: `terraform-aws-modules/NAME/aws`, or the repository of it.
pub(super) fn name(source: &str) -> Option<&'static str> {
    let mut words = source
        .split(['/', '?', ':'])
        .map(|word| word.trim_end_matches(".git"))
        .filter(|word| !word.is_empty());
    words.find(|word| *word == "terraform-aws-modules")?;
    let name = words.next()?;
    let name = name.strip_prefix("terraform-aws-").unwrap_or(name);
    // What follows `//` is another module of the repository.
    let within = source.split("://").last().unwrap_or(source).contains("//");
    TEXTS.iter().map(|(own, _)| *own).find(|own| *own == name && !within)
}

/// Returns all stand-ins.
pub(super) fn modules() -> BTreeMap<&'static str, Module> {
    let read = |(name, text): &(&'static str, &'static str)| {
        let source = Arc::new(SourceText::new((*name).into(), (*text).into()));
        let notes = Notes::new(source);
        let body = syntax::native(text, 0, &notes);
        let module = Module {
            folder: (*name).into(),
            file: (*name).into(),
            bodies: vec![body],
            given: Vec::new(),
            stand_in: true,
        };
        (*name, module)
    };
    TEXTS.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::{TEXTS, modules, name};

    #[test]
    fn stand_ins_are_found_by_registry_and_by_repository() {
        for (source, found) in [
            ("terraform-aws-modules/eventbridge/aws", Some("eventbridge")),
            ("git::https://github.com/terraform-aws-modules/terraform-aws-lambda.git?ref=v7", Some("lambda")),
            ("registry.terraform.io/terraform-aws-modules/sqs/aws", Some("sqs")),
            ("terraform-aws-modules/s3-bucket/aws//modules/notification", None),
            ("terraform-aws-modules/vpc/aws", None),
            ("someone/eventbridge/aws", None),
        ] {
            assert_eq!(name(source), found, "{source}");
        }
    }

    #[test]
    fn every_stand_in_parses_and_names_its_page() {
        for (name, text) in TEXTS {
            assert!(
                text.starts_with("# source: https://registry.terraform.io/modules/terraform-aws-modules/"),
                "{name}"
            );
            assert!(!modules()[name].bodies[0].blocks.is_empty(), "{name}");
        }
    }
}
