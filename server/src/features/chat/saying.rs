//! What somebody is about to say: checked as far as the request alone goes, then settled in the transaction that
//! appends it.

use super::rules::{self, kinds};
use super::tables::{Content, StoredCard};
use crate::error::{Error, Result};
use crate::features::media::{self, Holder, MediaId};
use crate::features::{accounts, contacts, stickers};
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::Time;
use teahouse_proto::chat::send_message_request::Content as Given;
use teahouse_proto::chat::{File, Link, Location, Pictures, Sticker, Text, Video, Voice};
use teahouse_proto::media::{Media, MediaKind};

/// The content of a message on its way in. Its media are in it as the request named them: uploads of the sender's.
pub(super) enum Saying {
    Text(Text),
    Voice(Voice),
    Pictures(Pictures),
    Video(Video),
    File(File),
    Location(Location),
    /// Whose card.
    ContactCard(AccountId),
    Link(Link),
    Sticker(Sticker),
}

/// Who says it, and into what their uploads go.
pub(super) struct Speaker<'a> {
    pub me: AccountId,
    pub holder: Holder,
    pub now: Time,
    /// Names for the media of the message: [`Saying::media_count`] of them.
    pub new: std::slice::Iter<'a, MediaId>,
}

impl Saying {
    /// Takes what follows the rules, and of it only what is the sender's to say.
    pub(super) fn checked(given: Given) -> Result<Self> {
        Ok(match given {
            Given::Text(text) => {
                rules::check_text(&text)?;
                Self::Text(text)
            }
            Given::Voice(voice) => Self::Voice(kinds::voice(voice)?),
            Given::Pictures(pictures) => Self::Pictures(kinds::pictures(pictures)?),
            Given::Video(video) => Self::Video(kinds::video(video)?),
            Given::File(file) => Self::File(kinds::file(file)?),
            Given::Location(location) => Self::Location(kinds::location(&location)?),
            Given::ContactCard(card) => Self::ContactCard(AccountId(card.account_id)),
            Given::Link(link) => Self::Link(kinds::link(&link)?),
            Given::Sticker(sticker) => Self::Sticker(kinds::sticker(sticker)?),
        })
    }

    /// How many media are in it.
    pub(super) fn media_count(&self) -> usize {
        match self {
            Self::Text(_) | Self::Location(_) | Self::ContactCard(_) => 0,
            Self::Voice(_) | Self::File(_) | Self::Sticker(_) => 1,
            Self::Pictures(pictures) => pictures.pictures.len(),
            Self::Video(video) => 1 + usize::from(video.poster.is_some()),
            Self::Link(link) => usize::from(link.picture.is_some()),
        }
    }

    /// As it is stored.
    pub(super) fn settle(&self, tx: &mut Tx<'_>, mut by: Speaker<'_>) -> Result<Content> {
        use MediaKind::{File as AnyFile, Picture, Video as Film, Voice as Sound};
        Ok(match self {
            Self::Text(text) => Content::Text(text.clone()),
            Self::Voice(voice) => {
                let media = by.refer(tx, voice.media.as_ref(), Sound)?;
                Content::Voice(Voice { media, ..voice.clone() })
            }
            Self::Pictures(given) => {
                let mut pictures = Vec::with_capacity(given.pictures.len());
                for picture in &given.pictures {
                    pictures.extend(by.refer(tx, Some(picture), Picture)?);
                }
                Content::Pictures(Pictures { pictures, ..given.clone() })
            }
            Self::Video(video) => {
                let media = by.refer(tx, video.media.as_ref(), Film)?;
                let poster = by.refer(tx, video.poster.as_ref(), Picture)?;
                Content::Video(Video { media, poster, ..video.clone() })
            }
            Self::File(file) => Content::File(File { media: by.refer(tx, file.media.as_ref(), AnyFile)? }),
            Self::Location(location) => Content::Location(location.clone()),
            Self::ContactCard(account) => Content::ContactCard(card(tx, by.me, *account)?),
            Self::Link(link) => {
                let picture = by.refer(tx, link.picture.as_ref(), Picture)?;
                Content::Link(Link { picture, ..link.clone() })
            }
            Self::Sticker(sticker) => Content::Sticker(by.sticker(tx, sticker)?),
        })
    }
}

impl Speaker<'_> {
    fn refer(&mut self, tx: &mut Tx<'_>, upload: Option<&Media>, kind: MediaKind) -> Result<Option<Media>> {
        let Some(upload) = upload else { return Ok(None) };
        let new = self.new.next().ok_or_else(|| Error::internal("a message with more media than names"))?;
        media::refer_upload(tx, self.me, &upload.media_id, &[kind], *new, self.holder, self.now).map(Some)
    }

    /// One of a pack, one that was collected, or an upload. What a sticker of a pack says was said by its maker.
    fn sticker(&mut self, tx: &mut Tx<'_>, given: &Sticker) -> Result<Sticker> {
        let id = given.media.as_ref().map_or("", |media| &media.media_id);
        let Some(known) = stickers::find(tx, self.me, &given.pack_id, id)? else {
            if !given.pack_id.is_empty() {
                return Err(media::media_not_found());
            }
            let media = self.refer(tx, given.media.as_ref(), MediaKind::Sticker)?;
            return Ok(Sticker { media, ..given.clone() });
        };
        let new = self.new.next().ok_or_else(|| Error::internal("a message with more media than names"))?;
        let media =
            media::refer_again(tx, self.me, id, *new, self.holder)?.ok_or_else(media::media_not_found)?;
        Ok(Sticker { media: Some(media), emoji: known.emoji, pack_id: given.pack_id.clone() })
    }
}

/// Somebody's card as it is now.
fn card(tx: &mut Tx<'_>, me: AccountId, account: AccountId) -> Result<StoredCard> {
    let person = if may_recommend(tx, me, account)? { accounts::person(tx, account)? } else { None };
    let person = person.ok_or_else(contacts::friend_not_found)?;
    Ok(StoredCard { account: account.0, card: Some(person.card()) })
}

/// Whether `me` may send somebody's card: their own list alone decides, so it tells nothing of the other side.
pub(super) fn may_recommend(tx: &mut Tx<'_>, me: AccountId, account: AccountId) -> Result<bool> {
    Ok(account == me || contacts::relation(tx, me, account)?.i_have)
}
