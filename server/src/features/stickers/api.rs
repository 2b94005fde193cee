//! The operations of `StickersService`: validate, load, decide in a transaction.

use super::rules;
use super::tables::{COLLECTED, MINE, MineRow, PACK, PackId, PackRow};
use super::{MAX_COLLECTED, Stickers, check_room, keep};
use crate::call::Cx;
use crate::delivery;
use crate::error::{Error, Result};
use crate::features::ledger::once::Creation;
use crate::features::media::{self, Holder, MediaId};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::StickersApi;
use teahouse_proto::media::MediaKind;
use teahouse_proto::stickers::*;
use teahouse_proto::sync::StickersChanged;
use teahouse_proto::sync::account_event::What;

/// Packs that a person makes.
const MAX_MADE: usize = 50;
/// Packs that a person collects.
const MAX_COLLECTED_PACKS: usize = 200;

impl StickersApi<Cx, Error> for Stickers {
    async fn create_pack(&self, cx: &Cx, request: CreatePackRequest) -> Result<CreatePackResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let path = teahouse_proto::STICKERS_CREATE_PACK.path;
        let creation = Creation::new(me, &request.client_message_id, path, &request)?;
        let name = rules::pack_name(&request.name)?;
        let new = self.names_for(&request.stickers)?;
        let id: PackId = self.foundation.random.bytes();
        let create = move |tx: &mut Tx<'_>| {
            if let Some(CreatePackResponse { pack }) = creation.earlier(tx)? {
                let id = rules::pack_id(&pack.unwrap_or_default().pack_id)?;
                return Ok(CreatePackResponse { pack: Some(own_told(tx, me, id)?) });
            }
            check_packs(tx, me, true)?;
            let mut pack = PackRow { maker: me.0, name: name.clone(), stickers: Vec::new() };
            add(tx, me, id, &mut pack, (&request.stickers, &new), now)?;
            tx.put(&MINE, &(me, id), &MineRow { made: true, since_ms: now.as_ms() })?;
            // Which one is enough to remember: packs are long, and can be made and deleted without end.
            let which = Pack { pack_id: rules::pack_text(id), ..Pack::default() };
            creation.remember(tx, &CreatePackResponse { pack: Some(which) })?;
            Ok(CreatePackResponse { pack: Some(told(tx, me, id, pack)?) })
        };
        self.foundation.store.transact(create).await
    }

    async fn add_stickers(&self, cx: &Cx, request: AddStickersRequest) -> Result<AddStickersResponse> {
        let (me, now, id) = (cx.account()?, cx.now, rules::pack_id(&request.pack_id)?);
        let path = teahouse_proto::STICKERS_ADD_STICKERS.path;
        let creation = Creation::new(me, &request.client_message_id, path, &request)?;
        let new = self.names_for(&request.stickers)?;
        let add = move |tx: &mut Tx<'_>| {
            if creation.earlier::<AddStickersResponse>(tx)?.is_some() {
                return Ok(AddStickersResponse { pack: Some(own_told(tx, me, id)?) });
            }
            let mut pack = own(tx, me, id)?;
            rules::pack_size(pack.stickers.len(), request.stickers.len())?;
            add(tx, me, id, &mut pack, (&request.stickers, &new), now)?;
            creation.remember(tx, &AddStickersResponse::default())?;
            Ok(AddStickersResponse { pack: Some(told(tx, me, id, pack)?) })
        };
        self.foundation.store.transact(add).await
    }

    async fn remove_sticker(&self, cx: &Cx, request: RemoveStickerRequest) -> Result<RemoveStickerResponse> {
        let (me, now, id) = (cx.account()?, cx.now, rules::pack_id(&request.pack_id)?);
        let remove = move |tx: &mut Tx<'_>| {
            let mut pack = own(tx, me, id)?;
            let names =
                |sticker: &Sticker| sticker.media.as_ref().is_some_and(|m| m.media_id == request.media_id);
            if pack.stickers.iter().any(names) {
                pack.stickers.retain(|sticker| !names(sticker));
                media::release(tx, &request.media_id)?;
                tx.put(&PACK, &id, &pack)?;
                tell(tx, me, now)?;
            }
            Ok(RemoveStickerResponse { pack: Some(told(tx, me, id, pack)?) })
        };
        self.foundation.store.transact(remove).await
    }

    async fn delete_pack(&self, cx: &Cx, request: DeletePackRequest) -> Result<DeletePackResponse> {
        let (me, now, id) = (cx.account()?, cx.now, rules::pack_id(&request.pack_id)?);
        let delete = move |tx: &mut Tx<'_>| {
            for sticker in own(tx, me, id)?.stickers {
                media::release(tx, &sticker.media.unwrap_or_default().media_id)?;
            }
            tx.delete(&PACK, &id)?;
            // Whoever else collected it finds it gone: their rows name nothing any more and do not count.
            tx.delete(&MINE, &(me, id))?;
            tell(tx, me, now)?;
            Ok(DeletePackResponse {})
        };
        self.foundation.store.transact(delete).await
    }

    async fn get_pack(&self, cx: &Cx, request: GetPackRequest) -> Result<GetPackResponse> {
        let (me, id) = (cx.account()?, rules::pack_id(&request.pack_id)?);
        let store = &self.foundation.store;
        let pack = store.get(&PACK, &id).await?.ok_or_else(rules::pack_not_found)?;
        let mine = store.get(&MINE, &(me, id)).await?;
        Ok(GetPackResponse { pack: Some(shown(me, id, pack, mine)) })
    }

    async fn collect_pack(&self, cx: &Cx, request: CollectPackRequest) -> Result<CollectPackResponse> {
        let (me, now, id) = (cx.account()?, cx.now, rules::pack_id(&request.pack_id)?);
        let collect = move |tx: &mut Tx<'_>| {
            let mine = tx.get(&MINE, &(me, id))?;
            match (request.off, mine) {
                (true, Some(MineRow { made: false, .. })) => tx.delete(&MINE, &(me, id))?,
                (false, None) => {
                    tx.get(&PACK, &id)?.ok_or_else(rules::pack_not_found)?;
                    check_packs(tx, me, false)?;
                    tx.put(&MINE, &(me, id), &MineRow { made: false, since_ms: now.as_ms() })?;
                }
                // It is so already; what one made oneself is always on the list.
                _ => return Ok(CollectPackResponse {}),
            }
            tell(tx, me, now)?;
            Ok(CollectPackResponse {})
        };
        self.foundation.store.transact(collect).await
    }

    async fn list_packs(&self, cx: &Cx, _request: ListPacksRequest) -> Result<ListPacksResponse> {
        let (me, store) = (cx.account()?, &self.foundation.store);
        let all = MAX_MADE + MAX_COLLECTED_PACKS;
        let mut mine = store.scan(&MINE, &KeyRange::prefix(&(me,)), all, Order::Rising).await?;
        mine.sort_by_key(|((_, id), row)| (std::cmp::Reverse(row.since_ms), *id));
        let mut packs = Vec::new();
        for ((_, id), row) in mine {
            let Some(pack) = store.get(&PACK, &id).await? else { continue };
            packs.push(PackSummary {
                pack_id: rules::pack_text(id),
                count: u32::try_from(pack.stickers.len()).unwrap_or(u32::MAX),
                name: pack.name,
                cover: pack.stickers.into_iter().next(),
                mine: row.made,
            });
        }
        Ok(ListPacksResponse { packs })
    }

    async fn collect_upload(&self, cx: &Cx, request: CollectUploadRequest) -> Result<CollectUploadResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let path = teahouse_proto::STICKERS_COLLECT_UPLOAD.path;
        let creation = Creation::new(me, &request.client_message_id, path, &request)?;
        rules::emoji(&request.emoji)?;
        let new = self.media.new_id();
        let collect = move |tx: &mut Tx<'_>| {
            if let Some(answer) = creation.earlier(tx)? {
                return Ok(answer);
            }
            check_room(tx, me)?;
            let (holder, kinds) = (Holder::Collected(me), [MediaKind::Sticker]);
            let media = media::refer_upload(tx, me, &request.media_id, &kinds, new, holder, now)?;
            let sticker = Sticker { media: Some(media), emoji: request.emoji.clone() };
            let answer = CollectUploadResponse { sticker: Some(keep(tx, me, new, sticker, now)?) };
            creation.remember(tx, &answer)?;
            Ok(answer)
        };
        self.foundation.store.transact(collect).await
    }

    async fn remove_collected(
        &self,
        cx: &Cx,
        request: RemoveCollectedRequest,
    ) -> Result<RemoveCollectedResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let Some(id) = MediaId::parse(&request.media_id) else { return Ok(RemoveCollectedResponse {}) };
        let remove = move |tx: &mut Tx<'_>| {
            if tx.get(&COLLECTED, &(me, id))?.is_some() {
                tx.delete(&COLLECTED, &(me, id))?;
                media::release(tx, &id.to_string())?;
                tell(tx, me, now)?;
            }
            Ok(RemoveCollectedResponse {})
        };
        self.foundation.store.transact(remove).await
    }

    async fn list_collected(&self, cx: &Cx, _request: ListCollectedRequest) -> Result<ListCollectedResponse> {
        let (me, store) = (cx.account()?, &self.foundation.store);
        let mut rows =
            store.scan(&COLLECTED, &KeyRange::prefix(&(me,)), MAX_COLLECTED, Order::Rising).await?;
        rows.sort_by_key(|((_, id), row)| (std::cmp::Reverse(row.since_ms), *id));
        Ok(ListCollectedResponse { stickers: rows.into_iter().filter_map(|(_, row)| row.sticker).collect() })
    }
}

