//! Lives of temporary chats by chance, against a plain model; and what happens at once.

use super::*;
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
enum Step {
    Open { by_greta: bool },
    Say { greta: bool, chat: usize },
    Leave { greta: bool, chat: usize },
    Block { greta: bool },
    Accept { chat: usize },
    Pass { hours: u32 },
    Sweep,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => any::<bool>().prop_map(|by_greta| Step::Open { by_greta }),
        8 => (any::<bool>(), 0..4_usize).prop_map(|(greta, chat)| Step::Say { greta, chat }),
        2 => (any::<bool>(), 0..4_usize).prop_map(|(greta, chat)| Step::Leave { greta, chat }),
        1 => any::<bool>().prop_map(|greta| Step::Block { greta }),
        1 => (0..4_usize).prop_map(|chat| Step::Accept { chat }),
        5 => (1..120_u32).prop_map(|hours| Step::Pass { hours }),
        2 => Just(Step::Sweep),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

/// A chat as it should be.
struct Expected {
    id: ConversationId,
    /// Who has it: Greta, Remo.
    has: [bool; 2],
    ended: Option<Time>,
    last: Time,
    /// Who said each of its messages, `None` for notices.
    said: Vec<Option<AccountId>>,
    direct: bool,
}

impl Expected {
    fn ends_at(&self) -> Time {
        self.ended.unwrap_or(self.last + DAY * 7)
    }

    fn lives(&self, now: Time) -> bool {
        !self.direct && self.ends_at() > now
    }

    fn end(&mut self, now: Time) {
        self.ended = Some(now);
        self.said.push(None);
    }

    fn leave(&mut self, who: usize, now: Time) {
        self.has[who] = false;
        if self.lives(now) {
            self.end(now);
        }
    }
}

struct Life {
    s: Strangers,
    chats: Vec<Expected>,
    /// Both are friends, and this is their conversation.
    friends: bool,
}

const PEOPLE: [AccountId; 2] = [GRETA, REMO];

impl Life {
    fn now(&self) -> Time {
        self.s.room.foundation.clock.now()
    }

    async fn step(&mut self, step: Step) {
        // No two steps at the same time: then no deadline is met to the millisecond.
        self.s.pass(Duration::from_millis(5));
        match step {
            Step::Open { by_greta } => self.open(usize::from(!by_greta)).await,
            Step::Say { greta, chat } => self.say(usize::from(!greta), chat).await,
            Step::Leave { greta, chat } => self.leave(usize::from(!greta), chat).await,
            Step::Block { greta } => self.block(usize::from(!greta)).await,
            Step::Accept { chat } => self.accept(chat).await,
            Step::Pass { hours } => self.s.pass(Duration::from_secs(u64::from(hours) * 3600)),
            Step::Sweep => {
                self.s.room.chat.sweep_temporary(self.now()).await.unwrap();
                let now = self.now();
                self.chats.retain(|chat| chat.direct || !chat.is_long_over(now));
            }
            Step::Restart => {
                let fresh = restarted(&self.s.room);
                *self.s.room.observer.0.lock().unwrap() = fresh.clone();
                self.s.room.chat = fresh;
            }
        }
    }

    async fn open(&mut self, greeter: usize) {
        let id = self.s.open(PEOPLE[greeter], PEOPLE[1 - greeter]).await;
        let now = self.now();
        if let Some(living) = self.chats.iter().find(|chat| chat.lives(now)) {
            assert_eq!(living.id, id);
            return;
        }
        let said = vec![Some(PEOPLE[greeter]); 2];
        let last = Time(self.s.room.view(GRETA, id).await.ends_at_ms) - DAY * 7;
        assert!(now.since(last) < Duration::from_secs(60));
        self.chats.push(Expected { id, has: [true; 2], ended: None, last, said, direct: false });
    }

    async fn say(&mut self, who: usize, chat: usize) {
        let (now, friends) = (self.now(), self.friends);
        let Some(chat) = self.chats.get_mut(chat) else { return };
        let said = self.s.room.send(PEOPLE[who], To::ConversationId(chat.id.0), plain("tea?")).await;
        let expected = if !chat.has[who] {
            Err("CONVERSATION_NOT_FOUND")
        } else if chat.direct && !friends {
            Err("NOT_FRIENDS")
        } else if !chat.direct && !chat.lives(now) {
            Err("CHAT_ENDED")
        } else {
            chat.said.push(Some(PEOPLE[who]));
            Ok(chat.said.len() as u64)
        };
        if let Ok(sent) = &said {
            chat.last = Time(sent.sent_at_ms);
        }
        assert_eq!(said.map(|sent| sent.seq).map_err(|error| error.reason()), expected);
    }

