//! Temporary chats: with whom they are, which entries are the user's, and which one a name means. In them nobody is named by
//! an account: entries say random numbers of the chat alone.

use super::super::people::{People, first_page, next_page};
use super::words;
use std::collections::HashMap;
use teahouse_client::{Result, Session};
use teahouse_proto::GreetingsClient;
use teahouse_proto::chat::{Conversation, ConversationKind};
use teahouse_proto::greetings::{ListTemporaryChatsRequest, TemporaryChat};

/// The other one of a temporary chat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stranger {
    /// As they call themselves. One harmless line.
    pub(crate) name: String,
    /// What entries of the user say of their author; 0 where that is not known yet.
    own_author_id: u64,
    /// The greeting that can be accepted; 0: none.
    pub(crate) greeting_id: u64,
}

/// All temporary chats.
pub(super) async fn all(session: &Session) -> Result<Vec<TemporaryChat>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let request = ListTemporaryChatsRequest { page };
        let answer = GreetingsClient(session.clone()).list_temporary_chats(request).await?;
        all.extend(answer.chats);
        page = next_page(answer.next);
    }
    Ok(all)
}

impl People {
    /// Learns who is in the user's temporary chats.
    pub(crate) async fn meet_strangers(&mut self, session: &Session) -> Result<()> {
        for chat in all(session).await? {
            self.note_chat(&chat);
        }
        Ok(())
    }

    /// Takes note of a temporary chat.
    pub(crate) fn note_chat(&mut self, chat: &TemporaryChat) {
        let stranger = self.strangers.entry(chat.conversation_id).or_default();
        stranger.name = words::name(chat.card.as_ref());
        stranger.greeting_id = chat.greeting_id;
    }

    /// Takes note of how entries name the two of a temporary chat.
    pub(crate) fn note_authors(&mut self, conversation: &Conversation) {
        if conversation.kind() == ConversationKind::Temporary {
            let stranger = self.strangers.entry(conversation.conversation_id).or_default();
            stranger.own_author_id = conversation.own_author_id;
        }
    }

    /// Learns what the temporary chats among these need to be shown.
    pub(crate) async fn meet_strangers_of(
        &mut self,
        session: &Session,
        conversations: &[Conversation],
    ) -> Result<()> {
        let temporary = |c: &&Conversation| c.kind() == ConversationKind::Temporary;
        let unknown = |c: &Conversation| self.stranger_in(c.conversation_id).is_none();
        if conversations.iter().filter(temporary).any(unknown) {
            self.meet_strangers(session).await?;
        }
        conversations.iter().for_each(|c| self.note_authors(c));
        Ok(())
    }

    /// What the other one of a temporary chat is called, if it is one that was looked at.
    pub(crate) fn stranger_in(&self, conversation_id: u64) -> Option<String> {
        let stranger = self.strangers.get(&conversation_id)?;
        (!stranger.name.is_empty()).then(|| stranger.name.clone())
    }

    /// Whether an author is the user, under any name.
    pub(crate) fn is_mine(&self, conversation_id: u64, author_id: u64) -> bool {
        let here = self.strangers.get(&conversation_id);
        author_id != 0
            && (author_id == self.me.account_id || here.is_some_and(|s| s.own_author_id == author_id))
    }

    /// The temporary chats with somebody who calls themselves so, by conversation.
    pub(crate) fn strangers_called(&self, who: &str) -> Vec<(u64, &Stranger)> {
        let called = |(_, stranger): &(&u64, &Stranger)| super::super::text::same_name(&stranger.name, who);
        let mut found: Vec<_> = self.strangers.iter().filter(called).map(|(id, s)| (*id, s)).collect();
        found.sort_unstable_by_key(|(id, _)| *id);
        found
    }
}

/// Strangers by conversation.
pub(crate) type Strangers = HashMap<u64, Stranger>;

#[cfg(test)]
mod tests {
    use super::super::super::people::tests::{friend, people};
    use super::*;
    use teahouse_proto::common::StrangerCard;

    fn chat(conversation_id: u64, name: &str) -> TemporaryChat {
        let card = StrangerCard { name: name.to_owned(), ..Default::default() };
        TemporaryChat { conversation_id, card: Some(card), greeting_id: 7, ..Default::default() }
    }

    #[test]
    fn in_a_temporary_chat_authors_are_known_by_its_own_numbers() {
        let mut people = people();
        people.note_chat(&chat(70, "Zoe\u{1b}"));
        people.note_authors(&Conversation {
            conversation_id: 70,
            kind: ConversationKind::Temporary.into(),
            own_author_id: 900,
            peer_author_id: 901,
            ..Default::default()
        });
        assert_eq!((people.name_in(70, 900), people.name_in(70, 901)), ("you".into(), r"Zoe\u{1b}".into()));
        assert!(people.is_mine(70, 900) && !people.is_mine(70, 901) && !people.is_mine(70, 0));
        assert!(people.is_mine(50, 1) && !people.is_mine(50, 900), "elsewhere the number means nobody");
        assert_eq!(people.stranger_in(70).as_deref(), Some(r"Zoe\u{1b}"));
        // A friend has the conversation now, and is called as friends are.
        let fresh =
            teahouse_proto::contacts::Friend { conversation_id: 70, ..friend(20, "zoe0001", "Zoe", "") };
        people.update(fresh);
        assert_eq!((people.stranger_in(70), people.name_in(70, 20)), (None, "Zoe".to_owned()));
    }

    #[test]
    fn strangers_are_found_by_what_they_call_themselves() {
        let mut people = people();
        people.note_chat(&chat(71, "Zoe"));
        people.note_chat(&chat(70, "zoe"));
        people.note_chat(&chat(72, "Yan"));
        let found = |who| people.strangers_called(who).iter().map(|(id, _)| *id).collect::<Vec<_>>();
        assert_eq!((found("ZOE"), found("yan"), found("")), (vec![70, 71], vec![72], vec![]));
    }
}
