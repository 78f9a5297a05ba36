//! Bus departures of a day with their prices, made up.

use jiff::civil::{Date, Weekday};
use serde::Serialize;

/// The body of `GET /prices`.
#[derive(Serialize)]
pub struct Prices {
    /// The day that was asked for.
    pub date: Date,
    /// In the order of departure.
    pub departures: Vec<Departure>,
}

/// A bus.
#[derive(Serialize)]
pub struct Departure {
    /// Local time, `HH:MM`.
    pub departs: String,
    /// In cents.
    pub price: u32,
}

/// Departures a day.
const DEPARTURES: u32 = 20;

/// Which day it is of those that the programs ask for: 0 is the first, 2026-01-01.
pub fn place(date: Date) -> i32 {
    day_number(date) - day_number(Date::constant(2026, 1, 1))
}

/// The days from 1970-01-01 to a date.
fn day_number(date: Date) -> i32 {
    (date - Date::constant(1970, 1, 1)).get_days()
}

/// The departures of a day, a pure function of the date: one every 50 minutes from 06:10 on.
///
/// The price in cents of departure i on day d (its [`day_number`]) is
/// 990 + 100 × ((7 d + 13 i) mod 23), and 400 more on Fridays and Sundays.
pub fn of_day(date: Date) -> Prices {
    let rush = matches!(date.weekday(), Weekday::Friday | Weekday::Sunday);
    let departures = (0..DEPARTURES)
        .map(|i| {
            let minutes = 6 * 60 + 10 + 50 * i;
            let wave = (7 * i64::from(day_number(date)) + 13 * i64::from(i)).rem_euclid(23);
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
        let day = date(2026, 11, 20); // a Friday
        assert_eq!(day_number(day), 20_777);
        let prices = of_day(day);
        let first = &prices.departures[0];
        assert_eq!((first.departs.as_str(), first.price), ("06:10", 990 + 1000 + 400));
        let last = &prices.departures[19];
        assert_eq!(last.departs, "22:00");
    }

    #[test]
    fn every_date_has_prices_and_a_place() {
        for day in [Date::MIN, Date::MAX] {
            assert_eq!((of_day(day).departures.len(), place(day) < 0), (20, day == Date::MIN));
        }
        assert_eq!([date(2025, 12, 31), date(2026, 1, 1), date(2026, 2, 20)].map(place), [-1, 0, 50]);
    }
}