    async fn leave(&mut self, who: usize, chat: usize) {
        let Some(id) = self.chats.get(chat).map(|chat| chat.id) else { return };
        let person = PEOPLE[who];
        let left = self.s.act(move |temporary, tx, now| {
            temporary.leave(tx, person, id, now)?;
            Ok(now)
        });
        let left = left.await;
        let chat = &mut self.chats[chat];
        assert_eq!(left.is_ok(), chat.has[who] && !chat.direct);
        if let Ok(now) = left {
            chat.leave(who, now);
        }
    }

    async fn block(&mut self, who: usize) {
        let (one, other) = (PEOPLE[who], PEOPLE[1 - who]);
        let blocked = self.s.act(move |temporary, tx, now| {
            temporary.end_between(tx, one, other, now)?;
            Ok(now)
        });
        let now = blocked.await.unwrap();
        if let Some(chat) = self.chats.iter_mut().find(|chat| chat.lives(now)) {
            chat.leave(who, now);
        }
    }

    async fn accept(&mut self, chat: usize) {
        let Some(id) = self.chats.get(chat).map(|chat| chat.id) else { return };
        let accepted = self.s.act(move |temporary, tx, now| {
            temporary.become_direct(tx, id, now)?;
            Ok(now)
        });
        let now = accepted.await.unwrap();
        let friends = self.s.room.befriend(GRETA, REMO).await;
        let had = self.chats.iter().any(|chat| chat.direct) || self.friends;
        let chat = &mut self.chats[chat];
        if chat.lives(now) {
            if had { chat.end(now) } else { chat.direct = true }
        }
        self.friends = true;
        if let Some(direct) = self.chats.iter_mut().find(|chat| chat.id == friends) {
            assert!(direct.direct);
            direct.said.push(None);
        }
    }

    async fn check(&self) {
        let now = self.now();
        for (n, who) in PEOPLE.into_iter().enumerate() {
            let mine = self.s.room.chat.moved_after(who, 0).await.unwrap();
            for chat in &self.chats {
                assert_eq!(mine.iter().any(|(_, id)| *id == chat.id), chat.has[n]);
                if !chat.has[n] {
                    assert_eq!(refused(self.s.room.chat.view(who, chat.id).await), "CONVERSATION_NOT_FOUND");
                    continue;
                }
                let view = self.s.room.view(who, chat.id).await;
                assert_eq!(view.head_seq, chat.said.len() as u64);
                assert_eq!(view.kind() == ConversationKind::Direct, chat.direct);
                assert_eq!(view.ended, !chat.direct && !chat.lives(now));
                let since = chat.said.iter().rev().take_while(|by| **by != Some(who));
                assert_eq!(view.unread, since.filter(|by| by.is_some()).count() as u64);
                let named = |by: &Option<AccountId>| match by {
                    None => 0,
                    Some(by) if chat.direct => by.0,
                    Some(by) if *by == who => view.own_author_id,
                    Some(_) => view.peer_author_id,
                };
                let expected: Vec<u64> = chat.said.iter().map(named).collect();
                assert_eq!(authors(&self.s.room.all(who, chat.id).await), expected);
            }
        }
    }
}

impl Expected {
    fn is_long_over(&self, now: Time) -> bool {
        self.ends_at() + DAY * 30 <= now
    }
}

/// The room after a restart.
fn restarted(room: &Room) -> Arc<Chat> {
    let (media, tickets) = (room.chat.media.clone(), tickets(&room.foundation));
    Chat::new(room.foundation.clone(), ChatConfig::default(), media, tickets)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn lives_agree_with_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let s = Strangers::meet().await;
            let id = s.id;
            let last = Time(s.view(GRETA).await.ends_at_ms) - DAY * 7;
            let first = Expected { id, has: [true; 2], ended: None, last, said: vec![Some(GRETA); 2], direct: false };
            let mut life = Life { s, chats: vec![first], friends: false };
            for step in steps {
                life.step(step).await;
                life.check().await;
            }
        });
    }
}

#[tokio::test]
async fn what_is_said_while_somebody_leaves_is_kept_or_refused() {
    for round in 0..10 {
        let mut s = Strangers::meet().await;
        s.say(REMO, "yes").await.unwrap();
        let id = s.id;
        let chat = s.room.chat.clone();
        let says = (0..20_u8).map(|n| {
            let (chat, cx) = (chat.clone(), s.room.cx(REMO));
            let request = SendMessageRequest {
                client_message_id: vec![n + 50; 16].into(),
                to: Some(To::ConversationId(id.0)),
                content: Some(Say::Text(plain("wait"))),
            };
            tokio::spawn(async move { chat.send_message(&cx, request).await })
        });
        let says: Vec<_> = says.collect();
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        s.leave(GRETA).await.unwrap();
        let mut kept = 0;
        for said in says {
            match said.await.unwrap() {
                Ok(_) => kept += 1,
                Err(error) => assert_eq!(error.reason(), "CHAT_ENDED"),
            }
        }
        let texts = s.texts(REMO).await;
        assert_eq!(texts.len(), 4 + kept, "the end comes after all that was kept");
        assert_eq!(texts.last().map(String::as_str), Some("notice"));
    }
}
