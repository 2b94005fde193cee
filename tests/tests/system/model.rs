//! Random operations, done to a server and to the model; both must always say the same. A failing sequence is made as
//! short as it can be and its seed kept beside the tests.

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use std::fmt::Debug;
use teahouse_client::{Error, Transport};
use teahouse_proto::chat::{
    ClearHistoryRequest, DeleteForMeRequest, EditMessageRequest, MarkReadRequest, RecallMessageRequest,
    SendMessageRequest, SetReactionRequest, send_message_request,
};
use teahouse_proto::contacts::send_request_response::Outcome;
use teahouse_proto::contacts::{AcceptRequestRequest, DeleteFriendRequest};
use teahouse_tests::chance;
use teahouse_tests::mirror::{Copy, Mirror};
use teahouse_tests::model::{Model, PEOPLE};
use teahouse_tests::person::Person;
use teahouse_tests::verbs::text;
use teahouse_tests::world::{Setup, World};

const NAMES: [&str; PEOPLE] = ["anna", "boris", "clara"];
/// How many sequences are tried, and how long they are.
const CASES: u32 = 32;
const LENGTH: usize = 50;
/// Everything that can be seen is compared after so many operations, and at the end.
const COMPARED_EVERY: usize = 4;
/// What somebody does. Numbers are people.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Ask(usize, usize),
    Accept(usize, usize),
    Delete(usize, usize),
    Block(usize, usize),
    Unblock(usize, usize),
    Send(usize, usize),
    /// Repeats the so-manieth last message that somebody sent, whatever came of it.
    Retry(usize),
    /// Reads up to so many entries before the end; beyond the end where it is negative.
    Read(usize, usize, i8),
    /// Does this to the so-manieth entry before the end.
    Change(usize, usize, usize, Change),
    /// Loses the connection; catches up when the copies are compared next.
    Vanish(usize),
    /// Takes what the stream brings up to now.
    Listen(usize),
    Restart,
}

/// Two people; mostly the same two, so that much happens between them.
/// What is done to an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Recall,
    Edit,
    React(bool),
    DeleteForMe,
    Clear,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Recall),
        3 => Just(Change::Edit),
        4 => prop::bool::ANY.prop_map(Change::React),
        3 => Just(Change::DeleteForMe),
        1 => Just(Change::Clear),
    ]
}

fn pair() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        3 => Just((0, 1)),
        3 => Just((1, 0)),
        4 => (0..PEOPLE, 1..PEOPLE).prop_map(|(a, step)| (a, (a + step) % PEOPLE)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => pair().prop_map(|(a, b)| Op::Ask(a, b)),
        4 => pair().prop_map(|(a, b)| Op::Accept(a, b)),
        2 => pair().prop_map(|(a, b)| Op::Delete(a, b)),
        2 => pair().prop_map(|(a, b)| Op::Block(a, b)),
        2 => pair().prop_map(|(a, b)| Op::Unblock(a, b)),
        10 => pair().prop_map(|(a, b)| Op::Send(a, b)),
        3 => (0..4_usize).prop_map(Op::Retry),
        4 => (pair(), -1..4_i8).prop_map(|((a, b), back)| Op::Read(a, b, back)),
        8 => (pair(), 0..5_usize, change()).prop_map(|((a, b), back, what)| Op::Change(a, b, back, what)),
        2 => (0..PEOPLE).prop_map(Op::Vanish),
        3 => (0..PEOPLE).prop_map(Op::Listen),
        1 => Just(Op::Restart),
    ]
}

/// A message on its way, and what came of it.
struct Sent {
    from: usize,
    to: usize,
    request: SendMessageRequest,
    seq: Option<u64>,
}

/// The server and the model side by side.
struct Pairing<'a> {
    world: &'a mut World,
    people: Vec<Person>,
    mirrors: Vec<Mirror>,
    model: Model,
    sent: Vec<Sent>,
    /// The number of the conversation of two, once there is one.
    chats: [[u64; PEOPLE]; PEOPLE],
    markers: [u64; PEOPLE],
}

type Checked<T> = Result<T, String>;

fn same<T: Debug + PartialEq>(what: impl Debug, server: &T, model: &T) -> Checked<()> {
    if server == model { Ok(()) } else { Err(format!("{what:?}: server {server:?}, model {model:?}")) }
}

