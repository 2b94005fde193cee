//! The operations of `GreetingsService`: validate, load, decide in a transaction, answer.

use super::answering::Reply;
use super::handles::stranger_not_found;
use super::room::Room;
use super::sending::Greet;
use super::tables::{BOX, GreetingRow};
use super::{Greetings, rules};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::accounts;
use crate::features::chat;
use crate::features::contacts::{self, Me};
use crate::features::ledger::once::Creation;
use crate::features::pages::{self, List};
use crate::id::{AccountId, BlockId, ConversationId, GreetingId};
use crate::store::Order;
use teahouse_proto::GreetingsApi;
use teahouse_proto::common::{Band, Way};
use teahouse_proto::greetings::block_stranger_request::Who;
use teahouse_proto::greetings::*;

const GREETINGS: List = List { name: "greetings", of: 0, default: 20, max: 50 };
const CHATS: List = List { name: "chats", of: 0, default: 20, max: 50 };

impl GreetingsApi<Cx, Error> for Greetings {
    async fn get_stranger(&self, cx: &Cx, request: GetStrangerRequest) -> Result<GetStrangerResponse> {
        let stranger = self.room.strangers.read(cx.account()?, &request.handle, cx.now)?;
        let face = self.room.strangers.face(stranger.person, cx.now).await?;
        let mut card = face.ok_or_else(stranger_not_found)?.card(stranger.way, stranger.band);
        // No fresh one: it would live for ever.
        card.handle = request.handle;
        Ok(GetStrangerResponse { card: Some(card) })
    }

    async fn meet_member(&self, cx: &Cx, request: MeetMemberRequest) -> Result<MeetMemberResponse> {
        let (me, other) = (cx.account()?, AccountId(request.account_id));
        if !self.groups.lets_meet(me, ConversationId(request.conversation_id), other).await? {
            return Err(stranger_not_found());
        }
        let found = [(other, Band::Unspecified)];
        let card = self.room.strangers.cards(me, Way::Group, &found, cx.now).await?.pop();
        Ok(MeetMemberResponse { card: Some(card.ok_or_else(stranger_not_found)?) })
    }

    async fn send_greeting(&self, cx: &Cx, request: SendGreetingRequest) -> Result<SendGreetingResponse> {
        let me = Me::of(cx)?;
        let greet = Greet {
            me,
            creation: Creation::new(me.account, &request.client_greeting_id, "send_greeting", &request)?,
            text: rules::greeting_text(&request.text)?,
            to: self.room.strangers.read(me.account, &request.handle, cx.now)?,
            fresh: self.foundation.ids.next(),
            now: cx.now,
        };
        self.transact(move |room, tx| room.send(tx, &greet)).await
    }

    async fn list_greetings(&self, cx: &Cx, request: ListGreetingsRequest) -> Result<ListGreetingsResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let page = self.pages.read(GREETINGS, me, request.page)?;
        let store = &self.foundation.store;
        let blocked = contacts::blocked(store, me).await?;
        let shown =
            |row: &GreetingRow| row.is_fresh(now) && blocked.binary_search(&AccountId(row.sender)).is_err();
        let (rows, last) = pages::rows(store, &BOX, me, page, Order::Falling, shown).await?;
        let strangers: Vec<_> = rows.iter().map(|(_, row)| row.stranger()).collect();
        let cards = self.room.strangers.cards_of(me, &strangers, now).await?;
        let both = rows.into_iter().zip(cards);
        let greetings = both.filter_map(|((id, row), card)| Some(Room::view(id, row, card?))).collect();
        Ok(ListGreetingsResponse { greetings, next: self.pages.next(GREETINGS, me, last.as_ref()) })
    }

    async fn reply_to_greeting(
        &self,
        cx: &Cx,
        request: ReplyToGreetingRequest,
    ) -> Result<ReplyToGreetingResponse> {
        let me = cx.account()?;
        let reply = Reply {
            me,
            creation: Creation::new(me, &request.client_message_id, "reply_to_greeting", &request)?,
            greeting: GreetingId(request.greeting_id),
            client_id: request.client_message_id,
            text: request.text,
            now: cx.now,
        };
        let answer = self.transact(move |room, tx| room.reply(tx, &reply)).await?;
        answer.ok_or_else(rules::greeting_not_found)
    }

    async fn accept_greeting(
        &self,
        cx: &Cx,
        request: AcceptGreetingRequest,
    ) -> Result<AcceptGreetingResponse> {
        let (me, id, now) = (Me::of(cx)?, GreetingId(request.greeting_id), cx.now);
        let friend = self.transact(move |room, tx| room.accept(tx, me, id, now)).await?;
        Ok(AcceptGreetingResponse { friend: Some(friend.ok_or_else(rules::greeting_not_found)?) })
    }

    async fn ignore_greeting(
        &self,
        cx: &Cx,
        request: IgnoreGreetingRequest,
    ) -> Result<IgnoreGreetingResponse> {
        let (me, id, now) = (cx.account()?, GreetingId(request.greeting_id), cx.now);
        self.transact(move |room, tx| room.ignore(tx, me, id, now)).await?;
        Ok(IgnoreGreetingResponse {})
    }

    async fn block_stranger(&self, cx: &Cx, request: BlockStrangerRequest) -> Result<BlockStrangerResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let fresh: BlockId = self.foundation.ids.next();
        let who = request.who.ok_or_else(stranger_not_found)?;
        let found = match &who {
            Who::Handle(handle) => self.room.strangers.read(me, handle, now)?.person,
            Who::GreetingId(_) | Who::ConversationId(_) => me,
        };
        let blocked = self
            .transact(move |room, tx| {
                let other = match who {
                    Who::Handle(_) => found,
                    Who::GreetingId(id) => room.sender_of(tx, me, GreetingId(id), now)?,
                    Who::ConversationId(id) => room
                        .temporary
                        .partner(tx, me, ConversationId(id))?
                        .ok_or_else(chat::conversation_not_found)?,
                };
                accounts::person(tx, other)?.ok_or_else(stranger_not_found)?;
                room.block(tx, me, other, fresh, now)
            })
            .await?;
        Ok(BlockStrangerResponse { blocked: Some(blocked) })
    }

    async fn list_temporary_chats(
        &self,
        cx: &Cx,
        request: ListTemporaryChatsRequest,
    ) -> Result<ListTemporaryChatsResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let (limit, after) = self.pages.read::<chat::Place>(CHATS, me, request.page)?;
        let mut listed = self.chat.temporary_chats(me, after, limit + 1, now).await?;
        let more = listed.len() > limit;
        listed.truncate(limit);
        let last = listed.last().map(|(place, _)| *place).filter(|_| more);
        let ids: Vec<ConversationId> = listed.into_iter().map(|(_, chat)| chat.id).collect();
        let chats = self
            .transact(move |room, tx| {
                let mut chats = Vec::with_capacity(ids.len());
                for id in &ids {
                    chats.extend(room.chat(tx, me, *id, now)?);
                }
                Ok(chats)
            })
            .await?;
        Ok(ListTemporaryChatsResponse { chats, next: self.pages.next(CHATS, me, last.as_ref()) })
    }

    async fn leave_temporary_chat(
        &self,
        cx: &Cx,
        request: LeaveTemporaryChatRequest,
    ) -> Result<LeaveTemporaryChatResponse> {
        let (me, id, now) = (cx.account()?, ConversationId(request.conversation_id), cx.now);
        self.transact(move |room, tx| room.leave(tx, me, id, now)).await?;
        Ok(LeaveTemporaryChatResponse {})
    }
}
