//! The files of one reading, and those that templates refer to beside them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Texts by file name, and the names that were asked for and are not there.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: BTreeMap<Arc<str>, Arc<str>>,
    wanted: RefCell<BTreeSet<Arc<str>>>,
}

impl Files {
    /// Returns the files of these names and texts; of equal names the last counts.
    pub(crate) fn new(texts: impl Iterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        Self { known: texts.collect(), wanted: RefCell::default() }
    }

    /// Returns the file that `path` names as seen from the folder of `from`, if it is read. One that is not is
    /// remembered as wanted.
    pub(crate) fn beside(&self, from: &str, path: &str) -> Option<(&Arc<str>, &Arc<str>)> {
        let name = beside(from, path)?;
        let found = self.known.get_key_value(&*name);
        if found.is_none() {
            self.wanted.borrow_mut().insert(name.into());
        }
        found
    }

    /// Returns the only file whose name ends like the path of a URL, compared folder by folder from the end: the
    /// one that agrees longest.
    pub(crate) fn like(&self, url: &str) -> Option<&Arc<str>> {
        let agreeing = |name: &str| {
            name.rsplit('/').zip(url.rsplit('/')).take_while(|(ours, theirs)| ours == theirs).count()
        };
        let longest = self.known.keys().map(|name| agreeing(name)).max().filter(|longest| *longest > 0)?;
        let mut best = self.known.keys().filter(|name| agreeing(name) == longest);
        best.next().filter(|_| best.next().is_none())
    }

    /// Returns the file of that very name.
    pub(crate) fn named(&self, name: &str) -> Option<(&Arc<str>, &Arc<str>)> {
        self.known.get_key_value(name)
    }

    /// Returns what was asked for and is not there.
    pub(crate) fn into_wanted(self) -> BTreeSet<Arc<str>> {
        self.wanted.into_inner()
    }
}

/// Returns the path of `uri` as seen from the folder of `file`, or none for a URL or a path that leaves the root.
pub(crate) fn beside(file: &str, uri: &str) -> Option<String> {
    if uri.contains("://") || uri.starts_with('/') || uri.is_empty() {
        return None;
    }
    let root = if file.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    for part in uri.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, "." | "..")) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(format!("{root}{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::{Files, beside};

    #[test]
    fn paths_are_seen_from_the_templates_folder() {
        for (file, uri, path) in [
            ("template.yaml", "m.json", "m.json"),
            ("a/b/t.yaml", "./m/x.json", "a/b/m/x.json"),
            ("a/b/t.yaml", "../x.json", "a/x.json"),
            ("./a/t.yaml", "x.json", "./a/x.json"),
            ("/a/t.yaml", "x.json", "/a/x.json"),
        ] {
            assert_eq!(beside(file, uri).as_deref(), Some(path), "{uri} from {file}");
        }
        assert_eq!(beside("t.yaml", "s3://bucket/key"), None);
    }

    #[test]
    fn a_url_is_the_one_file_that_agrees_longest() {
        let names = ["a/iam/roles.yaml", "a/bus/roles.yaml", "a/net.yaml"];
        let files = Files::new(names.into_iter().map(|name| (name.into(), "".into())));
        let like = |url: &str| files.like(url).map(std::string::ToString::to_string);
        assert_eq!(like("https://b.s3.amazonaws.com/v1/bus/roles.yaml").as_deref(), Some("a/bus/roles.yaml"));
        assert_eq!(like("https://b.s3.amazonaws.com/v1/net.yaml").as_deref(), Some("a/net.yaml"));
        assert_eq!(like("https://b.s3.amazonaws.com/v1/roles.yaml"), None, "two agree alike");
        assert_eq!(like("https://b.s3.amazonaws.com/v1/other.yaml"), None);
    }
}
