//! Names and figures as the plots write them.

use bench_data::workload::Row;

/// `tokio`, `tokio-mini`, `threaded 500` where the program has more than its model's default; of Python
/// `asyncio.py uvloop`.
pub fn name(row: &Row) -> String {
    let mut words = row.program.split(' ').skip(1);
    let mut name = row.bare_name().to_owned();
    if row.python {
        name += ".py";
    }
    while let Some(word) = words.next() {
        let value = if word == "--concurrency" { words.next().unwrap_or_default() } else { word };
        name += &format!(" {}", value.trim_start_matches('-'));
    }
    name
}

/// Three significant digits, and no more than four decimals.
pub fn figure(value: f64) -> String {
    let digits = if value > 0.0 { value.log10().floor() as i32 + 1 } else { 1 };
    let decimals = (3 - digits).clamp(0, 4) as usize;
    group(&format!("{value:.decimals$}"))
}

/// Seconds, with their unit.
pub fn seconds(value: f64) -> String {
    format!("{} s", figure(value))
}

/// Seconds that were asked for, with their unit.
pub fn seconds_plain(value: f64) -> String {
    format!("{} s", plain(value))
}

/// Milliseconds of seconds, with their unit.
pub fn millis(value: f64) -> String {
    format!("{} ms", figure(value * 1e3))
}

/// A ratio.
pub fn ratio(value: f64) -> String {
    format!("{value:.3}")
}

/// MiB, with their unit.
pub fn mib(value: f64) -> String {
    format!("{} MiB", figure(value))
}

/// As short as it is, without the noise of a multiplication.
pub fn plain(value: f64) -> String {
    group(&((value * 1e6).round() / 1e6).to_string())
}

/// Thousands apart.
fn group(number: &str) -> String {
    let (whole, rest) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) && whole.len() > 3 {
            text.push(' ');
        }
        text.push(digit);
    }
    rest.map_or(text.clone(), |rest| format!("{text}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let texts = [0.13241, 50.56, 8.4, 1914.2, 0.00123, 0.0, 999.7].map(figure);
        assert_eq!(texts, ["0.132", "50.6", "8.40", "1 914", "0.0012", "0.00", "1 000"]);
    }

    #[test]
    fn plain_numbers_are_short() {
        assert_eq!([0.1 * 3.0, 100_000.0, 2.0, 0.05].map(plain), ["0.3", "100 000", "2", "0.05"]);
    }
}
