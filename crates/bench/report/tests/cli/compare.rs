//! `compare BASE NEW`.

use crate::{Results, contains, refused, root, run_in, stdout};

fn compare(base: &Results, new: &Results) -> String {
    stdout(&run_in(&root(), &["compare", &base.text(), &new.text()]))
}

#[test]
fn a_program_slowed_by_ten_percent_is_flagged_and_nothing_else() {
    let (base, new) = (Results::new(), Results::new());
    base.sittings(5, 0.01);
    // On a day that is slower for all.
    new.sittings(5, 0.03);
    let text = compare(&base, &new);
    contains(
        &text,
        &[
            "The programs are the same",
            "**0 of 7 ratios differ.**",
            "All facts of the machine and its tools are the same.",
        ],
    );
    assert!(!text.contains("What differs") && !text.contains("only in"), "{text}");
    for sitting in 1..=5 {
        new.rounds(
            sitting,
            |round| if round.slug == "db-compio" { 1.1 * round.wall_s } else { round.wall_s },
        );
    }
    for text in [compare(&base, &new), compare(&new, &base)] {
        contains(&text, &["**1 of 7 ratios differ: `db-compio` in db.**"]);
        let differing = text.split("## ").find(|part| part.starts_with("What differs")).unwrap();
        assert_eq!(differing.lines().filter(|line| line.starts_with("| `")).count(), 1, "{differing}");
    }
}

#[test]
fn fewer_sittings_have_ratios_and_no_verdict() {
    let (base, new) = (Results::new(), Results::new());
    base.sittings(5, 0.01);
    new.sittings(4, 0.01);
    let text = compare(&base, &new);
    contains(&text, &["No verdict is possible", "base has 5 and new has 4.**"]);
    for key in ["db", "sleep-1000", "scale-db-1000", "faults-db-hang", "network-db-50ms"] {
        contains(&text, &[&format!("<summary>{key}: ")]);
    }
}

#[test]
fn other_programs_other_facts_and_missing_parts_are_named() {
    let (base, new) = (Results::new(), Results::new());
    new.edit("raw/db/sitting-1/facts.toml", |text| text.replacen("commit = \"", "commit = \"f", 1));
    new.edit("machine.toml", |text| text.replace("cpus = 2", "cpus = 4"));
    std::fs::remove_dir_all(new.path().join("raw/prices")).unwrap();
    std::fs::write(new.path().join("raw/db/db-compio/status.txt"), "skipped: no io_uring\n").unwrap();
    let text = compare(&base, &new);
    contains(
        &text,
        &[
            "The programs differ: db ",
            "| cpus | 2 | 4 |",
            "With figures only in base: ",
            "all of prices",
            "`db-compio` of db",
        ],
    );
    assert!(!text.contains("only in new"), "{text}");
    new.edit("raw/db/workload.toml", |text| text.replacen("latency_s = 0.1", "latency_s = 0.2", 1));
    let output = run_in(&root(), &["compare", &base.text(), &new.text()]);
    refused(&output, &["different workloads do not compare", "db has 500 items"]);
}
