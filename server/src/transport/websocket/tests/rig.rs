//! A socket to test, its client, and a method table whose calls wait until the test lets them go.

use crate::call::limits::LimitsConfig;
use crate::call::{Authenticator, Caller, Methods, Session, unauthenticated};
use crate::error::{Error, Result};
use crate::id::{AccountId, DeviceId};
use crate::random::Random;
use crate::time::{Clock, Time};
use crate::transport::websocket::connection::Connection;
use crate::transport::{Gate, MetricsConfig, Peers};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt, StreamExt};
use prost::Message as _;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use teahouse_proto::accounts::{
    LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, UpdateSettingsRequest, UpdateSettingsResponse,
};
use teahouse_proto::chat::{
    GetConversationRequest, GetConversationResponse, ListEntriesRequest, ListEntriesResponse,
    MarkReadRequest, MarkReadResponse,
};
use teahouse_proto::gateway::{ClientFrame, Failure, ServerFrame, server_frame};
use teahouse_proto::qr::{SignInByCodeRequest, SignInByCodeResponse};
use teahouse_proto::sync::{FollowRequest, FollowResponse};
use teahouse_proto::*;
use tokio::io::DuplexStream;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

/// How long a test waits for what must happen. Time is paused in most tests, so it is not waited for really.
pub(super) const SOON: Duration = Duration::from_secs(5);
/// What the pipe between both sides holds.
pub(super) const PIPE: usize = 16 * 1024;

/// What the test does with the calls.
#[derive(Default)]
pub(super) struct Script {
    /// The calls that began, in order: "MarkRead 3".
    began: Mutex<Vec<String>>,
    changed: Notify,
    /// Permits by call; a call without an entry does not wait.
    held: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// Feeds the next Follow.
    events: Mutex<Option<mpsc::Receiver<Result<Event<FollowResponse>>>>>,
    /// Feeds the next stream that lets a socket live without a session.
    waits: Mutex<Option<mpsc::Receiver<Result<Event<SignInByCodeResponse>>>>>,
    pub(super) session: Mutex<Option<Arc<Session>>>,
}

impl Script {
    /// Makes a call wait.
    pub(super) fn hold(&self, call: &str) {
        self.held.lock().unwrap().insert(call.to_owned(), Arc::new(Semaphore::new(0)));
    }

    /// Lets it go.
    pub(super) fn release(&self, call: &str) {
        self.held.lock().unwrap()[call].add_permits(1);
    }

    pub(super) fn began(&self) -> Vec<String> {
        self.began.lock().unwrap().clone()
    }

    /// Waits until so many calls have begun.
    pub(super) async fn until_began(&self, count: usize) -> Vec<String> {
        let reached = async {
            loop {
                let changed = self.changed.notified();
                if self.began().len() >= count {
                    return self.began();
                }
                changed.await;
            }
        };
        let waited = timeout(SOON, reached).await;
        waited.unwrap_or_else(|_| panic!("only {:?} of {count} began", self.began()))
    }

    /// What the next Follow yields.
    pub(super) fn feed(&self, capacity: usize) -> mpsc::Sender<Result<Event<FollowResponse>>> {
        let (send, receive) = mpsc::channel(capacity);
        *self.events.lock().unwrap() = Some(receive);
        send
    }

    /// What the next stream yields that lets a socket live.
    pub(super) fn feed_waiting(&self) -> mpsc::Sender<Result<Event<SignInByCodeResponse>>> {
        let (send, receive) = mpsc::channel(1);
        *self.waits.lock().unwrap() = Some(receive);
        send
    }

    async fn run(&self, call: String) {
        let held = self.held.lock().unwrap().get(&call).cloned();
        self.began.lock().unwrap().push(call);
        self.changed.notify_waiters();
        if let Some(held) = held {
            held.acquire().await.unwrap().forget();
        }
    }
}

struct Door(Arc<Script>);

impl Authenticator for Door {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Arc<Session>>> {
        async move {
            self.0.run(format!("authenticate {token}")).await;
            let device = match token {
                "anna" => DeviceId(1),
                "boris" => DeviceId(2),
                _ => return Err(unauthenticated()),
            };
            let session = Arc::new(Session::new(AccountId(device.0), device, Time(0)));
            *self.0.session.lock().unwrap() = Some(session.clone());
            Ok(session)
        }
        .boxed()
    }
}

