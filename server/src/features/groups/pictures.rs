//! Pictures of groups that nobody gave one: composed of the pictures of their first nine members, some time after those
//! changed. What is due stands in the store; one group is composed at a time, and each at most once a minute.

use super::Groups;
use super::room::{Room, switches};
use super::tables::{GROUP, GroupRow, REPAINT};
use crate::error::{Error, Result};
use crate::features::accounts;
use crate::features::media::StoredContent;
use crate::features::media::format::{MAX_TILES, Thumbnail, Tile, mosaic};
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;
use std::time::Duration;

/// How often to look for what is due.
const EVERY: Duration = Duration::from_secs(2);
/// From a change on it takes so long at least: people often come one after another.
const DELAY: Duration = Duration::from_secs(5);
/// A group is composed at most once in this time.
const PAUSE: Duration = Duration::from_secs(60);
/// Groups that are looked at together.
const BATCH: usize = 20;
/// Colours of members who have no picture.
const COLOURS: [[u8; 3]; 12] = [
    [0xb5, 0x65, 0x5d],
    [0xc0, 0x86, 0x4f],
    [0xb8, 0xa0, 0x4f],
    [0x8f, 0xa8, 0x57],
    [0x5f, 0xa0, 0x6a],
    [0x52, 0x9d, 0x8f],
    [0x52, 0x94, 0xb0],
    [0x5b, 0x7f, 0xba],
    [0x74, 0x6f, 0xbb],
    [0x93, 0x69, 0xb0],
    [0xb0, 0x66, 0x9b],
    [0xb3, 0x65, 0x7b],
];

/// As in [`REPAINT`].
type Due = (u64, ConversationId);

/// What a picture is composed of.
struct Faces {
    /// Accounts, and the paths of their pictures.
    members: Vec<(AccountId, String)>,
    /// Of all of that.
    hash: u64,
}

impl Room {
    /// Those who stand first in a group may be others from now on.
    pub(super) fn repaint(&self, tx: &mut Tx<'_>, id: ConversationId, now: Time) -> Result<()> {
        let mut row = switches(tx, id)?;
        if row.own_picture || row.repaint_at_ms != 0 {
            return Ok(());
        }
        let due = (now + DELAY).max(Time(row.composed_at_ms) + PAUSE);
        row.repaint_at_ms = due.as_ms();
        tx.put(&GROUP, &id, &row)?;
        tx.put(&REPAINT, &(due.as_ms().max(0).cast_unsigned(), id), &())
    }

    /// Nothing is due any more.
    fn looked_at(&self, tx: &mut Tx<'_>, due: Due, now: Time) -> Result<()> {
        tx.delete(&REPAINT, &due)?;
        let (_, id) = due;
        let row = GroupRow { repaint_at_ms: 0, composed_at_ms: now.as_ms(), ..switches(tx, id)? };
        tx.put(&GROUP, &id, &row)
    }

    /// Gives a group its picture; false where it is over, or somebody gave it another meanwhile.
    fn hang(&self, tx: &mut Tx<'_>, due: Due, picture: &StoredContent, hash: u64, now: Time) -> Result<bool> {
        self.looked_at(tx, due, now)?;
        let (_, id) = due;
        let Some(group) = self.chat.view(tx, id)?.filter(|group| !group.dissolved) else { return Ok(false) };
        let mut row = switches(tx, id)?;
        if row.own_picture {
            return Ok(false);
        }
        let picture = self.avatars.replace_by_made(tx, &group.picture, picture)?;
        row.composed_of = hash;
        tx.put(&GROUP, &id, &row)?;
        self.chat.set_picture(tx, id, &picture, None, now)?;
        if self.faces(tx, id)?.is_some() {
            // Others stand first by now.
            self.repaint(tx, id, now)?;
        }
        Ok(true)
    }

