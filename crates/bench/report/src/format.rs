//! How figures look: fixed decimals, so that two runs differ only in digits.

/// `text`, or a dash where nothing was measured.
pub fn or_dash<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or("–".to_owned(), text)
}

/// A number with `decimals` digits after the point, or a dash.
pub fn fixed(value: Option<f64>, decimals: usize) -> String {
    or_dash(value, |value| format!("{value:.decimals$}"))
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

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// As code, in Markdown.
pub fn code(text: &str) -> String {
    format!("`{text}`")
}
