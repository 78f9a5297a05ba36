//! Every page and plot of this repository: its links lead somewhere, and a browser shows it whole, on a desktop and on a
//! phone, light and dark. Each check has a page beside them of which everything is wrong.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use behaviour_tests::{finish, root, scratch, spawn};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use serde_json::json;
use url::Url;

/// What the browser may be called.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The background of a page, light and dark, as the browser writes it, and the setting that brings it.
const SCHEMES: [(&str, &str); 2] = [("rgb(255, 255, 255)", "1"), ("rgb(13, 17, 23)", "0")];

/// The files with this ending below docs, crates and results, and README.md.
fn files(ending: &str) -> Vec<PathBuf> {
    let mut find = Command::new("find");
    find.args(["docs", "crates", "results", "README.md", "-name", &format!("*.{ending}")]);
    find.args(["-not", "-path", "*/raw/*", "-not", "-path", "*/fixtures/*"]).current_dir(root());
    finish(spawn(&mut find)).out.iter().map(|line| root().join(line)).collect()
}

#[test]
fn links_lead_somewhere() {
    let folder = scratch();
    let wrong = folder.path().join("wrong.md");
    fs::write(folder.path().join("other.md"), "# It's `a` title, 1 %\n## Same\n## Same\n").unwrap();
    let text = "# Own\n[1](#own) [2](other.md#its-a-title-1-) [3](other.md#same-1) <https://example.org/x>\n\n\
                [4](#missing) [5](other.md#same-2) ![6](missing.svg) <a href=\"gone.md\">7</a>";
    fs::write(&wrong, text).unwrap();
    let mut pages = files("md");
    assert!(pages.iter().any(|page| page.ends_with("docs/models.md")), "the pages were not found");
    pages.push(wrong);
    let dead: Vec<String> = pages.iter().flat_map(|page| dead_links(page)).collect();
    let expected = ["#missing", "other.md#same-2", "missing.svg", "gone.md"];
    let found = dead.iter().zip(expected).all(|(line, link)| line.ends_with(&format!("wrong.md: {link}")));
    assert!(found && dead.len() == 4, "dead links: {dead:#?}");
}

/// The links of a page that lead nowhere, as `page: link`. Links to other sites are not followed.
fn dead_links(page: &Path) -> Vec<String> {
    let found = links(page).0.into_iter();
    let dead = found.filter(|link| !link.contains("://") && !link.starts_with("mailto:")).filter(|link| {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if file.is_empty() { page.to_owned() } else { page.with_file_name(file) };
        let is_heading = |anchor| links(&target).1.contains(anchor);
        !target.exists() || !(anchor.is_empty() || is_heading(&anchor.to_owned()))
    });
    dead.map(|link| format!("{}: {link}", page.display())).collect()
}

/// What the links and pictures of a page lead to, also those in HTML; and the anchors that GitHub gives to its headings:
/// words in lower case, joined by hyphens, without punctuation; a number after the second of the same name.
fn links(page: &Path) -> (Vec<String>, Vec<String>) {
    let text = fs::read_to_string(page).unwrap();
    let (mut links, mut anchors) = (Vec::new(), Vec::new());
    let (mut seen, mut heading) = (HashMap::new(), String::new());
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
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
            Event::Start(Tag::Heading { .. }) => heading.clear(),
            Event::Text(text) | Event::Code(text) => heading.push_str(&text),
            Event::End(TagEnd::Heading(_)) => {
                let words = heading.to_lowercase().replace(' ', "-");
                let anchor: String =
                    words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
                let times = seen.entry(anchor.clone()).or_insert(0);
                anchors.push(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
                *times += 1;
            }
            _ => {}
        }
    }
    (links, anchors)
}

#[test]
fn pages_fit_and_plots_can_be_read() {
    let runs = |name: &&str| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    let Some(browser) = NAMES.into_iter().find(runs) else {
        return eprintln!("skipped: no {} here, so no page is rendered", NAMES.join(", "));
    };
    let folder = scratch();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let cell = "wide".repeat(300);
    let wrong_page =
        format!("![x](gone.svg)\n\n<div style=\"width: 2000px\">x</div>\n\n|{cell}|\n|-|\n|1|\n");
    let wrong_plot = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"716\" height=\"50\" viewBox=\"0 0 716 50\">\
         <text x=\"9\" y=\"20\" font-size=\"12\" fill=\"#888888\">grey</text></svg>";
    let (mut pages, mut plots) = (files("md"), files("svg"));
    pages.push(write("wrong.md", &wrong_page));
    plots.push(write("wrong.svg", wrong_plot));
    let url = |path: &Path| Url::from_file_path(path.canonicalize().unwrap()).unwrap();
    let page = |(number, path): (usize, &PathBuf)| json!({ "name": path, "url": url(&write(&format!("{number}.html"), &document(path, &url(path)))) });
    let work = json!({
        "pages": pages.iter().enumerate().map(page).collect::<Vec<_>>(),
        "plots": plots.iter().map(|path| json!({ "name": path, "url": url(path) })).collect::<Vec<_>>(),
    });
    let script = include_str!("../browser/check.js");
    let start = &write(
        "check.html",
        &format!("<!doctype html><meta charset=utf-8><body><script>const work = {work};\n{script}</script>"),
    );
    let found: Vec<String> = thread::scope(|scope| {
        let runs = SCHEMES.map(|scheme| scope.spawn(move || check(browser, start, scheme)));
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    for part in [
        "no picture gone.svg",
        "wrong.md at 390 px: it is 20",
        "a table is",
        "text of 6.0 px",
        "contrast of 3.5",
    ] {
        assert!(found.iter().any(|line| line.contains(part)), "{part:?} is not in {found:#?}");
    }
    let others: Vec<_> = found.iter().filter(|line| !line.contains("/wrong.")).collect();
    assert!(others.is_empty(), "{others:#?}");
}

/// Runs the check in one colour scheme.
fn check(browser: &str, start: &Path, (background, setting): (&str, &str)) -> Vec<String> {
    let mut command = Command::new(browser);
    command
        .args(["--headless", "--disable-gpu", "--no-first-run", "--allow-file-access-from-files"])
        .arg("--no-sandbox") // root has none, and only files of our own are opened
        .arg(format!("--user-data-dir={}", start.with_file_name(setting).display()))
        .arg(format!("--blink-settings=preferredColorScheme={setting}"))
        .args(["--window-size=1100,900", "--virtual-time-budget=600000", "--dump-dom"])
        .arg(start);
    let lines = finish(spawn(&mut command)).out;
    let found: Vec<_> = lines.iter().skip_while(|line| !line.contains("<pre>")).skip(1).cloned().collect();
    let end = found.iter().position(|line| line == "all checked").expect("the browser comes to the end");
    assert_eq!(found[0], format!("on {background}"), "it is not the colour scheme that was asked for");
    found[1..end].iter().map(|line| format!("on {background}, {line}")).collect()
}

/// A page as GitHub would make it of its Markdown, whose relative links lead where they did.
fn document(path: &Path, base: &Url) -> String {
    let text = fs::read_to_string(path).unwrap();
    let mut body = String::new();
    html::push_html(&mut body, Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_GFM));
    let style = include_str!("../browser/page.css");
    format!(
        "<!doctype html><meta charset=utf-8><base href=\"{base}\"><style>{style}</style><article>{body}</article>"
    )
}
