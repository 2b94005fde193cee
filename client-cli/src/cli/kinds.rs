//! Messages other than texts in words, for a terminal. Pure.

use super::text::{block, line};
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::forward_preview::What;
use teahouse_proto::chat::{
    ContactCard, ContentKind, File, ForwardPreview, Link, Location, MergedForward, Pictures, Sticker, Video,
    Voice, forwarded,
};
use teahouse_proto::media::Media;

/// A message in one line; `None` for what is said or noted otherwise.
pub(super) fn in_words(content: &Content) -> Option<String> {
    Some(match content {
        Content::Voice(voice) => sound(voice),
        Content::Pictures(pictures) => album(pictures),
        Content::Video(video) => film(video),
        Content::File(file) => attachment(file),
        Content::Sticker(sticker) => emblem(sticker),
        Content::Location(location) => place(location),
        Content::ContactCard(card) => person(card),
        Content::Link(link) => page(link),
        Content::Merged(merged) => bundle(merged, true),
        _ => return None,
    })
}

/// A message in a merged forward, its further lines indented.
pub(super) fn retold(content: &forwarded::Content, indent: usize) -> String {
    use forwarded::Content as Told;
    match content {
        Told::Text(text) => block(&text.text, indent),
        Told::Voice(voice) => sound(voice),
        Told::Pictures(pictures) => album(pictures),
        Told::Video(video) => film(video),
        Told::File(file) => attachment(file),
        Told::Location(location) => place(location),
        Told::ContactCard(card) => person(card),
        Told::Link(link) => page(link),
        Told::Sticker(sticker) => emblem(sticker),
        Told::Merged(merged) => bundle(merged, false),
    }
}

fn bundle(merged: &MergedForward, with_preview: bool) -> String {
    let title =
        if merged.title.is_empty() { String::new() } else { format!(" “{}”", line(&merged.title)) };
    let lines: Vec<_> = merged.preview.iter().map(preview).collect();
    let shown =
        if with_preview && !lines.is_empty() { format!(" {}", lines.join(" / ")) } else { String::new() };
    format!("[{} messages]{title}{shown}", merged.count)
}

fn preview(of: &ForwardPreview) -> String {
    let what = match &of.what {
        Some(What::Text(text)) => line(text).into_owned(),
        Some(What::Other(kind)) => match ContentKind::try_from(*kind).unwrap_or_default() {
            ContentKind::Unspecified => "…",
            ContentKind::Voice => "[voice]",
            ContentKind::Pictures => "[picture]",
            ContentKind::Video => "[video]",
            ContentKind::File => "[file]",
            ContentKind::Location => "[location]",
            ContentKind::ContactCard => "[card]",
            ContentKind::Link => "[link]",
            ContentKind::Sticker => "[sticker]",
            ContentKind::Merged => "[messages]",
        }
        .to_owned(),
        None => "…".to_owned(),
    };
    format!("{}: {what}", line(&of.author_name))
}

fn sound(voice: &Voice) -> String {
    format!("[voice {}]", length(voice.media.as_ref().map_or(0, |media| media.duration_ms)))
}

fn album(pictures: &Pictures) -> String {
    let what = match &pictures.pictures[..] {
        [one] => format!("[picture {}, {}]", pixels(one), size(one.size)),
        several => {
            let all = several.iter().map(|picture| picture.size).sum();
            format!("[{} pictures, {}]", several.len(), size(all))
        }
    };
    what + &caption(&pictures.caption)
}

fn film(video: &Video) -> String {
    let media = video.media.clone().unwrap_or_default();
    let what = format!("[video {}, {}, {}]", length(media.duration_ms), pixels(&media), size(media.size));
    what + &caption(&video.caption)
}

fn attachment(file: &File) -> String {
    let media = file.media.clone().unwrap_or_default();
    format!("[file {}, {}]", line(&media.file_name), size(media.size))
}

fn emblem(sticker: &Sticker) -> String {
    match line(&sticker.emoji) {
        none if none.is_empty() => "[sticker]".to_owned(),
        emoji => format!("[sticker {emoji}]"),
    }
}

fn caption(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {}", line(text)) }
}

fn pixels(media: &Media) -> String {
    format!("{}×{}", media.width, media.height)
}

