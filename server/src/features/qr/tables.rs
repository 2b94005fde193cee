//! What the room stores: codes by their tokens, and the one code that somebody shows for something.

use crate::features::groups::Resets;
use crate::id::{AccountId, ConversationId};
use crate::store::Table;
use crate::time::Time;
use prost::Message;

/// The secret of a code: 128 random bits. As text 22 characters of base64url.
pub(super) type Token = [u8; 16];

/// What a code is of: a group, or 0 for its maker themself.
pub(super) type What = ConversationId;

/// The maker themself.
pub(super) const MYSELF: What = ConversationId(0);

/// Living codes, and such that expired a moment ago.
pub(super) const CODE: Table<Token, CodeRow> = Table::new("qr.code");
/// What somebody shows at present: what it is of, and who shows it, to the token.
pub(super) const CURRENT: Table<(What, AccountId), CurrentRow> = Table::new("qr.current");
/// (Unix milliseconds, token): codes that expire.
pub(super) const EXPIRY: Table<(u64, Token), ()> = Table::new("qr.expiry");

/// A code.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CodeRow {
    /// Who made it.
    #[prost(uint64, tag = "1")]
    pub(super) account: u64,
    /// What it is of; 0: who made it.
    #[prost(uint64, tag = "2")]
    pub(super) what: u64,
    #[prost(int64, tag = "3")]
    pub(super) made_at_ms: i64,
    /// 0: it lives until it is reset.
    #[prost(int64, tag = "4")]
    pub(super) expires_at_ms: i64,
    /// Of a group: after how many resets of everybody's codes it was made, and after how many of its maker's.
    #[prost(uint64, tag = "5")]
    pub(super) everybodys_resets: u64,
    #[prost(uint64, tag = "6")]
    pub(super) own_resets: u64,
}

impl CodeRow {
    /// Who made it.
    pub(super) fn owner(&self) -> AccountId {
        AccountId(self.account)
    }

    /// What it is of.
    pub(super) fn what(&self) -> What {
        ConversationId(self.what)
    }

    /// Of a group: after which resets it was made.
    pub(super) fn resets(&self) -> Resets {
        Resets { everybodys: self.everybodys_resets, own: self.own_resets }
    }

    /// Where its expiry is noted, where it has one.
    pub(super) fn expiry(&self, token: Token) -> Option<(u64, Token)> {
        u64::try_from(self.expires_at_ms).ok().filter(|at| *at > 0).map(|at| (at, token))
    }

    /// Whether it has not expired.
    pub(super) fn is_live(&self, now: Time) -> bool {
        self.expires_at_ms == 0 || now < Time(self.expires_at_ms)
    }
}

/// What somebody shows.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CurrentRow {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) token: Vec<u8>,
}

impl CurrentRow {
    /// The token, where there is one.
    pub(super) fn token(&self) -> Option<Token> {
        self.token[..].try_into().ok()
    }
}
