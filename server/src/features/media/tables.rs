//! What the media room stores. The bytes themselves are files: of unfinished uploads under the upload's name, of stored
//! content under its place.

use super::ids::MediaId;
use crate::id::{AccountId, ConversationId};
use crate::store::Table;
use prost::{Message, Oneof};
use teahouse_proto::media::{self, MediaKind};

/// The name of an upload.
pub(super) type UploadId = [u8; 16];
/// Where stored content lies. Never given out twice, so that a file can be deleted once its row is gone.
pub(super) type Place = [u8; 16];
/// Keyed hash of stored content.
pub(super) type ContentId = [u8; 32];

/// Uploads, finished ones too for as long as they can be referred to.
pub(super) const UPLOAD: Table<UploadId, UploadRow> = Table::new("media.upload");
/// Uploads of an account that are not finished.
pub(super) const UNFINISHED: Table<(AccountId, UploadId), ()> = Table::new("media.unfinished");
/// When uploads are over, in milliseconds.
pub(super) const EXPIRY: Table<(u64, UploadId), ()> = Table::new("media.expiry");
/// What an upload takes of its account's quota, and for how many references it does.
pub(super) const CHARGE: Table<UploadId, ChargeRow> = Table::new("media.charge");
/// How much of its quota an account uses.
pub(super) const USED: Table<AccountId, UsedRow> = Table::new("media.used");
/// What objects refer to.
pub(super) const REFERENCE: Table<MediaId, ReferenceRow> = Table::new("media.reference");
/// Stored content, by its place.
pub(super) const BLOB: Table<Place, BlobRow> = Table::new("media.blob");
/// Where content lies that is stored already.
pub(super) const CONTENT: Table<ContentId, ContentRow> = Table::new("media.content");
/// Places whose files are to be deleted.
pub(super) const GARBAGE: Table<Place, ()> = Table::new("media.garbage");
/// Pictures that anybody may fetch who knows the name.
pub(super) const PUBLIC: Table<[u8; 16], PublicRow> = Table::new("media.public");

/// An upload.
#[derive(Clone, PartialEq, Message)]
pub(super) struct UploadRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account: u64,
    #[prost(enumeration = "MediaKind", tag = "2")]
    pub(super) kind: i32,
    /// Bytes that are to come.
    #[prost(uint64, tag = "3")]
    pub(super) size: u64,
    #[prost(string, tag = "4")]
    pub(super) file_name: String,
    /// Of the bytes to come; empty: not checked.
    #[prost(bytes = "vec", tag = "5")]
    pub(super) sha256: Vec<u8>,
    #[prost(int64, tag = "6")]
    pub(super) created_at_ms: i64,
    /// When it is over; the row of `media.expiry` says the same.
    #[prost(int64, tag = "7")]
    pub(super) expires_at_ms: i64,
    /// The reference to what was stored, once it is finished.
    #[prost(bytes = "vec", tag = "8")]
    pub(super) media: Vec<u8>,
}

/// What is charged for an upload.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ChargeRow {
    #[prost(fixed64, tag = "1")]
    pub(super) account: u64,
    #[prost(uint64, tag = "2")]
    pub(super) bytes: u64,
    /// The upload itself, and what its account has referred to of it.
    #[prost(uint64, tag = "3")]
    pub(super) references: u64,
}

/// How much of a quota is used.
#[derive(Clone, PartialEq, Message)]
pub(super) struct UsedRow {
    #[prost(uint64, tag = "1")]
    pub(super) total: u64,
    /// By hour, the oldest first.
    #[prost(message, repeated, tag = "2")]
    pub(super) hours: Vec<HourRow>,
}

/// Bytes whose upload began in one hour.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HourRow {
    /// Its beginning.
    #[prost(int64, tag = "1")]
    pub(super) from_ms: i64,
    #[prost(uint64, tag = "2")]
    pub(super) bytes: u64,
}

/// A reference.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ReferenceRow {
    /// All that is known of the content, without the name.
    #[prost(message, optional, tag = "1")]
    pub(super) media: Option<media::Media>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) place: Vec<u8>,
    /// Of the thumbnail; empty where there is none.
    #[prost(bytes = "vec", tag = "3")]
    pub(super) thumbnail: Vec<u8>,
    #[prost(string, tag = "4")]
    pub(super) thumbnail_type: String,
    /// The upload whose charge it prolongs; empty: it is charged to nobody.
    #[prost(bytes = "vec", tag = "5")]
    pub(super) charge: Vec<u8>,
    #[prost(int64, tag = "6")]
    pub(super) made_at_ms: i64,
    #[prost(oneof = "StoredHolder", tags = "10, 11, 12, 13, 14, 15, 16")]
    pub(super) holder: Option<StoredHolder>,
}

