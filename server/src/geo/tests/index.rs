//! Walks over the index against brute force, and the bounds of what they cost.

use super::*;
use crate::id::AccountId;
use crate::random::Random;
use std::collections::{BTreeMap, HashMap, HashSet};
use teahouse_proto::common::Gender;

const GENDERS: [Gender; 4] = [Gender::Unspecified, Gender::Female, Gender::Male, Gender::Other];

fn key() -> HourKey {
    HourKey::new(&[7; 32], Time(1_800_000_000_000))
}

fn look(from: Cell) -> Look {
    Look { from, viewer: AccountId(0), gender: Gender::Unspecified, within: Band::Km10, after: None }
}

fn ids(found: impl Iterator<Item = Found>) -> Vec<u64> {
    found.map(|found| found.person.0).collect()
}

/// A crowd around a point: shares of `degrees`, and genders.
fn crowd() -> impl Strategy<Value = Vec<(Cell, Gender)>> {
    let one = (-1.0..1.0_f64, -1.0..1.0_f64, 0..GENDERS.len());
    (anywhere(), 0..4_i32, prop::collection::vec(one, 1..60)).prop_map(|((north, east), scale, people)| {
        let degrees = 0.3 / 4.0_f64.powi(scale);
        let place = |(up, right, gender): (f64, f64, usize)| {
            let north = (north + up * degrees).clamp(-90.0, 90.0);
            let wide = (right * degrees / north.to_radians().cos().max(0.001)).clamp(-179.0, 179.0);
            let cell = Cell::at(north, (east + wide + 540.0).rem_euclid(360.0) - 180.0).expect("a point");
            (cell, GENDERS[gender])
        };
        people.into_iter().map(place).collect()
    })
}

proptest! {
    #[test]
    fn a_walk_finds_whom_measuring_everybody_finds(
        people in crowd(), gender in 0..GENDERS.len(), within in 0..Band::ALL.len(), bulk: bool,
    ) {
        let gender = GENDERS[gender];
        let numbered = people.iter().enumerate().map(|(id, spot)| (AccountId(id as u64), *spot));
        let index = if bulk {
            Index::load(&[1; 32], numbered.collect())
        } else {
            let mut index = Index::new(&[1; 32]);
            numbered.for_each(|(person, (cell, gender))| index.put(person, cell, gender));
            index
        };
        let from = people[0].0;
        let look = Look { gender, within: Band::ALL[within], ..look(from) };
        let found: Vec<Found> = index.walk(look, &key()).collect();
        prop_assert!(found.windows(2).all(|pair| pair[0].band <= pair[1].band));
        prop_assert!(found.iter().all(|f| f.band == band(from, f.cell) && index.cell_of(f.person) == Some(f.cell)));
        let mut given = ids(found.iter().copied());
        given.sort_unstable();
        let fits = |(id, (cell, own)): (usize, &(Cell, Gender))| {
            let wanted = gender == Gender::Unspecified || gender == *own;
            (id != 0 && wanted && band(from, *cell) <= look.within).then_some(id as u64)
        };
        let expected: Vec<u64> = people.iter().enumerate().filter_map(fits).collect();
        prop_assert_eq!(given, expected);
        // Cells come one after another, each once.
        let mut cells: Vec<Cell> = found.iter().map(|f| f.cell).collect();
        cells.dedup();
        prop_assert_eq!(cells.iter().collect::<HashSet<_>>().len(), cells.len());
    }

    #[test]
    fn pages_are_the_walk_cut_up_also_while_others_come_and_go(people in crowd(), size in 1..7_usize) {
        let mut index = Index::new(&[2; 32]);
        for (id, (cell, gender)) in people.iter().enumerate() {
            index.put(AccountId(id as u64 + 1), *cell, *gender);
        }
        let mut look = look(people[0].0);
        let whole = ids(index.walk(look, &key()));
        let mut pages = Vec::new();
        loop {
            let page: Vec<Found> = index.walk(look, &key()).take(size).collect();
            let Some(last) = page.last() else { break };
            pages.extend(ids(page.iter().copied()));
            look.after = Some(last.mark());
            // Who was given leaves, and comes back elsewhere or not at all: the others are not moved by it.
            index.remove(last.person);
        }
        prop_assert_eq!(pages, whole);
    }

    #[test]
    fn moving_is_taking_out_and_putting_in(people in crowd(), moves in prop::collection::vec((0..60_usize, 0..60_usize, 0..5_usize), 0..80)) {
        let mut index = Index::new(&[3; 32]);
        let mut model: BTreeMap<u64, (Cell, Gender)> = BTreeMap::new();
        for (who, to, gender) in moves {
            let (id, (cell, _)) = (who as u64 % 12 + 1, people[to % people.len()]);
            match GENDERS.get(gender) {
                Some(gender) => {
                    index.put(AccountId(id), cell, *gender);
                    model.insert(id, (cell, *gender));
                }
                None => prop_assert_eq!(index.remove(AccountId(id)), model.remove(&id).is_some()),
            }
            prop_assert_eq!((index.len(), index.is_empty()), (model.len(), model.is_empty()));
        }
        let made = model.iter().map(|(id, spot)| (AccountId(*id), *spot)).collect::<HashMap<_, _>>();
        let made = Index::load(&[3; 32], made);
        for gender in GENDERS {
            let look = Look { gender, within: Band::World, ..look(people[0].0) };
            prop_assert_eq!(ids(index.walk(look, &key())), ids(made.walk(look, &key())));
        }
    }
}

