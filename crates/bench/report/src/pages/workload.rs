//! The page of a workload: a section for each of its sizes and servers.

use bench_data::results::Group;

use crate::{
    markdown::{bullets, details},
    pages::{
        answer::answer,
        article,
        book::{Book, Part},
        details as tables, python, rows, sentences, sure, time,
    },
    published,
};

/// All sections of the page.
pub fn sections(book: &Book, part: &Part) -> String {
    part.groups.iter().map(|group| section(book, group)).collect()
}

fn section(book: &Book, group: &Group) -> String {
    let workload = &group.workload;
    let key = &workload.key;
    let mut text = format!("\n## {}\n\n{} {}\n", workload.title, workload.asks, sure::measured(group));
    text += &bullets(std::iter::once(answer(group)).chain(sentences::all(group)));
    text += &format!("\n### Time: {key}\n\n{}", time::table(group, rows::rust(group)));
    text += &bullets(rows::reasons(&group.entries).into_iter().chain(absent(group)));
    text += &book.pictures(key);
    text += &format!("\n### How sure: {key}\n");
    text += &bullets(sure::sentences(group));
    text += &details("The ratios of all sittings", &sure::sittings(group));
    text += &format!("\n### More figures: {key}\n");
    text += &details("Memory", &tables::memory(group));
    // A quick run asks for something else than the article.
    let models =
        if workload.quick { Default::default() } else { published::of(&workload.name, workload.size) };
    text += &details("CPU time and kernel work: the metrics of article 3", &tables::work(group, &models));
    text += &details("The article's programs in Python, in the same rounds", &python::section(group));
    text += &details("The article's figures beside ours", &article::section(group, &models));
    text
}

/// Why models have no program here.
fn absent(group: &Group) -> Option<String> {
    let reasons = group.workload.absent.iter().map(|(model, reason)| format!("no {model}: {reason}"));
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| format!("{}.", reasons.join("; ")))
}
