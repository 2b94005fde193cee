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
    quiet: Option<Quiet>,
}

impl Silence {
    /// `muted` is in order of id.
    pub(super) fn new(account: AccountId, muted: Vec<ConversationId>, quiet: Option<Quiet>) -> Self {
        Self { account, muted: muted.into(), quiet }
    }

    /// Learns from an event that passes.
    pub(super) fn heed(&mut self, event: &Kinds) {
        let Kinds::Account(AccountEvent { what: Some(what), .. }) = event else { return };
        match what {
            What::ConversationChanged(changed) => {
                self.mute(ConversationId(changed.conversation_id), changed.muted);
            }
            What::FriendDeleted(deleted) => self.mute(ConversationId(deleted.conversation_id), false),
            What::AccountChanged(account) => {
                self.quiet = account.notifications.as_ref().and_then(Quiet::of);
            }
            _ => {}
        }
    }

    /// Whether an event should not ring. What never rings by itself is not marked.
    pub(super) fn covers(&self, event: &Kinds, now: Time) -> bool {
        match event {
            Kinds::Entry(entry) => self.is_no_news(entry) || self.is_muted(entry) || self.is_quiet(now),
            Kinds::Account(AccountEvent {
                what: Some(What::FriendRequest(_) | What::Mentioned(_)), ..
            }) => self.is_quiet(now),
            _ => false,
        }
    }

    /// One's own words from another device, changes of earlier messages, and pins.
    fn is_no_news(&self, entry: &Entry) -> bool {
        entry.author_account_id == self.account.0
            || match &entry.content {
                Some(Content::Changed(_)) => true,
                Some(Content::Notice(notice)) => {
                    matches!(notice.kind, Some(notice::Kind::Pinned(_) | notice::Kind::Unpinned(_)))
                }
                _ => false,
            }
    }

    fn is_muted(&self, entry: &Entry) -> bool {
        let mentioned = match &entry.content {
            Some(Content::Text(text)) => text.mentions.iter().any(|m| m.account_id == self.account.0),
            _ => false,
        };
        !mentioned && self.muted.binary_search(&ConversationId(entry.conversation_id)).is_ok()
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
    use teahouse_proto::chat::{Changed, Mention, Text};
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
        assert!(size_of::<Silence>() <= 48, "{}", size_of::<Silence>());
    }

    #[test]
    fn muted_conversations_are_silent_but_for_mentions_of_me() {
        let mut silence = Silence::new(ME, vec![ConversationId(3), ConversationId(7)], None);
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
    fn nothing_rings_while_i_do_not_want_to_be_disturbed() {
        let mut silence = Silence::new(ME, Vec::new(), None);
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
        let silence = Silence::new(ME, Vec::new(), None);
        assert!(silence.covers(&entry(5, 1, &[]), NOON));
        let content = Some(Content::Changed(Changed::default().into()));
        let changed = Entry { author_account_id: 2, content, ..Default::default() };
        assert!(silence.covers(&Kinds::Entry(changed), NOON));
    }
}
