//! Every relative link, picture and anchor of the pages in this repository leads somewhere.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use behaviour_tests::pages;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

#[test]
fn links_lead_somewhere() {
    let pages = pages::all();
    assert!(pages.iter().any(|page| page.ends_with("docs/models.md")), "the pages were not found");
    let dead: Vec<String> = pages.iter().flat_map(|page| dead_links(page)).collect();
    assert!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
}

#[test]
fn dead_links_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    fs::write(folder.path().join("other.md"), "# It's `a` title, 1 %\n## Same\n## Same\n").unwrap();
    let text = "# Own\n[1](#own) [2](other.md#its-a-title-1-) [3](other.md#same-1) <https://example.org/x>\n\n\
                [4](#missing) [5](other.md#same-2) ![6](missing.svg) <a href=\"gone.md\">7</a>";
    fs::write(&page, text).unwrap();
    let dead = dead_links(&page);
    let of = |link: &str| dead.iter().any(|line| line.ends_with(link));
    assert_eq!(dead.len(), 4, "{dead:?}");
    assert!(of("#missing") && of("other.md#same-2") && of("missing.svg") && of("gone.md"), "{dead:?}");
}

/// The links of a page that lead nowhere, as `page: link`. Links to other sites are not followed.
fn dead_links(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let links = links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:"));
    let dead = links.filter(|link| {
        let (file, anchor) =
            link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
        let target = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
        let found =
            || anchor.is_none_or(|anchor| anchors(&fs::read_to_string(&target).unwrap()).contains(anchor));
        !target.exists() || !found()
    });
    dead.map(|link| format!("{}: {link}", page.display())).collect()
}

/// What the links and pictures of a page lead to, also those in HTML.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                links.push(dest_url.to_string())
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                for attribute in ["href=\"", "src=\"", "srcset=\""] {
                    let values = html.split(attribute).skip(1).filter_map(|rest| rest.split_once('"'));
                    links.extend(values.map(|(value, _)| value.to_owned()));
                }
            }
            _ => {}
        }
    }
    links
}

/// The anchors that GitHub gives to the headings of a page: words in lower case, joined by hyphens, without
/// punctuation; a number after the second of the same name.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let words = heading.take().unwrap_or_default().to_lowercase().replace(' ', "-");
                let anchor: String =
                    words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
                let times = seen.entry(anchor.clone()).or_default();
                anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
                *times += 1;
            }
            _ => {}
        }
    }
    anchors
}
