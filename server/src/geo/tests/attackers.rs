//! Those who watch published cells for weeks and fit where somebody lives or walks. The rule must keep them as far off as a
//! guess at the cell's centre is; snapping and hysteresis, which are here only to be compared, must not.

use super::*;
use crate::random::Random;
use std::collections::BTreeMap;

const START: Time = Time(1_800_000_000_000);
const SIDE_KM: f64 = 0.5;
const NOISE_M: f64 = 25.0;
const PEOPLE: usize = 100;

type Point = (f64, f64);

/// What decides which cell is shown.
#[derive(Clone)]
enum Rule {
    Ours(State),
    /// The cell of every position.
    Snapping,
    /// The shown cell stays up to 20 % of its side beyond its edge; a position is read every 10 minutes.
    Hysteresis(Option<(Cell, Time)>),
}

impl Rule {
    fn all() -> [Self; 3] {
        [Self::Ours(State::default()), Self::Snapping, Self::Hysteresis(None)]
    }

    fn show(&mut self, at: Point, now: Time) -> Cell {
        let raw = Cell::at(at.0, at.1).expect("a point");
        match self {
            Self::Ours(state) => {
                let (next, published) = publish(state, told(at, now), &Rules::default()).expect("taken");
                *state = next;
                published.cell
            }
            Self::Snapping => raw,
            Self::Hysteresis(Some((shown, read_at))) if now.since(*read_at) < minutes(10) => *shown,
            Self::Hysteresis(shown) => {
                let stays = shown.map(|(cell, _)| cell).filter(|cell| holds(widened(*cell, 0.2), at));
                let cell = stays.unwrap_or(raw);
                *shown = Some((cell, now));
                cell
            }
        }
    }

    /// By how many sides a reading may lie beyond the cell that it left in place; `known` for going back to one.
    fn slack(&self, changed: bool, known: bool) -> f64 {
        match (self, changed, known) {
            (Self::Snapping, ..) | (_, true, false) | (Self::Hysteresis(_), true, true) => 0.0,
            (Self::Hysteresis(_), false, _) => 0.2,
            (Self::Ours(_), true, true) => 1.2,
            (Self::Ours(_), false, _) => 4.5,
        }
    }
}

/// South, west, north, east.
type Box4 = (f64, f64, f64, f64);

fn widened(cell: Cell, sides: f64) -> Box4 {
    let (south, west, north, east) = cell.bounds();
    let (height, width) = ((north - south) * sides, (east - west) * sides);
    (south - height, west - width, north + height, east + width)
}

fn holds(area: Box4, at: Point) -> bool {
    (area.0..=area.2).contains(&at.0) && (area.1..=area.3).contains(&at.1)
}

/// Chance with a seed.
struct Chance(Random);

impl Chance {
    fn share(&self) -> f64 {
        (self.0.below(1 << 40) as f64 + 0.5) / (1_u64 << 40) as f64
    }

