//! Which part of a medium a request asks for (RFC 9110, sections 13 and 14). It knows headers, not media.

use http::{HeaderMap, header};
use std::ops::Range;

/// What is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// These bytes of it; never none.
    Some(Range<u64>),
    /// There are no such bytes.
    Unsatisfiable,
    /// The client has it already.
    NotModified,
}

/// What the headers ask of something that has `size` bytes and this entity tag, and never changes. More than one range
/// is answered with all, as is what is no range of bytes.
pub(super) fn asked(headers: &HeaderMap, etag: &str, size: u64) -> Part {
    if headers.get_all(header::IF_NONE_MATCH).iter().any(|v| v.to_str().is_ok_and(|v| names(v, etag))) {
        return Part::NotModified;
    }
    let text = |name| headers.get(name).and_then(|v: &http::HeaderValue| v.to_str().ok());
    let is_same = text(header::IF_RANGE).is_none_or(|v| v.trim() == etag) && one(headers, &header::IF_RANGE);
    match text(header::RANGE).filter(|_| is_same && one(headers, &header::RANGE)) {
        Some(range) => parse(range, size).unwrap_or(Part::Whole),
        None => Part::Whole,
    }
}

/// Whether a header is there at most once, and readable.
fn one(headers: &HeaderMap, name: &header::HeaderName) -> bool {
    let mut all = headers.get_all(name).iter();
    all.next().is_none_or(|v| v.to_str().is_ok()) && all.next().is_none()
}

/// Whether a list of entity tags names this one. Weak ones count: nothing here ever changes.
fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// `bytes=0-99`, `bytes=100-`, `bytes=-100`. `None`: not one range of bytes.
fn parse(range: &str, size: u64) -> Option<Part> {
    let (unit, spec) = range.split_once('=')?;
    let (first, last) = spec.trim().split_once('-').filter(|_| unit.trim().eq_ignore_ascii_case("bytes"))?;
    let bytes = match (number(first)?, number(last)?) {
        (None, None) => return None,
        (None, Some(last)) => size.saturating_sub(last)..size,
        (Some(first), None) => first..size,
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(size),
    };
    Some(if bytes.is_empty() { Part::Unsatisfiable } else { Part::Some(bytes) })
}

/// A number, or nothing; too large a one is the largest. Outer `None`: something else.
fn number(text: &str) -> Option<Option<u64>> {
    match text {
        "" => Some(None),
        _ if text.bytes().all(|b| b.is_ascii_digit()) => Some(Some(text.parse().unwrap_or(u64::MAX))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(headers: &[(&str, &str)], size: u64) -> Part {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        asked(&map, "\"tea\"", size)
    }

    #[test]
    fn ranges_are_as_the_rfc_has_them() {
        for (range, expected) in [
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=0-9", Part::Some(0..10)),
            ("bytes=2-4", Part::Some(2..5)),
            ("bytes=2-", Part::Some(2..10)),
            ("bytes=-3", Part::Some(7..10)),
            ("bytes=-30", Part::Some(0..10)),
            ("BYTES=9-99999999999999999999999", Part::Some(9..10)),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=99999999999999999999999-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=4-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("tea", Part::Whole),
        ] {
            assert_eq!(part(&[("range", range)], 10), expected, "{range}");
        }
        assert_eq!(part(&[], 10), Part::Whole);
        assert_eq!(part(&[("range", "bytes=0-1"), ("range", "bytes=3-4")], 10), Part::Whole);
    }

    #[test]
    fn a_range_of_something_else_is_all_of_this() {
        let range = ("range", "bytes=0-1");
        assert_eq!(part(&[range, ("if-range", "\"tea\"")], 10), Part::Some(0..2));
        for other in ["\"pea\"", "W/\"tea\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(part(&[range, ("if-range", other)], 10), Part::Whole, "{other}");
        }
        assert_eq!(part(&[range, ("if-range", "\"tea\""), ("if-range", "\"tea\"")], 10), Part::Whole);
    }

    #[test]
    fn what_the_client_has_is_not_sent() {
        for have in ["\"tea\"", "*", "W/\"tea\"", "\"pea\", \"tea\""] {
            assert_eq!(
                part(&[("if-none-match", have), ("range", "bytes=0-1")], 10),
                Part::NotModified,
                "{have}"
            );
        }
        assert_eq!(part(&[("if-none-match", "\"pea\"")], 10), Part::Whole);
    }
}
