//! What the generator knows of everybody, and whether what somebody is shown can be true. It does not know how people came
//! to where they are, nor how to ask the server.

use std::collections::{HashMap, HashSet};
use teahouse_proto::common::{Band, Gender, StrangerCard};
use teahouse_server::features::greetings;
use teahouse_server::geo::{self, Cell, HourKey, Index, Look};
use teahouse_server::id::AccountId;
use teahouse_server::seed;
use teahouse_server::time::Time;
use tokio::time::Instant;

/// The orders in which people come are of no interest here, so neither is the key.
const KEY: [u8; 32] = [0; 32];

/// The most people that a look shows over all its pages.
const MOST: usize = 200;

/// What is known of everybody.
pub(super) struct Knowledge {
    people: Vec<Known>,
    /// Who is to see whom of those who block each other.
    blocks: HashMap<usize, HashSet<usize>>,
    /// Who is visible, and where.
    index: Index,
}

/// What is known of somebody.
struct Known {
    cell: Cell,
    /// When the server said so.
    since: Option<Instant>,
    /// Something of theirs is under way that may move or hide them.
    unsettled: bool,
    /// When the server said that nobody sees them any more.
    hidden_since: Option<Instant>,
}

/// What somebody is shown by one look, page after page.
pub(super) struct Shown {
    /// To whom.
    pub viewer: usize,
    cell: Cell,
    began: Instant,
    pages: usize,
    people: HashSet<usize>,
    last: i32,
    /// Somebody came twice.
    pub repeated: u64,
    /// Somebody nearer came after somebody farther.
    pub disordered: u64,
    /// What cannot be true.
    pub wrong: Vec<String>,
}

impl Shown {
    /// To whom, seen from which cell, by a look that began when.
    pub(super) fn new(viewer: usize, cell: Cell, began: Instant) -> Self {
        Self {
            viewer,
            cell,
            began,
            pages: 0,
            people: HashSet::new(),
            last: 0,
            repeated: 0,
            disordered: 0,
            wrong: Vec::new(),
        }
    }

    /// Whether there was no page yet.
    pub(super) fn is_first(&self) -> bool {
        self.pages == 0
    }
}

impl Knowledge {
    /// Everybody is visible in a cell, and nobody blocks anybody.
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        let at = |(person, cell): (usize, &Cell)| (id(person), (*cell, Gender::Unspecified));
        let index = Index::load(&KEY, cells.iter().enumerate().map(at).collect());
        let known = |cell| Known { cell, since: None, unsettled: false, hidden_since: None };
        Self { people: cells.into_iter().map(known).collect(), blocks: HashMap::new(), index }
    }

    /// The cell that stands for somebody.
    pub(super) fn cell(&self, person: usize) -> Cell {
        self.people[person].cell
    }

    /// Two people do not see each other from now on.
    pub(super) fn block(&mut self, one: usize, other: usize) {
        self.blocks.entry(one).or_default().insert(other);
        self.blocks.entry(other).or_default().insert(one);
    }

    /// Something begins that may move or hide somebody.
    pub(super) fn begins(&mut self, person: usize) {
        self.people[person].unsettled = true;
    }

    /// Nothing has moved or hidden somebody after all.
    pub(super) fn stays(&mut self, person: usize) {
        self.people[person].unsettled = false;
    }

    /// The server said where somebody is.
    pub(super) fn is_at(&mut self, person: usize, cell: Cell, said: Instant) {
        let known = &mut self.people[person];
        known.unsettled = false;
        if known.cell != cell {
            known.cell = cell;
            known.since = Some(said);
            self.index.put(id(person), cell, Gender::Unspecified);
        }
    }

    /// The server said that nobody sees somebody.
    pub(super) fn is_hidden(&mut self, person: usize, said: Instant) {
        let known = &mut self.people[person];
        (known.unsettled, known.hidden_since) = (false, Some(said));
        self.index.remove(id(person));
    }

    /// Takes a page.
    pub(super) fn check(&self, shown: &mut Shown, page: &[StrangerCard]) {
        shown.pages += 1;
        if shown.people.len() + page.len() > MOST {
            shown.wrong.push(format!("person {} is shown more than {MOST} people", shown.viewer));
        }
        for card in page {
            let Some((person, known)) =
                seed::index_of(&card.name).and_then(|person| Some((person, self.people.get(person)?)))
            else {
                shown.wrong.push(format!("a stranger who never was: {:?}", card.name));
                continue;
            };
            shown.repeated += u64::from(!shown.people.insert(person));
            shown.disordered += u64::from(card.band < shown.last);
            shown.last = card.band;
            shown.wrong.extend(self.what_is_wrong(shown, person, known, card.band()));
        }
    }

    fn what_is_wrong(&self, shown: &Shown, person: usize, known: &Known, band: Band) -> Option<String> {
        let viewer = shown.viewer;
        if person == viewer {
            return Some(format!("person {viewer} is shown themself"));
        }
        if known.hidden_since.is_some_and(|since| since < shown.began) {
            return Some(format!("person {viewer} is shown {person}, who had left"));
        }
        if self.blocks.get(&viewer).is_some_and(|blocks| blocks.contains(&person)) {
            return Some(format!("person {viewer} is shown {person}, and one of them blocks the other"));
        }
        let true_band = greetings::band(geo::band(shown.cell, known.cell), shown.cell.size());
        let wrong = self.was_settled(known, shown.began) && band != true_band;
        wrong.then(|| format!("person {viewer} is shown {person} at {band:?}, who is at {true_band:?}"))
    }

    fn was_settled(&self, known: &Known, before: Instant) -> bool {
        !known.unsettled && known.since.is_none_or(|since| since < before)
    }

    /// How many people of a full page were not shown although somebody near enough was surely visible.
    pub(super) fn missing(&self, shown: &Shown, page: usize) -> u64 {
        let (viewer, blocks) = (shown.viewer, self.blocks.get(&shown.viewer));
        let look = Look {
            from: shown.cell,
            viewer: id(viewer),
            gender: Gender::Unspecified,
            within: geo::Band::Km10,
            after: None,
        };
        let key = HourKey::new(&KEY, Time(0));
        let surely = |person: &usize| {
            let known = &self.people[*person];
            *person != viewer
                && self.was_settled(known, shown.began)
                && known.hidden_since.is_none()
                && blocks.is_none_or(|blocks| !blocks.contains(person))
        };
        // A few more, since some of the nearest are not sure.
        let near = self.index.walk(look, &key).take(2 * page).map(|found| person(found.person));
        let expected = near.filter(surely).count().min(page);
        expected.saturating_sub(shown.people.len()) as u64
    }
}

