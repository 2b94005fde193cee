//! What messages other than texts may hold.

use crate::emoji::is_emoji;
use crate::error::{Error, Result};
use crate::{geo, text};
use teahouse_proto::chat::{File, Link, Location, Pictures, Sticker, Video, Voice};
use teahouse_proto::media::Media;
use url::{Host, Url};

/// The longest label of a location, in graphemes.
const MAX_LABEL: usize = 100;
/// The longest URL, in bytes, as sent and as kept.
const MAX_URL_BYTES: usize = 2048;
/// The longest title of a link, in graphemes.
const MAX_LINK_TITLE: usize = 100;
/// The longest description of a link, in graphemes.
const MAX_LINK_DESCRIPTION: usize = 200;

/// The most values of a waveform.
const MAX_WAVEFORM: usize = 128;
/// The most pictures in an album.
const MAX_PICTURES: usize = 9;
/// The longest caption, in graphemes.
const MAX_CAPTION: usize = 500;

/// Something said, as its sender may say it.
pub(in super::super) fn voice(given: Voice) -> Result<Voice> {
    if given.waveform.len() > MAX_WAVEFORM {
        return Err(Error::invalid("WAVEFORM_TOO_LONG", "A waveform has at most 128 values."));
    }
    needed(given.media.as_ref())?;
    Ok(given)
}

/// A picture or an album, as its sender may send it.
pub(in super::super) fn pictures(given: Pictures) -> Result<Pictures> {
    if given.pictures.len() > MAX_PICTURES {
        return Err(Error::invalid("TOO_MANY_PICTURES", "A message holds at most 9 pictures."));
    }
    needed(given.pictures.first())?;
    caption(&given.caption)?;
    Ok(given)
}

/// A video, as its sender may send it.
pub(in super::super) fn video(given: Video) -> Result<Video> {
    needed(given.media.as_ref())?;
    caption(&given.caption)?;
    Ok(given)
}

/// A file, as its sender may send it.
pub(in super::super) fn file(given: File) -> Result<File> {
    needed(given.media.as_ref())?;
    Ok(given)
}

/// A sticker, as its sender may send it.
pub(in super::super) fn sticker(given: Sticker) -> Result<Sticker> {
    needed(given.media.as_ref())?;
    if given.emoji.is_empty() || is_emoji(&given.emoji) {
        return Ok(given);
    }
    Err(Error::invalid("EMOJI_INVALID", "A sticker stands for one emoji, or for none."))
}

fn caption(given: &str) -> Result<()> {
    lines(given, MAX_CAPTION, "A caption has at most 500 characters.")
}

fn needed(media: Option<&Media>) -> Result<()> {
    match media {
        Some(_) => Ok(()),
        None => Err(Error::invalid("FIELD_MISSING", "Name the upload that the message shows (`media_id`).")),
    }
}

/// A location as it is kept. What is approximate is in the centre of its cell from here on, and stays there however
/// often this is asked.
pub(in super::super) fn location(given: &Location) -> Result<Location> {
    one_line(&given.label, MAX_LABEL, "The label of a location is one line of at most 100 characters.")?;
    let point = if given.approximate {
        geo::about(given.latitude, given.longitude)
    } else {
        geo::point(given.latitude, given.longitude)
    };
    let (latitude, longitude) = point.ok_or_else(|| {
        Error::invalid(
            "LOCATION_INVALID",
            "A location has a latitude from -90 to 90 and a longitude from -180 to 180, in degrees.",
        )
    })?;
    Ok(Location { latitude, longitude, ..given.clone() })
}

/// A link as it is kept.
pub(in super::super) fn link(given: &Link) -> Result<Link> {
    one_line(&given.title, MAX_LINK_TITLE, "The title of a link is one line of at most 100 characters.")?;
    lines(&given.description, MAX_LINK_DESCRIPTION, "The description of a link has at most 200 characters.")?;
    let (url, host) = url(&given.url).ok_or_else(|| {
        Error::invalid(
            "LINK_INVALID",
            "A link is an http or https URL of at most 2048 bytes with a host, without user name and password.",
        )
    })?;
    Ok(Link { url, host, ..given.clone() })
}

/// The normal form of a URL, and its host.
fn url(given: &str) -> Option<(String, String)> {
    if given.len() > MAX_URL_BYTES {
        return None;
    }
    let url = Url::parse(given).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    let anonymous = url.username().is_empty() && url.password().is_none();
    let host = match url.host()? {
        Host::Domain(domain) => domain.to_owned(),
        address => address.to_string(),
    };
    let url = String::from(url);
    (web && anonymous && !host.is_empty() && url.len() <= MAX_URL_BYTES).then_some((url, host))
}

/// Checks a text that may have several lines.
fn lines(given: &str, graphemes: usize, too_long: &'static str) -> Result<()> {
    if !text::within(given, graphemes) {
        return Err(Error::invalid("TEXT_TOO_LONG", too_long));
    }
    if !text::no_controls(given) {
        return Err(Error::invalid(
            "TEXT_INVALID",
            "The text holds control characters. Only line feed and tab may be used, where it has several lines.",
        ));
    }
    Ok(())
}

