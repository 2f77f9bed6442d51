use super::Code;
use std::collections::BTreeSet;

#[test]
fn names_are_unique_kebab_case_and_read_back() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(code.as_str().chars().all(kebab), "{code}");
        assert_eq!(Code::from_word(code.as_str()), Some(code));
    }
    assert_eq!(Code::from_word("Self-Trigger"), None);
}

#[test]
fn every_page_has_its_five_parts() {
    for code in Code::ALL {
        let page = code.page();
        assert!(page.starts_with(&format!("# {code}\n\n")), "{code}");
        assert!(code.summary().ends_with('.') && code.summary().len() < 100, "{code}: {}", code.summary());
        let parts: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(parts, ["Why it matters", "Example", "How to fix it", "How sure it is"], "{code}");
        assert!(page.contains("\n```"), "{code} has no example");
    }
}
