//! What the others are told in passing: that somebody is typing, and how far somebody has read. Nothing of it is stored,
//! and whoever was deleted or blocked cannot tell it from nothing being told.

use super::tables::{CONVERSATION, Conversation};
use super::{Chat, send};
use crate::bus::Audience;
use crate::error::{Error, Result};
use crate::features::{accounts, contacts};
use crate::id::{AccountId, ConversationId};
use teahouse_proto::chat::{GetReceiptsRequest, GetReceiptsResponse, SendTypingRequest, TypingKind};
use teahouse_proto::sync::follow_response::Event as FollowEvent;
use teahouse_proto::sync::{FollowResponse, Receipt, Typing};

impl Chat {
    /// Tells the other of a direct conversation what `me` is doing. Of the other's side nothing shows: a message says
    /// `NOT_FRIENDS` and is seen where it is not refused, while this would be a way of asking that nobody sees.
    pub(super) async fn tell_typing(&self, me: AccountId, request: SendTypingRequest) -> Result<()> {
        let kind = TypingKind::try_from(request.kind).ok().filter(|kind| *kind != TypingKind::Unspecified);
        let Some(kind) = kind else {
            return Err(Error::invalid("FIELD_MISSING", "Say what you are doing (`kind`)."));
        };
        let id = ConversationId(request.conversation_id);
        let (conversation, _) = self.member(me, id).await?;
        let Some(peer) = conversation.peer(me) else { return Ok(()) };
        let store = &self.foundation.store;
        if !contacts::has(store, me, peer).await? {
            return Err(send::not_friends());
        }
        // Whether anybody listens is asked last: how long the answer takes must not say it.
        if contacts::has(store, peer, me).await? && self.foundation.delivery.is_online(peer) {
            let typing = Typing { conversation_id: id.0, account_id: me.0, kind: kind.into() };
            self.tell_in_passing(peer, FollowEvent::Typing(typing));
        }
        Ok(())
    }

    /// How far the other of a conversation has read, where there are receipts.
    pub(super) async fn receipts(
        &self,
        me: AccountId,
        request: GetReceiptsRequest,
    ) -> Result<GetReceiptsResponse> {
        let id = ConversationId(request.conversation_id);
        let (conversation, _) = self.member(me, id).await?;
        if conversation.is_group() {
            return self.group_receipts(me, id, request.seq).await;
        }
        let read = self.peer_read_seq(me, id, &conversation).await?;
        let (available, peer_read_seq) = (read.is_some(), read.unwrap_or(0));
        Ok(GetReceiptsResponse { available, peer_read_seq, ..GetReceiptsResponse::default() })
    }

    /// How far the other has read; `None` where there are no receipts. Not raised to where the other came back after
    /// deleting `me`: nobody has read what they cannot see, and it would tell of the deletion.
    pub(super) async fn peer_read_seq(
        &self,
        me: AccountId,
        id: ConversationId,
        conversation: &Conversation,
    ) -> Result<Option<u64>> {
        let Some(peer) = conversation.peer(me) else { return Ok(None) };
        if !self.have_receipts(me, peer).await? {
            return Ok(None);
        }
        Ok(Some(self.marks.load(&self.foundation.store, id, peer).await?.seq))
    }

    /// Tells the other that `me` has read so far, where there are receipts and the other listens. What was read while
    /// there were is told, also where they are switched off a moment later. A failure costs nothing but the telling.
    pub(super) async fn tell_read(&self, me: AccountId, id: ConversationId, read_seq: u64) {
        let told = async {
            let store = &self.foundation.store;
            if !accounts::load(store, me).await?.is_some_and(|person| person.read_receipts) {
                return Ok(());
            }
            let Some(peer) = store.get(&CONVERSATION, &id).await?.and_then(|what| what.peer(me)) else {
                return Ok(());
            };
            if self.have_receipts(me, peer).await? && self.foundation.delivery.is_online(peer) {
                let receipt = Receipt { conversation_id: id.0, account_id: me.0, read_seq };
                self.tell_in_passing(peer, FollowEvent::Receipt(receipt));
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = told.await {
            tracing::debug!(%error, "a receipt was not told");
        }
    }

    /// Whether two people let each other know how far they have read. The switch of `me` first: mostly it is off. Then all
    /// is looked up whatever comes of it: `me` must not learn from the time it takes what of the other's is in the way.
    async fn have_receipts(&self, me: AccountId, other: AccountId) -> Result<bool> {
        let store = &self.foundation.store;
        let on = async |who| {
            let person = accounts::load(store, who).await?;
            Ok::<_, Error>(person.is_some_and(|person| person.read_receipts))
        };
        if !on(me).await? {
            return Ok(false);
        }
        let theirs_is_on = on(other).await?;
        let (i_have, they_have) =
            (contacts::has(store, me, other).await?, contacts::has(store, other, me).await?);
        Ok(theirs_is_on && i_have && they_have)
    }

    fn tell_in_passing(&self, to: AccountId, event: FollowEvent) {
        let message = FollowResponse { event: Some(event), ..FollowResponse::default() };
        self.foundation.bus.send(Audience::Account(to), message);
    }
}
