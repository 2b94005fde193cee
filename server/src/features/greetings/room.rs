//! What every part of the room decides with: its settings, and the earlier rooms that it has things done by. Holds no data.

use super::handles::Stranger;
use super::rows;
use super::tables::GreetingRow;
use super::{GreetingsConfig, Strangers};
use crate::error::Result;
use crate::features::chat::Temporary;
use crate::features::contacts::{self, People};
use crate::id::{AccountId, ConversationId, GreetingId};
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::common::{Band, StrangerCard, Way};
use teahouse_proto::greetings::{Greeting, TemporaryChat};

/// Settings, and who does what.
pub(super) struct Room {
    pub(super) config: GreetingsConfig,
    pub(super) on_loopback: bool,
    pub(super) people: People,
    pub(super) temporary: Temporary,
    pub(super) strangers: Strangers,
}

impl Room {
    /// Whether two must not come upon each other: by a plug-in also for a day after a block.
    pub(super) fn are_apart(&self, tx: &mut Tx<'_>, me: AccountId, to: Stranger, now: Time) -> Result<bool> {
        match to.way {
            Way::Group => Ok(contacts::relation(tx, me, to.person)?.is_blocked()),
            _ => contacts::are_apart(tx, me, to.person, now),
        }
    }

    /// Whether a greeting can be answered: it is in the box, or the chat that came of it lives; and the receiver does not
    /// block its sender.
    pub(super) fn is_open(
        &self,
        tx: &mut Tx<'_>,
        receiver: AccountId,
        row: &GreetingRow,
        now: Time,
    ) -> Result<bool> {
        let sender = AccountId(row.sender);
        if contacts::blocks(tx, receiver, sender)? {
            return Ok(false);
        }
        match row.chat() {
            Some(chat) => Ok(self.temporary.living(tx, receiver, sender, now)? == Some(chat)),
            None => Ok(row.is_fresh(now)),
        }
    }

    /// A greeting as its receiver sees it.
    pub(super) fn view(id: GreetingId, row: GreetingRow, card: StrangerCard) -> Greeting {
        Greeting {
            greeting_id: id.0,
            card: Some(card),
            sent_at_ms: row.texts.last().map_or(0, |text| text.at_ms),
            texts: row.texts.into_iter().map(|text| text.text).collect(),
            expires_at_ms: row.expires_at_ms,
            conversation_id: row.conversation,
        }
    }

    /// How two met, by what either did to greet the other; and the greeting to `me`, where there is one.
    pub(super) fn met(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        other: AccountId,
    ) -> Result<(Stranger, Option<GreetingId>)> {
        let mut met = Stranger { person: other, way: Way::Unspecified, band: Band::Unspecified };
        let mut greeting = None;
        for sides in [(me, other), (other, me)] {
            if let Some(pair) = tx.get(&super::tables::PAIR, &sides)? {
                met = Stranger { person: other, way: pair.way(), band: pair.band() };
                greeting = pair.greeting().filter(|_| sides.0 == other);
            }
        }
        Ok((met, greeting))
    }

    /// A temporary chat as `me` has it; `None` where they have no such, or the other is gone.
    pub(super) fn chat(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        id: ConversationId,
        now: Time,
    ) -> Result<Option<TemporaryChat>> {
        let Some(chat) = self.temporary.view(tx, me, id, now)? else { return Ok(None) };
        let (met, greeting) = self.met(tx, me, chat.partner)?;
        let mut greeting_id = 0;
        if let Some(id) = greeting
            && let Some(row) = rows::greeting(tx, me, id)?
            && row.chat() == Some(chat.id)
            && !chat.ended
        {
            greeting_id = id.0;
        }
        let card = self.strangers.card_within(tx, me, met, now)?;
        Ok(card.map(|card| TemporaryChat {
            conversation_id: chat.id.0,
            card: Some(card),
            ends_at_ms: chat.ends_at.as_ms(),
            ended: chat.ended,
            greeting_id,
        }))
    }
}
