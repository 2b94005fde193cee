//! Who is in a group, as far as the commands need to call members by name and to find whom a name means. In a group
//! anybody can call themselves as another is called, so usernames and remarks go before what people call themselves.

use super::mentions::Mentionable;
use super::people::{PAGE, People, ambiguous, display_name, in_full, next_page};
use super::text::{line, same_name, together};
use std::collections::HashMap;
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::chat::{Conversation, GetConversationRequest, GroupSummary};
use teahouse_proto::common::PageRequest;
use teahouse_proto::contacts::Friend;
use teahouse_proto::groups::{GroupMember, ListMembersRequest};
use teahouse_proto::{ChatClient, GroupsClient};

/// Members named in the title of a group that has no name.
const NAMED_IN_TITLE: usize = 4;

/// A group that was looked at, or a conversation that turned out to be none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fellows {
    group: Option<GroupSummary>,
    /// Empty where the user is no longer a member.
    members: Vec<GroupMember>,
    /// What everybody is called who was ever seen in it, or looked for.
    names: HashMap<u64, String>,
}

impl Fellows {
    /// What a member is called there: the nickname, else the display name. One harmless line.
    pub(crate) fn name(&self, account_id: u64) -> Option<String> {
        self.names.get(&account_id).cloned()
    }

    /// Whether somebody has been looked for; of nobody there is nothing to learn.
    pub(crate) fn knows(&self, account_id: u64) -> bool {
        account_id == 0 || self.names.contains_key(&account_id)
    }

    /// Takes note of who is in it now. Who left keeps their name here.
    pub(crate) fn note(&mut self, summary: GroupSummary, members: Vec<GroupMember>) {
        self.names.extend(members.iter().map(|m| (m.account_id, member_name(m))));
        self.group = Some(summary);
        self.members = members;
    }

    /// Takes note that somebody is not in it.
    pub(crate) fn note_stranger(&mut self, account_id: u64) {
        self.names.entry(account_id).or_insert_with(|| format!("account {account_id}"));
    }

    fn member(&self, account_id: u64) -> Option<&GroupMember> {
        self.members.iter().find(|m| m.account_id == account_id)
    }
}

/// What a member is called in their group.
pub(crate) fn member_name(member: &GroupMember) -> String {
    let name = if member.nickname.is_empty() { display_name(member.card.as_ref()) } else { &member.nickname };
    line(name).into_owned()
}

