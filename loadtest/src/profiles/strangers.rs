//! People who must not meet: some who are near each other block each other before a run. It does not know in which plug-in
//! they would have met.

use crate::Failure;
use crate::people::Person;
use futures::stream::{self, StreamExt, TryStreamExt};
use teahouse_proto::ContactsClient;
use teahouse_proto::contacts::{BlockRequest, SearchRequest, block_request};
use teahouse_server::geo::{Band, Cell, band};
use teahouse_server::seed;

/// The most pairs that block each other.
const PAIRS: usize = 100;
/// One person of so many blocks somebody.
const ONE_BLOCKS_OF: usize = 10;
/// Blocks under way at once.
const AT_ONCE: usize = 32;

/// Pairs of people who would see each other, nobody in two of them, given the cells of the first people.
pub(super) fn neighbours(cells: &[Cell]) -> Vec<(usize, usize)> {
    let most = (cells.len() / ONE_BLOCKS_OF).clamp(1, PAIRS);
    let (mut pairs, mut alone) = (Vec::new(), Vec::<usize>::new());
    for (person, cell) in cells.iter().enumerate() {
        if pairs.len() == most {
            break;
        }
        match alone.iter().position(|other| band(cells[*other], *cell) <= Band::Km10) {
            Some(other) => pairs.push((alone.swap_remove(other), person)),
            None => alone.push(person),
        }
    }
    pairs
}

/// The first of each pair blocks the second. The pairs again, when all is done.
pub(super) async fn block(
    people: &[Person],
    pairs: &[(usize, usize)],
) -> Result<Vec<(usize, usize)>, Failure> {
    stream::iter(pairs)
        .map(|(one, other)| async move {
            let contacts = ContactsClient(people[*one].connection.clone());
            let found = contacts.search(SearchRequest { username: seed::username(*other) }).await?;
            let who = Some(block_request::Who::Ticket(found.ticket));
            contacts.block(BlockRequest { who }).await?;
            Ok((*one, *other))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_server::seed::city::World;
    use teahouse_server::time::Time;

    #[test]
    fn those_who_block_would_meet() {
        let world = World::new("tea");
        let cells: Vec<Cell> =
            (0..200).map(|index| world.life(index).remembered(Time(1_800_000_000_000)).1.cell).collect();
        let pairs = neighbours(&cells);
        assert!(pairs.len() >= 10, "{pairs:?}");
        assert!(pairs.iter().all(|(one, other)| band(cells[*one], cells[*other]) <= Band::Km10));
        let mut all: Vec<usize> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * pairs.len(), "nobody is in two pairs");
    }
}
