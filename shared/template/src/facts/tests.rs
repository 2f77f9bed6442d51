use super::{PolicyTemplateTable, ResourceTable, WorkloadTable};
use std::collections::BTreeSet;

#[test]
fn every_row_of_the_tables_is_read_once_and_names_its_source() {
    let resources: ResourceTable = toml::from_str(include_str!("resources.toml")).unwrap();
    let workloads: WorkloadTable = toml::from_str(include_str!("workloads.toml")).unwrap();
    let templates: PolicyTemplateTable = toml::from_str(include_str!("policy-templates.toml")).unwrap();
    let mut seen = BTreeSet::new();
    for fact in &resources.resource {
        assert!(seen.insert(fact.class.clone()), "{} twice", fact.class);
        assert!(fact.source.starts_with("https://"), "{}", fact.class);
    }
    for fact in &workloads.workload {
        assert!(fact.source.starts_with("https://"), "{}", fact.class);
        assert!(seen.contains(&fact.class), "{} runs but has no names", fact.class);
        let known = super::resource(&fact.class).unwrap();
        let attribute = fact.arn.strip_prefix("{attr:").and_then(|rest| rest.strip_suffix('}'));
        let known = attribute.is_some_and(|name| known.attributes.contains_key(name));
        assert!(known || fact.arn.starts_with("arn:{partition}:"), "{}", fact.class);
    }
    assert!(templates.source.starts_with("https://"));
    let names: BTreeSet<&str> = templates.template.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names.len(), templates.template.len());
    assert!(names.len() >= 80, "{}", names.len());
}

#[test]
fn holes_of_forms_are_known_and_no_attribute_leads_to_itself() {
    for fact in super::RESOURCES.values() {
        for form in std::iter::once(&fact.reference).chain(fact.attributes.values()) {
            for hole in form.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0) {
                let (kind, argument) = hole.split_once(':').unwrap_or((hole, ""));
                let known = [
                    "name",
                    "rule",
                    "partition",
                    "account",
                    "region",
                    "suffix",
                    "new",
                    "prop",
                    "tail",
                    "attr",
                ];
                assert!(known.contains(&kind), "{hole} of {}", fact.class);
                if kind == "attr" {
                    let form =
                        fact.attributes.get(argument).unwrap_or_else(|| panic!("{hole} of {}", fact.class));
                    assert!(!form.contains("{attr:"), "{form} of {}", fact.class);
                }
            }
        }
    }
}
