//! One page of a look. Whoever may not be seen is left out before anybody is counted, so every page but the last is full and
//! nothing tells how many were left out. What it costs does not grow with the crowd.

use super::LookAround;
use super::cursor::Quest;
use crate::error::Result;
use crate::faults::{self, Fault};
use crate::features::{contacts, greetings};
use crate::geo::Found;
use crate::id::AccountId;
use crate::time::Time;
use bytes::Bytes;
use teahouse_proto::common::{Band, StrangerCard, Way};

/// The most people on a page, and how many are on it where the caller names no number.
const PAGE: u32 = 50;

/// People who were found, and the one more that says whether there is another page.
struct Gathered {
    found: Vec<Found>,
    /// Of whom it must be looked up whether they are a friend of the viewer.
    hidden_from_friends: Vec<bool>,
}

impl LookAround {
    /// The people of a page, and the cursor of the next.
    pub(super) async fn page(
        &self,
        mut quest: Quest,
        limit: u32,
        now: Time,
    ) -> Result<(Vec<StrangerCard>, Bytes)> {
        let limit = if limit == 0 { PAGE } else { limit.min(PAGE) };
        let wanted = limit.min(self.config.people_per_look.saturating_sub(quest.given)) as usize;
        let apart = contacts::apart(&self.foundation.store, quest.viewer, now).await?;
        let mut found = Vec::with_capacity(wanted + 1);
        while found.len() <= wanted {
            let missing = wanted + 1 - found.len();
            let gathered = self.gather(&quest, &apart, missing, now);
            let all = gathered.found.len() < missing;
            quest.after = gathered.found.last().map(Found::mark).or(quest.after);
            self.keep_strangers(quest.viewer, gathered, &mut found).await?;
            if all {
                break;
            }
        }
        let more = found.len() > wanted;
        found.truncate(wanted);
        quest.given += u32::try_from(found.len()).unwrap_or(u32::MAX);
        let goes_on = more && quest.given < self.config.people_per_look;
        let last = found.last().map(Found::mark).filter(|_| goes_on);
        let next = last.map_or_else(Bytes::new, |last| self.cursors.make(&quest, last));
        if faults::on(Fault::OrderByDistance) {
            found.sort_by_key(|found| (found.band, faults::metres_between(quest.viewer, found.person)));
        }
        let size = quest.from.size();
        let found: Vec<(AccountId, Band)> =
            found.iter().map(|found| (found.person, greetings::band(found.band, size))).collect();
        Ok((self.strangers.cards(quest.viewer, Way::LookAround, &found, now).await?, next))
    }

    /// The next people, save those who are kept apart from the viewer.
    fn gather(&self, quest: &Quest, apart: &[AccountId], most: usize, now: Time) -> Gathered {
        let order = quest.order(&self.order_secret);
        let seen = self.seen.at(now);
        let walk = seen.index().walk(quest.look(), &order);
        let found: Vec<Found> =
            walk.filter(|found| apart.binary_search(&found.person).is_err()).take(most).collect();
        let hides = seen.hides(quest.viewer);
        let hidden_from_friends = found.iter().map(|found| hides || seen.hides(found.person)).collect();
        Gathered { found, hidden_from_friends }
    }

    /// Takes those who are no friends, or do not mind. Friends are also two of whom one deleted the other: who was deleted
    /// must not learn it here.
    async fn keep_strangers(
        &self,
        viewer: AccountId,
        gathered: Gathered,
        kept: &mut Vec<Found>,
    ) -> Result<()> {
        let store = &self.foundation.store;
        for (found, hidden) in gathered.found.into_iter().zip(gathered.hidden_from_friends) {
            let is_friend = hidden
                && (contacts::has_friend(store, viewer, found.person).await?
                    || contacts::has_friend(store, found.person, viewer).await?);
            if !is_friend {
                kept.push(found);
            }
        }
        Ok(())
    }
}
