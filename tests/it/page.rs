//! The HTML report in a browser: Chromium, driven by its own driver, where both are there.

mod browser;

use crate::accounts::{self, Shape};
use crate::workspace;
use browser::Browser;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Returns a page of these arguments, as a file.
fn page(name: &str, args: &[&str]) -> PathBuf {
    let output = workspace::loopguard().args(["scan", "--format", "html"]).args(args).output().unwrap();
    assert!(output.stdout.starts_with(b"<!doctype html>"), "{}", String::from_utf8_lossy(&output.stderr));
    let file = std::env::temp_dir().join(format!("loopguard-page-{}-{name}.html", std::process::id()));
    fs::write(&file, &output.stdout).unwrap();
    file
}

/// Texts of a picture that reach out of their box or of the picture, and whether the page is wider than its window.
const OVERFLOWS: &str = "
const out = [];
for (const node of document.querySelectorAll('svg .node')) {
  const box = node.querySelector('rect').getBBox();
  for (const text of node.querySelectorAll('text')) {
    if (text.getBBox().width > box.width - 4) out.push(text.textContent);
  }
}
for (const svg of document.querySelectorAll('svg.figure')) {
  const [, , width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
  for (const text of svg.querySelectorAll('text')) {
    const box = text.getBBox();
    if (box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height) out.push(text.textContent);
  }
}
for (const block of document.querySelectorAll('dd, dt, h1, h2, h3, p, li, summary, pre, nav')) {
  if (block.offsetParent && block.scrollWidth > block.clientWidth + 1 && getComputedStyle(block).display !== 'inline') out.push(block.textContent);
}
if (document.documentElement.scrollWidth > window.innerWidth) out.push('the page: ' + document.documentElement.scrollWidth);
return out;";

/// Labels that lie over each other, or over a box.
const COLLISIONS: &str = "
const out = [];
for (const svg of document.querySelectorAll('article svg.figure')) {
  const labels = Array.from(svg.querySelectorAll('text.label'), (text) => [text, text.getBBox()]);
  const boxes = Array.from(svg.querySelectorAll('.node rect'), (rect) => [rect, rect.getBBox()]);
  labels.forEach(([text, a], at) => {
    for (const [other, b] of labels.slice(at + 1).concat(boxes)) {
      if (a.x < b.x + b.width && b.x < a.x + a.width && a.y + 2 < b.y + b.height - 2 && b.y + 2 < a.y + a.height - 2) out.push(text.textContent + ' / ' + other.textContent);
    }
  });
}
return out;";

/// Contrast of the text of each kind with what is behind it, as WCAG computes it: those below 4.5.
const FAINT: &str = "
const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
const behind = (node) => { for (let at = node; at; at = at.parentElement) { const colour = parse(getComputedStyle(at).backgroundColor); if (colour.length < 4 || colour[3] > 0) return colour; } return [255, 255, 255]; };
const out = [];
for (const node of document.querySelectorAll('h1, h2, h3, p, dt, dd, summary, li, th, td, code, pre, mark, .badge, .verdict, .muted, a')) {
  const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) out.push(node.tagName + '.' + node.className + ' ' + ratio.toFixed(2));
}
return Array.from(new Set(out));";

/// Names that two things have, and links that lead to nothing.
const DANGLING: &str = "
const ids = Array.from(document.querySelectorAll('[id]'), (node) => node.id);
const out = ids.filter((id, at) => ids.indexOf(id) !== at);
for (const link of document.querySelectorAll('a')) {
  const to = link.getAttribute('href');
  if (!to.startsWith('#') || !document.getElementById(to.slice(1))) out.push(to);
}
return out;";

/// Boxes of a loop's picture that lead to no step of its story, numbered steps that lead to no box of its picture, boxes of the
/// overview that lead to no loop.
const APART: &str = "
const out = [];
const target = (link) => document.getElementById(link.getAttribute('href').slice(1));
for (const article of document.querySelectorAll('article')) {
  const [figure, story] = [article.querySelector('svg'), article.querySelector('.story')];
  for (const box of figure.querySelectorAll('.node.rule, .node.target')) {
    const link = box.closest('a');
    if (!link || !story.contains(target(link))) out.push(box.textContent);
  }
  for (const step of story.querySelectorAll('li')) {
    const link = step.querySelector('a.step');
    if (link ? !figure.contains(target(link)) || !target(link).matches('.node') : !step.textContent.startsWith('its role allows it')) out.push(step.textContent);
  }
}
for (const box of document.querySelectorAll('section[aria-labelledby=overview] .node:is(.loop, .open)')) {
  const link = box.closest('a');
  if (!link || !target(link).matches('article, .lines li')) out.push(box.textContent);
}
return out;";

fn nothing(found: &Value) {
    assert_eq!(*found, json!([]));
}

#[test]
fn the_page_reads_well_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    for (name, args) in [
        ("templates", ["tests/cases/templates"].as_slice()),
        ("shapes", &["tests/cases/shapes"]),
        ("none", &["tests/cases/templates/harmless.yaml"]),
        ("snapshot", &["tests/cases/shapes/N29.json"]),
    ] {
        let file = page(name, args);
        reads_well(&browser, &file);
        fs::remove_file(file).unwrap();
    }
}

