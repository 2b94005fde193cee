//! What nobody may notice: byte for byte, whoever is blocked, deleted, ignored, not shown, or came by a way that has
//! closed gets what a stranger gets who is not answered. Several people do the same to the same person at the same
//! time, and all that each of them receives is compared.

use super::*;
use block_request::Who;
use prost::Message;

const TINA: AccountId = AccountId(1);
/// The person against whom the others are measured.
const PLAIN: AccountId = AccountId(2);

/// Everything somebody got, with the ids that were made for them alone replaced by their place in it.
#[derive(Default)]
struct Transcript {
    lines: Vec<String>,
    ids: Vec<u64>,
}

impl Transcript {
    fn ok(&mut self, what: &str, answer: &impl Message) {
        self.lines.push(format!("{what}: {:02x?}", answer.encode_to_vec()));
    }

    fn answer<T: Message>(&mut self, what: &str, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.lines.push(format!("{what}: {:?}", face(&error)));
                None
            }
        }
    }

    fn place(&mut self, id: u64) -> u64 {
        if let Some(at) = self.ids.iter().position(|known| *known == id) {
            return at as u64;
        }
        self.ids.push(id);
        self.ids.len() as u64 - 1
    }

    fn request(&mut self, what: &str, mut request: FriendRequest) {
        request.request_id = self.place(request.request_id);
        self.ok(what, &request);
    }

    fn friend(&mut self, what: &str, mut friend: Friend) {
        friend.conversation_id = self.place(friend.conversation_id);
        self.ok(what, &friend);
    }

    async fn search(&mut self, w: &World, me: AccountId) {
        let found = w.search(me, "tina_b").await;
        if let Some(mut found) = self.answer("search", found) {
            found.ticket = vec![0; found.ticket.len()].into();
            self.ok("search", &found);
        }
    }

    async fn send(&mut self, w: &World, me: AccountId, text: &str) {
        let sent = w.send(me, TINA, text).await;
        let Some(sent) = self.answer("send", sent) else { return };
        self.lines.push(format!("send: {:?}", sent.outcome()));
        if let Some(friend) = sent.friend {
            self.friend("send", friend);
        }
    }

    async fn lists(&mut self, w: &World, me: AccountId) {
        for request in w.sent(me).await {
            self.request("sent", request);
        }
        for request in w.requests(me).await {
            self.request("request", request);
        }
        for friend in w.friends(me).await {
            self.friend("friends", friend);
        }
        self.lines.push(format!("blocked: {:?}", w.blocked(me).await));
        if let Some(friend) = self.answer("get", w.friend(me, TINA).await) {
            self.friend("get", friend);
        }
    }

    async fn reply(&mut self, w: &World, me: AccountId, text: &str) {
        for request in [w.sent(me).await, w.requests(me).await].concat() {
            if let Some(request) = self.answer("reply", w.reply(me, request.request_id, text).await) {
                self.request("reply", request);
            }
        }
    }

    async fn events(&mut self, w: &World, me: AccountId) {
        for what in w.events(me, 0).await {
            match what {
                What::FriendRequest(request) => self.request("event", request),
                What::Friend(friend) => self.friend("event", friend),
                What::RequestClosed(closed) => {
                    let line = format!("closed {}", self.place(closed.request_id));
                    self.lines.push(line);
                }
                What::FriendDeleted(deleted) => {
                    let line = format!("deleted {}", self.place(deleted.conversation_id));
                    self.lines.push(line);
                }
                other => self.lines.push(format!("event {other:?}")),
            }
        }
    }

    async fn may_chat(&mut self, w: &World, me: AccountId) {
        self.lines.push(format!("may chat: {}", w.may_chat(me, TINA).await));
    }
}

/// Compares what each of `people` got with what the plain one got.
fn compare(transcripts: &[(AccountId, Transcript)]) {
    let (_, plain) = transcripts.iter().find(|(who, _)| *who == PLAIN).unwrap();
    assert!(plain.lines.len() > 10, "{:#?}", plain.lines);
    for (who, transcript) in transcripts {
        for (i, line) in transcript.lines.iter().enumerate() {
            assert_eq!(Some(line), plain.lines.get(i), "{who}, line {i}");
        }
        assert_eq!(transcript.lines.len(), plain.lines.len(), "{who}");
    }
}

