//! What entries hold: as readers are told it, shortened for a list, copied into another entry.

use super::rules::PREVIEW_GRAPHEMES;
use super::tables::{Content, StoredMerged};
use crate::error::{Error, Result};
use crate::features::media::{self, Holder, MediaId};
use crate::id::AccountId;
use crate::store::Tx;
use crate::text;
use teahouse_proto::chat::{ContactCard, ContentKind, MergedForward, Text, entry, forwarded};
use teahouse_proto::media::Media;

impl Content {
    /// As readers see it.
    pub(super) fn told(self) -> entry::Content {
        match self {
            Self::Text(text) => entry::Content::Text(text),
            Self::Notice(notice) => entry::Content::Notice(notice),
            Self::Voice(voice) => entry::Content::Voice(voice),
            Self::Pictures(pictures) => entry::Content::Pictures(pictures),
            Self::Video(video) => entry::Content::Video(video),
            Self::File(file) => entry::Content::File(file),
            Self::Location(location) => entry::Content::Location(location),
            Self::ContactCard(card) => {
                entry::Content::ContactCard(ContactCard { account_id: 0, card: card.card })
            }
            Self::Link(link) => entry::Content::Link(link),
            Self::Sticker(sticker) => entry::Content::Sticker(sticker),
            Self::Merged(merged) => entry::Content::Merged(merged.told()),
            Self::Recalled(recalled) => entry::Content::Recalled(recalled),
            Self::Changed(changed) => entry::Content::Changed(Box::new(changed)),
        }
    }

    /// As a merged forward holds it: without accounts and numbers. `None` for what is not said.
    pub(super) fn retold(self) -> Option<forwarded::Content> {
        Some(match self {
            Self::Text(text) => forwarded::Content::Text(without_ties(text)),
            Self::Voice(voice) => forwarded::Content::Voice(voice),
            Self::Pictures(pictures) => forwarded::Content::Pictures(pictures),
            Self::Video(video) => forwarded::Content::Video(video),
            Self::File(file) => forwarded::Content::File(file),
            Self::Location(location) => forwarded::Content::Location(location),
            Self::ContactCard(card) => {
                forwarded::Content::ContactCard(ContactCard { account_id: 0, card: card.card })
            }
            Self::Link(link) => forwarded::Content::Link(link),
            Self::Sticker(sticker) => forwarded::Content::Sticker(sticker),
            Self::Merged(merged) => forwarded::Content::Merged(merged.told()),
            Self::Notice(_) | Self::Recalled(_) | Self::Changed(_) => return None,
        })
    }

    /// Whether it is there to be quoted and forwarded: somebody said it and has not taken it back.
    pub(super) fn is_said(&self) -> bool {
        self.is_message() && !matches!(self, Self::Recalled(_))
    }

