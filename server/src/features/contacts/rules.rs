//! What the contacts room allows and how it refuses. Knows lengths, ranks and words; neither people nor rows.

use crate::error::{Error, Kind, Result};
use crate::text;
use crate::time::DAY;
use std::time::Duration;

/// Graphemes of a request's text and of each reply.
const REQUEST_TEXT: usize = 100;
/// Graphemes of a remark.
const REMARK: usize = 32;
/// Graphemes of a tag.
const TAG: usize = 16;
/// Tags of one friend.
const TAGS_PER_FRIEND: usize = 20;
/// Days of age that a friend is worth, see [`rank`].
const DAYS_PER_FRIEND: u64 = 10;

/// The text of a request; may be empty.
pub(super) fn request_text(given: &str) -> Result<String> {
    if !text::within(given, REQUEST_TEXT) {
        return Err(Error::invalid(
            "TEXT_TOO_LONG",
            "The text of a friend request has at most 100 characters.",
        ));
    }
    if !text::no_controls(given) {
        return Err(Error::invalid("TEXT_INVALID", "The text must not contain control characters."));
    }
    Ok(given.to_owned())
}

/// The text of a reply.
pub(super) fn reply_text(given: &str) -> Result<String> {
    if given.trim().is_empty() {
        return Err(Error::invalid("TEXT_EMPTY", "A reply needs a text."));
    }
    request_text(given)
}

/// What the caller calls a friend; empty takes it away.
pub(super) fn remark(given: &str) -> Result<String> {
    text::line(given, REMARK).ok_or_else(|| {
        Error::invalid(
            "REMARK_INVALID",
            "A remark is one line of at most 32 characters, without control or invisible ones.",
        )
    })
}

/// The name of a tag.
pub(super) fn tag(given: &str) -> Result<String> {
    text::line(given, TAG).filter(|tag| !tag.is_empty()).ok_or_else(|| {
        Error::invalid(
            "TAG_INVALID",
            "A tag is one line of 1 to 16 characters, without control or invisible ones.",
        )
    })
}

/// All tags of a friend, each once, in the order given.
pub(super) fn tags(given: &[String]) -> Result<Vec<String>> {
    let mut tags = Vec::new();
    // What is refused for its number is not looked through first.
    for name in given.iter().take(TAGS_PER_FRIEND * 2) {
        let name = tag(name)?;
        if !tags.contains(&name) {
            tags.push(name);
        }
    }
    if tags.len() > TAGS_PER_FRIEND || given.len() > TAGS_PER_FRIEND * 2 {
        return Err(too_many_tags("A friend has at most 20 tags."));
    }
    Ok(tags)
}

/// How early a request that waits is shown; higher is earlier. Newcomers come last. Else it is the asker's age in
/// days or ten times the number of their friends, whichever is less: age cannot be bought, and friends among
/// accounts made for the purpose help little. Equal ranks go by the order of asking.
pub(super) fn rank(newcomer: bool, age: Duration, friends: u32) -> u32 {
    if newcomer {
        return 0;
    }
    let days = age.as_secs() / DAY.as_secs();
    u32::try_from(days.min(u64::from(friends) * DAYS_PER_FRIEND)).unwrap_or(u32::MAX - 1) + 1
}

/// Whether a request of this rank may be shown while `left` of the day's `limit` places are. The second half of the
/// places is kept from newcomers, so that a crowd of fresh accounts cannot fill somebody's day.
pub fn may_show(rank: u32, left: u32, limit: u32) -> bool {
    left > if rank == 0 { limit / 2 } else { 0 }
}

/// The one answer for unknown, closed to this way, and gone.
pub fn person_not_found() -> Error {
    Error::not_found("PERSON_NOT_FOUND", "There is nobody to be found like this. Check what you typed.")
}

/// Not the caller's request, or no longer.
pub(super) fn request_not_found() -> Error {
    Error::not_found("REQUEST_NOT_FOUND", "There is no such request. It may have expired; list them again.")
}

/// Not the caller's friend.
pub fn friend_not_found() -> Error {
    Error::not_found("FRIEND_NOT_FOUND", "You have no such friend. Look into the list of friends.")
}

/// A forged, foreign or old ticket.
pub(super) fn ticket_invalid() -> Error {
    Error::invalid("TICKET_INVALID", "This ticket is not yours, or too old. Find the person again.")
}