impl Stickers {
    /// Names for the stickers of a request, which is checked as far as it can be without the store.
    fn names_for(&self, stickers: &[NewSticker]) -> Result<Vec<MediaId>> {
        rules::pack_size(0, stickers.len())?;
        stickers.iter().try_for_each(|sticker| rules::emoji(&sticker.emoji))?;
        Ok(self.media.new_ids(stickers.len()))
    }
}

/// Puts stickers into a pack and stores it.
fn add(
    tx: &mut Tx<'_>,
    me: AccountId,
    id: PackId,
    pack: &mut PackRow,
    (stickers, new): (&[NewSticker], &[MediaId]),
    now: Time,
) -> Result<()> {
    for (sticker, new) in stickers.iter().zip(new) {
        let (holder, kinds) = (Holder::Pack(id), [MediaKind::Sticker]);
        let media = media::refer_upload(tx, me, &sticker.media_id, &kinds, *new, holder, now)?;
        pack.stickers.push(Sticker { media: Some(media), emoji: sticker.emoji.clone() });
    }
    tx.put(&PACK, &id, pack)?;
    tell(tx, me, now)
}

/// A pack that the caller made.
fn own(tx: &mut Tx<'_>, me: AccountId, id: PackId) -> Result<PackRow> {
    tx.get(&PACK, &id)?.filter(|pack| pack.maker == me.0).ok_or_else(rules::pack_not_found)
}

