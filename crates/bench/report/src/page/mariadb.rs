//! A real server in the lab's place: what it adds.

use crate::{
    format::{code, fixed},
    page::beyond_noise,
    results::{Group, Results},
};

/// What the real server adds to each Rust program's figures on the lab, where both have the same size and wait.
pub fn section(group: &Group, server: &str, results: &Results) -> String {
    let same = |other: &&Group| {
        other.workload.lab
            && group.workload.limited
            && (other.workload.article, other.workload.size, other.workload.latency_s)
                == (group.workload.article, group.workload.size, group.workload.latency_s)
    };
    let Some(lab) = results.groups.iter().find(same) else { return String::new() };
    let (mut sentences, mut within, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for entry in group.ok() {
        let Some(twin) = lab.ok().find(|other| other.row.program == entry.row.program) else { continue };
        let name = code(&entry.row.program);
        let Some((real, lab)) = entry.figures.wall_median_s.zip(twin.figures.wall_median_s) else { continue };
        if beyond_noise(&entry.figures, &twin.figures) {
            sentences.push(format!(
                "{name} {real:.3} s in place of {lab:.3} s, {:+.1} %",
                100.0 * (real / lab - 1.0)
            ));
        } else {
            within.push(name.clone());
        }
        if let Some((real, lab)) = entry.figures.lab_cpu_s.zip(twin.figures.lab_cpu_s) {
            cpu.push(format!(
                "{} s in place of {} s under {name}",
                fixed(Some(real), 3),
                fixed(Some(lab), 3)
            ));
        }
    }
    let mut text =
        format!("\n**What {server} adds** to what the same programs take on the lab, in the runs above.");
    if !sentences.is_empty() {
        text += &format!(" Wall: {}.", sentences.join("; "));
    }
    if !within.is_empty() {
        text += &format!(" The same within noise: {}.", within.join(", "));
    }
    if !cpu.is_empty() {
        text += &format!(" CPU time of the server: {}.", cpu.join("; "));
    }
    text += &format!(
        " At once, seen, counts connections to {server}: one that is being closed is still among them."
    );
    text + " The lab sleeps and answers; the server also parses, plans, and has a thread for each connection.\n"
}