fn id(person: usize) -> AccountId {
    AccountId(person as u64)
}

fn person(id: AccountId) -> usize {
    usize::try_from(id.0).expect("it was made of one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use teahouse_server::seed::city::World;

    const NOW: Time = Time(1_800_000_000_000);

    /// People of the city, all within 10 km of the first.
    fn cells() -> Vec<Cell> {
        let world = World::new("tea");
        let all = (0..400).map(|index| world.life(index)).filter(|life| life.in_city);
        let cells: Vec<Cell> = all.map(|life| life.remembered(NOW).1.cell).collect();
        let first = cells[0];
        cells.into_iter().filter(|cell| geo::band(first, *cell) <= geo::Band::Km10).take(30).collect()
    }

    fn card(person: usize, band: Band) -> StrangerCard {
        StrangerCard { name: format!("person{person}"), band: band.into(), ..StrangerCard::default() }
    }

    /// What the first would be shown by a server without a fault.
    fn page(knowledge: &Knowledge, count: usize) -> Vec<StrangerCard> {
        let from = knowledge.cell(0);
        let band = |person| greetings::band(geo::band(from, knowledge.cell(person)), from.size());
        let mut page: Vec<_> = (1..count).map(|person| card(person, band(person))).collect();
        page.sort_by_key(|card| card.band);
        page
    }

    fn after(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_true_passes() {
        let mut knowledge = Knowledge::new(cells());
        let all = page(&knowledge, 30);
        let mut shown = Shown::new(0, knowledge.cell(0), after(1));
        knowledge.check(&mut shown, &all);
        assert!(shown.wrong.is_empty(), "{:?}", shown.wrong);
        assert_eq!((shown.repeated, shown.disordered, knowledge.missing(&shown, 50)), (0, 0, 0));

        // Whoever moves or leaves while the look is under way may be shown anyhow.
        knowledge.begins(3);
        let far = World::new("coffee").life(0).remembered(NOW).1.cell;
        knowledge.is_at(5, far, after(2));
        knowledge.is_hidden(4, after(2));
        let mut shown = Shown::new(0, knowledge.cell(0), after(1));
        knowledge.check(&mut shown, &all);
        assert!(shown.wrong.is_empty(), "{:?}", shown.wrong);
    }

    #[test]
    fn what_is_not_true_is_found() {
        let mut knowledge = Knowledge::new(cells());
        knowledge.block(0, 7);
        knowledge.is_hidden(8, after(0));
        let far = World::new("coffee").life(0).remembered(NOW).1.cell;
        let all = page(&knowledge, 30);
        knowledge.is_at(10, far, after(0));
        let band_of_10 = all.iter().find(|card| card.name == "person10").expect("they are there").band();
        let look = |knowledge: &Knowledge| Shown::new(0, knowledge.cell(0), after(1));
        for (page, said) in [
            (card(0, Band::Cell500M), "themself"),
            (card(7, Band::Within10Km), "blocks"),
            (card(8, Band::Within10Km), "had left"),
            (card(9, Band::World), "is at"),
            (card(10, band_of_10), "is at World"),
            (card(400, Band::World), "never was"),
        ] {
            let mut shown = look(&knowledge);
            knowledge.check(&mut shown, &[page]);
            assert!(shown.wrong.iter().any(|wrong| wrong.contains(said)), "{said}: {:?}", shown.wrong);
        }
        let gone = ["person7", "person8", "person10"];
        let all: Vec<StrangerCard> =
            all.into_iter().filter(|card| !gone.contains(&card.name.as_str())).collect();
        let mut shown = look(&knowledge);
        knowledge.check(&mut shown, &all[..20]);
        assert_eq!(knowledge.missing(&shown, 50), 6);
        knowledge.check(&mut shown, &all[..1]);
        assert_eq!((shown.repeated, shown.disordered), (1, u64::from(all[0].band < all[19].band)));
    }
}
