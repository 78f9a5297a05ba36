//! Sequence diagrams, as article 3 draws them, from the lines of a real run and the times at which they came.

use crate::{
    format::code,
    results::{Entry, Group},
};

/// A Mermaid diagram of every program of the workload.
pub fn all(group: &Group) -> String {
    let mut text =
        "\n**What happens when**, drawn from the observed run's output; the times are seconds since its start.\n".to_owned();
    for entry in group.ok() {
        if let Some(diagram) = diagram(entry) {
            text += &format!("\n{}\n\n```mermaid\n{diagram}```\n", code(&entry.row.program));
        }
    }
    text
}

/// What a line of the programs' output says.
enum Line<'a> {
    /// Of the program itself, on a thread.
    Main(&'a str),
    /// Task and thread.
    Started(&'a str, &'a str),
    Finished(&'a str),
}

fn parse(line: &str) -> Option<Line<'_>> {
    let words = |rest: &'static str| line.strip_prefix(rest)?.split_once(' ');
    if let Some((task, thread)) = words("Fetching database ") {
        Some(Line::Started(task, thread))
    } else if let Some((task, _)) = words("Done fetching database ") {
        Some(Line::Finished(task))
    } else {
        line.starts_with("This is ").then_some(Line::Main(line))
    }
}

fn diagram(entry: &Entry) -> Option<String> {
    let lines: Vec<(f64, Line<'_>)> = entry
        .ran
        .as_ref()?
        .observed
        .lines
        .iter()
        .filter_map(|(at, line)| Some((*at, parse(line)?)))
        .collect();
    // In the order of their start; where they run is part of what the diagram shows.
    let tasks: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|(_, line)| match line {
            Line::Started(task, thread) => Some((*task, *thread)),
            _ => None,
        })
        .collect();
    let number = |name: &str| tasks.iter().position(|(task, _)| *task == name);
    let mut text = "sequenceDiagram\n    participant M as main\n".to_owned();
    for (i, (task, thread)) in tasks.iter().enumerate() {
        text += &format!("    participant T{i} as {task}, on {}\n", thread.replace([';', '#'], " "));
    }
    for (at, line) in &lines {
        text += &match line {
            Line::Main(line) => format!("    Note over M: {at:.3} {}\n", line.replace([';', '#'], " ")),
            Line::Started(task, _) => format!("    M->>+T{}: {at:.3} fetch {task}\n", number(task)?),
            Line::Finished(task) => format!("    T{}-->>-M: {at:.3} done\n", number(task)?),
        };
    }
    (!tasks.is_empty()).then_some(text)
}
