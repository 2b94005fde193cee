//! The publishing rule, case by case, and what it must not look at.

use super::*;
use prost::Message;

const START: Time = Time(1_800_000_000_000);

/// A person who reports cells of a city, given as steps of 500 m north and east of a middle.
struct Walker {
    state: State,
    now: Time,
    rules: Rules,
}

fn city(north: i32, east: i32) -> (f64, f64) {
    let middle = Cell::at(39.9075, 116.3972).unwrap();
    let (south, west, top, right) = middle.bounds();
    let (height, width) = (top - south, right - west);
    (south + (f64::from(north) + 0.5) * height, west + (f64::from(east) + 0.5) * width)
}

fn cell(north: i32, east: i32) -> Cell {
    let (north, east) = city(north, east);
    let cell = Cell::at(north, east).unwrap();
    assert_eq!(cell.size(), Size::Metres500);
    cell
}

impl Walker {
    fn new() -> Self {
        Self { state: State::default(), now: START, rules: Rules::default() }
    }

    fn at(&mut self, point: (f64, f64)) -> Result<Published, Refused> {
        let (state, published) = publish(&self.state, told(point, self.now), &self.rules)?;
        // What is stored comes back as it was.
        self.state = State::decode(&state.encode_to_vec()[..]).expect("our own form");
        assert_eq!(self.state, state);
        assert_eq!(self.state.published(), Some(published.cell));
        Ok(published)
    }

    fn after(&mut self, waited: u64, north: i32, east: i32) -> Published {
        self.now = self.now + minutes(waited);
        self.at(city(north, east)).expect("taken")
    }
}

#[test]
fn within_ten_minutes_a_position_is_not_used() {
    let mut walker = Walker::new();
    let first = walker.after(0, 0, 0);
    assert_eq!(first, Published { cell: cell(0, 0), is_new: true, next_read_at: START + minutes(10) });
    let before = walker.state.clone();
    let same = walker.after(9, 9, 9);
    assert_eq!(same, Published { is_new: false, ..first });
    assert_eq!(walker.state, before);
    // A leap that would be refused tells nothing either.
    assert_eq!(walker.at((-33.0, 151.0)), Ok(same));
    assert_eq!(walker.after(1, 9, 9).cell, cell(9, 9));
}

#[test]
fn what_touches_an_anchor_is_the_anchor_the_latest_first() {
    let mut walker = Walker::new();
    walker.after(0, 0, 0);
    assert_eq!(walker.after(10, 1, 1).cell, cell(0, 0));
    let second = walker.after(31, 0, 2);
    assert_eq!((second.cell, second.is_new), (cell(0, 2), true));
    // Between the two, and touching both.
    assert_eq!(walker.after(10, 0, 1).cell, cell(0, 2));
    let back = walker.after(10, 0, 0);
    assert_eq!((back.cell, back.is_new, back.next_read_at), (cell(0, 0), false, walker.now + minutes(10)));
    assert_eq!(walker.after(10, 1, 1).cell, cell(0, 0));
}

#[test]
fn near_and_soon_the_cell_stays_far_or_late_it_is_new() {
    let mut walker = Walker::new();
    walker.after(0, 0, 0);
    assert_eq!(walker.after(10, 3, 0).cell, cell(0, 0));
    assert_eq!(walker.after(19, 3, 0).cell, cell(0, 0));
    assert_eq!(walker.after(10, 3, 0).cell, cell(3, 0), "39 minutes after the change");
    assert_eq!(walker.after(10, 7, 0).cell, cell(7, 0), "2 km away");
    assert_eq!(walker.after(10, 10, 0).cell, cell(7, 0));
    // Going back to an anchor is a change, too, and starts the time anew.
    assert_eq!(walker.after(10, 0, 0).cell, cell(0, 0));
    assert_eq!(walker.after(29, 0, -3).cell, cell(0, 0));
    assert_eq!(walker.after(10, 0, -3).cell, cell(0, -3));
}