/// Rows of each kind: an ordered write, another write, reads, an open method, a stream.
fn methods(script: &Arc<Script>) -> Methods {
    let mut methods = Methods::new(Clock::system(), &LimitsConfig { enabled: false, ..Default::default() });
    methods.authenticate_with(Arc::new(Door(script.clone())));
    let s = script.clone();
    methods.unary(&CHAT_MARK_READ, move |_, request: MarkReadRequest| {
        let s = s.clone();
        async move {
            s.run(format!("MarkRead {}", request.seq)).await;
            Ok(MarkReadResponse::default())
        }
    });
    let s = script.clone();
    methods.unary(&ACCOUNTS_UPDATE_SETTINGS, move |_, _: UpdateSettingsRequest| {
        let s = s.clone();
        async move {
            s.run("UpdateSettings".to_owned()).await;
            Ok(UpdateSettingsResponse::default())
        }
    });
    let s = script.clone();
    methods.unary(&CHAT_GET_CONVERSATION, move |cx, request: GetConversationRequest| {
        let s = s.clone();
        async move {
            s.run(format!("GetConversation {}", request.conversation_id)).await;
            let conversation = teahouse_proto::chat::Conversation {
                conversation_id: request.conversation_id,
                peer_account_id: cx.account()?.0,
                ..Default::default()
            };
            Ok(GetConversationResponse { conversation: Some(conversation) })
        }
    });
    // Answers with as many KiB as were asked for.
    methods.unary(&CHAT_LIST_ENTRIES, |_, request: ListEntriesRequest| async move {
        let client_message_id = Bytes::from(vec![7; request.limit as usize * 1024]);
        let entry = teahouse_proto::chat::Entry { client_message_id, ..Default::default() };
        Ok(ListEntriesResponse { entries: vec![entry], ..Default::default() })
    });
    methods.unary(&ACCOUNTS_LOGIN, |_, request: LoginRequest| async move {
        match request.password.as_str() {
            "panic" => panic!("as the test asked"),
            "" => Err(Error::invalid("PASSWORD_INVALID", "None was given.")),
            _ => Ok(LoginResponse { token: request.username, ..Default::default() }),
        }
    });
    methods.open(&ACCOUNTS_LOGIN);
    methods.unary(&ACCOUNTS_LOGOUT, |cx, _: LogoutRequest| async move {
        cx.session()?.end();
        Ok(LogoutResponse::default())
    });
    let s = script.clone();
    methods.stream(&SYNC_FOLLOW, move |_, _: FollowRequest| {
        let events = s.events.lock().unwrap().take();
        async move {
            let mut events =
                events.ok_or_else(|| Error::precondition("NOTHING_FED", "The test feeds nothing."))?;
            Ok(futures::stream::poll_fn(move |cx| events.poll_recv(cx)).boxed())
        }
    });
    enter_waiting(&mut methods, script);
    methods
}

/// A stream that needs no session, and lets a socket live for 65 s.
fn enter_waiting(methods: &mut Methods, script: &Arc<Script>) {
    let s = script.clone();
    methods.stream(&QR_SIGN_IN_SIGN_IN_BY_CODE, move |_, _: SignInByCodeRequest| {
        let events = s.waits.lock().unwrap().take();
        async move {
            let mut events =
                events.ok_or_else(|| Error::precondition("NOTHING_FED", "The test feeds nothing."))?;
            Ok(futures::stream::poll_fn(move |cx| events.poll_recv(cx)).boxed())
        }
    });
    methods.open(&QR_SIGN_IN_SIGN_IN_BY_CODE);
    methods.hold(&QR_SIGN_IN_SIGN_IN_BY_CODE, Duration::from_secs(65));
}

/// A socket under test.
pub(super) struct Rig {
    pub(super) script: Arc<Script>,
    pub(super) gate: Arc<Gate>,
    pub(super) client: WebSocketStream<DuplexStream>,
    pub(super) server: tokio::task::JoinHandle<()>,
}

/// A gate and one end of a socket that is served.
pub(super) fn serve() -> (Arc<Script>, Arc<Gate>, DuplexStream, tokio::task::JoinHandle<()>) {
    let script = Arc::new(Script::default());
    let peers = Peers::new(&[], &[], None, &mut Vec::new());
    let metrics = (MetricsConfig::default(), Box::new(String::new) as _);
    let gate = Gate::new(methods(&script), peers, Random::seeded(1), metrics);
    let (near, far) = tokio::io::duplex(PIPE);
    let caller = Caller::new(None, [127, 0, 0, 1].into());
    let server = tokio::spawn(Connection::new(gate.clone(), far, &Bytes::new(), caller));
    (script, gate, near, server)
}