/// Milliseconds as minutes and seconds: `0:07`.
pub(super) fn length(ms: u32) -> String {
    let seconds = ms.div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Bytes as people say them: `312 KB`, `2.1 MB`.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1e3, "KB"), (1e6, "MB"), (1e9, "GB")];
    let exact = bytes as f64;
    let unit = units.iter().find(|(unit, _)| exact / unit < 999.5).unwrap_or(&units[2]);
    match (bytes, exact / unit.0) {
        (0..1_000, _) => format!("{bytes} bytes"),
        (_, few) if few < 9.95 => format!("{few:.1} {}", unit.1),
        (_, many) => format!("{many:.0} {}", unit.1),
    }
}

fn place(location: &Location) -> String {
    let about = if location.approximate { "about " } else { "" };
    let label =
        if location.label.is_empty() { String::new() } else { format!(" “{}”", line(&location.label)) };
    format!("[location {about}{}, {}{label}]", location.latitude, location.longitude)
}

fn person(card: &ContactCard) -> String {
    let name = card.card.as_ref().map_or("", |card| card.display_name.as_str());
    format!("[card {}]", line(name))
}

fn page(link: &Link) -> String {
    let title = if link.title.is_empty() { String::new() } else { format!(" {}", line(&link.title)) };
    format!("[link {}]{title} {}", line(&link.host), line(&link.url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::chat::Text;
    use teahouse_proto::common::PersonCard;

    #[test]
    fn each_kind_has_its_words() {
        let location = |approximate, label: &str| {
            Content::Location(Location {
                latitude: 30.25,
                longitude: 120.16,
                approximate,
                label: label.into(),
            })
        };
        let card = PersonCard { display_name: "An\u{1b}na".into(), ..Default::default() };
        let link = Link {
            url: "https://example.org/a".into(),
            title: "Tea\u{202e}".into(),
            host: "example.org".into(),
            ..Default::default()
        };
        let media = |size, duration_ms| Media {
            size,
            width: 1280,
            height: 720,
            duration_ms,
            file_name: "re\u{7}port.pdf".into(),
            ..Media::default()
        };
        let pictures = |n: usize| {
            let pictures = vec![media(311_400, 0); n];
            Content::Pictures(Pictures { pictures, caption: if n == 1 { "tea\n!" } else { "" }.into() })
        };
        let video = Video { media: Some(media(2_140_000, 61_001)), poster: None, caption: "rain".to_owned() };
        let sticker = |emoji: &str| Content::Sticker(Sticker { emoji: emoji.into(), ..Default::default() });
        let line = |name: &str, what| ForwardPreview { author_name: name.into(), what: Some(what) };
        let preview = vec![
            line("Anna\u{1b}", What::Text("hello\nyou".into())),
            line("Boris", What::Other(ContentKind::Pictures.into())),
        ];
        let merged = MergedForward { title: "Tea".into(), count: 5, preview };
        assert_eq!(retold(&forwarded::Content::Merged(merged.clone()), 0), "[5 messages] “Tea”");
        for (content, words) in [
            (Content::Merged(merged), r"[5 messages] “Tea” Anna\u{1b}: hello you / Boris: [picture]"),
            (
                Content::Voice(Voice { media: Some(media(9_000, 6_400)), ..Default::default() }),
                "[voice 0:07]",
            ),
            (pictures(1), "[picture 1280×720, 311 KB] tea !"),
            (pictures(3), "[3 pictures, 934 KB]"),
            (Content::Video(video), "[video 1:02, 1280×720, 2.1 MB] rain"),
            (Content::File(File { media: Some(media(999, 0)) }), r"[file re\u{7}port.pdf, 999 bytes]"),
            (sticker("😀"), "[sticker 😀]"),
            (sticker(""), "[sticker]"),
            (location(false, "West Lake"), "[location 30.25, 120.16 “West Lake”]"),
            (location(true, ""), "[location about 30.25, 120.16]"),
            (Content::ContactCard(ContactCard { account_id: 0, card: Some(card) }), r"[card An\u{1b}na]"),
            (Content::Link(link), r"[link example.org] Tea\u{202e} https://example.org/a"),
        ] {
            assert_eq!(in_words(&content).as_deref(), Some(words));
        }
        assert_eq!(in_words(&Content::Text(Text::default())), None);
    }
}