    /// What the picture of a group is to be composed of; `None` where it is not, or is so already.
    fn faces(&self, tx: &mut Tx<'_>, id: ConversationId) -> Result<Option<Faces>> {
        let Some(group) = self.chat.view(tx, id)?.filter(|group| !group.dissolved) else { return Ok(None) };
        let row = switches(tx, id)?;
        let first: Vec<AccountId> =
            self.chat.roster(tx, id)?.accounts().iter().take(MAX_TILES).copied().collect();
        let mut members = Vec::with_capacity(first.len());
        let mut hash = self.keyed(b"groups.faces");
        for account in first {
            let avatar = accounts::person(tx, account)?.map(|person| person.avatar).unwrap_or_default();
            hash.update(&account.0.to_be_bytes());
            hash.update(avatar.as_bytes());
            members.push((account, avatar));
        }
        let hash = first_number(hash);
        let is_due = !row.own_picture && (group.picture.is_empty() || row.composed_of != hash);
        Ok(is_due.then_some(Faces { members, hash }))
    }

    /// The colour of somebody who has no picture: always the same, and no key to who they are.
    fn colour(&self, account: AccountId) -> [u8; 3] {
        let mut hash = self.keyed(b"groups.colour");
        hash.update(&account.0.to_be_bytes());
        let place = first_number(hash) % COLOURS.len() as u64;
        usize::try_from(place).ok().and_then(|place| COLOURS.get(place)).copied().unwrap_or_default()
    }

    fn keyed(&self, what: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(what);
        mac
    }
}

fn first_number(mac: Hmac<Sha256>) -> u64 {
    let hash = mac.finalize().into_bytes();
    u64::from_be_bytes(hash[..8].try_into().expect("a hash has 32 bytes"))
}

impl Groups {
    /// Work in the background. An error is logged and the next look tries again.
    pub(super) async fn paint_when_due(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.paint(self.foundation.clock.now()).await {
                tracing::warn!(%error, "a picture of a group could not be composed");
            }
        }
    }

    /// Composes what is due. What cannot be composed is put off.
    pub(super) async fn paint(&self, now: Time) -> Result<()> {
        let end = (now.as_ms().max(0).cast_unsigned() + 1, ConversationId(0));
        let range = KeyRange::all().before(&end);
        let rows = self.foundation.store.scan(&REPAINT, &range, BATCH, Order::Rising).await?;
        for (due, ()) in rows {
            if let Err(error) = self.paint_one(due, now).await {
                tracing::warn!(%error, "a picture of a group could not be composed");
                self.transact(move |room, tx| {
                    room.looked_at(tx, due, now)?;
                    room.repaint(tx, due.1, now)
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn paint_one(&self, due: Due, now: Time) -> Result<()> {
        let faces = self.transact(move |room, tx| {
            let faces = room.faces(tx, due.1)?;
            if faces.is_none() {
                room.looked_at(tx, due, now)?;
            }
            Ok(faces.map(Arc::new))
        });
        let Some(faces) = faces.await? else { return Ok(()) };
        let made = self.compose(&faces).await?;
        self.hang(due, made, faces.hash, now).await
    }

    async fn compose(&self, faces: &Faces) -> Result<Thumbnail> {
        let mut tiles = Vec::with_capacity(faces.members.len());
        for (account, avatar) in &faces.members {
            let avatar = self.media.read_public(avatar).await?;
            tiles.push(avatar.map_or_else(|| Tile::Colour(self.room.colour(*account)), Tile::Avatar));
        }
        let made = tokio::task::spawn_blocking(move || mosaic(&tiles)).await.map_err(Error::internal)?;
        made.map_err(|refusal| Error::internal(format!("{refusal:?}")))
    }

    /// Gives a group what was made for it, or takes that back where it is not wanted any more.
    pub(super) async fn hang(&self, due: Due, made: Thumbnail, hash: u64, now: Time) -> Result<()> {
        let stored = self.media.store(Bytes::from(made.bytes), made.content_type).await?;
        let picture = stored.clone();
        let hung = self.transact(move |room, tx| room.hang(tx, due, &picture, hash, now)).await;
        if !matches!(hung, Ok(true)) {
            self.media.discard(stored).await?;
        }
        hung.map(drop)
    }
}
