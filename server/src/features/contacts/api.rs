//! The operations of `ContactsService`: validate, load, decide in a transaction, answer.

use super::Me;
use super::blocks::Blocked;
use super::friends::Change;
use super::tables::{BLOCK_ORDER, FRIEND, RECEIVED, SENT, TAGS, TagsRow};
use super::views::Side;
use super::{Contacts, asking, rules, views};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::accounts;
use crate::features::pages::{self, List};
use crate::id::{AccountId, BlockId, RequestId};
use crate::store::{Order, Tx};
use std::sync::Arc;
use teahouse_proto::ContactsApi;
use teahouse_proto::common::Way;
use teahouse_proto::contacts::block_request::Who;
use teahouse_proto::contacts::*;

const REQUESTS: List = List { name: "requests", of: 0, default: 20, max: 25 };
const SENT_REQUESTS: List = List { name: "sent", of: 0, default: 20, max: 25 };
const FRIENDS: List = List { name: "friends", of: 0, default: 50, max: 100 };
const BLOCKED: List = List { name: "blocked", of: 0, default: 50, max: 100 };

/// No username is longer, so a longer one is not looked for.
const USERNAME_BYTES: usize = 64;

impl Contacts {
    async fn transact<T, F>(&self, f: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&super::room::Room, &mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
    {
        let room: Arc<super::room::Room> = self.room.clone();
        self.foundation.store.transact(move |tx| f(&room, tx)).await
    }

    async fn tags_of(&self, me: AccountId) -> Result<TagsRow> {
        Ok(self.foundation.store.get(&TAGS, &me).await?.unwrap_or_default())
    }
}

impl ContactsApi<Cx, Error> for Contacts {
    async fn search(&self, cx: &Cx, request: SearchRequest) -> Result<SearchResponse> {
        let (me, now) = (Me::of(cx)?, cx.now);
        let found = self
            .transact(move |room, tx| {
                room.draw(tx, "contacts.search", room.config.searches_per_day, me, now)?;
                if request.username.len() > USERNAME_BYTES {
                    return Ok(None);
                }
                let person = accounts::person_by_username(tx, &request.username)?;
                let open = person.filter(|p| p.id == me.account || p.can_be_added_by(Way::Username));
                let Some(person) = open else { return Ok(None) };
                let is_friend = tx.get(&FRIEND, &(me.account, person.id))?.is_some();
                Ok(Some((person, is_friend)))
            })
            .await?;
        let (person, is_friend) = found.ok_or_else(rules::person_not_found)?;
        let met = self.tickets.meet(me.account, &person, Way::Username, is_friend, now);
        Ok(SearchResponse { card: Some(met.card), ticket: met.ticket, account_id: met.account_id })
    }

    async fn send_request(&self, cx: &Cx, request: SendRequestRequest) -> Result<SendRequestResponse> {
        let me = Me::of(cx)?;
        let ask = asking::Ask {
            me,
            text: rules::request_text(&request.text)?,
            found: self.tickets.read(me.account, &request.ticket, cx.now)?,
            fresh: self.foundation.ids.next(),
            now: cx.now,
        };
        self.transact(move |room, tx| room.send_request(tx, &ask)).await
    }

    async fn list_requests(&self, cx: &Cx, request: ListRequestsRequest) -> Result<ListRequestsResponse> {
        let me = cx.account()?;
        let page = self.pages.read(REQUESTS, me, request.page)?;
        let store = &self.foundation.store;
        let live = |row: &super::tables::RequestRow| row.is_live(cx.now);
        let (rows, last) = pages::rows(store, &RECEIVED, me, page, Order::Falling, live).await?;
        let mut requests = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            if let Some(asker) = accounts::load(store, row.other()).await? {
                let caution = asker.caution(cx.now, self.foundation.on_loopback);
                requests.push(views::request(id, row, &asker, Side::Asked(caution)));
            }
        }
        Ok(ListRequestsResponse { requests, next: self.pages.next(REQUESTS, me, last.as_ref()) })
    }