/// All members of a group; none where the user is no longer in it.
async fn members(session: &Session, conversation_id: u64) -> Result<Vec<GroupMember>> {
    let (mut all, mut page) = (Vec::new(), Some(PageRequest { limit: PAGE, ..PageRequest::default() }));
    while page.is_some() {
        let request = ListMembersRequest { conversation_id, page };
        match GroupsClient(session.clone()).list_members(request).await {
            Ok(answer) => {
                all.extend(answer.members);
                page = next_page(answer.next);
            }
            Err(error) if error.kind() == Kind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

impl People {
    /// Looks who is in a group, once.
    pub(crate) async fn meet(&mut self, session: &Session, group: &Conversation) -> Result<()> {
        if !self.fellows.contains_key(&group.conversation_id) {
            self.meet_again(session, group).await?;
        }
        Ok(())
    }

    /// Looks who is in a group now.
    pub(crate) async fn meet_again(&mut self, session: &Session, group: &Conversation) -> Result<()> {
        let members = members(session, group.conversation_id).await?;
        let fellows = self.fellows.entry(group.conversation_id).or_default();
        fellows.note(group.group.clone().unwrap_or_default(), members);
        Ok(())
    }

    /// Looks who is in a group or temporary chat of which only the id is known; nothing where it is neither.
    pub(crate) async fn meet_in(&mut self, session: &Session, conversation_id: u64) -> Result<()> {
        let request = GetConversationRequest { conversation_id };
        match ChatClient(session.clone()).get_conversation(request).await {
            Ok(found) => match found.conversation {
                Some(group) if group.group.is_some() => self.meet_again(session, &group).await,
                Some(other) => self.meet_strangers_of(session, std::slice::from_ref(&other)).await,
                _ => Ok(()),
            },
            // Left, or taken away, meanwhile.
            Err(error) if error.kind() == Kind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What the user calls a group: its name, else some of its members.
    pub(crate) fn group_title(&self, conversation_id: u64, summary: &GroupSummary) -> String {
        if !summary.name.is_empty() {
            return line(&summary.name).into_owned();
        }
        let others =
            self.members(conversation_id).iter().map(|m| m.account_id).filter(|id| *id != self.me.account_id);
        let names: Vec<_> = others.map(|id| self.name_in(conversation_id, id)).collect();
        match names.as_slice() {
            [] => format!("group {conversation_id}"),
            names => together(names, NAMED_IN_TITLE),
        }
    }

    /// The title of a group that was looked at.
    pub(crate) fn in_group(&self, conversation_id: u64) -> Option<String> {
        let group = self.fellows.get(&conversation_id)?.group.as_ref()?;
        Some(self.group_title(conversation_id, group))
    }

    /// Who is in a group that was looked at; nobody where the user no longer is.
    pub(crate) fn members(&self, conversation_id: u64) -> &[GroupMember] {
        self.fellows.get(&conversation_id).map(|f| f.members.as_slice()).unwrap_or_default()
    }

    /// The member of a group, looked at before, whom the user means: by account id, by username or remark of a friend, by
    /// nickname or display name.
    ///
    /// # Errors
    /// `MEMBER_NOT_FOUND`, `NAME_AMBIGUOUS`.
    pub(crate) fn member(&self, conversation_id: u64, who: &str) -> Result<&GroupMember> {
        let none = || {
            let message =
                format!("There is no “{}” in it. `teahouse group members` lists who is.", line(who));
            Error::new(Kind::NotFound, "MEMBER_NOT_FOUND", message)
        };
        let fellows = self.fellows.get(&conversation_id).ok_or_else(none)?;
        if let Some(member) = who.parse().ok().and_then(|id| fellows.member(id)) {
            return Ok(member);
        }
        if self.is_me(who) {
            return fellows.member(self.me.account_id).ok_or_else(none);
        }
        if let Some(member) = self.surely(who)?.and_then(|f| fellows.member(f.account_id)) {
            return Ok(member);
        }
        let named =
            |m: &&GroupMember| same_name(&m.nickname, who) || same_name(display_name(m.card.as_ref()), who);
        match fellows.members.iter().filter(named).collect::<Vec<_>>().as_slice() {
            [] => Err(none()),
            [one] => Ok(one),
            many => Err(ambiguous(who, many.iter().map(|m| self.member_in_full(m)))),
        }
    }

    /// A member so that they cannot be mistaken for another: with username or account id.
    pub(crate) fn member_in_full(&self, member: &GroupMember) -> String {
        match self.friend_of(member.account_id) {
            Some(friend) => in_full(friend),
            None if member.account_id == self.me.account_id => "you".to_owned(),
            None => format!("{} (account {})", member_name(member), member.account_id),
        }
    }

    /// Whom a text may mention in a conversation, as `@Name`.
    pub(crate) fn mentionable(&self, conversation_id: u64) -> Mentionable {
        let is_group = self.fellows.contains_key(&conversation_id);
        let mut whom = Mentionable { everybody: is_group, ..Mentionable::default() };
        let members = self.members(conversation_id);
        for member in members.iter().filter(|m| m.account_id != self.me.account_id) {
            let id = member.account_id;
            whom.sure.push((id.to_string(), id));
            whom.chosen.push((member.nickname.clone(), id));
            whom.chosen.push((display_name(member.card.as_ref()).to_owned(), id));
        }
        let is_there = |f: &&Friend| {
            f.conversation_id == conversation_id || members.iter().any(|m| m.account_id == f.account_id)
        };
        for friend in self.friends.iter().filter(is_there) {
            whom.sure.push((friend.username.clone(), friend.account_id));
            whom.sure.push((friend.remark.clone(), friend.account_id));
            whom.chosen.push((display_name(friend.card.as_ref()).to_owned(), friend.account_id));
        }
        whom
    }
}

#[cfg(test)]
mod tests {
    use super::super::people::tests::people;
    use super::*;
    use teahouse_proto::common::PersonCard;

    const TEA: u64 = 50;

    fn member(account_id: u64, display_name: &str, nickname: &str) -> GroupMember {
        let card = PersonCard { display_name: display_name.to_owned(), ..Default::default() };
        GroupMember { account_id, card: Some(card), nickname: nickname.to_owned(), ..Default::default() }
    }

    fn met() -> People {
        let mut people = people();
        let members = vec![
            member(1, "Alice", ""),
            member(10, "Bobby", "Bob the brewer"),
            member(11, "Carol", ""),
            // Both call themselves as others are called.
            member(90, "bobby01", "Boss"),
            member(91, "Carol", "Zoe\u{1b}"),
        ];
        people.fellows.entry(TEA).or_default().note(GroupSummary::default(), members);
        people
    }

    #[test]
    fn members_are_found_by_names_that_are_theirs_alone() {
        let people = met();
        let found = |who| people.member(TEA, who).map(|m| m.account_id);
        for (who, id) in
            [("10", 10), ("bobby01", 10), ("bob the brewer", 10), ("Boss", 11), ("me", 1), ("91", 91)]
        {
            assert_eq!(found(who).unwrap_or_else(|e| panic!("{who}: {e}")), id, "{who}");
        }
        let error = found("Carol").expect_err("two");
        assert_eq!(error.reason(), "NAME_AMBIGUOUS");
        assert!(error.message().contains(r"Boss (carol01), Zoe\u{1b} (account 91)"), "{error}");
        // A friend who is not in it.
        assert_eq!(found("danny01").expect_err("not in it").reason(), "MEMBER_NOT_FOUND");
        assert_eq!(people.member(51, "10").expect_err("no such group").reason(), "MEMBER_NOT_FOUND");
    }

    #[test]
    fn members_are_called_by_remark_then_nickname_then_name() {
        let people = met();
        let names: Vec<_> = [1, 10, 11, 90, 99].map(|id| people.name_in(TEA, id)).into();
        assert_eq!(names, ["you", "Bob the brewer", "Boss", "Boss", "account 99"]);
        assert_eq!(people.name_in(1010, 10), "Bobby");
    }

    #[test]
    fn who_left_keeps_their_name_and_strangers_are_looked_for_once() {
        let mut fellows = Fellows::default();
        fellows.note(GroupSummary::default(), vec![member(90, "Zoe", "")]);
        fellows.note(GroupSummary::default(), vec![member(91, "Ann", "")]);
        assert!(fellows.knows(90) && fellows.knows(0) && !fellows.knows(92));
        fellows.note_stranger(92);
        assert!(Fellows::default().group.is_none());
        let names: Vec<_> = [90, 91, 92].map(|id| fellows.name(id).unwrap_or_default()).into();
        assert_eq!(names, ["Zoe", "Ann", "account 92"]);
    }

    #[test]
    fn a_group_without_a_name_is_called_by_its_members() {
        let people = met();
        assert_eq!(people.in_group(TEA).unwrap(), r"Bob the brewer, Boss, Boss and Zoe\u{1b}");
        let named = GroupSummary { name: "Tea\u{202e}".to_owned(), ..GroupSummary::default() };
        assert_eq!(people.group_title(TEA, &named), r"Tea\u{202e}");
        assert_eq!(people.group_title(77, &GroupSummary::default()), "group 77");
    }
}