    /// The names of all media that it refers to; those in a merged forward, and where that is kept, too.
    pub(super) fn media_ids(&self) -> Vec<&str> {
        if let Self::Merged(merged) = self {
            return merged.media.iter().chain([&merged.object]).map(String::as_str).collect();
        }
        fn of(media: &Option<Media>) -> Option<&str> {
            media.as_ref().map(|media| media.media_id.as_str())
        }
        match self {
            Self::Voice(voice) => of(&voice.media).into_iter().collect(),
            Self::Pictures(pictures) => pictures.pictures.iter().map(|m| m.media_id.as_str()).collect(),
            Self::Video(video) => of(&video.media).into_iter().chain(of(&video.poster)).collect(),
            Self::File(file) => of(&file.media).into_iter().collect(),
            Self::Link(link) => of(&link.picture).into_iter().collect(),
            Self::Sticker(sticker) => of(&sticker.media).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// A copy by `me` for another object, with media of its own, named by `new`; texts lose their mentions and quotes. `None`
    /// where a medium is gone.
    ///
    /// # Errors
    /// Internal where `new` has fewer names than [`Content::media_ids`].
    pub(super) fn copied(
        &self,
        tx: &mut Tx<'_>,
        me: AccountId,
        holder: Holder,
        new: &mut std::slice::Iter<'_, MediaId>,
    ) -> Result<Option<Self>> {
        let mut copy = self.clone();
        if let Self::Text(text) = &mut copy {
            *text = without_ties(std::mem::take(text));
        }
        if let Self::Merged(merged) = &mut copy {
            for id in merged.media.iter_mut().chain([&mut merged.object]) {
                let Some(media) = again(tx, me, id, holder, new)? else { return Ok(None) };
                *id = media.media_id;
            }
        }
        for media in copy.media_mut() {
            let Some(again) = again(tx, me, &media.media_id, holder, new)? else { return Ok(None) };
            *media = again;
        }
        Ok(Some(copy))
    }

    fn media_mut(&mut self) -> Vec<&mut Media> {
        match self {
            Self::Voice(voice) => voice.media.iter_mut().collect(),
            Self::Pictures(pictures) => pictures.pictures.iter_mut().collect(),
            Self::Video(video) => video.media.iter_mut().chain(&mut video.poster).collect(),
            Self::File(file) => file.media.iter_mut().collect(),
            Self::Link(link) => link.picture.iter_mut().collect(),
            Self::Sticker(sticker) => sticker.media.iter_mut().collect(),
            _ => Vec::new(),
        }
    }
}

impl StoredMerged {
    fn told(self) -> MergedForward {
        MergedForward { title: self.title, count: self.count, preview: self.preview }
    }
}

/// The media in a forwarded message, in the order in which [`Content::media_ids`] names them.
pub(super) fn media_in(content: &mut forwarded::Content) -> Vec<&mut Media> {
    use forwarded::Content::{File, Link, Pictures, Sticker, Video, Voice};
    match content {
        Voice(voice) => voice.media.iter_mut().collect(),
        Pictures(pictures) => pictures.pictures.iter_mut().collect(),
        Video(video) => video.media.iter_mut().chain(&mut video.poster).collect(),
        File(file) => file.media.iter_mut().collect(),
        Link(link) => link.picture.iter_mut().collect(),
        Sticker(sticker) => sticker.media.iter_mut().collect(),
        _ => Vec::new(),
    }
}

/// The kind of a forwarded message; unspecified for texts.
pub(super) fn kind_of(content: &forwarded::Content) -> ContentKind {
    match content {
        forwarded::Content::Text(_) => ContentKind::Unspecified,
        forwarded::Content::Voice(_) => ContentKind::Voice,
        forwarded::Content::Pictures(_) => ContentKind::Pictures,
        forwarded::Content::Video(_) => ContentKind::Video,
        forwarded::Content::File(_) => ContentKind::File,
        forwarded::Content::Location(_) => ContentKind::Location,
        forwarded::Content::ContactCard(_) => ContentKind::ContactCard,
        forwarded::Content::Link(_) => ContentKind::Link,
        forwarded::Content::Sticker(_) => ContentKind::Sticker,
        forwarded::Content::Merged(_) => ContentKind::Merged,
    }
}

/// One more reference by `me`, under the next of the new names.
pub(super) fn again(
    tx: &mut Tx<'_>,
    me: AccountId,
    from: &str,
    holder: Holder,
    new: &mut std::slice::Iter<'_, MediaId>,
) -> Result<Option<Media>> {
    let new = new.next().ok_or_else(|| Error::internal("a message with more media than names"))?;
    media::refer_again(tx, me, from, *new, holder)
}

/// Mentions and quotes belong to the conversation that they were made in.
fn without_ties(text: Text) -> Text {
    Text { text: text.text, ..Text::default() }
}

/// Cuts what is long for the preview in a list; gives whether words were cut.
pub(super) fn shorten(content: &mut entry::Content) -> bool {
    match content {
        entry::Content::Text(content) => {
            let cut = cut(&mut content.text);
            if cut {
                content.mentions.clear();
            }
            cut
        }
        entry::Content::Voice(voice) => {
            voice.waveform.clear();
            false
        }
        entry::Content::Pictures(pictures) => cut(&mut pictures.caption),
        entry::Content::Video(video) => cut(&mut video.caption),
        entry::Content::Link(link) => cut(&mut link.description),
        _ => false,
    }
}

fn cut(long: &mut String) -> bool {
    let (start, cut) = text::cut(long, PREVIEW_GRAPHEMES);
    let start = start.len();
    long.truncate(start);
    cut
}
