//! Every page and plot as a browser shows it: on a desktop and on a phone, light and dark.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use behaviour_tests::pages;
use pulldown_cmark::{Options, Parser, html};
use serde_json::json;
use tempfile::TempDir;

/// What the browser may be called.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The background of a page, light and dark, as the browser writes it, and the setting that brings it.
const SCHEMES: [(&str, &str); 2] = [("rgb(255, 255, 255)", "1"), ("rgb(13, 17, 23)", "0")];

#[test]
fn pages_fit_and_plots_can_be_read() {
    let Some(browser) = browser() else { return };
    let found = check(browser, &pages::all(), &pages::plots());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_does_not_fit_is_found() {
    let Some(browser) = browser() else { return };
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    };
    let cell = "wide".repeat(300);
    let page = write(
        "page.md",
        &format!("![x](gone.svg)\n\n<div style=\"width: 2000px\">x</div>\n\n|{cell}|\n|-|\n|1|\n"),
    );
    let plot = write(
        "plot.svg",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"716\" height=\"50\" viewBox=\"0 0 716 50\">\
         <text x=\"9\" y=\"20\" font-size=\"12\" fill=\"#888888\">grey</text></svg>",
    );
    let found = check(browser, &[page], &[plot]).join("\n");
    for part in [
        "no picture gone.svg",
        "page.md at 390 px: it is 20",
        "a table is",
        "text of 6.0 px",
        "contrast of 3.5",
    ] {
        assert!(found.contains(part), "{part:?} is not in\n{found}");
    }
}

/// The first browser that there is; without one the tests say that they check nothing.
fn browser() -> Option<&'static str> {
    let runs = |name: &&str| {
        let version =
            Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    let browser = NAMES.into_iter().find(runs);
    if browser.is_none() {
        eprintln!("skipped: no {} here, so no page is rendered", NAMES.join(", "));
    }
    browser
}

/// What is wrong with these pages and plots.
fn check(browser: &str, pages: &[PathBuf], plots: &[PathBuf]) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let page = |(number, path): (usize, &PathBuf)| {
        let file = folder.path().join(format!("{number}.html"));
        fs::write(&file, document(path)).unwrap();
        json!({ "name": name(path), "url": url(&file) })
    };
    let plot = |path: &PathBuf| json!({ "name": name(path), "url": url(path) });
    let work = json!({
        "pages": pages.iter().enumerate().map(page).collect::<Vec<_>>(),
        "plots": plots.iter().map(plot).collect::<Vec<_>>(),
    });
    let script = include_str!("../browser/check.js");
    let start = folder.path().join("check.html");
    let text =
        format!("<!doctype html><meta charset=utf-8><body><script>const work = {work};\n{script}</script>");
    fs::write(&start, text).unwrap();
    thread::scope(|scope| {
        let runs = SCHEMES.map(|scheme| {
            scope.spawn({
                let start = &start;
                move || run(browser, start, scheme)
            })
        });
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    })
}

/// Runs the check in one colour scheme.
fn run(browser: &str, start: &Path, (background, setting): (&str, &str)) -> Vec<String> {
    let output = Command::new(browser)
        .args(["--headless", "--disable-gpu", "--no-first-run", "--allow-file-access-from-files"])
        .arg("--no-sandbox") // root has none, and only files of our own are opened
        .arg(format!("--user-data-dir={}", start.with_file_name(setting).display()))
        .arg(format!("--blink-settings=preferredColorScheme={setting}"))
        .args(["--window-size=1100,900", "--virtual-time-budget=600000", "--dump-dom"])
        .arg(url(start))
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = text.split_once("<pre>").and_then(|(_, rest)| rest.split_once("\nall checked"));
    let Some((found, _)) = found else { panic!("the browser did not come to the end:\n{text:.2000}") };
    let mut lines = found.lines().skip(1);
    let shown = lines.next();
    assert_eq!(
        shown,
        Some(format!("on {background}").as_str()),
        "it is not the colour scheme that was asked for"
    );
    lines.map(|line| format!("on {background}, {line}")).collect()
}

/// A page as GitHub would make it of its Markdown, whose relative links lead where they did.
fn document(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let mut body = String::new();
    html::push_html(&mut body, Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_GFM));
    let style = include_str!("../browser/page.css");
    let base = url(path);
    format!(
        "<!doctype html><meta charset=utf-8><base href=\"{base}\"><style>{style}</style><article>{body}</article>"
    )
}

fn url(path: &Path) -> String {
    url::Url::from_file_path(path).unwrap().into()
}

fn name(path: &Path) -> String {
    path.strip_prefix(behaviour_tests::root()).unwrap_or(path).display().to_string()
}