    async fn list_sent_requests(
        &self,
        cx: &Cx,
        request: ListSentRequestsRequest,
    ) -> Result<ListSentRequestsResponse> {
        let me = cx.account()?;
        let page = self.pages.read(SENT_REQUESTS, me, request.page)?;
        let store = &self.foundation.store;
        let live = |row: &super::tables::RequestRow| row.is_live(cx.now);
        let (rows, last) = pages::rows(store, &SENT, me, page, Order::Falling, live).await?;
        let mut requests = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            if let Some(receiver) = accounts::load(store, row.other()).await? {
                requests.push(views::request(id, row, &receiver, Side::Asker));
            }
        }
        Ok(ListSentRequestsResponse { requests, next: self.pages.next(SENT_REQUESTS, me, last.as_ref()) })
    }

    async fn accept_request(&self, cx: &Cx, request: AcceptRequestRequest) -> Result<AcceptRequestResponse> {
        let (me, id, now) = (Me::of(cx)?, RequestId(request.request_id), cx.now);
        let friend = self.transact(move |room, tx| room.accept(tx, me, id, now)).await?;
        Ok(AcceptRequestResponse { friend: Some(friend) })
    }

    async fn ignore_request(&self, cx: &Cx, request: IgnoreRequestRequest) -> Result<IgnoreRequestResponse> {
        let (me, id, now) = (cx.account()?, RequestId(request.request_id), cx.now);
        self.transact(move |room, tx| room.ignore(tx, me, id, now)).await?;
        Ok(IgnoreRequestResponse {})
    }

    async fn reply_to_request(
        &self,
        cx: &Cx,
        request: ReplyToRequestRequest,
    ) -> Result<ReplyToRequestResponse> {
        let (me, id, now) = (cx.account()?, RequestId(request.request_id), cx.now);
        let text = rules::reply_text(&request.text)?;
        let request = self.transact(move |room, tx| room.reply(tx, me, id, &text, now)).await?;
        Ok(ReplyToRequestResponse { request: Some(request) })
    }

    async fn list_friends(&self, cx: &Cx, request: ListFriendsRequest) -> Result<ListFriendsResponse> {
        let me = cx.account()?;
        let page = self.pages.read(FRIENDS, me, request.page)?;
        let store = &self.foundation.store;
        let tags = self.tags_of(me).await?;
        let wanted = match request.tag.as_str() {
            "" => None,
            name => match tags.tags.iter().find(|tag| tag.name == name) {
                Some(tag) => Some(tag.number),
                None => return Ok(ListFriendsResponse::default()),
            },
        };
        let keep = |row: &super::tables::FriendRow| wanted.is_none_or(|tag| row.has_tag(tag));
        let (rows, last) = pages::rows(store, &FRIEND, me, page, Order::Rising, keep).await?;
        let mut friends = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            if let Some(person) = accounts::load(store, id).await? {
                friends.push(views::friend(row, &person, &tags, cx.now));
            }
        }
        Ok(ListFriendsResponse { friends, next: self.pages.next(FRIENDS, me, last.as_ref()) })
    }

    async fn get_friend(&self, cx: &Cx, request: GetFriendRequest) -> Result<GetFriendResponse> {
        let (me, other) = (cx.account()?, AccountId(request.account_id));
        let store = &self.foundation.store;
        let row = store.get(&FRIEND, &(me, other)).await?.ok_or_else(rules::friend_not_found)?;
        let person = accounts::load(store, other).await?.ok_or_else(rules::friend_not_found)?;
        let friend = views::friend(row, &person, &self.tags_of(me).await?, cx.now);
        Ok(GetFriendResponse { friend: Some(friend) })
    }

    async fn update_friend(&self, cx: &Cx, request: UpdateFriendRequest) -> Result<UpdateFriendResponse> {
        let (me, other, now) = (cx.account()?, AccountId(request.account_id), cx.now);
        let change = Change {
            remark: request.remark.as_deref().map(rules::remark).transpose()?,
            tags: request.tags.map(|list| rules::tags(&list.tags)).transpose()?,
            starred: request.starred,
            privacy: request.privacy,
        };
        let friend = self.transact(move |room, tx| room.update_friend(tx, me, other, &change, now)).await?;
        Ok(UpdateFriendResponse { friend: Some(friend) })
    }

    async fn delete_friend(&self, cx: &Cx, request: DeleteFriendRequest) -> Result<DeleteFriendResponse> {
        let (me, other, now) = (cx.account()?, AccountId(request.account_id), cx.now);
        self.transact(move |room, tx| room.delete_friend(tx, me, other, now)).await?;
        Ok(DeleteFriendResponse {})
    }

    async fn list_tags(&self, cx: &Cx, _: ListTagsRequest) -> Result<ListTagsResponse> {
        let tags = self.tags_of(cx.account()?).await?.tags;
        let mut tags: Vec<Tag> =
            tags.into_iter().map(|tag| Tag { name: tag.name, friends: tag.friends }).collect();
        tags.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(ListTagsResponse { tags })
    }

    async fn rename_tag(&self, cx: &Cx, request: RenameTagRequest) -> Result<RenameTagResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let new_name = match request.new_name.as_str() {
            "" => None,
            new_name => Some(rules::tag(new_name)?),
        };
        self.transact(move |room, tx| room.rename_tag(tx, me, &request.name, new_name.as_deref(), now))
            .await?;
        Ok(RenameTagResponse {})
    }

    async fn block(&self, cx: &Cx, request: BlockRequest) -> Result<BlockResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let fresh: BlockId = self.foundation.ids.next();
        let who = request.who.ok_or_else(rules::person_not_found)?;
        let found = match &who {
            Who::Ticket(ticket) => {
                Some(self.tickets.read(me, ticket, now).map_err(|_| rules::person_not_found())?.person)
            }
            _ => None,
        };
        let blocked = self
            .transact(move |room, tx| {
                let other = match (&who, found) {
                    (_, Some(person)) => person,
                    (Who::RequestId(id), _) => asking::asker_of(tx, me, RequestId(*id), now)?,
                    (Who::AccountId(id), _) => room.friend_to_block(tx, me, AccountId(*id))?,
                    (Who::Ticket(_), None) => return Err(rules::person_not_found()),
                };
                room.block(tx, me, (other, Blocked::Known), fresh, now)
            })
            .await?;
        Ok(BlockResponse { blocked: Some(blocked) })
    }

    async fn unblock(&self, cx: &Cx, request: UnblockRequest) -> Result<UnblockResponse> {
        let (me, id, now) = (cx.account()?, BlockId(request.block_id), cx.now);
        self.transact(move |room, tx| room.unblock(tx, me, id, now)).await?;
        Ok(UnblockResponse {})
    }

    async fn list_blocked(&self, cx: &Cx, request: ListBlockedRequest) -> Result<ListBlockedResponse> {
        let me = cx.account()?;
        let page = self.pages.read(BLOCKED, me, request.page)?;
        let store = &self.foundation.store;
        let (rows, last) = pages::rows(store, &BLOCK_ORDER, me, page, Order::Falling, |_| true).await?;
        let mut blocked = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            let other = AccountId(row.other);
            if let Some(person) = accounts::load(store, other).await? {
                let is_friend = store.get(&FRIEND, &(me, other)).await?.is_some();
                blocked.push(views::blocked(id, &row, &person, is_friend));
            }
        }
        Ok(ListBlockedResponse { blocked, next: self.pages.next(BLOCKED, me, last.as_ref()) })
    }
}