/// What refers.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum StoredHolder {
    #[prost(fixed64, tag = "10")]
    Upload(u64),
    #[prost(message, tag = "11")]
    Message(Numbered),
    #[prost(message, tag = "12")]
    Favourite(Numbered),
    #[prost(bytes, tag = "13")]
    Pack(Vec<u8>),
    #[prost(fixed64, tag = "14")]
    Collected(u64),
    #[prost(fixed64, tag = "15")]
    Avatar(u64),
    #[prost(bool, tag = "16")]
    Evidence(bool),
}

/// Something that is numbered within something.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Numbered {
    #[prost(fixed64, tag = "1")]
    pub(super) of: u64,
    #[prost(uint64, tag = "2")]
    pub(super) number: u64,
}

/// Stored content.
#[derive(Clone, PartialEq, Message)]
pub(super) struct BlobRow {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) content: Vec<u8>,
    #[prost(uint64, tag = "2")]
    pub(super) size: u64,
    /// How many references there are, thumbnails too. Never 0.
    #[prost(uint64, tag = "3")]
    pub(super) references: u64,
}

/// Where content lies.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ContentRow {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) place: Vec<u8>,
}

/// A public picture.
#[derive(Clone, PartialEq, Message)]
pub(super) struct PublicRow {
    /// The reference.
    #[prost(bytes = "vec", tag = "1")]
    pub(super) media: Vec<u8>,
}

/// Which object refers to something, and so who may fetch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Nothing yet: an upload of this account.
    Upload(AccountId),
    /// An entry of a conversation, by its number.
    Message(ConversationId, u64),
    /// Something that an account keeps, by its number.
    Favourite(AccountId, u64),
    /// A pack of stickers.
    Pack([u8; 16]),
    /// A sticker that an account collected.
    Collected(AccountId),
    /// The picture of an account. Fetched under a public name alone.
    Avatar(AccountId),
    /// Kept for a while in case somebody complains; nobody may fetch it.
    Evidence,
}

impl From<Holder> for StoredHolder {
    fn from(holder: Holder) -> Self {
        match holder {
            Holder::Upload(account) => Self::Upload(account.0),
            Holder::Message(conversation, number) => Self::Message(Numbered { of: conversation.0, number }),
            Holder::Favourite(account, number) => Self::Favourite(Numbered { of: account.0, number }),
            Holder::Pack(id) => Self::Pack(id.to_vec()),
            Holder::Collected(account) => Self::Collected(account.0),
            Holder::Avatar(account) => Self::Avatar(account.0),
            Holder::Evidence => Self::Evidence(true),
        }
    }
}

impl ReferenceRow {
    /// What refers; what no version knows is nobody's.
    pub(super) fn holder(&self) -> Holder {
        match &self.holder {
            Some(StoredHolder::Upload(account)) => Holder::Upload(AccountId(*account)),
            Some(StoredHolder::Message(n)) => Holder::Message(ConversationId(n.of), n.number),
            Some(StoredHolder::Favourite(n)) => Holder::Favourite(AccountId(n.of), n.number),
            Some(StoredHolder::Pack(id)) => id[..].try_into().map_or(Holder::Evidence, Holder::Pack),
            Some(StoredHolder::Collected(account)) => Holder::Collected(AccountId(*account)),
            Some(StoredHolder::Avatar(account)) => Holder::Avatar(AccountId(*account)),
            Some(StoredHolder::Evidence(_)) | None => Holder::Evidence,
        }
    }

    /// As answers tell it, under this name.
    pub(super) fn told(&self, id: MediaId) -> media::Media {
        let media = self.media.clone().unwrap_or_default();
        media::Media { media_id: id.to_string(), has_thumbnail: !self.thumbnail.is_empty(), ..media }
    }
}

/// A name from a stored row.
pub(super) fn name(bytes: &[u8]) -> crate::error::Result<[u8; 16]> {
    bytes.try_into().map_err(|_| crate::error::Error::internal("a stored name of unknown form"))
}
