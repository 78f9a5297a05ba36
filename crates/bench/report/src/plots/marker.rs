//! The shapes of the models' markers, as paths. A shape tells what a colour may not, to a reader who sees few colours.

use std::f64::consts::TAU;

use bench_data::workload::Marker;

use super::canvas::px;

/// Whether a marker is made of strokes, with nothing to fill.
pub fn is_open(marker: Marker) -> bool {
    matches!(marker, Marker::Plus | Marker::Cross)
}

/// The outline of a marker around a point, about `size` wide: all look about as heavy.
pub fn path(marker: Marker, (x, y): (f64, f64), size: f64) -> String {
    let r = size / 2.0;
    let closed = |points: &[(f64, f64)]| {
        let points: Vec<String> =
            points.iter().map(|(dx, dy)| format!("{} {}", px(x + dx * r), px(y + dy * r))).collect();
        format!("M{}Z", points.join(" L"))
    };
    let strokes = |ends: [(f64, f64); 4]| {
        let [a, b, c, d] = ends.map(|(dx, dy)| format!("{} {}", px(x + dx * r), px(y + dy * r)));
        format!("M{a} L{b} M{c} L{d}")
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
        Marker::Plus => strokes([(-1.1, 0.0), (1.1, 0.0), (0.0, -1.1), (0.0, 1.1)]),
        Marker::Cross => strokes([(-0.9, -0.9), (0.9, 0.9), (-0.9, 0.9), (0.9, -0.9)]),
        Marker::Star => {
            let tip = |i: u32| {
                let (angle, far) = (TAU * (f64::from(i) / 10.0 - 0.25), if i.is_multiple_of(2) { 1.4 } else { 0.6 });
                (far * angle.cos(), far * angle.sin())
            };
            closed(&std::array::from_fn::<_, 10, _>(|i| tip(i as u32)))
        }
    }
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
