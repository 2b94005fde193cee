//! Emoji on messages. A row says who gave which; the entry itself carries a summary, so that history needs no rows.

use super::super::Chat;
use super::super::api::page_size;
use super::super::tables::{Member, REACTION, Reacted};
use super::Target;
use crate::emoji::is_emoji;
use crate::error::{Error, Result};
use crate::features::chat::message_not_found;
use crate::id::{AccountId, ConversationId};
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::chat::changed::What;
use teahouse_proto::chat::{
    ListReactionsRequest, ListReactionsResponse, MemberReaction, Reaction, SetReactionRequest,
    SetReactionResponse,
};

/// Different emoji on one message.
const MAX_EMOJI: usize = 20;
/// Members that a summary names.
const NAMED: usize = 10;
/// The most members that a group can be set to have, and so about the most of an emoji; of more, who is named anew may
/// not be the first.
const MAX_MEMBERS: usize = 2000;
/// Reactions on one page, by default and at most.
const PAGE: usize = 50;
const MAX_PAGE: usize = 100;
/// The list, in its cursors.
const LIST: &str = "chat.reactions";

impl Chat {
    /// `ChatService/SetReaction`.
    pub(in super::super) async fn react(
        &self,
        me: AccountId,
        request: SetReactionRequest,
        now: Time,
    ) -> Result<SetReactionResponse> {
        let SetReactionRequest { conversation_id, seq, emoji, on } = request;
        if !is_emoji(&emoji) {
            return Err(Error::invalid(
                "EMOJI_INVALID",
                "React with one emoji, fully qualified, of at most 32 bytes.",
            ));
        }
        let groups = self.groups.clone();
        let react = self.foundation.store.transact(move |tx| {
            let mut target = Target::find_said(tx, &groups, me, ConversationId(conversation_id), seq)?;
            let key = (target.id, seq, emoji.clone(), me);
            if tx.get(&REACTION, &key)?.is_some() != on {
                target.check_may_speak(tx)?;
                if on {
                    target.give(&emoji)?;
                    tx.put(&REACTION, &key, &Reacted { at_ms: now.as_ms() })?;
                } else {
                    tx.delete(&REACTION, &key)?;
                    target.take(tx, &emoji)?;
                }
                target.change(tx, What::Reaction, now)?;
            }
            Ok(SetReactionResponse { entry: target.shown(tx)? })
        });
        react.await
    }

    /// `ChatService/ListReactions`.
    pub(in super::super) async fn reactions(
        &self,
        me: AccountId,
        request: ListReactionsRequest,
    ) -> Result<ListReactionsResponse> {
        let id = ConversationId(request.conversation_id);
        self.as_member(me, id, |_, member| self.reactions_as(me, member, request.clone())).await
    }

    async fn reactions_as(
        &self,
        me: AccountId,
        member: Member,
        request: ListReactionsRequest,
    ) -> Result<ListReactionsResponse> {
        let (id, seq) = (ConversationId(request.conversation_id), request.seq);
        let entry = self.entry(me, id, &member, seq).await?;
        if !entry.is_some_and(|entry| entry.is_said()) {
            return Err(message_not_found());
        }
        let page = request.page.unwrap_or_default();
        let limit = page_size(page.limit, PAGE, MAX_PAGE);
        let mut range = KeyRange::prefix(&(id, seq));
        if let Some((emoji, account)) = self.read_cursor(LIST, me, &page.cursor)? {
            range = range.after(&(id, seq, emoji, account));
        }
        let mut rows = self.foundation.store.scan(&REACTION, &range, limit + 1, Order::Rising).await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|((_, _, emoji, account), _)| self.cursor(LIST, me, &(emoji.clone(), *account)));
        let reaction = |((_, _, emoji, account), given): ((_, _, String, AccountId), Reacted)| {
            MemberReaction { emoji, account_id: account.0, at_ms: given.at_ms }
        };
        // Of somebody who was removed: what was given since is not theirs to see.
        rows.retain(|(_, given)| member.ended.as_ref().is_none_or(|ended| given.at_ms <= ended.at_ms));
        let reactions = rows.into_iter().map(reaction).collect();
        Ok(ListReactionsResponse { reactions, next: next.unwrap_or_default() })
    }
}

impl Target {
    /// Counts the caller's emoji.
    fn give(&mut self, emoji: &str) -> Result<()> {
        let given = &mut self.entry.reactions;
        let at = match given.iter().position(|reaction| reaction.emoji == emoji) {
            Some(at) => at,
            None if given.len() >= MAX_EMOJI => return Err(too_many()),
            None => {
                given.push(Reaction { emoji: emoji.to_owned(), ..Reaction::default() });
                given.len() - 1
            }
        };
        add(&mut given[at], self.me);
        Ok(())
    }

    /// Counts it no longer, once its row is gone. Somebody who was not named may be now.
    fn take(&mut self, tx: &mut Tx<'_>, emoji: &str) -> Result<()> {
        let Some(at) = self.entry.reactions.iter().position(|r| r.emoji == emoji) else { return Ok(()) };
        let reaction = &mut self.entry.reactions[at];
        reaction.count -= 1;
        reaction.account_ids.retain(|account| *account != self.me.0);
        if reaction.count == 0 {
            self.entry.reactions.remove(at);
        } else if reaction.account_ids.len() < NAMED.min(reaction.count as usize) {
            let range = KeyRange::prefix(&(self.id, self.seq, emoji.to_owned()));
            let mut rows = tx.scan(&REACTION, &range, MAX_MEMBERS, Order::Rising)?;
            rows.sort_by_key(|(key, given)| (given.at_ms, key.3));
            reaction.account_ids = rows.iter().take(NAMED).map(|(key, _)| key.3.0).collect();
        }
        Ok(())
    }
}

/// Counts somebody, the last so far, and names them where that are few.
pub(in super::super) fn add(reaction: &mut Reaction, account: AccountId) {
    reaction.count += 1;
    if reaction.account_ids.len() < NAMED {
        reaction.account_ids.push(account.0);
    }
}

fn too_many() -> Error {
    Error::precondition("TOO_MANY_REACTIONS", "The message has 20 different emoji. Use one of them.")
}
