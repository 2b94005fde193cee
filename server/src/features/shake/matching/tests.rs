//! Matching against a model that looks at all pairs, and the cases that matter one by one.

use super::model::Model;
use super::*;
use crate::geo::{Rules, State, fix, publish};
use crate::random::Random;
use crate::time::Time;
use proptest::prelude::*;
use std::collections::BTreeMap;

const WINDOW_MS: u64 = 5_000;

fn cell(north: f64, east: f64) -> Cell {
    let told = fix(north, east, 10.0, Time(0)).expect("a position");
    publish(&State::default(), told, &Rules::default()).expect("the first is taken").1.cell
}

/// Places of all bands around Hangzhou, some far from it, and nowhere.
fn places() -> Vec<Option<Cell>> {
    let near = [(0.0, 0.0), (0.0, 0.008), (0.012, 0.0), (0.03, 0.02), (0.06, 0.05), (0.1, 0.1), (0.2, -0.2)];
    let far = [(0.9, 0.3), (-1.5, 0.4), (3.0, 3.0), (-6.0, 2.0), (9.5, -3.0)];
    let around = near.into_iter().chain(far).map(|(north, east)| cell(30.2431 + north, 120.1502 + east));
    let elsewhere =
        [(52.52, 13.405), (52.54, 13.41), (90.0, 0.0), (89.97, 170.0), (-17.0, 179.999), (-17.0, -179.999)];
    let elsewhere = elsewhere.into_iter().map(|(north, east)| cell(north, east));
    around.chain(elsewhere).map(Some).chain([None]).collect()
}

/// Makes arrivals, each with an id and numbers of its own.
struct Maker {
    random: Random,
    made: u64,
}

impl Maker {
    fn new() -> Self {
        Self { random: Random::seeded(3), made: 0 }
    }

    fn arrival(&mut self, account: u64, cell: Option<Cell>) -> Arrival {
        self.made += 1;
        let draw = [(); 2].map(|()| u64::from_be_bytes(self.random.bytes()));
        Arrival { account: AccountId(account), shake_id: self.made, cell, hidden: HashSet::new(), draw }
    }
}

/// What people were told, in the order of the telling.
#[derive(Default)]
struct Heard {
    /// Shake, and each partner with how far.
    partners: Vec<(u64, AccountId, Option<Band>)>,
    /// By shake: when events came, and whether the last of them was told.
    events: BTreeMap<u64, (Vec<u64>, bool)>,
}

impl Heard {
    fn take(&mut self, shake: u64, partners: &[Partner]) {
        let told = partners.iter().map(|p| (shake, p.account, p.apart.map(|(band, _)| band)));
        self.partners.extend(told);
    }

    fn answer(&mut self, now_ms: u64, shake: u64, partners: &[Partner]) {
        self.take(shake, partners);
        self.events.insert(shake, (vec![now_ms], false));
    }

    fn news(&mut self, now_ms: u64, news: &[News]) {
        for one in news {
            let (times, over) = self.events.get_mut(&one.shake_id).expect("who is told has shaken");
            assert!(!*over, "nothing follows the end");
            assert!(one.over || !one.partners.is_empty());
            // Another shake ends the one before at once.
            assert!(one.over || now_ms >= times.last().expect("the answer") + 1_000);
            times.push(now_ms);
            *over = one.over;
            self.take(one.shake_id, &one.partners);
        }
    }
}

/// Runs until nobody is left.
fn run_out(matching: &mut Matching, heard: &mut Heard) {
    while let Some(due_ms) = matching.next_due_ms() {
        let now_ms = due_ms.max(matching.now_ms);
        let news = matching.news(now_ms);
        heard.news(now_ms, &news);
    }
    assert!(matching.people.is_empty() && matching.due.is_empty() && matching.windows.is_empty());
    assert_eq!(matching.free.len(), (0, 0));
    assert!(heard.events.values().all(|(_, over)| *over));
}

/// What both sides of the edges of a model are to hear.
fn expected(model: &Model) -> Vec<(u64, AccountId, Option<Band>)> {
    let both = |edge: &model::Edge| {
        [(edge.finder, edge.people.1, edge.band), (edge.found, edge.people.0, edge.band)]
    };
    let mut told: Vec<_> = model.edges.iter().flat_map(both).collect();
    told.sort_unstable();
    told
}

#[derive(Clone, Debug)]
enum Step {
    Shake { account: u64, place: usize, hides: u64 },
    Wait(u64),
    SetBack(u64),
    News,
    Leave(u64),
    Part(u64, u64),
}

const PEOPLE: u64 = 45;