#[test]
fn eight_anchors_are_kept_for_thirty_days() {
    let mut walker = Walker::new();
    for n in 0..9 {
        assert!(walker.after(40, 5 * n, 0).is_new);
    }
    assert!(!walker.after(40, 5, 0).is_new, "the second is the eighth from behind");
    assert!(walker.after(40, 0, 0).is_new, "the first was dropped");
    let last = walker.now;
    assert_eq!(walker.state.expires_at(), Some(START + minutes(4 * 40) + minutes(30 * 24 * 60)));
    let day = 24 * 60;
    let month = last + minutes(30 * day);
    assert_eq!(walker.state.swept(month - minutes(1)).published(), Some(cell(0, 0)));
    assert_eq!(walker.state.swept(month).published(), None);
    assert_eq!(walker.state.swept(month).expires_at(), None);
}

#[test]
fn leaving_keeps_anchors_and_makes_wait() {
    let mut walker = Walker::new();
    walker.after(0, 0, 0);
    walker.now = walker.now + minutes(15);
    walker.state = walker.state.clear(walker.now, &walker.rules);
    let until = walker.now + minutes(10);
    for waited in [0, 5, 4] {
        walker.now = walker.now + minutes(waited);
        assert_eq!(walker.at(city(3, 0)), Err(Refused::Closed { until }));
    }
    assert_eq!(walker.state.closed_until(walker.now), Some(until));
    // 25 minutes after the change: leaving has not made it forgotten.
    assert_eq!(walker.after(1, 3, 0).cell, cell(0, 0));
}

#[test]
fn forgetting_leaves_nothing_and_closes_for_an_hour() {
    let mut walker = Walker::new();
    walker.after(0, 0, 0);
    walker.state = State::forget(walker.now);
    assert_eq!((walker.state.published(), walker.state.expires_at()), (None, None));
    walker.state = walker.state.clear(walker.now, &walker.rules);
    walker.now = walker.now + minutes(59);
    assert_eq!(walker.at(city(0, 0)), Err(Refused::Closed { until: START + minutes(60) }));
    let next = walker.after(1, 1, 0);
    assert_eq!((next.cell, next.is_new), (cell(1, 0), true));
}