/// As large as accounts are: what is left out of the page is left out of its pictures and links, too.
#[test]
fn the_page_of_an_account_of_any_size_reads_well_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    for rules in [10, 300, 3_000] {
        let text = accounts::snapshot(&Shape::of(rules));
        let snapshot =
            std::env::temp_dir().join(format!("loopguard-page-{}-{rules}.json", std::process::id()));
        fs::write(&snapshot, text).unwrap();
        let file = page(&format!("of-{rules}"), &[snapshot.to_str().unwrap()]);
        assert!(fs::metadata(&file).unwrap().len() < 2 << 20);
        reads_well(&browser, &file);
        fs::remove_file(snapshot).unwrap();
        fs::remove_file(file).unwrap();
    }
}

/// What a link leads to is seen, wherever it stands: in a picture, in a story, or in a table that was filtered.
#[test]
fn what_a_link_leads_to_is_seen() {
    let Some(browser) = Browser::start() else { return };
    let file = page("links", &["tests/cases/templates"]);
    browser.window(1280, 900);
    browser.open(&file);
    let seen = "
        const target = document.querySelector(':target');
        const box = target.getBoundingClientRect();
        return box.height > 0 && box.top >= 0 && box.bottom <= window.innerHeight;";
    for link in
        ["article a.step", "article .node.rule", "section[aria-labelledby=overview] .node", "tbody th a"]
    {
        browser.run(&format!(
            "location.hash = document.querySelector('{link}').closest('a').getAttribute('href')"
        ));
        // An article may be higher than the window: its heading is seen.
        let tall = "return document.querySelector(':target').matches('article')";
        assert!(browser.run(tall) == true || browser.run(seen) == true, "{link}");
    }
    browser.type_into("#words", "nothing has this word");
    browser.run("location.hash = '#r-3'");
    browser.run("return document.body.offsetHeight");
    assert_eq!(browser.run("return document.getElementById('r-3').offsetHeight > 0"), true);
    fs::remove_file(file).unwrap();
}

#[test]
fn the_story_of_the_demo_reads_well_in_a_browser() {
    let file = std::env::temp_dir().join(format!("loopguard-page-{}-demo.html", std::process::id()));
    let output = workspace::loopguard().args(["demo", "--hours", "1", "--html"]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let shown = fs::read_to_string(&file).unwrap();
    for part in ["<h2 id=\"c1\">Without the guard</h2>", "DISABLED by the guard", "What that cost", "<svg"] {
        assert!(shown.contains(part), "no `{part}`");
    }
    if let Some(browser) = Browser::start() {
        reads_well(&browser, &file);
    }
    fs::remove_file(file).unwrap();
}

/// In light and dark, on a wide window and a narrow one; without complaints, and without asking for anything.
fn reads_well(browser: &Browser, file: &Path) {
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for width in [1280, 400] {
            browser.window(width, 900);
            browser.open(file);
            nothing(&browser.run(OVERFLOWS));
            nothing(&browser.run(COLLISIONS));
        }
        nothing(&browser.run(FAINT));
    }
    nothing(&browser.run(DANGLING));
    nothing(&browser.run(APART));
    assert_eq!(browser.complaints(), Vec::<String>::new(), "{}", file.display());
    // The page itself, once for each time it was opened, and nothing else.
    let asked = browser.asked_for();
    assert!(
        asked.iter().all(|url| url.starts_with("file://") && url.contains("loopguard-page-")),
        "{asked:?}"
    );
    // No heading is skipped, and everything that can be clicked says what it is.
    let headings = browser
        .run("return Array.from(document.querySelectorAll('h1, h2, h3'), (h) => Number(h.tagName[1]))");
    let levels: Vec<i64> = headings.as_array().unwrap().iter().map(|level| level.as_i64().unwrap()).collect();
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let nameless = "return Array.from(document.querySelectorAll('input, select'), (field) => field.labels.length).filter((n) => n === 0)";
    nothing(&browser.run(nameless));
}

#[test]
fn the_filter_filters_and_is_not_needed() {
    let Some(browser) = Browser::start() else { return };
    let file = page("filter", &["tests/cases/templates"]);
    let shown = "return Array.from(document.querySelectorAll('tbody tr')).filter((row) => row.offsetHeight > 0).length";
    browser.open(&file);
    let all = browser.run(shown);
    assert_eq!(all, 9);
    browser.type_into("#words", "revertacl");
    assert_eq!(browser.run(shown), 1);
    assert_eq!(browser.run("return document.getElementById('count').textContent"), "1 of 9 shown");
    browser.type_into("#words", " nothing has this word");
    assert_eq!(browser.run(shown), 0);
    browser.scripts(false);
    browser.open(&file);
    assert_eq!(browser.run(shown), all);
    assert_eq!(browser.run("return document.getElementById('filter').offsetHeight"), 0);
    browser.scripts(true);
    fs::remove_file(file).unwrap();
}

/// Names with all that a page could take for markup, and longer than any box.
#[test]
fn hostile_names_stay_text() {
    let folder = std::env::temp_dir().join(format!("loopguard-hostile-page-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let hostile = folder.join("hostile.json");
    fs::write(&hostile, crate::formats::hostile_template()).unwrap();
    let file = page("hostile", &[hostile.to_str().unwrap()]);
    if let Some(browser) = Browser::start() {
        browser.open(&file);
        assert_eq!(browser.run("return typeof window.hacked"), "undefined");
        assert_eq!(browser.run("return document.querySelectorAll('script').length"), 1);
        assert_eq!(browser.run("return document.querySelectorAll('img, b').length"), 0);
        nothing(&browser.run(OVERFLOWS));
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
    fs::remove_dir_all(folder).unwrap();
    fs::remove_file(file).unwrap();
}
