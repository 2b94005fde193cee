//! What should not ring on an account's devices, decided for each stream when an event passes. It learns what it needs
//! from the account's own events, so it is as new as the stream, and asks the store only when a stream starts.

use crate::features::accounts::Quiet;
use crate::id::{AccountId, ConversationId};
use crate::time::Time;
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::{Entry, notice};
use teahouse_proto::sync::AccountEvent;
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event as Kinds;

/// What an account does not want to hear. Small: there is one for each device that follows.
pub(super) struct Silence {
    account: AccountId,
    /// Muted conversations, in order of id.
    muted: Box<[ConversationId]>,
    /// Whom the account blocks, in order of id. Mostly nobody.
    blocked: Box<[AccountId]>,
    quiet: Option<Quiet>,
    /// Whether greetings ring.
    greetings: bool,
    /// Whether `blocked` is older than an event that passed.
    is_stale: bool,
}

impl Silence {
    /// `muted` and `blocked` are in order of id.
    pub(super) fn new(
        account: AccountId,
        muted: Vec<ConversationId>,
        blocked: Vec<AccountId>,
        quiet: Option<Quiet>,
    ) -> Self {
        let (muted, blocked) = (muted.into(), blocked.into());
        Self { account, muted, blocked, quiet, greetings: true, is_stale: false }
    }

    /// Says whether greetings ring; they do by default.
    pub(super) fn ring_for_greetings(&mut self, greetings: bool) {
        self.greetings = greetings;
    }

    /// Whether it is to be told anew whom the account blocks: events do not name them.
    pub(super) fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Whom the account blocks now, in order of id.
    pub(super) fn renew(&mut self, blocked: Vec<AccountId>) {
        self.blocked = blocked.into();
        self.is_stale = false;
    }

    /// Learns from an event that passes.
    pub(super) fn heed(&mut self, event: &Kinds) {
        let Kinds::Account(AccountEvent { what: Some(what), .. }) = event else { return };
        match what {
            What::ConversationChanged(changed) => {
                self.mute(ConversationId(changed.conversation_id), changed.muted);
            }
            What::FriendDeleted(deleted) => self.mute(ConversationId(deleted.conversation_id), false),
            What::ConversationLeft(left) => self.mute(ConversationId(left.conversation_id), false),
            What::BlockChanged(_) => self.is_stale = true,
            What::AccountChanged(account) => {
                self.quiet = account.notifications.as_ref().and_then(Quiet::of);
                self.greetings = account.notifications.as_ref().is_none_or(|n| n.greetings);
            }
            _ => {}
        }
    }

    /// Whether an event should not ring. What never rings by itself is not marked.
    pub(super) fn covers(&self, event: &Kinds, now: Time) -> bool {
        match event {
            Kinds::Entry(entry) => self.is_no_news(entry) || self.is_muted(entry) || self.is_quiet(now),
            Kinds::Account(AccountEvent {
                what:
                    Some(
                        What::FriendRequest(_)
                        | What::Mentioned(_)
                        | What::GroupInvitation(_)
                        | What::JoinRequest(_),
                    ),
                ..
            }) => self.is_quiet(now),
            Kinds::Account(AccountEvent { what: Some(What::Greeting(_)), .. }) => {
                !self.greetings || self.is_quiet(now)
            }
            _ => false,
        }
    }

    /// Whether the account blocks the author of an entry; of a change, the author of what was changed.
    pub(super) fn blocks_author(&self, event: &Kinds) -> bool {
        let Kinds::Entry(entry) = event else { return false };
        let author = match &entry.content {
            Some(Content::Changed(changed)) => changed.target.as_ref().map_or(0, |t| t.author_account_id),
            _ => entry.author_account_id,
        };
        self.blocks(author)
    }

    fn blocks(&self, account: u64) -> bool {
        self.blocked.binary_search(&AccountId(account)).is_ok()
    }

    /// What the account's other devices did, what somebody did whom it blocks, changes of earlier messages, and most of
    /// what the server notes.
    fn is_no_news(&self, entry: &Entry) -> bool {
        let by = match &entry.content {
            Some(Content::Changed(_)) => return true,
            Some(Content::Notice(notice)) => match &notice.kind {
                Some(notice::Kind::BecameFriends(_)) => return false,
                Some(notice::Kind::GroupCreated(made)) => made.by_account_id,
                Some(notice::Kind::MembersJoined(joined)) => joined.by_account_id,
                Some(notice::Kind::Announced(told)) => told.by_account_id,
                _ => return true,
            },
            _ => entry.author_account_id,
        };
        by == self.account.0 || self.blocks(by)
    }

