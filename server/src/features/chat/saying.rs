//! What somebody is about to say: checked as far as the request alone goes, then settled in the transaction that
//! appends it.

use super::rules::{self, kinds};
use super::tables::{Content, StoredCard};
use crate::error::Result;
use crate::features::{accounts, contacts};
use crate::id::AccountId;
use crate::store::Tx;
use teahouse_proto::chat::send_message_request::Content as Given;
use teahouse_proto::chat::{Link, Location, Text};

/// The content of a message on its way in.
pub(super) enum Saying {
    Text(Text),
    Location(Location),
    /// Whose card.
    ContactCard(AccountId),
    Link(Link),
}

impl Saying {
    /// Takes what follows the rules, and of it only what is the sender's to say.
    pub(super) fn checked(given: Given) -> Result<Self> {
        Ok(match given {
            Given::Text(text) => {
                rules::check_text(&text)?;
                Self::Text(text)
            }
            Given::Location(location) => Self::Location(kinds::location(&location)?),
            Given::ContactCard(card) => Self::ContactCard(AccountId(card.account_id)),
            Given::Link(link) => Self::Link(kinds::link(&link)?),
        })
    }

    /// As it is stored, when `me` says it.
    pub(super) fn settle(&self, tx: &mut Tx<'_>, me: AccountId) -> Result<Content> {
        Ok(match self {
            Self::Text(text) => Content::Text(text.clone()),
            Self::Location(location) => Content::Location(location.clone()),
            Self::ContactCard(account) => Content::ContactCard(card(tx, me, *account)?),
            Self::Link(link) => Content::Link(link.clone()),
        })
    }
}

/// Somebody's card as it is now. Only their own list says whom `me` may recommend: it tells nothing of the other side.
fn card(tx: &mut Tx<'_>, me: AccountId, account: AccountId) -> Result<StoredCard> {
    let known = account == me || contacts::relation(tx, me, account)?.i_have;
    let person = if known { accounts::person(tx, account)? } else { None };
    let person = person.ok_or_else(contacts::friend_not_found)?;
    Ok(StoredCard { account: account.0, card: Some(person.card()) })
}