/// Names of one length, so that no answer differs by them.
async fn crowd(people: u64, config: ContactsConfig) -> (World, Vec<(AccountId, Transcript)>) {
    let w = world_of(&["tina_b"], config).await;
    let people: Vec<AccountId> = (2..2 + people).map(AccountId).collect();
    for who in &people {
        w.register(*who, &format!("asker{}", who.0), START - DAY * 100).await;
    }
    (w, people.into_iter().map(|who| (who, Transcript::default())).collect())
}

#[tokio::test]
async fn who_is_not_answered_cannot_tell_why() {
    let config = ContactsConfig { requests_shown_per_day: 5, ..Default::default() };
    let (mut w, mut people) = crowd(7, config).await;
    let [_, blocked, blocked_later, ignored, closed, closed_later, waiting] =
        [2, 3, 4, 5, 6, 7, 8].map(AccountId);
    w.block(TINA, blocked).await;
    let by_username = |open| {
        move |_: &mut Profile, s: &mut Settings| {
            s.add_ways.as_mut().unwrap().by_username = open;
        }
    };
    for (who, t) in &mut people {
        t.search(&w, *who).await;
        w.change(TINA, by_username(*who != closed)).await;
        t.send(&w, *who, "hello").await;
        w.change(TINA, by_username(true)).await;
        t.lists(&w, *who).await;
    }
    let requests = w.requests(TINA).await;
    assert_eq!(requests.len(), 5, "of the seven one was blocked and one came by a closed way");
    let from = |who: AccountId| {
        let name = format!("asker{}", who.0);
        requests.iter().find(|r| r.card.as_ref().unwrap().display_name == name).unwrap().request_id
    };
    w.ignore(TINA, from(ignored)).await.unwrap();
    w.block_by(TINA, Who::RequestId(from(blocked_later))).await.unwrap();
    let _ = (closed_later, waiting);
    w.pass(DAY * 6);
    for (who, t) in &mut people {
        t.reply(&w, *who, "are you there?").await;
        w.change(TINA, by_username(*who != closed_later)).await;
        t.send(&w, *who, "hello again").await;
        w.change(TINA, by_username(true)).await;
        t.lists(&w, *who).await;
        t.search(&w, *who).await;
    }
    w.sweep().await;
    w.pass(DAY * 6);
    w.sweep().await;
    for (who, t) in &mut people {
        t.lists(&w, *who).await;
    }
    w.pass(DAY);
    w.sweep().await;
    for (who, t) in &mut people {
        t.lists(&w, *who).await;
        t.send(&w, *who, "one last time").await;
        t.lists(&w, *who).await;
        t.events(&w, *who).await;
        t.may_chat(&w, *who).await;
    }
    compare(&people);
    w.check().await;
}

#[tokio::test]
async fn who_was_a_friend_cannot_tell_deleted_from_blocked() {
    let (mut w, mut people) = crowd(4, ContactsConfig::default()).await;
    for (who, _) in &people {
        w.befriend(*who, TINA).await;
    }
    let [deleted, blocked, both, twice] = [2, 3, 4, 5].map(AccountId);
    w.delete(TINA, deleted).await.unwrap();
    w.block(TINA, blocked).await;
    w.block(TINA, both).await;
    w.delete(TINA, both).await.unwrap();
    w.delete(TINA, twice).await.unwrap();
    w.block(TINA, twice).await;
    w.change(TINA, |p, _| p.display_name = "Tina B.".to_owned()).await;
    for (who, t) in &mut people {
        t.lists(&w, *who).await;
        t.search(&w, *who).await;
        let remark = UpdateFriendRequest {
            account_id: TINA.0,
            remark: Some("gone?".to_owned()),
            tags: Some(TagList { tags: vec!["lost".to_owned()] }),
            ..Default::default()
        };
        let updated = w.update(*who, remark).await;
        t.friend("update", updated.unwrap());
        t.may_chat(&w, *who).await;
        t.send(&w, *who, "are we still friends?").await;
        t.send(&w, *who, "are we?").await;
        t.lists(&w, *who).await;
        t.reply(&w, *who, "hello?").await;
    }
    w.pass(DAY * 7);
    w.sweep().await;
    for (who, t) in &mut people {
        t.lists(&w, *who).await;
        w.delete(*who, TINA).await.unwrap();
        t.lists(&w, *who).await;
        t.send(&w, *who, "from the beginning").await;
        t.lists(&w, *who).await;
        t.events(&w, *who).await;
    }
    compare(&people);
    w.check().await;
}

