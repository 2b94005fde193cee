//! What the stickers room stores: packs, who has which, and single stickers that were collected.

use crate::features::media::MediaId;
use crate::id::AccountId;
use crate::store::Table;
use prost::Message;
use teahouse_proto::stickers::Sticker;

/// The name of a pack. As text 22 characters of base64url; whoever knows it may see the pack.
pub(super) type PackId = [u8; 16];

/// Packs.
pub(super) const PACK: Table<PackId, PackRow> = Table::new("stickers.pack");
/// The packs on an account's list: made or collected, by when.
pub(super) const MINE: Table<(AccountId, PackId), MineRow> = Table::new("stickers.mine");
/// Single stickers that an account keeps.
pub(super) const COLLECTED: Table<(AccountId, MediaId), CollectedRow> = Table::new("stickers.collected");

/// A pack.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PackRow {
    #[prost(fixed64, tag = "1")]
    pub(super) maker: u64,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) stickers: Vec<Sticker>,
}

/// A pack on a list.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct MineRow {
    /// Made, not collected.
    #[prost(bool, tag = "1")]
    pub(super) made: bool,
    #[prost(int64, tag = "2")]
    pub(super) since_ms: i64,
}

/// A sticker that was collected.
#[derive(Clone, PartialEq, Message)]
pub(super) struct CollectedRow {
    #[prost(message, optional, tag = "1")]
    pub(super) sticker: Option<Sticker>,
    #[prost(int64, tag = "2")]
    pub(super) since_ms: i64,
}