/// They have each other.
pub(super) fn already_friends() -> Error {
    Error::new(Kind::AlreadyExists, "ALREADY_FRIENDS", "You are friends already.")
}

/// The caller has no place for one more. Says nothing of the other side.
pub(super) fn friends_full() -> Error {
    Error::precondition(
        "FRIENDS_FULL",
        "Your friends, and the requests you have sent, are as many as there may be. Delete somebody first.",
    )
}

/// The caller blocks whom they ask.
pub(super) fn you_block_them() -> Error {
    Error::precondition("YOU_BLOCK_THEM", "You block this person. Unblock them first.")
}

/// The exchange is long enough, or it is the other's turn to begin it.
pub(super) fn too_many_replies() -> Error {
    Error::precondition(
        "TOO_MANY_REPLIES",
        "No more texts fit here. The receiver decides; the asker may reply once the receiver has.",
    )
}

/// Too many tags, of one friend or in all.
pub(super) fn too_many_tags(message: &'static str) -> Error {
    Error::invalid("TOO_MANY_TAGS", message)
}

/// The caller has no such tag.
pub(super) fn tag_not_found() -> Error {
    Error::not_found("TAG_NOT_FOUND", "None of your friends has this tag.")
}

/// The caller has a tag of that name already.
pub(super) fn tag_taken() -> Error {
    Error::invalid("TAG_INVALID", "You have a tag of this name already.")
}

/// The caller blocks as many as one may.
pub(super) fn blocks_full() -> Error {
    Error::precondition("BLOCKS_FULL", "You block as many people as one can. Unblock somebody first.")
}

/// Not the caller's block.
pub(super) fn block_not_found() -> Error {
    Error::not_found("BLOCK_NOT_FOUND", "You have no such block. Look into the list of blocked people.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_lengths() {
        let long = |n| "é".repeat(n);
        assert_eq!(request_text("").unwrap(), "");
        assert_eq!(request_text("a\nb").unwrap(), "a\nb");
        assert!(request_text(&long(100)).is_ok());
        assert_eq!(request_text(&long(101)).unwrap_err().reason(), "TEXT_TOO_LONG");
        assert_eq!(request_text("a\u{7}").unwrap_err().reason(), "TEXT_INVALID");
        assert_eq!(reply_text(" \n").unwrap_err().reason(), "TEXT_EMPTY");
        assert_eq!(remark(" Annie ").unwrap(), "Annie");
        assert_eq!(remark("").unwrap(), "");
        assert_eq!(remark("e\u{301}").unwrap(), "é");
        assert!(remark(&long(32)).is_ok());
        for bad in [long(33), "a\nb".to_owned(), "\u{202e}a".to_owned()] {
            assert_eq!(remark(&bad).unwrap_err().reason(), "REMARK_INVALID");
        }
        assert!(tag(&long(16)).is_ok());
        for bad in [long(17), "  ".to_owned(), "a\tb".to_owned()] {
            assert_eq!(tag(&bad).unwrap_err().reason(), "TAG_INVALID");
        }
    }

    #[test]
    fn a_friend_has_twenty_tags() {
        let names = |n: usize| (0..n).map(|i| format!("t{i}")).collect::<Vec<_>>();
        assert_eq!(tags(&names(20)).unwrap().len(), 20);
        assert_eq!(tags(&names(21)).unwrap_err().reason(), "TOO_MANY_TAGS");
        assert_eq!(tags(&names(1000)).unwrap_err().reason(), "TOO_MANY_TAGS");
        let twice = ["a".to_owned(), " a".to_owned(), "b".to_owned()];
        assert_eq!(tags(&twice).unwrap(), ["a", "b"]);
    }

    #[test]
    fn the_old_and_well_connected_come_first() {
        let days = |n: u32| DAY * n;
        let old_and_known = rank(false, days(400), 60);
        let old_and_lonely = rank(false, days(2000), 0);
        let young_and_popular = rank(false, days(4), 5000);
        assert!(old_and_known > young_and_popular && young_and_popular > old_and_lonely);
        assert!(old_and_lonely > rank(true, days(13), 5000));
    }

    #[test]
    fn newcomers_get_half_of_the_day() {
        assert!(may_show(0, 26, 50) && !may_show(0, 25, 50));
        assert!(may_show(1, 1, 50) && !may_show(1, 0, 50));
        assert!(may_show(0, 1, 1) && !may_show(0, 0, 1));
    }
}
