//! Who sees what of a group while people come and go: random interleavings against a plain model, and real races.

use super::groups::DANI;
use super::*;
use std::collections::BTreeSet;
use teahouse_proto::chat::notice::Kind as Noted;

/// Interleavings.
const CASES: u64 = 10_000;
/// What happens in one.
const STEPS: u64 = 12;
/// Groups in which it happens at once: that many are committed together.
const AT_ONCE: usize = 50;
const PEOPLE: [AccountId; 3] = [BORIS, CLARA, DANI];

#[derive(Clone, Copy, Debug)]
enum Step {
    Say(AccountId),
    Join(AccountId),
    Remove(AccountId),
    Leave(AccountId),
    Read(AccountId),
    Clear(AccountId),
    History(bool),
}

/// What the model knows of somebody.
#[derive(Clone, Debug, Default)]
struct Person {
    /// They have the conversation.
    has: bool,
    inside: bool,
    sees: BTreeSet<u64>,
    cleared: u64,
    /// Up to here nothing is unread.
    read: u64,
    /// The last number that they know of, once they are out.
    end: u64,
}

/// A group in the plainest form.
#[derive(Default)]
struct Model {
    people: std::collections::BTreeMap<AccountId, Person>,
    head: u64,
    said: Vec<u64>,
    history: bool,
}

impl Model {
    fn new() -> Self {
        let mut model = Self { head: 1, ..Self::default() };
        for who in [ANNA, BORIS] {
            let person = Person { has: true, inside: true, sees: [1].into(), ..Person::default() };
            model.people.insert(who, person);
        }
        model
    }

    /// An entry, for everybody who is in. Gives who that is.
    fn append(&mut self) -> Vec<AccountId> {
        self.head += 1;
        let inside = self.people.iter_mut().filter(|(_, person)| person.inside);
        inside.map(|(who, person)| (person.sees.insert(self.head), *who).1).collect()
    }

    fn apply(&mut self, step: Step) -> Vec<AccountId> {
        let (head, history) = (self.head, self.history);
        let person = |model: &mut Self, who| model.people.entry(who).or_default().clone();
        match step {
            Step::Say(who) if person(self, who).inside => {
                let heard = self.append();
                self.said.push(self.head);
                self.people.entry(who).or_default().read = self.head;
                return heard;
            }
            Step::Join(who) if !person(self, who).inside => {
                let joining = self.people.entry(who).or_default();
                joining.sees.extend((1..=head).filter(|seq| history && *seq > joining.cleared));
                (joining.has, joining.inside, joining.read) = (true, true, joining.read.max(head));
                return self.append();
            }
            Step::Remove(who) if person(self, who).inside => {
                let heard = self.append();
                let out = self.people.entry(who).or_default();
                (out.inside, out.end) = (false, head + 1);
                return heard;
            }
            Step::Leave(who) => {
                let read = person(self, who).read;
                self.people.insert(who, Person { read, ..Person::default() });
            }
            Step::Read(who) if person(self, who).has => {
                let end = self.end(who);
                let person = self.people.entry(who).or_default();
                person.read = person.read.max(end);
            }
            Step::Clear(who) if person(self, who).has => {
                let end = self.end(who);
                let person = self.people.entry(who).or_default();
                (person.cleared, person.read) = (end, person.read.max(end));
                person.sees.clear();
            }
            Step::History(on) => self.history = on,
            _ => {}
        }
        Vec::new()
    }

    fn end(&self, who: AccountId) -> u64 {
        let person = &self.people[&who];
        if person.inside { self.head } else { person.end }
    }

    fn unread(&self, who: AccountId) -> u64 {
        let (from, to) = (self.people[&who].read, self.end(who));
        self.said.iter().filter(|seq| **seq > from && **seq <= to).count() as u64
    }
}

/// The same on the server.
struct Real<'a> {
    room: &'a Room,
    id: ConversationId,
    /// Messages sent.
    sent: u64,
}