/// A socket that is not signed in.
pub(super) async fn stranger() -> Rig {
    let (script, gate, near, server) = serve();
    let client = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    Rig { script, gate, client, server }
}

/// A socket that is signed in as anna.
pub(super) async fn anna() -> Rig {
    let mut rig = stranger().await;
    rig.send(ClientFrame { id: 1, token: "anna".to_owned(), ..Default::default() }).await;
    assert_eq!(rig.next().await, ServerFrame { id: 1, kind: Some(server_frame::Kind::Body(Bytes::new())) });
    rig.script.began.lock().unwrap().clear();
    rig
}

/// A call in Protobuf.
pub(super) fn call(id: u64, method: &MethodInfo, body: &impl prost::Message) -> ClientFrame {
    ClientFrame {
        id,
        method: method.path.to_owned(),
        body: body.encode_to_vec().into(),
        ..Default::default()
    }
}

pub(super) fn mark_read(id: u64) -> ClientFrame {
    call(id, &CHAT_MARK_READ, &MarkReadRequest { seq: id, ..Default::default() })
}

pub(super) fn get_conversation(id: u64) -> ClientFrame {
    call(id, &CHAT_GET_CONVERSATION, &GetConversationRequest { conversation_id: id })
}

pub(super) fn follow(id: u64) -> ClientFrame {
    call(id, &SYNC_FOLLOW, &FollowRequest::default())
}

/// A stream that lets a socket live without a session.
pub(super) fn wait(id: u64) -> ClientFrame {
    call(id, &QR_SIGN_IN_SIGN_IN_BY_CODE, &SignInByCodeRequest::default())
}

pub(super) fn cancel(id: u64) -> ClientFrame {
    ClientFrame { id, cancel: true, ..Default::default() }
}

impl Rig {
    pub(super) async fn send(&mut self, frame: ClientFrame) {
        self.raw(Message::binary(frame.encode_to_vec())).await;
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.raw(Message::text(text)).await;
    }

    pub(super) async fn raw(&mut self, message: Message) {
        timeout(SOON, self.client.send(message)).await.expect("taken in time").expect("open");
    }

    async fn message(&mut self, within: Duration) -> Message {
        loop {
            let message = timeout(within, self.client.next()).await.expect("something comes in time");
            match message.expect("not over").expect("sound") {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// The next frame, which must be binary.
    pub(super) async fn next(&mut self) -> ServerFrame {
        let message = self.message(SOON).await;
        assert!(message.is_binary(), "{message:?}");
        ServerFrame::decode(message.into_data()).unwrap()
    }

    /// The next frame, which must be text.
    pub(super) async fn hear(&mut self) -> String {
        let message = self.message(SOON).await;
        message.into_text().unwrap().to_string()
    }

    /// The id and failure of the next frame.
    pub(super) async fn failure(&mut self) -> (u64, String) {
        match self.next().await {
            ServerFrame { id, kind: Some(server_frame::Kind::Failure(Failure { reason, .. })) } => {
                (id, reason)
            }
            frame => panic!("no failure: {frame:?}"),
        }
    }

    /// The ids of the next frames, which must be answers, in rising order.
    pub(super) async fn answered(&mut self, count: usize) -> Vec<u64> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let frame = self.next().await;
            assert!(matches!(frame.kind, Some(server_frame::Kind::Body(_))), "{frame:?}");
            ids.push(frame.id);
        }
        ids.sort_unstable();
        ids
    }

    /// The code of the close frame, which must be next, and the end of the connection.
    pub(super) async fn closed(mut self, within: Duration) -> u16 {
        let message = self.message(within).await;
        let Message::Close(Some(CloseFrame { code, .. })) = message else {
            panic!("not closed: {message:?}")
        };
        while self.client.next().await.is_some() {}
        timeout(SOON, self.server).await.expect("ends in time").expect("no panic");
        code.into()
    }

    /// Whether nothing comes for a while.
    pub(super) async fn is_quiet(&mut self) -> bool {
        timeout(Duration::from_secs(1), self.client.next()).await.is_err()
    }
}