/// The reason of a refusal. What is no answer of the server ends the test: then it is not the model that is wrong.
fn refusal<T>(outcome: Result<T, Error>) -> Result<T, String> {
    outcome.map_err(|e| if e.is_answer() { e.reason().to_owned() } else { panic!("{e:?}") })
}

impl<'a> Pairing<'a> {
    async fn new(world: &'a mut World) -> Self {
        let mut people = Vec::new();
        let mut mirrors = Vec::new();
        for name in NAMES {
            let person = world.person(name).await;
            mirrors.push(Mirror::new(person.sign_in("phone").await));
            people.push(person);
        }
        let (model, sent, chats) = (Model::default(), Vec::new(), Default::default());
        Self { world, people, mirrors, model, sent, chats, markers: [0; PEOPLE] }
    }

    async fn carry_out(&mut self, op: Op) -> Checked<()> {
        match op {
            Op::Ask(a, b) => {
                let server = refusal(self.people[a].try_ask(&self.people[b], "").await);
                let server = server.map(|outcome| outcome == Outcome::Friends);
                same(op, &server, &self.model.ask(a, b).map_err(str::to_owned))
            }
            Op::Accept(a, b) => {
                let request = self.people[a].request_of(&self.people[b]).await;
                let request_id = request.map_or(1, |request| request.request_id);
                let accepted =
                    self.people[a].contacts().accept_request(AcceptRequestRequest { request_id }).await;
                same(op, &refusal(accepted.map(drop)), &self.model.accept(a, b).map_err(str::to_owned))
            }
            Op::Delete(a, b) => {
                let request = DeleteFriendRequest { account_id: self.people[b].account_id };
                let deleted = self.people[a].contacts().delete_friend(request).await;
                same(op, &refusal(deleted.map(drop)), &self.model.delete(a, b).map_err(str::to_owned))
            }
            Op::Block(a, b) => {
                self.people[a].block_stranger(&self.people[b]).await;
                self.model.blocks[a][b] = true;
                Ok(())
            }
            Op::Unblock(a, b) => {
                if self.model.blocks[a][b] {
                    self.people[a].unblock(&self.people[b]).await;
                    self.model.blocks[a][b] = false;
                }
                Ok(())
            }
            Op::Send(from, to) => {
                let says = format!("message {}", self.sent.len());
                let request = SendMessageRequest {
                    to: Some(send_message_request::To::AccountId(self.people[to].account_id)),
                    client_message_id: self.world.random().bytes::<16>().to_vec().into(),
                    content: Some(send_message_request::Content::Text(text(&says))),
                };
                let seq = self.send(op, from, to, &request).await?;
                self.sent.push(Sent { from, to, request, seq });
                Ok(())
            }
            Op::Retry(back) => self.retry(op, back).await,
            Op::Read(a, b, back) => self.read(op, a, b, back).await,
            Op::Change(a, b, back, what) => self.change(op, a, b, back, what).await,
            Op::Vanish(a) => {
                self.mirrors[a].vanish().await;
                Ok(())
            }
            Op::Listen(a) => self.listen(a).await,
            Op::Restart => {
                self.world.restart().await;
                Ok(())
            }
        }
    }

    async fn send(
        &mut self,
        op: Op,
        from: usize,
        to: usize,
        request: &SendMessageRequest,
    ) -> Checked<Option<u64>> {
        let sent = refusal(self.people[from].chat().send_message(request.clone()).await);
        let Some(send_message_request::Content::Text(text)) = &request.content else {
            return Err("not a text".to_owned());
        };
        let expected = self.model.send(from, to, &text.text).map(|seq| seq as u64).map_err(str::to_owned);
        same(op, &sent.clone().map(|answer| answer.seq), &expected)?;
        Ok(sent.ok().map(|answer| answer.seq))
    }

    async fn retry(&mut self, op: Op, back: usize) -> Checked<()> {
        let Some(at) = self.sent.len().checked_sub(back + 1) else { return Ok(()) };
        let Sent { from, to, request, seq } = &self.sent[at];
        let (from, to, request) = (*from, *to, request.clone());
        match *seq {
            Some(seq) => {
                let again = refusal(self.people[from].chat().send_message(request).await);
                same(op, &again.map(|answer| answer.seq), &Ok(seq))
            }
            None => {
                self.sent[at].seq = self.send(op, from, to, &request).await?;
                Ok(())
            }
        }
    }

