//! Bus departures of a day with their prices, made up.

use jiff::civil::{Date, Weekday};
use serde::Serialize;

/// The body of `GET /prices`.
#[derive(Serialize)]
pub struct Prices {
    date: Date,
    /// In the order of departure.
    departures: Vec<Departure>,
}

#[derive(Serialize)]
struct Departure {
    /// Local time, `HH:MM`.
    departs: String,
    /// In cents.
    price: u32,
}

const DEPARTURES_A_DAY: u32 = 20;

/// Which day it is of those that the programs ask for: 0 is the first, 2026-01-01.
pub fn place(date: Date) -> i32 {
    (date - Date::constant(2026, 1, 1)).get_days()
}

/// The departures of a day, a pure function of the date: one every 50 minutes from 06:10 on.
///
/// The price in cents of departure i, d days after 1970-01-01, is 990 + 100 × ((7 d + 13 i) mod 23), and 400 more on
/// Fridays and Sundays.
pub fn of_day(date: Date) -> Prices {
    let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
    let rush = matches!(date.weekday(), Weekday::Friday | Weekday::Sunday);
    let departures = (0..DEPARTURES_A_DAY)
        .map(|i| {
            let minutes = 6 * 60 + 10 + 50 * i;
            let wave = (7 * days + 13 * i64::from(i)).rem_euclid(23);
            let price = 990 + 100 * wave as u32 + if rush { 400 } else { 0 };
            Departure { departs: format!("{:02}:{:02}", minutes / 60, minutes % 60), price }
        })
        .collect();
    Prices { date, departures }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn prices_follow_the_formula() {
        let departures = of_day(date(2026, 11, 20)).departures; // 20 777 days after 1970-01-01, a Friday
        assert_eq!((departures[0].departs.as_str(), departures[0].price), ("06:10", 990 + 1000 + 400));
        assert_eq!(departures[19].departs, "22:00");
        assert_eq!(place(date(2026, 2, 20)), 50);
        for day in [Date::MIN, Date::MAX] {
            assert_eq!((of_day(day).departures.len(), place(day) < 0), (20, day == Date::MIN));
        }
    }
}
