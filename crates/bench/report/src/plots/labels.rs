//! Where the names of points and lines go, so that none covers another or a point.

use super::canvas::{Anchor, LINE, TEXT};

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect(pub f64, pub f64, pub f64, pub f64);

impl Rect {
    /// Around a point.
    pub fn around((x, y): (f64, f64), half: f64) -> Self {
        Rect(x - half, y - half, x + half, y + half)
    }

    /// Of a text of some width whose base line starts at a point.
    pub fn of_text((x, y): (f64, f64), width: f64) -> Self {
        Rect(x, y - 0.8 * TEXT, x + width, y + 0.25 * TEXT)
    }

    /// Whether both share some room.
    pub fn meets(&self, other: &Rect) -> bool {
        self.0 < other.2 && other.0 < self.2 && self.1 < other.3 && other.1 < self.3
    }

    fn within(&self, outer: &Rect) -> bool {
        outer.0 <= self.0 && outer.1 <= self.1 && self.2 <= outer.2 && self.3 <= outer.3
    }
}

/// Where a text goes: the point that it is tied to, and by which of its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// On the base line.
    pub at: (f64, f64),
    /// Which end.
    pub anchor: Anchor,
    /// What it covers at most.
    pub rect: Rect,
}

impl Place {
    fn new((x, y): (f64, f64), anchor: Anchor, width: f64) -> Self {
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        Place { at: (x, y), anchor, rect: Rect::of_text((left, y), width) }
    }
}

/// Places a text of each width beside its point, in the order given: where it hides nothing, as near as there is room.
pub fn beside(points: &[((f64, f64), f64)], taken: &[Rect], bounds: &Rect) -> Vec<Place> {
    let mut taken = taken.to_vec();
    taken.extend(points.iter().map(|(point, _)| Rect::around(*point, 6.0)));
    let mut placed = Vec::new();
    for &((x, y), width) in points {
        let middle = y + 0.3 * TEXT;
        // Right and left of the point, over and under it, then further and further away.
        let right = (10.0, 0.0, Anchor::Start);
        let near =
            [right, (-10.0, 0.0, Anchor::End), (0.0, -16.0, Anchor::Middle), (0.0, 16.0, Anchor::Middle)];
        let far = (1..=60).flat_map(|step| {
            let away = 5.0 * f64::from(step);
            let sides = [10.0 + 0.25 * away, 10.0 + away, 10.0 + 2.0 * away];
            [-away, away].into_iter().flat_map(move |dy| {
                let beside =
                    sides.into_iter().flat_map(move |dx| [(dx, dy, Anchor::Start), (-dx, dy, Anchor::End)]);
                beside.chain([(0.0, dy, Anchor::Middle)])
            })
        });
        let place = |(dx, dy, anchor)| {
            let x = match anchor {
                Anchor::Middle => x.clamp(bounds.0 + width / 2.0, bounds.2 - width / 2.0),
                _ => x + dx,
            };
            Place::new((x, middle + dy), anchor, width)
        };
        let free =
            |place: &Place| place.rect.within(bounds) && !taken.iter().any(|other| other.meets(&place.rect));
        let mut far: Vec<_> = far.collect();
        far.sort_by(|a, b| a.0.hypot(a.1).total_cmp(&b.0.hypot(b.1)));
        let place = near.into_iter().chain(far).map(place).find(free).unwrap_or(place(right));
        taken.push(place.rect);
        placed.push(place);
    }
    placed
}

/// Moves heights, in ascending order, as little as needed to be a line apart and between `top` and `bottom`.
pub fn spread(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let gap = LINE - 1.0;
    // Groups that touch: the sum of what their members want, less what the ones before take, and how many there are.
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for (i, height) in wanted.iter().enumerate() {
        groups.push((height - gap * i as f64, 1));
        while let [.., (sum, count), (next, more)] = groups[..] {
            if sum / count as f64 <= next / more as f64 {
                break;
            }
            groups.truncate(groups.len() - 2);
            groups.push((sum + next, count + more));
        }
    }
    let last = (bottom - gap * wanted.len().saturating_sub(1) as f64).max(top);
    let starts = groups.iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / *count as f64, *count));
    starts.enumerate().map(|(i, start)| start.clamp(top, last) + gap * i as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_move_as_little_as_needed() {
        assert_eq!(spread(&[100.0, 101.0, 300.0], 0.0, 400.0), [91.0, 110.0, 300.0]);
        assert_eq!(spread(&[400.0, 400.0, 400.0], 0.0, 400.0), [362.0, 381.0, 400.0]);
        assert_eq!(spread(&[], 0.0, 400.0), [0.0; 0]);
    }

    #[test]
    fn texts_of_a_heap_of_points_hide_neither_each_other_nor_a_point() {
        let points: Vec<((f64, f64), f64)> =
            (0..12).map(|i| ((100.0 + f64::from(i % 3) * 4.0, 200.0 + f64::from(i) * 3.0), 90.0)).collect();
        let bounds = Rect(0.0, 0.0, 480.0, 480.0);
        let rects: Vec<Rect> = beside(&points, &[], &bounds).into_iter().map(|place| place.rect).collect();
        for (i, rect) in rects.iter().enumerate() {
            assert!(rect.within(&bounds));
            assert!(rects[..i].iter().all(|other| !other.meets(rect)), "{i}: {rects:?}");
            assert!(points.iter().all(|(point, _)| !Rect::around(*point, 2.0).meets(rect)), "{i}");
        }
    }
}
