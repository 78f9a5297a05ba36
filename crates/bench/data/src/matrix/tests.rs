use super::*;

const TEXT: &str = r##"
needs = { io_uring = ["true"] }
rounds = { under_1s = 30, under_10s = 10 }
observed = 5
[[model]]
name = "tokio"
waits = ""
threads = ""
at_once = ""
python = ""
advice = ""
light = "#000000"
dark = "#ffffff"
marker = "circle"
[[workload]]
name = "a"
article = 1
title = "A"
asks = ""
size = 3
latency = 1
quick = { size = 1, latency = 0.5 }
reference = "a-tokio"
args = ["--own"]
row = [
  { program = "a-tokio", model = "tokio", at_once = "all", needs = "io_uring" },
  { program = "a-mini", model = "tokio", at_once = 1, differs_from = "a-tokio", in = "driver" },
]
[[study]]
name = "scale"
vary = "size"
[[study.workload]]
like = "a"
sizes = [1, 2]
"##;

#[test]
fn a_workload_like_another_says_only_what_differs() {
    let matrix = Matrix::parse(TEXT).unwrap();
    let spec = &matrix.studies[1].workloads[0];
    assert_eq!((spec.title.as_str(), spec.sizes(), spec.observed), ("A", vec![1, 2], 5));
    let quick = spec.quick.as_ref().unwrap();
    assert_eq!((quick.title.as_str(), quick.latency, quick.rows.len()), ("A", 0.5, 2));
    assert_eq!(matrix.programs().len(), 2);
}

#[test]
fn an_error_names_the_line_and_what_is_known() {
    let row = r#"{ program = "a-mini""#;
    for (from, to, words) in [
        (
            r#"model = "tokio""#,
            r#"model = "tokyo""#,
            r#"line 26: workload "a" of bench: unknown model "tokyo"; known are tokio"#,
        ),
        (
            r#"needs = "io_uring""#,
            r#"needs = "epoll""#,
            r#"line 26: workload "a" of bench: unknown need "epoll"; known are io_uring"#,
        ),
        (r#"like = "a""#, r#"like = "c""#, r#"no workload before it is called "c""#),
        ("article = 1", "artikel = 1", ": unknown field `artikel`"),
        (r#"at_once = "all""#, r#"at_once = "some""#, r#""cpus", "pool" or "all""#),
        ("latency = 1\n", "", "missing field `latency`"),
        ("size = 3", "size = 0", "has no items"),
        (r#"reference = "a-tokio""#, r#"reference = "b""#, r#"unknown reference "b""#),
        (
            r#"from = "a-tokio""#,
            r#"from = "a-smol""#,
            r#"unknown counterpart "a-smol"; known are a-tokio, a-mini"#,
        ),
        (r#", in = "driver""#, "", "both `differs_from` and `in`"),
        (
            "under_10s = 10",
            "under_10s = 5",
            "5 rounds of \"a-tokio\" are too few for 2 comparisons: it takes 10",
        ),
        (
            row,
            r#"{ program = "a-tokio", model = "tokio", at_once = 1 }, { program = "a-mini""#,
            "have the folder \"a-tokio\"",
        ),
        ("vary = \"size\"", "vary = \"nothing\"", "two workloads have the key \"scale-a\""),
    ] {
        assert!(TEXT.contains(from), "{from}");
        let error =
            Matrix::parse(&TEXT.replacen(from, to, 1)).err().unwrap_or_else(|| panic!("{to}: no error"));
        let error = format!("{error:#}");
        assert!(error.contains(words) && !error.contains('\n'), "{to}: {error}");
    }
}

#[test]
fn a_row_that_gives_no_verdict_may_have_few_rounds() {
    let text = TEXT.replace("under_10s = 10", "under_10s = 2");
    assert!(Matrix::parse(&text.replace("size = 3", "size = 3\nverdict = false")).is_ok());
}
