//! Sending stored content, whole or in part, from the disk as fast as the client takes it.

use super::super::Media;
use super::super::ids;
use super::super::references::media_not_found;
use super::super::tables::{BLOB, Place, ReferenceRow, name};
use super::nothing;
use super::range::{Part, asked};
use crate::call::Caller;
use crate::error::{Error, Kind, Result};
use crate::id::AccountId;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::fmt::Write;
use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;
use teahouse_proto::media::MediaKind;

/// When a client with too many downloads may try again.
const TOO_MANY_RETRY: Duration = Duration::from_secs(1);

/// Who may keep a copy.
#[derive(Clone, Copy)]
pub(super) enum Cache {
    /// The client alone, for a day.
    Private,
    /// Whoever is on the way, for an hour.
    Public,
}

impl Cache {
    fn control(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Private => "private, max-age=86400",
            Self::Public => "public, max-age=3600",
        })
    }
}

/// Something that can be sent.
pub(super) struct Item {
    place: Place,
    size: u64,
    content_type: String,
    disposition: String,
    /// Of the reference, not of the content: equal content must not be seen to be equal.
    etag: String,
}

impl Item {
    /// What a reference refers to.
    pub(super) fn content(id: &str, row: &ReferenceRow) -> Result<Self> {
        let media = row.media.clone().unwrap_or_default();
        Ok(Self {
            place: name(&row.place)?,
            size: media.size,
            disposition: disposition(media.kind(), &media.file_name),
            content_type: media.content_type,
            etag: format!("\"{id}\""),
        })
    }
}

impl Media {
    /// The thumbnail of what a reference refers to.
    pub(super) async fn thumbnail(&self, id: &str, row: &ReferenceRow) -> Result<Option<Item>> {
        let Ok(place) = name(&row.thumbnail) else { return Ok(None) };
        let blob = self.foundation.store.get(&BLOB, &place).await?;
        Ok(blob.map(|blob| Item {
            place,
            size: blob.size,
            content_type: row.thumbnail_type.clone(),
            disposition: "inline".to_owned(),
            etag: format!("\"{id}-thumbnail\""),
        }))
    }

    /// Answers with what was found, as the headers ask for it.
    pub(super) async fn send(
        &self,
        caller: &Caller,
        item: Option<Result<Item>>,
        cache: Cache,
        asks: &HeaderMap,
    ) -> Result<Response> {
        let item = item.ok_or_else(media_not_found)??;
        let (status, range) = match asked(asks, &item.etag, item.size) {
            Part::Whole => (StatusCode::OK, 0..item.size),
            Part::Some(range) => (StatusCode::PARTIAL_CONTENT, range),
            Part::Unsatisfiable => return Ok(unsatisfiable(item.size)),
            Part::NotModified => {
                let headers = [(header::ETAG, text(&item.etag)), (header::CACHE_CONTROL, cache.control())];
                return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
            }
        };
        let share = self.downloads.take(Downloader::of(caller)).ok_or_else(too_many_downloads)?;
        let Some(stream) = self.blobs.open_range(item.place, range.clone()).await? else {
            // Its reference went a moment ago; or the file did, which nobody but the server may remove.
            let lost = self.foundation.store.get(&BLOB, &item.place).await?.is_some();
            let gone = || Error::internal(format!("the file of {} is missing", ids::text(item.place)));
            return Err(if lost { gone() } else { media_not_found() });
        };
        let stream = stream.inspect(move |part| {
            let _ = &share;
            let sent = part.as_ref().map_or(0, |part| part.len() as u64);
            metrics::counter!("teahouse_media_sent_bytes_total").increment(sent);
        });
        let body = match caller.session.clone() {
            Some(session) => Body::from_stream(stream.take_until(async move { session.ended().await })),
            None => Body::from_stream(stream),
        };
        let mut answer = (status, body).into_response();
        item.head(answer.headers_mut(), cache, (status == StatusCode::PARTIAL_CONTENT).then_some(&range));
        answer.headers_mut().insert(header::CONTENT_LENGTH, (range.end - range.start).into());
        Ok(answer)
    }
}

impl Item {
    fn head(&self, headers: &mut HeaderMap, cache: Cache, part: Option<&Range<u64>>) {
        headers.insert(header::CONTENT_TYPE, text(&self.content_type));
        headers.insert(header::CONTENT_DISPOSITION, text(&self.disposition));
        headers.insert(header::ETAG, text(&self.etag));
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(header::CACHE_CONTROL, cache.control());
        // What people upload must never run as a page of this server.
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers
            .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
        if let Some(part) = part {
            let told = format!("bytes {}-{}/{}", part.start, part.end - 1, self.size);
            headers.insert(header::CONTENT_RANGE, text(&told));
        }
    }
}

fn unsatisfiable(size: u64) -> Response {
    let range = text(&format!("bytes */{size}"));
    let headers =
        [(header::CONTENT_RANGE, range), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (StatusCode::RANGE_NOT_SATISFIABLE, headers, nothing()).into_response()
}

/// All that is told here is ASCII; what is not is left out.
fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// `inline` for what is looked at and listened to, else `attachment` with the file's name (RFC 6266, RFC 8187).
fn disposition(kind: MediaKind, file_name: &str) -> String {
    if !matches!(kind, MediaKind::File | MediaKind::Unspecified) {
        return "inline".to_owned();
    }
    if file_name.is_empty() {
        return "attachment".to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || " .-_()".contains(c) { c } else { '_' };
    let simple: String = file_name.chars().map(plain).collect();
    let mut exact = String::new();
    for byte in file_name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => exact.push(byte.into()),
            _ => {
                // A String takes everything.
                let _ = write!(exact, "%{byte:02X}");
            }
        }
    }
    format!("attachment; filename=\"{simple}\"; filename*=UTF-8''{exact}")
}

/// Whose downloads are counted together.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Downloader {
    Account(AccountId),
    Network(IpAddr),
}

impl Downloader {
    fn of(caller: &Caller) -> Self {
        caller.session.as_ref().map_or(Self::Network(caller.network()), |s| Self::Account(s.account))
    }
}

fn too_many_downloads() -> Error {
    Error::new(
        Kind::RateLimited,
        "TOO_MANY_DOWNLOADS",
        "You fetch many media at once. Let some of them end first.",
    )
    .retry_after(TOO_MANY_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Session;
    use crate::id::DeviceId;
    use crate::time::Time;
    use std::net::Ipv4Addr;

    #[test]
    fn names_of_files_are_told_twice() {
        assert_eq!(disposition(MediaKind::Picture, ""), "inline");
        assert_eq!(disposition(MediaKind::File, ""), "attachment");
        assert_eq!(
            disposition(MediaKind::File, "a \"b\";\\年.txt"),
            "attachment; filename=\"a _b____.txt\"; filename*=UTF-8''a%20%22b%22%3B%5C%E5%B9%B4.txt"
        );
    }

    #[test]
    fn downloads_are_counted_by_who_they_are() {
        let from = |last| Caller::new(None, Ipv4Addr::new(9, 9, 9, last).into());
        assert!(Downloader::of(&from(1)) == Downloader::of(&from(1)));
        assert!(Downloader::of(&from(1)) != Downloader::of(&from(2)));
        let session = Session::new(AccountId(1), DeviceId(1), Time(0));
        let signed_in = Caller { session: Some(session.into()), ..from(1) };
        assert!(Downloader::of(&signed_in) == Downloader::Account(AccountId(1)));
    }
}