    fn between(&self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Normally distributed with a deviation of 1 (Box–Muller).
    fn normal(&self) -> f64 {
        (-2.0 * self.share().ln()).sqrt() * (std::f64::consts::TAU * self.share()).cos()
    }

    fn noisy(&self, at: Point) -> Point {
        moved(at, NOISE_M * self.normal(), NOISE_M * self.normal())
    }
}

/// So many metres north and east.
fn moved(at: Point, north: f64, east: f64) -> Point {
    (at.0 + north / 111_195.0, at.1 + east / 111_195.0 / at.0.to_radians().cos())
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_unstable_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Some cell of the middle of Beijing.
fn some_cell(chance: &Chance) -> Cell {
    let at = moved((39.9075, 116.3972), chance.between(-15e3, 15e3), chance.between(-15e3, 15e3));
    Cell::at(at.0, at.1).expect("a point")
}

/// Homes anywhere, near an edge, near a corner.
const GROUPS: [&str; 3] = ["anywhere", "edge", "corner"];

fn home(group: &str, chance: &Chance) -> Point {
    let cell = some_cell(chance);
    let at_edge = || {
        let off = chance.between(0.0, 30.0) / 1000.0 / SIDE_KM;
        if chance.share() < 0.5 { off } else { 1.0 - off }
    };
    match group {
        "corner" => inside(cell, at_edge(), at_edge()),
        "edge" if chance.share() < 0.5 => inside(cell, at_edge(), chance.share()),
        "edge" => inside(cell, chance.share(), at_edge()),
        _ => inside(cell, chance.share(), chance.share()),
    }
}

/// What is seen of a month: per evening at home, the cells shown.
fn month(home: Point, mut rule: Rule, chance: &Chance) -> Vec<Vec<Cell>> {
    let turn = chance.between(0.0, std::f64::consts::TAU);
    let far = chance.between(4000.0, 8000.0);
    let on_the_way = |share: f64| moved(home, turn.sin() * far * share, turn.cos() * far * share);
    let mut seen = Vec::new();
    for day in 0..30 {
        let mut look = |hour: u64, minute: u64, share: f64| {
            rule.show(chance.noisy(on_the_way(share)), START + minutes(day * 24 * 60 + hour * 60 + minute))
        };
        let mut at_home = vec![look(7, 0, 0.0), look(7, 30, 0.0)];
        look(8, 15, chance.share());
        for hour in [9, 12, 15] {
            look(hour, 0, 1.0);
        }
        look(18, 15, chance.share());
        at_home.splice(..0, [19, 20, 22].map(|hour| look(hour, 0, 0.0)));
        seen.push(at_home);
    }
    seen
}

/// The best that can be made of it: each way of fitting, over the evenings.
fn fits(seen: &[Vec<Cell>]) -> Vec<Point> {
    let count = |cells: &mut dyn Iterator<Item = Cell>| {
        let mut counts: BTreeMap<Cell, f64> = BTreeMap::new();
        cells.for_each(|cell| *counts.entry(cell).or_default() += 1.0);
        counts
    };
    let all = count(&mut seen.iter().flatten().copied());
    // Where one comes home to what is shown anew, only that is by chance.
    let firsts = count(&mut seen.iter().map(|evening| evening[0]));
    let most = all.iter().max_by(|a, b| a.1.total_cmp(b.1)).expect("something was seen").0;
    vec![most.centre(), likeliest(&all), likeliest(&firsts), common(&all)]
}

/// The mean of where a home makes these counts likely, by noise alone.
fn likeliest(counts: &BTreeMap<Cell, f64>) -> Point {
    let boxes: Vec<(Box4, f64)> = counts.iter().map(|(cell, n)| (cell.bounds(), *n)).collect();
    let noise = (NOISE_M / 111_195.0, NOISE_M / 111_195.0 / boxes[0].0.0.to_radians().cos());
    let below = |x: f64| 1.0 / (1.0 + (-1.702 * x).exp());
    let within =
        |low: f64, high: f64, at: f64, noise: f64| below((high - at) / noise) - below((low - at) / noise);
    let likelihood = |at: Point| {
        let term = |(b, n): &(Box4, f64)| {
            let p = within(b.0, b.2, at.0, noise.0) * within(b.1, b.3, at.1, noise.1);
            n * (p + 1e-4).ln()
        };
        boxes.iter().map(term).sum::<f64>()
    };
    let all: Vec<Box4> = boxes.iter().map(|(b, _)| *b).collect();
    let candidates: Vec<(Point, f64)> = raster(&all, 50).map(|at| (at, likelihood(at))).collect();
    let best = candidates.iter().map(|(_, l)| *l).fold(f64::NEG_INFINITY, f64::max);
    mean(candidates.into_iter().map(|(at, l)| (at, (l - best).exp())))
}

/// The mean of where all cells that were shown are next to home or home's own.
fn common(counts: &BTreeMap<Cell, f64>) -> Point {
    let wide: Vec<Box4> = counts.keys().map(|cell| widened(*cell, 1.0)).collect();
    let votes = |at: Point| wide.iter().filter(|b| holds(**b, at)).count();
    let candidates: Vec<(Point, usize)> = raster(&wide, 50).map(|at| (at, votes(at))).collect();
    let best = candidates.iter().map(|(_, votes)| *votes).max().unwrap_or_default();
    mean(candidates.into_iter().map(|(at, votes)| (at, f64::from(u8::from(votes == best)))))
}

/// Points that cover the boxes together, `steps` in each direction.
fn raster(boxes: &[Box4], steps: u32) -> impl Iterator<Item = Point> + use<> {
    let edge =
        |of: fn(&Box4) -> f64, pick: fn(f64, f64) -> f64| boxes.iter().map(of).reduce(pick).expect("a box");
    let (south, north) = (edge(|b| b.0, f64::min), edge(|b| b.2, f64::max));
    let (west, east) = (edge(|b| b.1, f64::min), edge(|b| b.3, f64::max));
    let share = move |n: u32| (f64::from(n) + 0.5) / f64::from(steps);
    (0..steps * steps)
        .map(move |n| (south + (north - south) * share(n / steps), west + (east - west) * share(n % steps)))
}

fn mean(weighted: impl Iterator<Item = (Point, f64)>) -> Point {
    let sum = weighted.fold((0.0, 0.0, 0.0), |s, (at, w)| (s.0 + at.0 * w, s.1 + at.1 * w, s.2 + w));
    (sum.0 / sum.2, sum.1 / sum.2)
}

/// The median error of the attacker's best way, in sides, for each group.
fn errors_at_home(rule: &Rule) -> Vec<f64> {
    let of_group = |group: &&str| {
        let chance = Chance(Random::seeded(41));
        let mut errors: Vec<Vec<f64>> = vec![Vec::new(); 4];
        for _ in 0..PEOPLE {
            let home = home(group, &chance);
            let seen = month(home, rule.clone(), &chance);
            for (way, fit) in fits(&seen).into_iter().enumerate() {
                errors[way].push(km_between(home, fit) / SIDE_KM);
            }
        }
        errors.into_iter().map(median).fold(f64::INFINITY, f64::min)
    };
    GROUPS.iter().map(of_group).collect()
}

#[test]
fn a_month_of_evenings_does_not_tell_where_home_is() {
    let [ours, snapping, hysteresis] = Rule::all().map(|rule| errors_at_home(&rule));
    println!(
        "home, median error in sides {GROUPS:?}: rule {ours:.2?}, snapping {snapping:.2?}, hysteresis {hysteresis:.2?}"
    );
    assert!(ours.iter().all(|error| *error >= 0.35), "{ours:?}");
    for other in [snapping, hysteresis] {
        assert!(
            other.iter().any(|error| *error < 0.35),
            "the measure does not see what it should: {other:?}"
        );
    }
}

/// What a walk along one axis may be: where it began and how far it led, in sides; a polygon, cut by each sighting.
struct Course(Vec<Point>);

impl Course {
    fn new() -> Self {
        // Nobody walks more than 7 km/h.
        Self(vec![(-1.0, -9.4), (2.0, -9.4), (2.0, 9.4), (-1.0, 9.4)])
    }

    /// At this share of the time it was between.
    fn sighted(&mut self, share: f64, low: f64, high: f64) {
        self.cut(|(begin, length)| begin + length * share - low);
        self.cut(|(begin, length)| high - begin - length * share);
    }

    /// Keeps what is not negative.
    fn cut(&mut self, side: impl Fn(Point) -> f64) {
        let corners = std::mem::take(&mut self.0);
        for (n, here) in corners.iter().enumerate() {
            let next = corners[(n + 1) % corners.len()];
            let (a, b) = (side(*here), side(next));
            if a >= 0.0 {
                self.0.push(*here);
            }
            if (a >= 0.0) != (b >= 0.0) {
                let share = a / (a - b);
                self.0.push((here.0 + (next.0 - here.0) * share, here.1 + (next.1 - here.1) * share));
            }
        }
    }

    /// Its centre of gravity.
    fn fit(&self) -> Point {
        let first = *self.0.first().expect("the truth is in it");
        let triangles = self.0.windows(2).map(|pair| {
            let (a, b) =
                ((pair[0].0 - first.0, pair[0].1 - first.1), (pair[1].0 - first.0, pair[1].1 - first.1));
            let middle = (first.0 + (a.0 + b.0) / 3.0, first.1 + (a.1 + b.1) / 3.0);
            (middle, (a.0 * b.1 - a.1 * b.0).abs() + 1e-15)
        });
        mean(triangles)
    }
}

/// Errors of one walk at each minute, in sides.
fn errors_of_walk(mut rule: Rule, chance: &Chance) -> Vec<f64> {
    let start = inside(some_cell(chance), chance.share(), chance.share());
    let (turn, length) = (chance.between(0.0, std::f64::consts::TAU), 5000.0 * 40.0 / 60.0);
    let end = moved(start, turn.sin() * length, turn.cos() * length);
    let truth = |share: f64| (start.0 + (end.0 - start.0) * share, start.1 + (end.1 - start.1) * share);
    let first = Cell::at(start.0, start.1).expect("a point").bounds();
    let scaled = |b: Box4| {
        let (height, width) = (first.2 - first.0, first.3 - first.1);
        ((b.0 - first.0) / height, (b.1 - first.1) / width, (b.2 - first.0) / height, (b.3 - first.1) / width)
    };
    let (mut north, mut east) = (Course::new(), Course::new());
    let mut shown = Vec::new();
    for look in 0..=120 {
        let share = f64::from(look) / 120.0;
        let cell = rule.show(truth(share), START + Duration::from_secs(20 * look as u64));
        if !matches!(rule, Rule::Snapping) && look % 30 != 0 {
            continue;
        }
        let (changed, known) = (shown.last() != Some(&cell), shown.contains(&cell));
        shown.push(cell);
        let area = scaled(widened(cell, rule.slack(changed, known) + 1e-9));
        north.sighted(share, area.0, area.2);
        east.sighted(share, area.1, area.3);
    }
    let (north, east) = (north.fit(), east.fit());
    let error = |minute: u32| {
        let share = f64::from(minute) / 40.0;
        let at = scaled((truth(share).0, truth(share).1, 0.0, 0.0));
        (at.0 - north.0 - north.1 * share).hypot(at.1 - east.0 - east.1 * share)
    };
    (0..=40).map(error).collect()
}

#[test]
fn a_straight_walk_cannot_be_drawn() {
    let of_rule = |rule: Rule| {
        let chance = Chance(Random::seeded(43));
        median((0..4 * PEOPLE).flat_map(|_| errors_of_walk(rule.clone(), &chance)).collect())
    };
    let [ours, snapping, hysteresis] = Rule::all().map(of_rule);
    println!(
        "walk, median error in sides: rule {ours:.2}, snapping {snapping:.2}, hysteresis {hysteresis:.2}"
    );
    assert!(ours >= 0.30, "{ours}");
    assert!(snapping < 0.30 && hysteresis < 0.30, "the measure does not see what it should");
}