    fn is_muted(&self, entry: &Entry) -> bool {
        let called = match &entry.content {
            Some(Content::Text(text)) => {
                text.mentions.iter().any(|m| m.all || m.account_id == self.account.0)
            }
            Some(Content::Notice(notice)) => matches!(notice.kind, Some(notice::Kind::Announced(_))),
            _ => false,
        };
        !called && self.muted.binary_search(&ConversationId(entry.conversation_id)).is_ok()
    }

    fn is_quiet(&self, now: Time) -> bool {
        self.quiet.as_ref().is_some_and(|quiet| quiet.covers(now))
    }

    fn mute(&mut self, id: ConversationId, muted: bool) {
        let mut all = std::mem::take(&mut self.muted).into_vec();
        match (all.binary_search(&id), muted) {
            (Err(place), true) => all.insert(place, id),
            (Ok(place), false) => drop(all.remove(place)),
            _ => {}
        }
        self.muted = all.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::accounts::{Account, DoNotDisturb, Notifications};
    use teahouse_proto::chat::{Announced, Changed, MembersJoined, Mention, Notice, Text};
    use teahouse_proto::sync::{ConversationChanged, Mentioned, ReadMark};

    const ME: AccountId = AccountId(1);
    const NOON: Time = Time(12 * 3_600_000);
    const NIGHT: Time = Time(23 * 3_600_000);

    fn account(what: What) -> Kinds {
        Kinds::Account(AccountEvent { what: Some(what), ..Default::default() })
    }

    fn muted(conversation_id: u64, muted: bool) -> Kinds {
        account(What::ConversationChanged(ConversationChanged {
            conversation_id,
            muted,
            ..Default::default()
        }))
    }

    fn entry(conversation_id: u64, author_account_id: u64, mentions: &[u64]) -> Kinds {
        let mentions = mentions.iter().map(|id| Mention { account_id: *id, ..Default::default() }).collect();
        let content = Some(Content::Text(Text { mentions, ..Default::default() }));
        Kinds::Entry(Entry { conversation_id, author_account_id, content, ..Default::default() })
    }

    fn night(enabled: bool) -> Kinds {
        let span = DoNotDisturb { enabled, from_minute: 22 * 60, to_minute: 60, time_zone: "UTC".into() };
        let notifications = Some(Notifications { do_not_disturb: Some(span), ..Default::default() });
        account(What::AccountChanged(Account { notifications, ..Default::default() }))
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<Silence>() <= 72, "{}", size_of::<Silence>());
    }

    #[test]
    fn muted_conversations_are_silent_but_for_mentions_of_me() {
        let mut silence = Silence::new(ME, vec![ConversationId(3), ConversationId(7)], Vec::new(), None);
        for id in [5, 9, 1] {
            silence.heed(&muted(id, true));
        }
        silence.heed(&muted(7, false));
        silence.heed(&muted(8, false));
        let silent: Vec<u64> = (0..12).filter(|id| silence.covers(&entry(*id, 2, &[]), NOON)).collect();
        assert_eq!(silent, [1, 3, 5, 9]);
        assert!(!silence.covers(&entry(3, 2, &[4, 1]), NOON) && silence.covers(&entry(3, 2, &[4]), NOON));
    }

    #[test]
    fn greetings_ring_if_they_are_wanted() {
        let mut silence = Silence::new(ME, Vec::new(), Vec::new(), None);
        let greeting = account(What::Greeting(Default::default()));
        assert!(!silence.covers(&greeting, NOON));
        let wanted = |greetings| {
            let notifications = Some(Notifications { greetings, ..Default::default() });
            account(What::AccountChanged(Account { notifications, ..Default::default() }))
        };
        silence.heed(&wanted(false));
        assert!(silence.covers(&greeting, NOON));
        silence.heed(&wanted(true));
        assert!(!silence.covers(&greeting, NOON));
        silence.ring_for_greetings(false);
        assert!(silence.covers(&greeting, NOON));
        silence.heed(&night(true));
        assert!(silence.covers(&greeting, NIGHT));
    }

