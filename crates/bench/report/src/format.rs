//! How figures look: fixed decimals, so that two runs differ only in digits.

/// `text`, or a dash where nothing was measured.
pub fn or_dash<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or("–".to_owned(), text)
}

/// A number with `decimals` digits after the point, or a dash.
pub fn fixed(value: Option<f64>, decimals: usize) -> String {
    or_dash(value, |value| format!("{value:.decimals$}"))
}

/// Three digits that count, and no more than three decimals: 0.139, 8.55, 50.8, 501.
pub fn three(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

/// A wall time in seconds, or a dash: milliseconds as long as they count.
pub fn wall(value: Option<f64>) -> String {
    or_dash(value, |value| if value < 10.0 { format!("{value:.3}") } else { three(value) })
}

/// A whole number, or a dash.
pub fn whole(value: Option<u64>) -> String {
    or_dash(value, |value| value.to_string())
}

/// KiB as MiB with one decimal, or a dash.
pub fn mib(kib: Option<u64>) -> String {
    fixed(kib.map(|kib| kib as f64 / 1024.0), 1)
}

/// Seconds in milliseconds, without the noise of the multiplication.
pub fn ms(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e3
}

/// A ratio with its interval, as `0.925 [0.909, 0.962]`; without one, as `≈ 0.93`.
pub fn ratio(estimate: f64, interval: Option<(f64, f64)>) -> String {
    let Some((low, high)) = interval else { return format!("≈ {}", about(estimate)) };
    let decimals = decimals(estimate);
    format!("{estimate:.decimals$} [{low:.decimals$}, {high:.decimals$}]")
}

/// A ratio within rounds, alone: 0.925, 14.9, 386.
pub fn ratio_alone(ratio: f64) -> String {
    format!("{ratio:.*}", decimals(ratio))
}

fn decimals(ratio: f64) -> usize {
    match ratio {
        ratio if ratio >= 100.0 => 0,
        ratio if ratio >= 10.0 => 1,
        ratio if ratio >= 2.0 => 2,
        _ => 3,
    }
}

/// A ratio that rests on single runs: 386, 62, 1.03.
pub fn about(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0}") } else { format!("{ratio:.2}") }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A sentence of several; nothing where there are none.
pub fn sentence(before: &str, parts: &[String], after: &str) -> Option<String> {
    (!parts.is_empty()).then(|| format!("{before}{}{after}", list(parts)))
}

/// `1 round`, `2 rounds`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// As code, in Markdown.
pub fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Each as code, in a list.
pub fn codes<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    list(&names.into_iter().map(code).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_the_digits_that_count() {
        assert_eq!([501.023, 50.771, 8.553, 0.1390].map(three), ["501", "50.8", "8.55", "0.139"]);
        assert_eq!([50.771, 8.5534, 0.1390].map(|s| wall(Some(s))), ["50.8", "8.553", "0.139"]);
        assert_eq!(ratio(0.9249, Some((0.909, 1.0521))), "0.925 [0.909, 1.052]");
        assert_eq!(ratio(14.92, Some((14.2, 15.5))), "14.9 [14.2, 15.5]");
        assert_eq!([0.9249, 61.93, 385.5].map(|times| ratio(times, None)), ["≈ 0.92", "≈ 62", "≈ 386"]);
        assert_eq!((wall(None), mib(Some(1536)), ms(0.29)), ("–".to_owned(), "1.5".to_owned(), 290.0));
    }

    #[test]
    fn lists_are_english() {
        assert_eq!(codes(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!((codes(["a"]), codes([])), ("`a`".to_owned(), String::new()));
        assert_eq!((count(1, "round"), count(2, "round")), ("1 round".to_owned(), "2 rounds".to_owned()));
    }
}
