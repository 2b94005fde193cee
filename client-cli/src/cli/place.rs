//! Which conversation the user means: with a friend, a group, a stranger, or of an id. What a friend, a group or a stranger
//! calls itself counts last and only where it means one, since anybody can choose it.

use super::people::{People, ambiguous, first_page, in_full, next_page};
use super::text::{line, same_name};
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::ChatClient;
use teahouse_proto::chat::{
    Conversation, ConversationKind, GetConversationRequest, GroupSummary, ListConversationsRequest,
};
use teahouse_proto::contacts::Friend;

/// A conversation that the user means.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) conversation_id: u64,
    pub(super) title: String,
    /// Set where it is a group.
    pub(super) group: Option<Conversation>,
}

impl Place {
    fn with(friend: &Friend) -> Self {
        Self { conversation_id: friend.conversation_id, title: in_full(friend), group: None }
    }

    /// A group. One that has no name needs its members for a title.
    async fn group(session: &Session, people: &mut People, group: Conversation) -> Result<Self> {
        if summary(&group).name.is_empty() {
            people.meet(session, &group).await?;
        }
        let conversation_id = group.conversation_id;
        let title = people.group_title(conversation_id, &summary(&group));
        Ok(Self { conversation_id, title, group: Some(group) })
    }

    /// Looks who is in it, where it is a group.
    pub(super) async fn meet(&self, session: &Session, people: &mut People) -> Result<()> {
        match &self.group {
            Some(group) => people.meet(session, group).await,
            None => Ok(()),
        }
    }
}

/// What a list shows of a group.
pub(super) fn summary(group: &Conversation) -> GroupSummary {
    group.group.clone().unwrap_or_default()
}

/// The conversation with a friend, with oneself, of this id, of the group with this name, or with the stranger of this name.
///
/// # Errors
/// `FRIEND_NOT_FOUND`, `NAME_AMBIGUOUS`.
pub(super) async fn place(session: &Session, people: &mut People, who: &str) -> Result<Place> {
    if let Some(friend) = people.surely(who)? {
        return Ok(Place::with(friend));
    }
    if people.is_me(who) {
        let conversation_id = people.me.self_conversation_id;
        return Ok(Place { conversation_id, title: "notes to self".to_owned(), group: None });
    }
    if let Some(found) = of_id(session, who).await? {
        if found.kind() == ConversationKind::Group {
            return Place::group(session, people, found).await;
        }
        people.meet_strangers_of(session, std::slice::from_ref(&found)).await?;
        let conversation_id = found.conversation_id;
        return Ok(Place { conversation_id, title: title(people, &found), group: None });
    }
    let mut groups = named(groups(session).await?, who);
    people.meet_strangers(session).await?;
    let friends = people.calling_themselves(who);
    let strangers = people.strangers_called(who);
    match (friends.as_slice(), groups.as_slice(), strangers.as_slice()) {
        ([], [], []) => {
            let message = format!(
                "There is no friend and no group “{}”. `teahouse friends` and `teahouse group` list them.",
                line(who)
            );
            Err(Error::new(Kind::NotFound, "FRIEND_NOT_FOUND", message))
        }
        ([friend], [], []) => Ok(Place::with(friend)),
        ([], [_], []) => Place::group(session, people, groups.remove(0)).await,
        ([], [], [(conversation_id, _)]) => temporary(session, people, *conversation_id).await,
        (friends, groups, strangers) => {
            let strangers = strangers.iter().map(|(id, s)| format!("{} (chat {id})", s.name));
            let shown = friends.iter().map(|f| in_full(f)).chain(groups.iter().map(in_short));
            Err(ambiguous(who, shown.chain(strangers).collect::<Vec<_>>().into_iter()))
        }
    }
}

/// The chat with a stranger who was met.
async fn temporary(session: &Session, people: &mut People, conversation_id: u64) -> Result<Place> {
    let request = GetConversationRequest { conversation_id };
    let found = ChatClient(session.clone()).get_conversation(request).await?.conversation.unwrap_or_default();
    people.note_authors(&found);
    Ok(Place { conversation_id, title: title(people, &found), group: None })
}

/// The group of this id or name.
///
/// # Errors
/// `GROUP_NOT_FOUND`, `NAME_AMBIGUOUS`.
pub(super) async fn group(session: &Session, people: &mut People, who: &str) -> Result<Place> {
    let of_id = of_id(session, who).await?.filter(|c| c.kind() == ConversationKind::Group);
    let group = match of_id {
        Some(group) => group,
        None => {
            let mut named = named(groups(session).await?, who);
            if named.len() > 1 {
                return Err(ambiguous(who, named.iter().map(in_short)));
            }
            named.pop().ok_or_else(|| {
                let message = format!("You have no group “{}”. `teahouse group` lists them.", line(who));
                Error::new(Kind::NotFound, "GROUP_NOT_FOUND", message)
            })?
        }
    };
    Place::group(session, people, group).await
}

/// All groups on the list, hidden ones too.
pub(super) async fn groups(session: &Session) -> Result<Vec<Conversation>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let request = ListConversationsRequest { page, include_hidden: true };
        let answer = ChatClient(session.clone()).list_conversations(request).await?;
        all.extend(answer.conversations.into_iter().filter(|c| c.kind() == ConversationKind::Group));
        page = next_page(answer.next);
    }
    Ok(all)
}

/// The conversation whose id this is, if it is one of the user's.
async fn of_id(session: &Session, who: &str) -> Result<Option<Conversation>> {
    let Ok(conversation_id) = who.parse() else { return Ok(None) };
    match ChatClient(session.clone()).get_conversation(GetConversationRequest { conversation_id }).await {
        Ok(answer) => Ok(answer.conversation),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn named(mut groups: Vec<Conversation>, who: &str) -> Vec<Conversation> {
    groups.retain(|g| same_name(&summary(g).name, who));
    groups
}

/// A group so that it cannot be mistaken for another.
fn in_short(group: &Conversation) -> String {
    format!("{} (group {})", line(&summary(group).name), group.conversation_id)
}

/// What the user calls a conversation.
pub(super) fn title(people: &People, conversation: &Conversation) -> String {
    match conversation.kind() {
        ConversationKind::Direct => people.name(conversation.peer_account_id),
        ConversationKind::Self_ => "notes to self".to_owned(),
        ConversationKind::Group => people.group_title(conversation.conversation_id, &summary(conversation)),
        ConversationKind::Temporary => {
            let id = conversation.conversation_id;
            people.stranger_in(id).unwrap_or_else(|| format!("stranger {id}"))
        }
        ConversationKind::Unspecified => format!("conversation {}", conversation.conversation_id),
    }
}