    #[test]
    fn nothing_rings_while_i_do_not_want_to_be_disturbed() {
        let mut silence = Silence::new(ME, Vec::new(), Vec::new(), None);
        let mentioned = account(What::Mentioned(Mentioned::default()));
        let request = account(What::FriendRequest(Default::default()));
        let ringing = [entry(5, 2, &[]), entry(5, 2, &[1]), mentioned, request];
        let silent = |silence: &Silence, now| ringing.iter().filter(|e| silence.covers(e, now)).count();
        assert_eq!(silent(&silence, NIGHT), 0);
        silence.heed(&night(true));
        assert_eq!((silent(&silence, NOON), silent(&silence, NIGHT)), (0, 4));
        assert!(!silence.covers(&account(What::ReadMark(ReadMark::default())), NIGHT), "it rings never");
        silence.heed(&night(false));
        assert_eq!(silent(&silence, NIGHT), 0);
    }

    #[test]
    fn my_own_words_and_changes_of_earlier_ones_are_silent() {
        let silence = Silence::new(ME, Vec::new(), Vec::new(), None);
        assert!(silence.covers(&entry(5, 1, &[]), NOON));
        let content = Some(Content::Changed(Changed::default().into()));
        let changed = Entry { author_account_id: 2, content, ..Default::default() };
        assert!(silence.covers(&Kinds::Entry(changed), NOON));
    }

    fn noted(kind: notice::Kind) -> Kinds {
        let content = Some(Content::Notice(Notice { kind: Some(kind) }));
        Kinds::Entry(Entry { conversation_id: 3, content, ..Default::default() })
    }

    fn announced(by_account_id: u64) -> Kinds {
        noted(notice::Kind::Announced(Announced { by_account_id, ..Default::default() }))
    }

    fn to_all(author_account_id: u64) -> Kinds {
        let mentions = vec![Mention { all: true, ..Default::default() }];
        let content = Some(Content::Text(Text { mentions, ..Default::default() }));
        Kinds::Entry(Entry { conversation_id: 3, author_account_id, content, ..Default::default() })
    }

    #[test]
    fn what_calls_everybody_rings_also_where_it_is_muted() {
        let silence = Silence::new(ME, vec![ConversationId(3)], Vec::new(), None);
        assert!(!silence.covers(&to_all(2), NOON) && !silence.covers(&announced(2), NOON));
        assert!(silence.covers(&to_all(1), NOON) && silence.covers(&announced(1), NOON), "my own");
    }

    #[test]
    fn of_what_is_noted_in_groups_little_rings() {
        let silence = Silence::new(ME, Vec::new(), Vec::new(), None);
        let joined = |by| {
            noted(notice::Kind::MembersJoined(MembersJoined { by_account_id: by, ..Default::default() }))
        };
        assert!(!silence.covers(&joined(2), NOON) && silence.covers(&joined(1), NOON));
        assert!(!silence.covers(&noted(notice::Kind::GroupCreated(Default::default())), NOON));
        assert!(silence.covers(&noted(notice::Kind::GroupRenamed(Default::default())), NOON));
        assert!(silence.covers(&noted(notice::Kind::MembersRemoved(Default::default())), NOON));
        assert!(!silence.covers(&noted(notice::Kind::BecameFriends(Default::default())), NOON));
    }

    #[test]
    fn whom_i_block_does_not_ring_whatever_they_do() {
        let mut silence = Silence::new(ME, Vec::new(), vec![AccountId(2), AccountId(9)], None);
        for event in [entry(5, 2, &[]), entry(5, 9, &[1]), to_all(2), announced(9)] {
            assert!(silence.covers(&event, NOON), "{event:?}");
        }
        assert!(silence.blocks_author(&entry(5, 2, &[])) && !silence.blocks_author(&entry(5, 3, &[])));
        let target = Some(Box::new(Entry { author_account_id: 2, ..Default::default() }));
        let content = Some(Content::Changed(Box::new(Changed { target, ..Default::default() })));
        assert!(silence.blocks_author(&Kinds::Entry(Entry {
            author_account_id: 3,
            content,
            ..Default::default()
        })));
        assert!(!silence.is_stale());
        silence.heed(&account(What::BlockChanged(Default::default())));
        assert!(silence.is_stale());
        silence.renew(vec![AccountId(9)]);
        assert!(!silence.is_stale() && !silence.covers(&entry(5, 2, &[]), NOON));
    }
}
