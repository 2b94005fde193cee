//! Whom the user means. Somebody who can be called by a name they chose themselves must never be mistaken for somebody
//! who has it as username or to whom the user gave it, so the kinds of names are tried in that order.

use super::fellows::Fellows;
use super::nearby::Strangers;
use super::profile::SignIn;
use super::text;
use std::collections::HashMap;
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::common::{PageRequest, PersonCard};
use teahouse_proto::contacts::{Friend, ListFriendsRequest};
use teahouse_proto::{ContactsClient, contacts};

/// Items asked for at once of any list.
pub(crate) const PAGE: u32 = 100;
/// Names shown where several people may be meant.
const SHOWN: usize = 5;

/// The user, their friends, and who is in the groups and temporary chats that were looked at.
#[derive(Clone, Debug)]
pub(crate) struct People {
    pub(crate) me: SignIn,
    pub(crate) friends: Vec<Friend>,
    /// By conversation.
    pub(crate) fellows: HashMap<u64, Fellows>,
    /// Who is in temporary chats, by conversation.
    pub(crate) strangers: Strangers,
}

impl People {
    /// All friends, whatever their number.
    pub(crate) async fn load(session: &Session, me: SignIn) -> Result<Self> {
        let friends = friends(session, String::new()).await?;
        Ok(Self { me, friends, fellows: HashMap::new(), strangers: HashMap::new() })
    }

    /// The friend of this username, remark, display name or account id.
    ///
    /// # Errors
    /// `FRIEND_NOT_FOUND`, `NAME_AMBIGUOUS`.
    pub(crate) fn friend(&self, who: &str) -> Result<&Friend> {
        self.find(who)?.ok_or_else(|| {
            let message = format!("You have no friend “{}”. `teahouse friends` lists them.", text::line(who));
            Error::new(Kind::NotFound, "FRIEND_NOT_FOUND", message)
        })
    }

    /// As [`People::friend`], where none is no failure.
    pub(crate) fn find(&self, who: &str) -> Result<Option<&Friend>> {
        match self.surely(who)? {
            Some(friend) => Ok(Some(friend)),
            None => one_of(who, &self.calling_themselves(who)),
        }
    }

    /// The friend of this account id, username or remark: names that nobody can take to be mistaken for another.
    pub(crate) fn surely(&self, who: &str) -> Result<Option<&Friend>> {
        let id = who.parse().unwrap_or(0);
        let kinds: [&dyn Fn(&Friend) -> bool; 4] = [
            &|f| f.account_id == id,
            &|f| f.username.eq_ignore_ascii_case(who),
            &|f| f.remark == who && !who.is_empty(),
            &|f| text::same_name(&f.remark, who),
        ];
        for kind in kinds {
            if let Some(friend) = one_of(who, &self.friends.iter().filter(|f| kind(f)).collect::<Vec<_>>())? {
                return Ok(Some(friend));
            }
        }
        Ok(None)
    }

    /// The friends with this display name.
    pub(crate) fn calling_themselves(&self, who: &str) -> Vec<&Friend> {
        self.friends.iter().filter(|f| text::same_name(display_name(f.card.as_ref()), who)).collect()
    }

    /// Whether the user means themselves.
    pub(crate) fn is_me(&self, who: &str) -> bool {
        who == "me" || who.eq_ignore_ascii_case(&self.me.username) || who.parse() == Ok(self.me.account_id)
    }

    /// What the user calls somebody.
    pub(crate) fn name(&self, account_id: u64) -> String {
        if account_id == self.me.account_id {
            return "you".to_owned();
        }
        self.friend_of(account_id).map_or_else(|| format!("account {account_id}"), called)
    }

    /// What the user calls somebody in a conversation: in a group that was looked at, by the remark, else as they call
    /// themselves there; in a temporary chat, as strangers see them.
    pub(crate) fn name_in(&self, conversation_id: u64, account_id: u64) -> String {
        if let Some(stranger) = self.stranger_in(conversation_id) {
            return if self.is_mine(conversation_id, account_id) { "you".to_owned() } else { stranger };
        }
        let remarked = self.friend_of(account_id).is_some_and(|f| !f.remark.is_empty());
        if remarked || account_id == self.me.account_id {
            return self.name(account_id);
        }
        let fellows = self.fellows.get(&conversation_id);
        fellows.and_then(|f| f.name(account_id)).unwrap_or_else(|| self.name(account_id))
    }

    /// The friend with this account id.
    pub(crate) fn friend_of(&self, account_id: u64) -> Option<&Friend> {
        self.friends.iter().find(|f| f.account_id == account_id)
    }

    /// The friend with whom a direct conversation is.
    pub(crate) fn in_conversation(&self, conversation_id: u64) -> Option<&Friend> {
        self.friends.iter().find(|f| f.conversation_id == conversation_id)
    }

    /// Enters a new or changed friend; `true` where they are new.
    pub(crate) fn update(&mut self, friend: Friend) -> bool {
        // A temporary chat that became the conversation with a friend.
        self.strangers.remove(&friend.conversation_id);
        match self.friends.iter_mut().find(|f| f.account_id == friend.account_id) {
            Some(known) => {
                *known = friend;
                false
            }
            None => {
                self.friends.push(friend);
                true
            }
        }
    }
}