fn step(disturbs: bool) -> impl Strategy<Value = Step> {
    let shake = (1..PEOPLE, 0..64_usize, 1..PEOPLE * 3);
    let shake = shake.prop_map(|(account, place, hides)| Step::Shake { account, place, hides });
    prop_oneof![
        30 => shake,
        8 => (0..400_u64).prop_map(Step::Wait),
        2 => prop_oneof![Just(999), Just(1_000), Just(4_999), Just(5_000), Just(5_001)].prop_map(Step::Wait),
        1 => (1..7_000_u64).prop_map(Step::SetBack),
        4 => Just(Step::News),
        u32::from(disturbs) => (1..PEOPLE).prop_map(Step::Leave),
        u32::from(disturbs) => (1..PEOPLE, 1..PEOPLE).prop_map(|(a, b)| Step::Part(a, b)),
    ]
}

/// Takes the steps, in matching and in the model. Who left or was parted from whom is in the last of the answers.
fn play(steps: Vec<Step>) -> (Heard, Model, HashSet<(AccountId, AccountId)>) {
    let (mut matching, mut heard, mut maker) = (Matching::new(WINDOW_MS), Heard::default(), Maker::new());
    let mut model = Model::new(WINDOW_MS);
    let (places, mut clock, mut latest) = (places(), 10_000, 0);
    let mut disturbed = HashSet::new();
    for step in steps {
        if matches!(step, Step::Shake { .. } | Step::News) {
            latest = clock.max(latest);
        }
        match step {
            Step::Wait(ms) => clock += ms,
            Step::SetBack(ms) => clock = clock.saturating_sub(ms),
            Step::Shake { account, place, hides } => {
                let mut arrival = maker.arrival(account, places[place % places.len()]);
                arrival.hidden.extend((hides < PEOPLE && hides != account).then_some(AccountId(hides)));
                let shake = arrival.shake_id;
                model.arrive(clock, arrival.clone());
                let partners = matching.arrive(clock, arrival);
                heard.answer(latest, shake, &partners);
            }
            Step::News => {
                model.advance(clock);
                let news = matching.news(clock);
                heard.news(latest, &news);
            }
            Step::Leave(account) => {
                matching.leave(AccountId(account));
                model.leave(AccountId(account));
                let others = (1..PEOPLE).filter(|other| *other != account);
                disturbed.extend(others.map(|other| (AccountId(account), AccountId(other))));
            }
            Step::Part(one, other) if one != other => {
                let (one, other) = (AccountId(one), AccountId(other));
                matching.part(one, other);
                model.part(one, other);
                disturbed.insert((one, other));
            }
            Step::Part(..) => {}
        }
    }
    run_out(&mut matching, &mut heard);
    model.advance(latest + 100_000);
    (heard, model, disturbed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn everybody_meets_whom_the_model_says(steps in proptest::collection::vec(step(false), 0..400)) {
        let (mut heard, model, _) = play(steps);
        heard.partners.sort_unstable();
        let expected = expected(&model);
        let differs = heard.partners.iter().zip(&expected).find(|(told, expected)| told != expected);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(heard.partners.len(), expected.len());
    }

    #[test]
    fn whoever_leaves_or_parts_changes_nothing_between_others(steps in proptest::collection::vec(step(true), 0..400)) {
        let (heard, model, disturbed) = play(steps);
        let people: HashMap<u64, AccountId> = model
            .edges
            .iter()
            .flat_map(|edge| [(edge.finder, edge.people.0), (edge.found, edge.people.1)])
            .collect();
        let expected = expected(&model);
        let is_disturbed = |shake: u64, other: AccountId| {
            let me = people[&shake];
            disturbed.contains(&(me, other)) || disturbed.contains(&(other, me))
        };
        prop_assert!(heard.partners.iter().all(|told| expected.binary_search(told).is_ok()));
        let told: HashSet<_> = heard.partners.iter().copied().collect();
        prop_assert_eq!(told.len(), heard.partners.len(), "nothing is told twice");
        for (shake, other, band) in expected {
            prop_assert!(is_disturbed(shake, other) || told.contains(&(shake, other, band)));
        }
    }
}

/// Partners of the second of two shakes, so many milliseconds apart, over its answer and all that follows.
fn meet(
    apart_ms: u64,
    cells: [Option<Cell>; 2],
    before: impl Fn(&mut Matching),
) -> Vec<(u64, AccountId, Option<Band>)> {
    let (mut matching, mut heard, mut maker) = (Matching::new(WINDOW_MS), Heard::default(), Maker::new());
    for (account, (at_ms, cell)) in [0, apart_ms].into_iter().zip(cells).enumerate() {
        let partners = matching.arrive(at_ms, maker.arrival(account as u64 + 1, cell));
        heard.answer(at_ms, account as u64 + 1, &partners);
        before(&mut matching);
    }
    run_out(&mut matching, &mut heard);
    heard.partners.sort_unstable();
    heard.partners
}

#[test]
fn the_window_ends_to_the_millisecond() {
    let here = Some(cell(30.2431, 120.1502));
    let berlin = Some(cell(52.52, 13.405));
    for (cells, band) in [
        ([here, here], Some(Band::SameCell)),
        ([here, berlin], Some(Band::World)),
        ([here, None], None),
        ([None, None], None),
    ] {
        let both = vec![(1, AccountId(2), band), (2, AccountId(1), band)];
        assert_eq!(meet(0, cells, |_| {}), both);
        assert_eq!(meet(WINDOW_MS, cells, |_| {}), both);
        assert_eq!(meet(WINDOW_MS + 1, cells, |_| {}), []);
    }
}

#[test]
fn whoever_was_told_of_before_is_not_untold_and_whoever_was_not_is() {
    let here = Some(cell(30.2431, 120.1502));
    let first = |matching: &mut Matching| matching.leave(AccountId(1));
    assert_eq!(meet(100, [here, here], first), [], "who left is not met");
    let last = |matching: &mut Matching| matching.leave(AccountId(2));
    assert_eq!(
        meet(100, [here, here], last),
        [(2, AccountId(1), Some(Band::SameCell))],
        "told in the answer"
    );
    let parted = |matching: &mut Matching| matching.part(AccountId(2), AccountId(1));
    assert_eq!(meet(100, [None, None], parted), []);
}

#[test]
fn another_shake_does_not_find_the_same_people_while_windows_overlap() {
    let here = Some(cell(30.2431, 120.1502));
    let (mut matching, mut maker) = (Matching::new(WINDOW_MS), Maker::new());
    let mut shake = |matching: &mut Matching, at_ms, account| {
        let partners = matching.arrive(at_ms, maker.arrival(account, here));
        partners.iter().map(|partner| partner.account.0).collect::<Vec<_>>()
    };
    assert_eq!(shake(&mut matching, 0, 1), [0; 0]);
    assert_eq!(shake(&mut matching, 1_000, 2), [1]);
    assert_eq!(shake(&mut matching, 2_000, 1), [0; 0], "they met a moment ago");
    assert_eq!(shake(&mut matching, 3_000, 3).len(), 2);
    assert_eq!(
        shake(&mut matching, 6_000, 2),
        [0; 0],
        "the window of 2 in which they met ends at this moment"
    );
    let over: Vec<u64> =
        matching.news(6_000).iter().filter(|news| news.over).map(|news| news.shake_id).collect();
    assert_eq!(over, [1, 2], "another shake ends the one before");
    assert_eq!(shake(&mut matching, 6_001, 1), [2], "it has ended");
}

#[test]
fn news_come_once_a_second_and_the_last_of_them_at_the_end() {
    let here = Some(cell(30.2431, 120.1502));
    let (mut matching, mut maker) = (Matching::new(WINDOW_MS), Maker::new());
    matching.arrive(0, maker.arrival(1, here));
    let mut told = Vec::new();
    for (account, at_ms) in [(2, 300), (3, 400), (4, 2_500), (5, 4_100), (6, 4_999)] {
        while let Some(due_ms) = matching.next_due_ms().filter(|due| *due <= at_ms) {
            told.extend(matching.news(due_ms).into_iter().map(|news| (due_ms, news)));
        }
        matching.arrive(at_ms, maker.arrival(account, here));
    }
    while let Some(due_ms) = matching.next_due_ms() {
        told.extend(matching.news(due_ms).into_iter().map(|news| (due_ms, news)));
    }
    let of_first = told.iter().filter(|(_, news)| news.account == AccountId(1));
    let of_first: Vec<_> = of_first.map(|(at, news)| (*at, news.partners.len(), news.over)).collect();
    assert_eq!(of_first, [(1_000, 2, false), (3_000, 1, false), (5_001, 2, true)]);
}

#[test]
fn a_crowd_is_matched_and_costs_no_more_than_its_edges() {
    let here = Some(cell(30.2431, 120.1502));
    let (mut matching, mut heard, mut maker) = (Matching::new(WINDOW_MS), Heard::default(), Maker::new());
    for account in 1..=5_000 {
        let arrival = maker.arrival(account, here);
        let shake = arrival.shake_id;
        let partners = matching.arrive(7, arrival);
        heard.answer(7, shake, &partners);
        assert!(matching.free.len().0 <= PLACES, "only who has free places is looked at");
    }
    run_out(&mut matching, &mut heard);
    let mut partners: HashMap<u64, HashSet<u64>> = HashMap::new();
    for (shake, other, _) in &heard.partners {
        assert!(partners.entry(*shake).or_default().insert(other.0), "each partner once");
    }
    for (shake, others) in &partners {
        assert!(others.len() <= PLACES);
        assert!(
            others.iter().all(|other| other != shake && partners[other].contains(shake)),
            "if I see you, you see me"
        );
    }
    let full = partners.values().filter(|others| others.len() == PLACES).count();
    assert!(full >= 5_000 - PLACES, "{full}");
}
