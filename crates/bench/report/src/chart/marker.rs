//! Outlines as paths: the models' markers, lines, bars. A shape tells what a colour may not, to a reader who sees few colours.

use std::f64::consts::TAU;

use bench_data::workload::Marker;

use super::Point;

/// The outline of a marker around a point, about `size` wide: all look about as heavy.
pub fn path(marker: Marker, (x, y): Point, size: f64) -> String {
    let r = size / 2.0;
    let around = |points: &[Point]| closed(points.iter().map(|(dx, dy)| (x + dx * r, y + dy * r)));
    // A plus of thick arms, turned by some part of a full turn.
    let arms = |turn: f64| {
        let corner = |i: usize| {
            let arm = TAU * (turn + (i / 3) as f64 / 4.0);
            let (along, across) = [(1.25, -0.36), (1.25, 0.36), (0.36, 0.36)][i % 3];
            (along * arm.cos() - across * arm.sin(), along * arm.sin() + across * arm.cos())
        };
        around(&std::array::from_fn::<_, 12, _>(corner))
    };
    match marker {
        Marker::Circle => circle((x, y), r),
        Marker::Square => around(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Marker::Diamond => around(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
        Marker::Up => around(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
        Marker::Down => around(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
        Marker::Left => around(&[(-1.2, 0.0), (0.8, -1.1), (0.8, 1.1)]),
        Marker::Right => around(&[(1.2, 0.0), (-0.8, -1.1), (-0.8, 1.1)]),
        Marker::Pentagon => around(&std::array::from_fn::<_, 5, _>(|i| {
            let angle = TAU * (i as f64 / 5.0 - 0.25);
            (1.1 * angle.cos(), 1.1 * angle.sin())
        })),
        Marker::Plus => arms(0.0),
        Marker::Cross => arms(0.125),
        Marker::Star => around(&std::array::from_fn::<_, 10, _>(|i| {
            let angle = TAU * (i as f64 / 10.0 - 0.25);
            let far = if i % 2 == 0 { 1.4 } else { 0.6 };
            (far * angle.cos(), far * angle.sin())
        })),
    }
}

pub fn circle((x, y): Point, r: f64) -> String {
    let (left, r, across) = (px(x - r), px(r), px(2.0 * r));
    format!("M{left} {}a{r} {r} 0 1 0 {across} 0a{r} {r} 0 1 0 -{across} 0Z", px(y))
}

/// At least a unit wide, so that it is seen.
pub fn rectangle((left, top): Point, (right, bottom): Point) -> String {
    let right = right.max(left + 1.0);
    closed([(left, top), (right, top), (right, bottom), (left, bottom)])
}

pub fn open(points: impl IntoIterator<Item = Point>) -> String {
    let points: Vec<String> = points.into_iter().map(|(x, y)| format!("{} {}", px(x), px(y))).collect();
    format!("M{}", points.join("L"))
}

pub fn closed(points: impl IntoIterator<Item = Point>) -> String {
    open(points) + "Z"
}

/// To a tenth: finer is not seen, and would make the file large.
pub fn px(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