/// What the user calls a friend: the remark, else the display name. One harmless line.
pub(crate) fn called(friend: &Friend) -> String {
    let name = if friend.remark.is_empty() { display_name(friend.card.as_ref()) } else { &friend.remark };
    text::line(name).into_owned()
}

/// The same with the username, which nobody can choose for another.
pub(crate) fn in_full(friend: &Friend) -> String {
    format!("{} ({})", called(friend), text::line(&friend.username))
}

/// The display name of a card.
pub(crate) fn display_name(card: Option<&PersonCard>) -> &str {
    card.map_or("", |c| &c.display_name)
}

/// The only one, if there is any.
fn one_of<'a>(who: &str, meant: &[&'a Friend]) -> Result<Option<&'a Friend>> {
    match meant {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        many => Err(ambiguous(who, many.iter().map(|f| in_full(f)))),
    }
}

/// Where a name may mean several.
pub(crate) fn ambiguous(who: &str, several: impl ExactSizeIterator<Item = String>) -> Error {
    let more = several.len().saturating_sub(SHOWN);
    let mut shown: Vec<_> = several.take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    let message =
        format!("“{}” may mean {}. Use the username or the number.", text::line(who), shown.join(", "));
    Error::new(Kind::Precondition, "NAME_AMBIGUOUS", message)
}

/// All friends with a tag, or all.
pub(crate) async fn friends(session: &Session, tag: String) -> Result<Vec<Friend>> {
    let mut all = Vec::new();
    let mut page = first_page();
    loop {
        let request = ListFriendsRequest { page: Some(page), tag: tag.clone() };
        let answer: contacts::ListFriendsResponse =
            ContactsClient(session.clone()).list_friends(request).await?;
        all.extend(answer.friends);
        match next_page(answer.next) {
            Some(next) => page = next,
            None => return Ok(all),
        }
    }
}

/// The first page of a list.
pub(crate) fn first_page() -> PageRequest {
    PageRequest { limit: PAGE, ..Default::default() }
}

/// The page after one that ended with this cursor.
pub(crate) fn next_page(next: bytes::Bytes) -> Option<PageRequest> {
    (!next.is_empty()).then_some(PageRequest { limit: PAGE, cursor: next })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn friend(account_id: u64, username: &str, display_name: &str, remark: &str) -> Friend {
        Friend {
            account_id,
            username: username.to_owned(),
            card: Some(PersonCard { display_name: display_name.to_owned(), ..Default::default() }),
            conversation_id: account_id + 1000,
            remark: remark.to_owned(),
            ..Default::default()
        }
    }

    pub(crate) fn people() -> People {
        let me = SignIn {
            server: "http://127.0.0.1:7600".to_owned(),
            username: "alice01".to_owned(),
            account_id: 1,
            device_id: 2,
            self_conversation_id: 3,
            token: String::new(),
        };
        let friends = vec![
            friend(10, "bobby01", "Bobby", ""),
            friend(11, "carol01", "Carol", "Boss"),
            friend(12, "danny01", "Sam", ""),
            friend(13, "ellen01", "sam", ""),
            // Calls itself as another is called.
            friend(14, "faker01", "bobby01", ""),
            friend(15, "gregg01", "Boss", ""),
        ];
        People { me, friends, fellows: HashMap::new(), strangers: HashMap::new() }
    }

    fn found(who: &str) -> u64 {
        people().friend(who).map_or_else(|e| panic!("{who}: {e}"), |f| f.account_id)
    }

    #[test]
    fn friends_are_found_by_each_of_their_names() {
        for (who, id) in
            [("10", 10), ("bobby01", 10), ("BOBBY01", 10), ("Bobby", 10), ("boss", 11), ("carol", 11)]
        {
            assert_eq!(found(who), id, "{who}");
        }
    }

    #[test]
    fn a_chosen_name_never_hides_a_username_or_a_remark() {
        assert_eq!((found("bobby01"), found("Boss")), (10, 11));
    }

    #[test]
    fn ambiguous_and_unknown_names_are_refused() {
        let people = people();
        let error = people.friend("Sam").expect_err("two");
        assert_eq!(error.reason(), "NAME_AMBIGUOUS");
        assert!(error.message().contains("Sam (danny01), sam (ellen01)"), "{error}");
        for who in ["", "0", "nobody"] {
            assert_eq!(people.friend(who).expect_err(who).reason(), "FRIEND_NOT_FOUND");
        }
    }

    #[test]
    fn names_are_what_the_user_calls_people() {
        let people = people();
        assert_eq!(people.name(1), "you");
        assert_eq!(people.name(10), "Bobby");
        assert_eq!(people.name(11), "Boss");
        assert_eq!(people.name(99), "account 99");
        assert!(
            people.is_me("me") && people.is_me("Alice01") && people.is_me("1") && !people.is_me("bobby01")
        );
    }
}
