//! Bounded concurrency against all at once, at the same size.

use bench_data::measurement::Measurement;

use crate::{
    format::{code, fixed, mib, wall, whole},
    markdown::{Table, bullets, details},
    pages::scale::growth::{Growth, Line},
};

/// The least bound that is enough, for each program, at the largest size; folded below it all others.
pub fn section(growth: &Growth) -> String {
    let head = [
        "program",
        "items",
        "median, s",
        "limit, s",
        "÷ all at once",
        "peak in flight",
        "MiB",
        "÷ all at once",
    ];
    let mut table = Table::figures(head);
    let mut answers = Vec::new();
    for size in growth.sizes() {
        for all in growth.lines.iter().filter(|line| !line.label.contains(' ')) {
            let Some(best) = all.ok(size) else { continue };
            let own = |line: &&Line| line.bounded && line.label.starts_with(&format!("{} ", all.label));
            let mut enough = None;
            for line in growth.lines.iter().filter(own) {
                let Some(figures) = line.ok(size) else { continue };
                let (longer, larger) = against(figures, best);
                table.row([
                    code(&line.label),
                    size.to_string(),
                    wall(figures.wall_median_s),
                    wall(figures.limit_s),
                    fixed(longer, 2),
                    whole(figures.in_flight),
                    mib(figures.memory_kib()),
                    fixed(larger, 2),
                ]);
                if longer.is_some_and(|longer| longer <= 2.0) {
                    enough.get_or_insert((line, longer, larger));
                }
            }
            answers.extend(enough.map(|(line, longer, larger)| {
                format!(
                    "{} items: {} is the least bound tried that takes at most twice as long as all at once: about {} times as long, with {} times the memory.",
                    size,
                    code(&line.label),
                    fixed(longer, 1),
                    fixed(larger, 2)
                )
            }));
        }
    }
    if table.is_empty() {
        return String::new();
    }
    format!(
        "\n### Which bound is enough: {}\n\nWith a bound of B, no less than items ÷ B × latency is possible.\n{}{}",
        growth.name,
        bullets(answers),
        details("All bounds", &table.to_string())
    )
}

/// Wall time and memory over those of all at once.
fn against(figures: &Measurement, best: &Measurement) -> (Option<f64>, Option<f64>) {
    let kib = |figures: &Measurement| figures.memory_kib().map(|kib| kib as f64);
    let over = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a / b);
    (over(figures.wall_median_s, best.wall_median_s), over(kib(figures), kib(best)))
}