    async fn read(&mut self, op: Op, a: usize, b: usize, back: i8) -> Checked<()> {
        let head = self.model.chat(a, b).entries.len();
        let seq = head.saturating_add_signed(-isize::from(back));
        // Who never had the conversation has no number for it either.
        let conversation_id = self.chat_id(a, b).await.unwrap_or(1);
        let request = MarkReadRequest { conversation_id, seq: seq as u64 };
        let read = refusal(self.people[a].chat().mark_read(request).await);
        let expected = self.model.read(a, b, seq).map_err(str::to_owned);
        let unread = expected.map(|()| self.model.unread(a, b).unwrap_or_default() as u64);
        same(op, &read.map(|answer| answer.unread), &unread)
    }

    async fn change(&mut self, op: Op, a: usize, b: usize, back: usize, what: Change) -> Checked<()> {
        let at = self.model.chat(a, b).entries.len().saturating_sub(back);
        let conversation_id = self.chat_id(a, b).await.unwrap_or(1);
        let (seq, chat) = (at as u64, self.people[a].chat());
        let (server, model) = match what {
            Change::Recall => {
                let request = RecallMessageRequest { conversation_id, seq };
                (refusal(chat.recall_message(request).await.map(drop)), self.model.recall(a, b, at))
            }
            Change::Edit => {
                let request = EditMessageRequest { conversation_id, seq, text: Some(text("edited")) };
                (refusal(chat.edit_message(request).await.map(drop)), self.model.edit(a, b, at, "edited"))
            }
            Change::React(on) => {
                let request = SetReactionRequest { conversation_id, seq, emoji: "👍".to_owned(), on };
                (refusal(chat.set_reaction(request).await.map(drop)), self.model.react(a, b, at, on))
            }
            Change::DeleteForMe => {
                let request = DeleteForMeRequest { conversation_id, seqs: vec![seq] };
                (refusal(chat.delete_for_me(request).await.map(drop)), self.model.delete_for_me(a, b, at))
            }
            Change::Clear => {
                let request = ClearHistoryRequest { conversation_id, and_hide: false };
                (refusal(chat.clear_history(request).await.map(drop)), self.model.clear(a, b))
            }
        };
        same(op, &server, &model.map_err(str::to_owned))
    }

    async fn chat_id(&mut self, a: usize, b: usize) -> Option<u64> {
        let slot = &mut self.chats[a.min(b)][a.max(b)];
        if *slot == 0 {
            for (one, other) in [(a, b), (b, a)] {
                let peer = self.people[other].account_id;
                let conversations = self.people[one].conversations().await;
                let found = conversations.iter().find(|c| c.peer_account_id == peer);
                *slot = found.map_or(*slot, |c| c.conversation_id);
            }
        }
        (*slot != 0).then_some(*slot)
    }

    /// The mirror takes all that was committed before now: a note of the same account marks the place.
    async fn listen(&mut self, a: usize) -> Checked<()> {
        let notes = self.people[a].self_conversation;
        self.markers[a] = self.people[a].say(notes, "marker").await;
        let marker = self.markers[a];
        // A stream of before a restart ends, and is opened again.
        for _ in 0..3 {
            if self.mirrors[a].until(notes, marker).await.is_ok() {
                return Ok(());
            }
        }
        Err(format!("{} cannot follow", NAMES[a]))
    }

    /// Everything that can be seen is as the model says.
    async fn compare(&mut self) -> Checked<()> {
        for (a, name) in NAMES.iter().enumerate() {
            let friends = self.people[a].friends().await;
            let requests = self.people[a].requests().await;
            for b in (0..PEOPLE).filter(|b| *b != a) {
                let what = format!("{name} of {}", NAMES[b]);
                let has = friends.iter().any(|f| f.account_id == self.people[b].account_id);
                same(format!("friend, {what}"), &has, &self.model.has[a][b])?;
                let of_b = |name: &str| name == NAMES[b];
                let shown = requests.iter().any(|r| r.card.as_ref().is_some_and(|c| of_b(&c.display_name)));
                same(format!("request, {what}"), &shown, &self.model.shown(a).contains(&b))?;
                self.compare_chat(a, b, &what).await?;
            }
        }
        Ok(())
    }

