//! How long N waits take when at most M run at once: what no shape of code that takes them in list order can beat.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// The waits of `size` items, of which `sick` take another time, at even distances, as the lab spreads its sick hosts.
pub fn uneven(size: u64, sick: u64, wait: Duration, sick_wait: Duration) -> Vec<Duration> {
    let mut waits = vec![wait; size as usize];
    for number in 0..sick {
        waits[((2 * number + 1) * size / (2 * sick)) as usize] = sick_wait;
    }
    waits
}

/// When the last wait ends, if each that ends lets the next of the list begin: list scheduling.
pub fn in_list_order(waits: &[Duration], at_once: u64) -> Duration {
    let mut free = BinaryHeap::from(vec![Reverse(Duration::ZERO); waits.len().min(at_once as usize)]);
    let ends = waits.iter().filter_map(|wait| {
        let Reverse(begin) = free.pop()?;
        free.push(Reverse(begin + *wait));
        Some(begin + *wait)
    });
    ends.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_the_slow_begins_late() {
        let seconds = |waits: &[Duration], at_once| in_list_order(waits, at_once).as_secs_f64();
        let slow = |size| uneven(size, size / 10, Duration::from_millis(100), Duration::from_secs(1));
        assert_eq!([1, 50, 500, 1000].map(|at_once| seconds(&slow(500), at_once)), [95.0, 2.6, 1.0, 1.0]);
        assert_eq!(seconds(&slow(10_000), 50), 38.7);
        let even = uneven(7, 0, Duration::from_secs(1), Duration::ZERO);
        assert_eq!([1, 3, 7].map(|at_once| seconds(&even, at_once)), [7.0, 3.0, 1.0]);
        assert_eq!(seconds(&[], 3), 0.0);
    }
}