/// A pack that the caller made, as it is now.
fn own_told(tx: &mut Tx<'_>, me: AccountId, id: PackId) -> Result<Pack> {
    let pack = own(tx, me, id)?;
    told(tx, me, id, pack)
}

/// There is room for one more pack that was made, or collected. Those that are gone make room.
fn check_packs(tx: &mut Tx<'_>, me: AccountId, made: bool) -> Result<()> {
    let most = if made { MAX_MADE } else { MAX_COLLECTED_PACKS };
    let rows = tx.scan(&MINE, &KeyRange::prefix(&(me,)), MAX_MADE + MAX_COLLECTED_PACKS, Order::Rising)?;
    let mut have = rows.iter().filter(|(_, row)| row.made == made).count();
    if have < most {
        return Ok(());
    }
    for (key, _) in rows.iter().filter(|(_, row)| !row.made) {
        if !made && tx.get(&PACK, &key.1)?.is_none() {
            tx.delete(&MINE, key)?;
            have -= 1;
        }
    }
    if have < most {
        return Ok(());
    }
    Err(Error::precondition("TOO_MANY_PACKS", format!("You have {most} packs. Remove one first.")))
}

/// A pack as its reader sees it, within a transaction.
fn told(tx: &mut Tx<'_>, me: AccountId, id: PackId, pack: PackRow) -> Result<Pack> {
    let mine = tx.get(&MINE, &(me, id))?;
    Ok(shown(me, id, pack, mine))
}

fn shown(me: AccountId, id: PackId, pack: PackRow, mine: Option<MineRow>) -> Pack {
    Pack {
        pack_id: rules::pack_text(id),
        name: pack.name,
        stickers: pack.stickers,
        mine: pack.maker == me.0,
        collected: mine.is_some(),
    }
}

/// Tells the caller's devices that what they have changed.
pub(super) fn tell(tx: &mut Tx<'_>, me: AccountId, now: Time) -> Result<()> {
    delivery::log::append(tx, me, now, &What::StickersChanged(StickersChanged {})).map(|_| ())
}