    fn expected(&self, a: usize, b: usize) -> Option<Copy> {
        let (member, chat) = (self.model.member[a][b]?, self.model.chat(a, b));
        let lines = chat.entries.iter().enumerate().skip(member.after).map(|(i, entry)| {
            let (seq, thumbs) = (i + 1, entry.thumbs.iter().map(|who| NAMES[*who]).collect::<Vec<_>>());
            let thumbs = if thumbs.is_empty() { String::new() } else { format!(" 👍{}", thumbs.join(",")) };
            match (entry.author.map(|author| NAMES[author]), entry.changes) {
                _ if self.model.deleted[a][b].contains(&seq) => format!("{seq} — deleted"),
                (None, _) => format!("{seq} — friends"),
                (Some(author), Some(target)) => format!("{seq} — {author} changed {target}"),
                (Some(author), None) if entry.recalled => format!("{seq} {author} — recalled"),
                (Some(author), None) => {
                    let edited = if entry.edited { " (edited)" } else { "" };
                    format!("{seq} {author}: {}{edited}{thumbs}", entry.text)
                }
            }
        });
        Some(Copy { first_seq_after: member.after as u64, lines: lines.collect() })
    }

    async fn compare_chat(&mut self, a: usize, b: usize, what: &str) -> Checked<()> {
        let expected = self.expected(a, b);
        let Some(id) = self.chat_id(a, b).await else {
            return same(what, &None, &expected);
        };
        let history = match refusal(self.people[a].try_entries(id).await) {
            Ok(entries) => Some(entries.iter().map(|e| self.people[a].line(e)).collect::<Vec<_>>()),
            Err(reason) => {
                same(format!("history, {what}"), &reason.as_str(), &"CONVERSATION_NOT_FOUND")?;
                None
            }
        };
        same(format!("history, {what}"), &history.as_ref(), &expected.as_ref().map(|copy| &copy.lines))?;
        if let Some(copy) = &expected {
            let seen = self.people[a].conversation(id).await;
            same(format!("first, {what}"), &seen.first_seq_after, &copy.first_seq_after)?;
            same(format!("head, {what}"), &seen.head_seq, &copy.head())?;
            let unread = self.model.unread(a, b).unwrap_or_default() as u64;
            same(format!("unread, {what}"), &seen.unread, &unread)?;
        }
        Ok(())
    }

    /// What each device has of the conversations is what the server has.
    async fn compare_mirrors(&mut self) -> Checked<()> {
        for (a, name) in NAMES.iter().enumerate() {
            self.listen(a).await?;
            let violations = self.mirrors[a].violations();
            same(format!("what {name} was told"), &violations, &&[][..])?;
            for b in (0..PEOPLE).filter(|b| *b != a) {
                let Some(id) = self.chat_id(a, b).await else { continue };
                let expected = self.expected(a, b);
                let what = format!("the copy of {name} with {}", NAMES[b]);
                same(what, &self.mirrors[a].copy(id), &expected.as_ref())?;
            }
        }
        Ok(())
    }
}

/// Does all of it to the people of a world; gives the first difference.
pub(crate) async fn divergence(world: &mut World, ops: &[Op]) -> Checked<()> {
    let mut pairing = Pairing::new(world).await;
    for (n, op) in ops.iter().enumerate() {
        pairing.carry_out(*op).await?;
        if n % COMPARED_EVERY == 0 || n + 1 == ops.len() {
            pairing.compare().await.map_err(|e| format!("after {op:?}: {e}"))?;
        }
    }
    pairing.compare_mirrors().await
}

/// Sequences in which server and model once differed, each called by its cause.
const ONCE_DIFFERED: &[(&str, &[Op])] = &[(
    "who came back to a conversation had unread what was before",
    &[Op::Ask(0, 1), Op::Accept(1, 0), Op::Send(0, 1), Op::Delete(1, 0), Op::Ask(1, 0), Op::Send(0, 1)],
)];

#[tokio::test]
async fn what_once_differed_is_the_same() {
    for (cause, ops) in ONCE_DIFFERED {
        let mut world = World::start(Setup::over(Transport::Ws)).await;
        let outcome = divergence(&mut world, ops).await;
        assert_eq!(outcome, Ok(()), "{cause}");
        world.go_down().await;
    }
}

#[test]
fn random_operations_end_as_the_model_says() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let story = (prop::collection::vec(op(), 1..LENGTH), prop::sample::select(Transport::ALL.to_vec()));
    let tried = TestRunner::new(chance::config("model", CASES)).run(&story, |(ops, transport)| {
        runtime.block_on(async {
            let mut world = World::start(Setup::over(transport).on_disk()).await;
            let outcome = divergence(&mut world, &ops).await;
            world.go_down().await;
            outcome.map_err(TestCaseError::fail)
        })
    });
    if let Err(failure) = tried {
        panic!("{failure}");
    }
}
