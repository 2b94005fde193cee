//! Contact cards: who one stands for.

use super::tables::Content;
use super::{Chat, message_not_found};
use crate::error::Result;
use crate::features::accounts;
use crate::features::contacts;
use crate::id::{AccountId, ConversationId};
use crate::time::Time;
use teahouse_proto::chat::OpenContactCardResponse;
use teahouse_proto::common::Way;

impl Chat {
    /// Opens the card in an entry that `me` may see. Answers as a search does: the person as they are now, or nobody.
    pub(super) async fn open_card(
        &self,
        me: AccountId,
        id: ConversationId,
        seq: u64,
        now: Time,
    ) -> Result<OpenContactCardResponse> {
        let Some(Content::ContactCard(card)) = self.visible(me, id, seq).await?.content else {
            return Err(message_not_found());
        };
        let store = &self.foundation.store;
        let person = accounts::load(store, AccountId(card.account)).await?;
        let open = person.filter(|p| p.id == me || p.can_be_added_by(Way::ContactCard));
        let person = open.ok_or_else(contacts::person_not_found)?;
        let is_friend = contacts::has_friend(store, me, person.id).await?;
        let met = self.tickets.meet(me, &person, Way::ContactCard, is_friend, now);
        Ok(OpenContactCardResponse { card: Some(met.card), ticket: met.ticket, account_id: met.account_id })
    }
}