impl Real<'_> {
    async fn apply(&mut self, step: Step) {
        let (room, id) = (self.room, self.id);
        match step {
            Step::Say(who) => {
                self.sent += 1;
                let client_message_id = (u128::from(id.0) << 64 | u128::from(self.sent)).to_be_bytes();
                let request = SendMessageRequest {
                    client_message_id: client_message_id.to_vec().into(),
                    to: Some(To::ConversationId(id.0)),
                    content: Some(Say::Text(plain("x"))),
                };
                drop(room.chat.send_message(&room.cx(who), request).await);
            }
            Step::Join(who) => {
                let way = JoinWay::Invitation;
                room.act(move |g, tx, now| g.join(tx, id, &[who], ANNA, way, None, now)).await;
            }
            Step::Remove(who) => room.act(move |g, tx, now| g.remove(tx, id, &[who], ANNA, now)).await,
            Step::Leave(who) => room.act(move |g, tx, now| g.leave(tx, id, who, now)).await,
            Step::Read(who) => {
                if let Ok(view) = room.chat.view(who, id).await {
                    let request = MarkReadRequest { conversation_id: id.0, seq: view.head_seq };
                    room.chat.mark_read(&room.cx(who), request).await.unwrap();
                }
            }
            Step::Clear(who) => {
                let request = ClearHistoryRequest { conversation_id: id.0, and_hide: false };
                drop(room.chat.clear_history(&room.cx(who), request).await);
            }
            Step::History(on) => {
                room.act(move |g, tx, now| g.set_history_visible(tx, id, on, now)).await;
            }
        }
    }

    /// Everything that somebody can see, by both ways of reading.
    async fn seen(&self, who: AccountId) -> Option<(Vec<u64>, Conversation)> {
        let view = self.room.chat.view(who, self.id).await.ok()?;
        let forwards = ListEntriesRequest { conversation_id: self.id.0, ..Default::default() };
        let backwards = ListEntriesRequest { latest: true, ..forwards };
        let (one, other) =
            (self.room.list(who, forwards).await.unwrap(), self.room.list(who, backwards).await.unwrap());
        assert_eq!(one, other);
        Some((one.iter().map(|entry| entry.seq).collect(), view))
    }
}

impl Room {
    /// To whom the entries of a group were told live, one after another.
    fn heard(&self, id: ConversationId) -> Vec<Vec<AccountId>> {
        let events = self.observer.1.lock().unwrap();
        let entries = events.iter().filter_map(|event| match event {
            Event::Deliver { to, message, .. } => match &message.event {
                Some(FollowEvent::Entry(entry)) if entry.conversation_id == id.0 => {
                    let mut heard = to.accounts().to_vec();
                    heard.sort_unstable();
                    Some(heard)
                }
                _ => None,
            },
            _ => None,
        });
        entries.collect()
    }
}

/// Numbers that look random, and are the same each time.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
}

fn step(state: &mut u64) -> Step {
    let who = PEOPLE[random(state) as usize % PEOPLE.len()];
    match random(state) % 14 {
        0..=3 => Step::Say(if random(state).is_multiple_of(4) { ANNA } else { who }),
        4..=6 => Step::Join(who),
        7..=8 => Step::Remove(who),
        9 => Step::Leave(who),
        10..=11 => Step::Read(who),
        12 => Step::Clear(who),
        _ => Step::History(random(state).is_multiple_of(2)),
    }
}

/// Lets one interleaving happen, and compares.
async fn interleave(room: &Room, case: u64) {
    let id = ConversationId(1_000_000 + case);
    room.act(move |groups, tx, now| groups.create(tx, id, "", ANNA, &[BORIS], now)).await;
    let (mut model, mut real) = (Model::new(), Real { room, id, sent: 0 });
    let mut state = case;
    let steps: Vec<Step> = (0..STEPS).map(|_| step(&mut state)).collect();
    let mut heard = vec![vec![ANNA, BORIS]];
    for step in &steps {
        heard.extend(Some(model.apply(*step)).filter(|heard| !heard.is_empty()));
        real.apply(*step).await;
    }
    assert_eq!(room.heard(id), heard, "told live: {steps:?}");
    for (who, person) in &model.people {
        let Some((seen, view)) = real.seen(*who).await else {
            assert!(!person.has, "{who} has the group: {steps:?}");
            continue;
        };
        assert!(person.has, "{who} has no group: {steps:?}");
        assert_eq!(seen, person.sees.iter().copied().collect::<Vec<_>>(), "{who} sees: {steps:?}");
        assert_eq!(view.unread, model.unread(*who), "{who} has unread: {steps:?}");
        assert_eq!(view.head_seq, model.end(*who), "{who} knows of: {steps:?}");
        let hidden = |seq: &u64| view.unseen.iter().any(|gap| (gap.from_seq..=gap.to_seq).contains(seq));
        let told = (view.first_seq_after + 1..=view.head_seq).filter(|seq| !hidden(seq));
        assert_eq!(told.collect::<Vec<_>>(), seen, "{who} is told: {steps:?}");
    }
    // One by one, as media, quotes and forwards are looked up.
    let who = PEOPLE[case as usize % PEOPLE.len()];
    for seq in 1..=model.head {
        let sees = model.people.get(&who).is_some_and(|person| person.sees.contains(&seq));
        assert_eq!(room.chat.visible(who, id, seq).await.is_ok(), sees, "{who} sees {seq}: {steps:?}");
    }
}

#[tokio::test]
async fn nobody_sees_what_was_said_without_them_and_nobody_misses_what_was_said_with_them() {
    let (room, _) = Room::with_friends().await;
    for first in (0..CASES).step_by(AT_ONCE) {
        room.observer.1.lock().unwrap().clear();
        let cases = (first..first + AT_ONCE as u64).map(|case| interleave(&room, case));
        futures::future::join_all(cases).await;
    }
}

