//! The shapes of the models' markers, as paths. A shape tells what a colour may not, to a reader who sees few colours.

use std::f64::consts::TAU;

use bench_data::workload::Marker;

/// The outline of a marker around a point, about `size` wide: all look about as heavy.
pub fn path(marker: Marker, (x, y): (f64, f64), size: f64) -> String {
    let r = size / 2.0;
    let closed = |points: &[(f64, f64)]| {
        let points: Vec<String> =
            points.iter().map(|(dx, dy)| format!("{} {}", px(x + dx * r), px(y + dy * r))).collect();
        format!("M{}Z", points.join(" L"))
    };
    // A plus of thick arms, turned by some part of a full turn.
    let arms = |turn: f64| {
        let corner = |i: usize| {
            let (arm, side) =
                (TAU * (turn + (i / 3) as f64 / 4.0), [(1.25, -0.36), (1.25, 0.36), (0.36, 0.36)][i % 3]);
            (side.0 * arm.cos() - side.1 * arm.sin(), side.0 * arm.sin() + side.1 * arm.cos())
        };
        closed(&std::array::from_fn::<_, 12, _>(corner))
    };
    match marker {
        Marker::Circle => {
            let r = px(r);
            format!("M{} {} a{r} {r} 0 1 0 {} 0 a{r} {r} 0 1 0 -{} 0Z", px(x - r), px(y), 2.0 * r, 2.0 * r)
        }
        Marker::Square => closed(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
        Marker::Diamond => closed(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
        Marker::Up => closed(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
        Marker::Down => closed(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
        Marker::Left => closed(&[(-1.2, 0.0), (0.8, -1.1), (0.8, 1.1)]),
        Marker::Right => closed(&[(1.2, 0.0), (-0.8, -1.1), (-0.8, 1.1)]),
        Marker::Plus => arms(0.0),
        Marker::Cross => arms(0.125),
        Marker::Star => {
            let tip = |i: u32| {
                let (angle, far) =
                    (TAU * (f64::from(i) / 10.0 - 0.25), if i.is_multiple_of(2) { 1.4 } else { 0.6 });
                (far * angle.cos(), far * angle.sin())
            };
            closed(&std::array::from_fn::<_, 10, _>(|i| tip(i as u32)))
        }
    }
}

/// To a tenth: finer is not seen, and would make the file large.
pub fn px(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_markers_look_alike() {
        use Marker::*;
        let all = [Circle, Square, Diamond, Up, Down, Left, Right, Plus, Cross, Star];
        let mut paths = all.map(|marker| path(marker, (0.0, 0.0), 10.0));
        paths.sort();
        assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "{paths:?}");
    }
}
