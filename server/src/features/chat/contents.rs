//! What entries hold: as readers are told it, shortened for a list, copied into another entry.

use super::rules::PREVIEW_GRAPHEMES;
use super::tables::Content;
use crate::text;
use teahouse_proto::chat::{ContactCard, entry};

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
            Self::Recalled(recalled) => entry::Content::Recalled(recalled),
            Self::Changed(changed) => entry::Content::Changed(Box::new(changed)),
        }
    }

    /// Whether it is there to be quoted: somebody said it and has not taken it back.
    pub(super) fn is_said(&self) -> bool {
        self.is_message() && !matches!(self, Self::Recalled(_))
    }
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