#[tokio::test]
async fn an_ex_friend_asks_like_a_stranger() {
    let (w, mut people) = crowd(3, ContactsConfig::default()).await;
    let [stranger, deleted, blocked] = [2, 3, 4].map(AccountId);
    for who in [deleted, blocked] {
        w.befriend(who, TINA).await;
        w.delete(who, TINA).await.unwrap();
    }
    w.delete(TINA, deleted).await.unwrap();
    w.block(TINA, blocked).await;
    assert_eq!(stranger, PLAIN);
    for (who, t) in &mut people {
        for _ in 0..3 {
            t.search(&w, *who).await;
            t.send(&w, *who, "hello").await;
            t.lists(&w, *who).await;
        }
        t.may_chat(&w, *who).await;
    }
    compare(&people);
}

/// A request that Tina sent, and a block of hers since: it stays, can be answered, and accepting it looks the same.
#[tokio::test]
async fn whom_somebody_asked_cannot_tell_that_they_blocked_since() {
    for by_asking in [false, true] {
        let (mut w, mut people) = crowd(3, ContactsConfig::default()).await;
        let [_, blocked, blocked_and_back] = [2, 3, 4].map(AccountId);
        for (who, _) in &people {
            assert_eq!(w.ask(TINA, *who).await, Outcome::Sent);
        }
        w.block(TINA, blocked).await;
        let block = w.block(TINA, blocked_and_back).await;
        w.unblock(TINA, block).await.unwrap();
        for (who, t) in &mut people {
            t.search(&w, *who).await;
            t.lists(&w, *who).await;
            t.reply(&w, *who, "do I know you?").await;
        }
        w.pass(DAY);
        w.sweep().await;
        for (who, t) in &mut people {
            t.lists(&w, *who).await;
            let request = w.request(*who).await;
            if by_asking {
                t.send(&w, *who, "yes").await;
            } else {
                t.friend("accept", w.accept(*who, request).await.unwrap());
            }
            t.friend("accept again", w.accept(*who, request).await.unwrap());
            t.lists(&w, *who).await;
            t.search(&w, *who).await;
            t.events(&w, *who).await;
        }
        compare(&people);
        w.check().await;
    }
}

/// An exchange of texts, and a block by the receiver in the middle of it.
#[tokio::test]
async fn an_exchange_goes_on_with_somebody_who_no_longer_hears() {
    let (w, mut people) = crowd(3, ContactsConfig::default()).await;
    let [_, blocked, ignored] = [2, 3, 4].map(AccountId);
    for (who, t) in &mut people {
        t.send(&w, *who, "hello").await;
        let request = w.sent(*who).await.remove(0).request_id;
        w.reply(TINA, request, "who are you?").await.unwrap();
        if *who == blocked {
            w.block(TINA, *who).await;
        } else if *who == ignored {
            w.ignore(TINA, request).await.unwrap();
        }
        t.lists(&w, *who).await;
        for n in 0..6 {
            t.reply(&w, *who, &format!("it is me {n}")).await;
        }
        t.lists(&w, *who).await;
        t.events(&w, *who).await;
    }
    compare(&people);
    assert_eq!(w.requests(TINA).await.len(), 1);
}
