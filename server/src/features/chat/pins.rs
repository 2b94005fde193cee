//! Pinned messages of a conversation: for all its members, and noted in it.

use super::changes::Target;
use super::groups::{Groups, InGroup};
use super::send::{not_friends, publish, write};
use super::tables::{Content, Conversation, LOG, Member, PIN, Pinned};
use super::temporary::{self, Authors};
use super::{Chat, conversation_not_found, members, membership, message_not_found};
use crate::bus::Audience;
use crate::error::{Error, Result};
use crate::features::contacts;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::chat::{
    self, GroupRight, ListPinsRequest, ListPinsResponse, Notice, Pin, SetPinRequest, SetPinResponse,
    Unpinned, notice,
};

/// Pinned messages in one conversation.
const MAX_PINS: usize = 5;

impl Chat {
    /// `ChatService/SetPin`.
    pub(super) async fn pin(
        &self,
        me: AccountId,
        request: SetPinRequest,
        now: Time,
    ) -> Result<SetPinResponse> {
        let pinning = Pinning { me, id: ConversationId(request.conversation_id), seq: request.seq, now };
        let groups = self.groups.clone();
        let set = self.foundation.store.transact(move |tx| {
            if request.pinned { pinning.pin(tx, &groups) } else { pinning.unpin(tx, &groups) }
        });
        set.await.map(|()| SetPinResponse {})
    }

    /// `ChatService/ListPins`.
    pub(super) async fn pins(&self, me: AccountId, request: ListPinsRequest) -> Result<ListPinsResponse> {
        let id = ConversationId(request.conversation_id);
        self.as_member(me, id, |what, member| self.pins_as(me, id, what, member)).await
    }

    async fn pins_as(
        &self,
        me: AccountId,
        id: ConversationId,
        what: Conversation,
        member: Member,
    ) -> Result<ListPinsResponse> {
        let viewer = self.viewer(me, &what).await?;
        let mut rows =
            self.foundation.store.scan(&PIN, &KeyRange::prefix(&(id,)), MAX_PINS, Order::Rising).await?;
        let in_time = |pinned: &Pinned| member.ended.as_ref().is_none_or(|ended| pinned.stamp <= ended.stamp);
        rows.retain(|((_, seq), pinned)| member.sees(*seq) && in_time(pinned));
        rows.sort_by_key(|(_, pinned)| std::cmp::Reverse(pinned.stamp));
        let mut pins = Vec::with_capacity(rows.len());
        for ((_, seq), pinned) in rows {
            let entry = match self.entry(me, id, &member, seq).await? {
                Some(entry) => Some(self.told(&viewer, id, seq, &entry).await?),
                None => None,
            };
            pins.push(Pin { seq, by_account_id: pinned.by, pinned_at_ms: pinned.at_ms, entry });
        }
        Ok(ListPinsResponse { pins })
    }
}

/// Somebody pins or unpins.
#[derive(Clone, Copy)]
struct Pinning {
    me: AccountId,
    id: ConversationId,
    seq: u64,
    now: Time,
}

impl Pinning {
    fn pin(self, tx: &mut Tx<'_>, groups: &Groups) -> Result<()> {
        let target = Target::find_said(tx, groups, self.me, self.id, self.seq)?;
        if tx.get(&PIN, &(self.id, self.seq))?.is_some() {
            return Ok(());
        }
        target.check_may_pin(tx)?;
        let all = tx.scan(&PIN, &KeyRange::prefix(&(self.id,)), MAX_PINS, Order::Rising)?;
        if all.len() >= MAX_PINS {
            // A pin that its pinner cannot see, and so cannot unpin, must not be in their way for ever.
            let unseen = all.iter().filter(|((_, seq), _)| !target.member.sees(*seq));
            let Some(((_, oldest), _)) = unseen.min_by_key(|(_, pinned)| pinned.stamp) else {
                return Err(Error::precondition(
                    "TOO_MANY_PINS",
                    "Five messages are pinned here. Unpin one of them first.",
                ));
            };
            self.remove(tx, groups, *oldest)?;
        }
        let pinned = Pinned { by: self.me.0, at_ms: self.now.as_ms(), stamp: tx.stamp() };
        tx.put(&PIN, &(self.id, self.seq), &pinned)?;
        self.note(tx, groups, notice::Kind::Pinned(chat::Pinned { account_id: self.me.0, seq: self.seq }))
    }

    fn unpin(self, tx: &mut Tx<'_>, groups: &Groups) -> Result<()> {
        let (conversation, member) = membership(tx, self.id, self.me)?.ok_or_else(conversation_not_found)?;
        temporary::check_changes(&conversation)?;
        let group = groups.standing(tx, self.id, &conversation, self.me, &member)?;
        group.as_ref().map_or(Ok(()), InGroup::check_member)?;
        // What the caller deleted for themselves can be unpinned, since they see that it is pinned.
        if !member.sees(self.seq) || tx.head(&LOG, &self.id)? < self.seq {
            return Err(message_not_found());
        }
        if tx.get(&PIN, &(self.id, self.seq))?.is_none() {
            return Ok(());
        }
        if let Some(group) = group {
            group.check(GroupRight::Pin)?;
        } else if let Some(peer) = conversation.peer(self.me)
            && !contacts::may_chat(tx, self.me, peer)?
        {
            return Err(not_friends());
        }
        self.remove(tx, groups, self.seq)
    }

    fn remove(self, tx: &mut Tx<'_>, groups: &Groups, seq: u64) -> Result<()> {
        tx.delete(&PIN, &(self.id, seq))?;
        self.note(tx, groups, notice::Kind::Unpinned(Unpinned { account_id: self.me.0, seq }))
    }

    fn note(self, tx: &mut Tx<'_>, groups: &Groups, kind: notice::Kind) -> Result<()> {
        let Some((conversation, member)) = membership(tx, self.id, self.me)? else { return Ok(()) };
        let content = Content::Notice(Notice { kind: Some(kind) });
        let (seq, entry) = write(tx, self.id, AccountId(0), self.now, bytes::Bytes::new(), &content)?;
        let to = match groups.standing(tx, self.id, &conversation, self.me, &member)? {
            Some(group) => group.audience(),
            None => {
                let members = members(tx, self.id, &conversation)?.into_iter();
                Audience::Accounts(members.map(|(account, _)| account).collect())
            }
        };
        publish(tx, to, entry.to_entry(self.id, seq, None, Authors::of(&conversation)), None);
        Ok(())
    }
}