#[test]
fn nobody_is_faster_than_a_plane() {
    let mut walker = Walker::new();
    let (paris, new_york) = ((48.8566, 2.3522), (40.7128, -74.006));
    walker.at(paris).expect("the first is not measured");
    walker.now = walker.now + minutes(5 * 60);
    let before = walker.state.clone();
    assert_eq!(walker.at(new_york), Err(Refused::TooFast));
    assert_eq!(walker.state, before);
    walker.now = walker.now + minutes(60);
    walker.at(new_york).expect("5837 km in six hours");
    // Without times between, some kilometres are still no sign of anything.
    walker.rules = Rules { read_every: Duration::ZERO, change_every: Duration::ZERO };
    walker.at((40.7128, -74.05)).expect("4 km at once");
    assert_eq!(walker.at((40.7128, -75.0)), Err(Refused::TooFast));
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out() {
    let mut walker = Walker::new();
    walker.after(0, 0, 0);
    walker.state = walker.state.clear(walker.now, &walker.rules);
    walker.now = walker.now - minutes(24 * 60);
    assert_eq!(walker.after(0, 3, 0).cell, cell(3, 0));
    assert_eq!(walker.after(5, 9, 0).cell, cell(3, 0), "the new times count");
    // Calls that overtake each other are no such clock.
    walker.now = walker.now - minutes(6);
    assert_eq!(walker.after(0, 9, 0).cell, cell(3, 0));
    walker.state = State::forget(walker.now);
    walker.now = walker.now - Duration::from_millis(3);
    assert!(matches!(walker.at(city(0, 0)), Err(Refused::Closed { .. })));
}

#[test]
fn without_times_every_cell_that_touches_no_anchor_is_new() {
    let mut walker = Walker::new();
    walker.rules = Rules { read_every: Duration::ZERO, change_every: Duration::ZERO };
    assert!(walker.after(0, 0, 0).is_new);
    assert!(!walker.after(0, 1, 0).is_new);
    assert!(walker.after(0, 2, 0).is_new);
}

#[test]
fn cells_that_the_grid_no_longer_has_are_dropped() {
    let mut walker = Walker::new();
    walker.after(0, 0, 0);
    let mut bytes = walker.state.encode_to_vec();
    // The number begins behind the tags of the list and of the field: 31 is no part of a square.
    bytes[3] |= 31;
    walker.state = State::decode(&bytes[..]).expect("well formed");
    assert_eq!(walker.state.published(), None);
    assert!(walker.after(1, 0, 0).is_new);
}

/// What a history does: waits (minutes), where it goes (a leap somewhere, or a small step), and two points of that cell.
type Step = (u64, (f64, f64), [(f64, f64); 2]);

fn history() -> impl Strategy<Value = Vec<Step>> {
    let share = || (0.001..0.999_f64, 0.001..0.999_f64);
    let near = move |(north, east): (f64, f64)| {
        let step = (
            prop_oneof![Just(0_u64), 1..60_u64, Just(5000)],
            -0.02..0.02_f64,
            -0.02..0.02_f64,
            share(),
            share(),
        );
        let step = step.prop_map(move |(waited, up, right, one, other)| {
            let point = ((north + up).clamp(-90.0, 90.0), (east + right + 540.0).rem_euclid(360.0) - 180.0);
            (waited, point, [one, other])
        });
        prop::collection::vec(step, 1..30)
    };
    (anywhere().prop_flat_map(near), prop::collection::vec(anywhere(), 0..2)).prop_map(
        |(mut steps, leaps)| {
            steps.extend(leaps.into_iter().map(|leap| (600, leap, [(0.1, 0.9), (0.8, 0.2)])));
            steps
        },
    )
}

proptest! {
    /// Moved inside their cells, two histories give the same answers, states and refusals.
    #[test]
    fn a_history_tells_nothing_but_its_cells(steps in history()) {
        let mut people = [(State::default(), START), (State::default(), START)];
        let rules = Rules::default();
        for (waited, point, shares) in steps {
            let raw = Cell::at(point.0, point.1).expect("a point");
            let mut answers = Vec::new();
            for ((state, now), (north, east)) in people.iter_mut().zip(shares) {
                *now = *now + minutes(waited);
                let moved = inside(raw, north, east);
                prop_assert_eq!(Cell::at(moved.0, moved.1), Some(raw));
                let answer = publish(state, told(moved, *now), &rules);
                if let Ok((next, _)) = &answer {
                    *state = next.clone();
                }
                answers.push(answer);
            }
            prop_assert_eq!(&answers[0], &answers[1]);
        }
        prop_assert_eq!(&people[0], &people[1]);
    }

    /// Whatever happens, what is published stays within reach of the truth, and changes no sooner than promised.
    #[test]
    fn what_is_published_is_near_and_changes_slowly(steps in history()) {
        let (mut state, mut now, rules) = (State::default(), START, Rules::default());
        let (mut changed_at, mut read_at, mut shown) = (START, START - minutes(60), None);
        for (waited, point, _) in steps {
            now = now + minutes(waited);
            let raw = Cell::at(point.0, point.1).expect("a point");
            let Ok((next, published)) = publish(&state, told(point, now), &rules) else { continue };
            state = next;
            let read = now.since(read_at) >= rules.read_every;
            if read {
                read_at = now;
                prop_assert!(published.cell.touches(raw) || published.cell.metres_to(raw) < 2000);
            } else {
                prop_assert_eq!(Some(published.cell), shown);
            }
            if let Some(before) = shown.filter(|before| *before != published.cell) {
                let far = Cell::metres_to(before, raw) >= 2000;
                prop_assert!(!published.is_new || far || now.since(changed_at) >= rules.change_every);
            }
            if shown != Some(published.cell) {
                changed_at = now;
            }
            shown = Some(published.cell);
            prop_assert_eq!(published.next_read_at, read_at + rules.read_every);
        }
    }
}
