//! What pages say of the method: controls, sittings, disturbances.

use crate::folder::Results;

#[test]
fn controls_show_what_the_method_makes_of_them() {
    let results = Results::new();
    results.control("same", 1.0);
    results.control("planted", 1.04);
    let page = results.page("db.md");
    assert!(
        page.contains("a second time takes") && page.contains("no difference shown, as it should be"),
        "{page}"
    );
    assert!(page.contains("asked for 4 % more sleep takes 1.039 [") && page.contains(": found."), "{page}");
    assert!(!page.contains("**Not sound"), "{page}");
    let readme = results.read("README.md");
    assert!(readme.contains("| passed |"), "{readme}");
    // Controls are about the method: they neither win nor are they ways of waiting.
    assert!(!readme.contains("(same)"), "{readme}");
}

#[test]
fn a_control_that_differs_makes_the_page_unsound() {
    let results = Results::new();
    results.control("same", 1.06);
    for page in ["db.md", "README.md"] {
        let text = results.page(page);
        let place = text.find("**Not sound: `db`.").unwrap_or_else(|| panic!("{text}"));
        assert!(place < text.find("## ").unwrap(), "at the top");
    }
    assert!(!results.read("prices.md").contains("Not sound"));
    assert!(results.read("README.md").contains("| the same program differs |"));
}

#[test]
fn a_planted_difference_that_is_not_found_is_said() {
    let results = Results::new();
    results.control("planted", 1.0);
    assert!(results.page("db.md").contains(": not found."));
    assert!(results.read("README.md").contains("| planted difference not found |"));
}

#[test]
fn disturbed_rounds_and_a_busy_machine_are_said() {
    let results = Results::new();
    results.edit("raw/db/sitting-1/rounds.csv", |text| {
        text.replacen(",,,1\n", ",4.0,2.5,3\n", 1).replacen(",,,1\n", ",0.1,0.0,2\n", 1)
    });
    results.edit("raw/db/sitting-1/facts.toml", |text| {
        text.replace("busy = false", "busy = true").replace("busy_percent = 0.0", "busy_percent = 40.0")
    });
    let page = results.page("db.md");
    assert!(
        page.contains("others disturbed 1 at every try and 1 ran undisturbed when measured again."),
        "{page}"
    );
    assert!(page.contains("**Measured on a busy machine: `db`.**"), "{page}");
    assert!(page.contains("others used 40 % of the CPUs"), "{page}");
}

#[test]
fn sittings_of_the_same_commit_are_set_side_by_side() {
    let results = Results::new();
    assert!(!results.page("db.md").contains("The ratios of all sittings"));
    results.sittings(5, 0.02);
    let page = results.page("db.md");
    assert!(
        page.contains("The ratios of all sittings") && page.contains("| `db-tokio-mini` | 5 | 0."),
        "{page}"
    );
    assert!(page.contains("4 more sittings until"), "{page}");
    // A sitting of another commit has other programs.
    results.edit("raw/db/sitting-2/facts.toml", |text| text.replacen("commit = \"", "commit = \"0", 1));
    assert!(results.page("db.md").contains("| `db-tokio-mini` | 4 | 0."));
}

#[test]
fn memory_has_a_winner_only_with_five_runs() {
    let results = Results::new();
    assert!(!results.page("db.md").contains("needs least memory"));
    for slug in ["db-tokio-mini", "db-compio"] {
        let folder = results.path().join("raw/db").join(slug);
        for run in 2..=5 {
            for (kind, end) in [("observed", "json"), ("time", "txt")] {
                std::fs::copy(
                    folder.join(format!("{kind}-1.{end}")),
                    folder.join(format!("{kind}-{run}.{end}")),
                )
                .unwrap();
            }
        }
    }
    results.edit("raw/db/workload.toml", |text| {
        let rows = text.split("[[rows]]\n").map(|row| {
            let five = row.contains("\"db-tokio-mini\"") || row.contains("\"db-compio\"");
            if five { row.replace("observed = 1", "observed = 5") } else { row.to_owned() }
        });
        rows.collect::<Vec<_>>().join("[[rows]]\n")
    });
    let page = results.page("db.md");
    assert!(page.contains("Of these, `db-tokio-mini` needs least memory: 4.5 MiB."), "{page}");
}