#[test]
fn the_order_in_a_cell_is_another_for_each_viewer_and_hour() {
    let cell = Cell::at(39.9075, 116.3972).unwrap();
    let mut index = Index::new(&[4; 32]);
    let crowd = 1000;
    (1..=crowd).for_each(|id| index.put(AccountId(id), cell, Gender::Unspecified));
    let first = |viewer: u64, key: &HourKey| {
        let look = Look { viewer: AccountId(viewer), ..look(cell) };
        index.walk(look, key).next().expect("there are others").person.0
    };
    assert_eq!(first(5000, &key()), first(5000, &key()));
    let firsts: HashSet<u64> = (5000..5400).map(|viewer| first(viewer, &key())).collect();
    assert!(firsts.len() > 250, "{} of 400", firsts.len());
    let hours = (0..400).map(|hour| HourKey::new(&[7; 32], Time(hour * 3_600_000)));
    assert!(hours.map(|key| first(5000, &key)).collect::<HashSet<u64>>().len() > 250);
    // Whoever registers late or early, last or first, is not in front: each half has its half.
    let late = (5000..6000).filter(|viewer| first(*viewer, &key()) > crowd / 2).count();
    assert!((350..650).contains(&late), "{late} of 1000");
}

#[test]
fn the_order_of_cells_in_a_band_is_another_for_each_viewer() {
    let middle = Cell::at(39.9075, 116.3972).unwrap();
    let mut index = Index::new(&[5; 32]);
    for (id, cell) in middle.neighbours().into_iter().enumerate() {
        index.put(AccountId(id as u64 + 1), cell, Gender::Unspecified);
    }
    let order = |viewer| ids(index.walk(Look { viewer: AccountId(viewer), ..look(middle) }, &key()));
    let orders: HashSet<Vec<u64>> = (5000..5050).map(order).collect();
    assert!(orders.len() > 45, "{}", orders.len());
}

#[test]
fn two_worlds_with_the_same_cells_give_the_same_walks() {
    let random = Random::seeded(8);
    let share = || random.below(998) as f64 / 1000.0 + 0.001;
    let mut worlds = [Index::new(&[6; 32]), Index::new(&[6; 32])];
    let mut cells = Vec::new();
    for id in 1..=200 {
        let raw = Cell::at(39.8 + share() * 0.3, 116.3 + share() * 0.3).unwrap();
        for index in &mut worlds {
            let told = told(inside(raw, share(), share()), Time(5));
            let (_, published) = publish(&State::default(), told, &Rules::default()).expect("taken");
            index.put(AccountId(id), published.cell, GENDERS[id as usize % 4]);
        }
        cells.push(raw);
    }
    for (gender, from) in GENDERS.into_iter().zip(cells) {
        let look = Look { gender, ..look(from) };
        let [one, other] = worlds.each_ref().map(|index| index.walk(look, &key()).collect::<Vec<Found>>());
        assert_eq!(one, other);
        assert!(!one.is_empty());
    }
}

/// How many keys a walk looks at does not grow with the crowd: pages of a cell of 50 000 take what pages of 50 take. Time
/// would depend on the machine; so the walk is shown to be lazy: it is left after a page, and goes on anywhere in the ring.
#[test]
fn a_crowd_of_fifty_thousand_is_walked_page_by_page() {
    let cell = Cell::at(39.9075, 116.3972).unwrap();
    let people = (1..=50_000).map(|id| (AccountId(id), (cell, GENDERS[id as usize % 4])));
    let index = Index::load(&[9; 32], people.collect());
    let mut look = Look { gender: Gender::Female, ..look(cell) };
    let mut seen = HashSet::new();
    for _ in 0..250 {
        let page: Vec<Found> = index.walk(look, &key()).take(50).collect();
        assert_eq!(page.len(), 50);
        assert!(page.iter().all(|found| seen.insert(found.person) && found.person.0 % 4 == 1));
        look.after = page.last().map(Found::mark);
    }
    assert_eq!(index.walk(look, &key()).next(), None);
}