pub(super) fn one_line(given: &str, graphemes: usize, too_long: &'static str) -> Result<()> {
    lines(given, graphemes, too_long)?;
    if given.contains(['\n', '\t']) {
        return Err(Error::invalid("TEXT_INVALID", "The text is one line, without line feed and tab."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(latitude: f64, longitude: f64, approximate: bool, label: &str) -> Location {
        Location { latitude, longitude, approximate, label: label.to_owned() }
    }

    fn media(n: usize) -> Vec<Media> {
        vec![Media::default(); n]
    }

    #[test]
    fn media_are_named_and_not_too_many() {
        for (n, reason) in [(0, Some("FIELD_MISSING")), (1, None), (9, None), (10, Some("TOO_MANY_PICTURES"))]
        {
            let album = Pictures { pictures: media(n), caption: String::new() };
            assert_eq!(pictures(album).err().map(|e| e.reason()), reason, "{n}");
        }
        let one = media(1).pop();
        let said =
            |n| voice(Voice { media: one.clone(), waveform: vec![0; n].into() }).err().map(|e| e.reason());
        assert_eq!((said(128), said(129)), (None, Some("WAVEFORM_TOO_LONG")));
        let caption = |n| {
            let video = video(Video { media: one.clone(), poster: None, caption: "é".repeat(n) });
            video.err().map(|e| e.reason())
        };
        assert_eq!((caption(500), caption(501)), (None, Some("TEXT_TOO_LONG")));
        assert_eq!(voice(Voice::default()).unwrap_err().reason(), "FIELD_MISSING");
        assert_eq!(video(Video::default()).unwrap_err().reason(), "FIELD_MISSING");
        assert_eq!(file(File::default()).unwrap_err().reason(), "FIELD_MISSING");
        assert_eq!(sticker(Sticker::default()).unwrap_err().reason(), "FIELD_MISSING");
    }

    #[test]
    fn a_sticker_stands_for_one_emoji() {
        let check = |emoji: &str| {
            let media = media(1).pop();
            sticker(Sticker { media, emoji: emoji.to_owned(), ..Sticker::default() }).is_ok()
        };
        for good in ["", "😀", "👩‍🚀", "🇨🇳", "❤️", "1️⃣"] {
            assert!(check(good), "{good}");
        }
        for bad in ["😀😀", "a", "7", "茶", "ab", " ", "\u{202e}", "\n"] {
            assert!(!check(bad), "{bad:?}");
        }
    }

    #[test]
    fn locations() {
        let kept = location(&here(30.2431, 120.1502, false, "West Lake")).unwrap();
        assert_eq!(kept, here(30.2431, 120.1502, false, "West Lake"));
        let about = location(&here(30.2431, 120.1502, true, "")).unwrap();
        assert_eq!((about.latitude, about.longitude), (30.23683, 120.14922));
        assert_eq!(location(&about).unwrap(), about, "the centre is its own centre");
        assert_eq!(location(&here(30.2440, 120.1511, true, "")).unwrap(), about);
        assert_eq!(location(&here(0.0, 180.0, false, "")).unwrap().longitude, -180.0);
        let long = "é".repeat(101);
        for (bad, reason) in [
            (here(90.1, 0.0, true, ""), "LOCATION_INVALID"),
            (here(f64::NAN, 0.0, false, ""), "LOCATION_INVALID"),
            (here(0.0, f64::INFINITY, true, ""), "LOCATION_INVALID"),
            (here(0.0, 0.0, false, &long), "TEXT_TOO_LONG"),
            (here(0.0, 0.0, false, "a\nb"), "TEXT_INVALID"),
            (here(0.0, 0.0, false, "a\u{1b}"), "TEXT_INVALID"),
        ] {
            assert_eq!(location(&bad).unwrap_err().reason(), reason, "{bad:?}");
        }
    }

    #[test]
    fn links_are_kept_in_their_normal_form() {
        for (given, url, host) in [
            ("https://example.org", "https://example.org/", "example.org"),
            ("HTTP://EXAMPLE.org:80/茶?q=1#x", "http://example.org/%E8%8C%B6?q=1#x", "example.org"),
            ("https://茶.example/", "https://xn--cl1a.example/", "xn--cl1a.example"),
            ("https://example.org:8443/", "https://example.org:8443/", "example.org"),
            ("http://0x7f.1/", "http://127.0.0.1/", "127.0.0.1"),
            ("http://[::1]/", "http://[::1]/", "[::1]"),
            // What a browser would make of it is what is shown.
            ("https:\\\\good.example\\@evil.example", "https://good.example/@evil.example", "good.example"),
        ] {
            let given = Link { url: given.to_owned(), host: "bank.example".to_owned(), ..Link::default() };
            let kept = link(&given).unwrap();
            assert_eq!((kept.url.as_str(), kept.host.as_str()), (url, host), "{given:?}");
        }
    }

    #[test]
    fn links_that_are_refused() {
        let long = format!("https://example.org/{}", "a".repeat(2029));
        let grows = format!("https://example.org/{}", "茶".repeat(300));
        for bad in [
            "",
            "example.org",
            "ftp://example.org/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://",
            "https://anna@example.org/",
            "https://anna:secret@example.org/",
            "https://:secret@example.org/",
            "https://exa mple.org/",
            &long,
            &grows,
        ] {
            let given = Link { url: bad.to_owned(), ..Link::default() };
            assert_eq!(link(&given).unwrap_err().reason(), "LINK_INVALID", "{bad}");
        }
        let whole = Link { url: "https://example.org/".to_owned(), ..Link::default() };
        let titled = |title: &str| link(&Link { title: title.to_owned(), ..whole.clone() });
        assert!(titled(&"é".repeat(100)).is_ok());
        assert_eq!(titled(&"é".repeat(101)).unwrap_err().reason(), "TEXT_TOO_LONG");
        assert_eq!(titled("a\tb").unwrap_err().reason(), "TEXT_INVALID");
        let described = |text: &str| link(&Link { description: text.to_owned(), ..whole.clone() });
        assert!(described("a\nb").is_ok());
        assert_eq!(described(&"é".repeat(201)).unwrap_err().reason(), "TEXT_TOO_LONG");
        assert_eq!(described("a\u{0}").unwrap_err().reason(), "TEXT_INVALID");
    }
}