/// Reads a group over and over, and gives the numbers of all entries that it told of.
async fn watch(room: &Room, who: AccountId, id: ConversationId) -> BTreeSet<u64> {
    let (chat, cx) = (room.chat.clone(), room.cx(who));
    let watching = tokio::spawn(async move {
        let mut told = BTreeSet::new();
        for _ in 0..400 {
            let latest =
                ListEntriesRequest { conversation_id: id.0, latest: true, limit: 10, ..Default::default() };
            if let Ok(page) = chat.list_entries(&cx, latest).await {
                told.insert(page.head_seq);
                told.extend(page.entries.iter().map(|entry| entry.seq));
            }
            if let Ok(view) = chat.view(who, id).await {
                told.insert(view.head_seq);
                told.extend(view.preview.map(|preview| preview.seq));
            }
            tokio::task::yield_now().await;
        }
        told
    });
    watching.await.unwrap()
}

/// Four people write while two of them are removed and let in again, all at once.
async fn race(room: &Room, id: ConversationId) {
    let mut tasks = tokio::task::JoinSet::new();
    for who in [ANNA, BORIS, CLARA, DANI] {
        let (chat, cx) = (room.chat.clone(), room.cx(who));
        tasks.spawn(async move {
            for n in 0..60_u64 {
                let client_id = u128::from(n) << 64 | u128::from(who.0) << 8 | 1;
                let request = SendMessageRequest {
                    client_message_id: client_id.to_be_bytes().to_vec().into(),
                    to: Some(To::ConversationId(id.0)),
                    content: Some(Say::Text(plain("x"))),
                };
                if let Err(refused) = chat.send_message(&cx, request).await {
                    assert_eq!(refused.reason(), "NOT_A_MEMBER");
                }
            }
        });
    }
    for who in [CLARA, DANI] {
        let (groups, store) = (room.chat.groups().clone(), room.foundation.store.clone());
        tasks.spawn(async move {
            for round in 0..8 {
                let groups = groups.clone();
                let change = move |tx: &mut Tx<'_>| match round % 2 {
                    0 => groups.remove(tx, id, &[who], ANNA, Time(1)),
                    _ => groups.join(tx, id, &[who], ANNA, JoinWay::Invitation, None, Time(1)),
                };
                store.transact(change).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// Everything that somebody can see, page by page.
async fn pages(room: &Room, who: AccountId, id: ConversationId) -> Vec<Entry> {
    let (mut all, mut after_seq) = (Vec::new(), 0);
    loop {
        let request = ListEntriesRequest { conversation_id: id.0, after_seq, ..Default::default() };
        let page = room.list(who, request).await.unwrap();
        let Some(last) = page.last() else { return all };
        after_seq = last.seq;
        all.extend(page);
    }
}

/// Who was in when each entry was made, by what the entries say.
fn in_when(log: &[Entry]) -> Vec<Vec<AccountId>> {
    let mut inside: BTreeSet<AccountId> = [ANNA, BORIS, CLARA, DANI].into();
    let heard = log.iter().map(|entry| {
        let kind = match &entry.content {
            Some(entry::Content::Notice(notice)) => notice.kind.clone(),
            _ => None,
        };
        if let Some(Noted::MembersJoined(joined)) = &kind {
            inside.extend(joined.account_ids.iter().map(|account| AccountId(*account)));
        }
        let heard = inside.iter().copied().collect();
        if let Some(Noted::MembersRemoved(removed)) = &kind {
            inside.retain(|account| !removed.account_ids.contains(&account.0));
        }
        heard
    });
    heard.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_race_with_coming_and_going() {
    let (room, _) = Room::with_friends().await;
    let id = groups::GROUP;
    room.act(move |groups, tx, now| groups.create(tx, id, "", ANNA, &PEOPLE, now)).await;
    let ((), clara, dani) = tokio::join!(race(&room, id), watch(&room, CLARA, id), watch(&room, DANI, id));
    let heard = in_when(&pages(&room, ANNA, id).await);
    assert_eq!(room.heard(id), heard);
    for who in [BORIS, CLARA, DANI] {
        let seen: Vec<u64> = pages(&room, who, id).await.iter().map(|entry| entry.seq).collect();
        let expected = heard.iter().zip(1..).filter(|(heard, _)| heard.contains(&who)).map(|(_, seq)| seq);
        assert_eq!(seen, expected.collect::<Vec<u64>>(), "{who}");
    }
    for (who, told) in [(CLARA, clara), (DANI, dani)] {
        let without = told.iter().filter(|seq| !heard[**seq as usize - 1].contains(&who));
        assert_eq!(
            without.collect::<Vec<_>>(),
            Vec::<&u64>::new(),
            "{who} was told of what was said without them"
        );
    }
}
