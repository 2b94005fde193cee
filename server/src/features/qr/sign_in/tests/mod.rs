//! Devices that ask, and people who decide, on a store in memory.

mod ends;
mod races;

use super::*;
use crate::call::{Authenticator, Caller, Session};
use crate::delivery::log;
use crate::features::testing::{accounts, foundation};
use crate::store::key::KeyRange;
use crate::store::{Order, Store};
use crate::time::Clock;
use futures::StreamExt;
use prost::Message;
use std::time::Duration;
use teahouse_proto::accounts::{
    DeviceInfo, ListDevicesRequest, LoginResponse, LogoutRequest, RegisterRequest,
};
use teahouse_proto::qr::sign_in_by_code_response::Event as What;
use teahouse_proto::sync::account_event::What as Told;
use teahouse_proto::sync::devices_changed::Change;
use teahouse_proto::{AccountsApi, Event};

/// How long a test waits for what must happen.
const SOON: Duration = Duration::from_secs(20);
/// Where devices ask from.
const AFAR: &str = "203.0.113.9";

struct World {
    sign_ins: Arc<QrSignIn>,
    accounts: Arc<Accounts>,
    foundation: Foundation,
}

/// A device that asks, and its code.
struct Asking {
    events: EventStream<SignInByCodeResponse, Error>,
    token: Token,
}

fn world() -> World {
    world_with(false)
}

fn world_with(on_loopback: bool) -> World {
    let (mut foundation, published) = foundation();
    // Nobody reads them here.
    drop(published);
    foundation.on_loopback = on_loopback;
    let accounts = accounts(&foundation);
    let sign_ins = room(&foundation, &accounts, &QrConfig::default());
    foundation.store.observe(vec![accounts.clone(), sign_ins.waiting()]);
    World { sign_ins, accounts, foundation }
}

fn room(foundation: &Foundation, accounts: &Arc<Accounts>, config: &QrConfig) -> Arc<QrSignIn> {
    QrSignIn::new(foundation.clone(), accounts.clone(), address(), config)
}

fn address() -> Address {
    Address::new("https://tea.example", "http://127.0.0.1:7600").unwrap()
}

impl World {
    fn store(&self) -> &Store {
        &self.foundation.store
    }

    fn clock(&self) -> &Clock {
        &self.foundation.clock
    }

    fn nobody(&self, address: &str) -> Cx {
        let program = Some("Mozilla/5.0 (teapot)".into());
        let caller = Caller { program, ..Caller::new(None, address.parse().unwrap()) };
        Cx::new(caller, self.clock())
    }

    /// Somebody with an account, who is signed in.
    async fn person(&self, name: &str) -> Arc<Session> {
        let request = RegisterRequest {
            username: format!("{name}-tea"),
            password: format!("{name} likes oolong"),
            display_name: name.to_owned(),
            device: Some(DeviceInfo { name: "phone".to_owned(), platform: 1 }),
            ..RegisterRequest::default()
        };
        // An address each, so that the allowance of one is not in the way.
        let n = name.bytes().fold(0u16, |n, b| n.wrapping_mul(31).wrapping_add(b.into()));
        let cx = self.nobody(&format!("198.51.{}.{}", n >> 8, n & 255));
        let token = self.accounts.register(&cx, request).await.unwrap().token;
        self.accounts.authenticate(&token).await.unwrap()
    }

    fn of(&self, session: &Arc<Session>) -> Cx {
        Cx::new(Caller::new(Some(session.clone()), [198, 51, 100, 7].into()), self.clock())
    }

    async fn try_ask(&self, address: &str) -> Result<Asking> {
        let device = Some(DeviceInfo { name: "library computer".to_owned(), platform: 3 });
        let request = SignInByCodeRequest { device };
        let mut events = self.sign_ins.sign_in_by_code(&self.nobody(address), request).await?;
        let What::Code(code) = next(&mut events).await.unwrap().unwrap() else {
            panic!("no code comes first")
        };
        let lives = Time(code.expires_at_ms).since(self.clock().now());
        assert!(lives <= Duration::from_secs(60), "{lives:?}");
        Ok(Asking { events, token: address_token(&code.url) })
    }

    async fn ask(&self) -> Asking {
        self.try_ask(AFAR).await.unwrap()
    }

    async fn scan(&self, session: &Arc<Session>, token: Token) -> Option<FoundSignIn> {
        self.sign_ins.scan(&self.of(session), Some(token)).await.unwrap()
    }

    /// The ticket that somebody gets who scans the code.
    async fn ticket(&self, session: &Arc<Session>, asking: &Asking) -> bytes::Bytes {
        self.scan(session, asking.token).await.expect("the code is good").ticket
    }

    async fn decide(&self, session: &Arc<Session>, ticket: &bytes::Bytes, approve: bool) -> Result<()> {
        let request = DecideSignInRequest { ticket: ticket.clone(), approve };
        self.sign_ins.decide_sign_in(&self.of(session), request).await.map(drop)
    }

    /// Somebody scans and lets the device in.
    async fn let_in(&self, session: &Arc<Session>, asking: &Asking) {
        let ticket = self.ticket(session, asking).await;
        self.decide(session, &ticket, true).await.unwrap();
    }

    async fn devices(&self, session: &Arc<Session>) -> usize {
        self.accounts.list_devices(&self.of(session), ListDevicesRequest {}).await.unwrap().devices.len()
    }

    /// What the account's devices were told of each other.
    async fn told(&self, session: &Arc<Session>) -> Vec<Change> {
        let events = log::after(self.store(), session.account, 0, 1000).await.unwrap();
        let changes = events.into_iter().filter_map(|event| match event.what {
            Some(Told::DevicesChanged(changed)) => Some(changed.change()),
            _ => None,
        });
        changes.collect()
    }

    async fn rows(&self) -> Vec<(AttemptId, AttemptRow)> {
        self.store().scan(&attempts::ATTEMPT, &KeyRange::all(), 1000, Order::Rising).await.unwrap()
    }

    /// Waits until what goes on in the background has come true.
    async fn until(&self, mut holds: impl AsyncFnMut() -> bool) {
        let come_true = async {
            while !holds().await {
                // Each commit lets those in the background go on.
                self.store().transact(|_| Ok(())).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, come_true).await.expect("it comes true");
    }
}

fn address_token(url: &str) -> Token {
    address().token(url).expect("a code is a URL of this server")
}

/// The next event of a stream; `None` when it ends.
async fn next(events: &mut EventStream<SignInByCodeResponse, Error>) -> Option<Result<What>> {
    decoded(tokio::time::timeout(SOON, events.next()).await.expect("something happens"))
}

fn decoded(event: Option<Result<Event<SignInByCodeResponse>>>) -> Option<Result<What>> {
    let decode = |event: Event<SignInByCodeResponse>| {
        SignInByCodeResponse::decode(event.shared.bytes().clone()).unwrap().event.unwrap()
    };
    event.map(|event| event.map(decode))
}

impl Asking {
    async fn next(&mut self) -> Option<Result<What>> {
        next(&mut self.events).await
    }

    /// The same for tests whose time is paused: it goes on whenever the store works, so there is no deadline.
    async fn in_its_time(&mut self) -> Option<Result<What>> {
        decoded(self.events.next().await)
    }

    async fn scanned(&mut self) {
        assert!(matches!(self.next().await, Some(Ok(What::Scanned(_)))));
    }

    async fn signed_in(&mut self) -> LoginResponse {
        let event = self.next().await;
        let Some(Ok(What::SignedIn(login))) = event else { panic!("not signed in: {event:?}") };
        login
    }

    async fn ended(mut self) {
        assert!(self.next().await.is_none());
    }
}

fn reason<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().reason()
}

#[tokio::test]
async fn a_device_is_let_in() {
    let w = world();
    let anna = w.person("anna").await;
    let mut asking = w.ask().await;
    let found = w.scan(&anna, asking.token).await.unwrap();
    let device = found.device.clone().unwrap();
    assert_eq!((device.name.as_str(), device.platform), ("library computer", 3));
    assert_eq!((found.program.as_str(), found.address.as_str()), ("Mozilla/5.0 (teapot)", AFAR));
    asking.scanned().await;
    assert_eq!(w.devices(&anna).await, 1, "nothing has happened yet");
    w.decide(&anna, &found.ticket, true).await.unwrap();
    let login = asking.signed_in().await;
    assert_eq!(login.account.unwrap().username, "anna-tea");
    let session = w.accounts.authenticate(&login.token).await.unwrap();
    assert_eq!((session.account, session.device.0), (anna.account, login.device_id));
    asking.ended().await;
    w.decide(&anna, &found.ticket, true).await.expect("a repeat");
    assert_eq!(reason(w.decide(&anna, &found.ticket, false).await), "CODE_NOT_FOUND", "not another one");
    w.clock().advance(Duration::from_secs(120));
    w.sign_ins.sweep().await.unwrap();
    assert_eq!(w.rows().await.len(), 0);
    assert!(!session.is_ended(), "it has used its token");
    assert_eq!((w.devices(&anna).await, w.told(&anna).await), (2, vec![Change::SignedIn]));
    assert_eq!(reason(w.decide(&anna, &found.ticket, true).await), "CODE_NOT_FOUND");
}

#[tokio::test]
async fn a_device_is_refused() {
    let w = world();
    let anna = w.person("anna").await;
    let mut asking = w.ask().await;
    let (ticket, token) = (w.ticket(&anna, &asking).await, asking.token);
    w.decide(&anna, &ticket, false).await.unwrap();
    asking.scanned().await;
    assert!(matches!(asking.next().await, Some(Ok(What::Refused(_)))));
    asking.ended().await;
    w.decide(&anna, &ticket, false).await.expect("a repeat");
    assert_eq!(reason(w.decide(&anna, &ticket, true).await), "CODE_NOT_FOUND");
    assert_eq!(w.scan(&anna, token).await, None);
    w.clock().advance(Duration::from_secs(121));
    w.sign_ins.sweep().await.unwrap();
    assert_eq!((w.devices(&anna).await, w.rows().await.len()), (1, 0));
    assert_eq!(reason(w.decide(&anna, &ticket, false).await), "CODE_NOT_FOUND");
}

#[tokio::test]
async fn everybody_who_scans_may_decide_and_the_device_hears_of_it_once() {
    let w = world();
    let [anna, boris] = [w.person("anna").await, w.person("boris").await];
    let mut asking = w.ask().await;
    let [hers, his] = [w.ticket(&anna, &asking).await, w.ticket(&boris, &asking).await];
    w.ticket(&anna, &asking).await;
    assert_eq!(reason(w.decide(&boris, &hers, true).await), "TICKET_INVALID", "each has their own");
    assert_eq!(reason(w.decide(&anna, &his, false).await), "TICKET_INVALID");
    w.decide(&boris, &his, true).await.unwrap();
    for approve in [false, true] {
        assert_eq!(reason(w.decide(&anna, &hers, approve).await), "CODE_NOT_FOUND", "somebody else's");
    }
    asking.scanned().await;
    assert_eq!(asking.signed_in().await.account.unwrap().account_id, boris.account.0);
}

#[tokio::test]
async fn a_ticket_cannot_be_forged() {
    let w = world();
    let anna = w.person("anna").await;
    let asking = w.ask().await;
    let ticket = w.ticket(&anna, &asking).await;
    for at in 0..ticket.len() {
        let mut forged = ticket.to_vec();
        forged[at] ^= 0x20;
        assert_eq!(reason(w.decide(&anna, &forged.into(), true).await), "TICKET_INVALID");
    }
    for other in [&b""[..], &asking.token, &attempts::id(asking.token)] {
        assert_eq!(reason(w.decide(&anna, &other.to_vec().into(), true).await), "TICKET_INVALID");
    }
    w.decide(&anna, &ticket, true).await.unwrap();
}

#[tokio::test]
async fn who_is_signed_out_lets_nobody_in() {
    let w = world();
    let anna = w.person("anna").await;
    let mut asking = w.ask().await;
    let ticket = w.ticket(&anna, &asking).await;
    let late = w.of(&anna);
    w.accounts.logout(&w.of(&anna), LogoutRequest {}).await.unwrap();
    let request = DecideSignInRequest { ticket, approve: true };
    assert_eq!(reason(w.sign_ins.decide_sign_in(&late, request).await), "UNAUTHENTICATED");
    let boris = w.person("boris").await;
    w.let_in(&boris, &asking).await;
    asking.scanned().await;
    assert_eq!(asking.signed_in().await.account.unwrap().account_id, boris.account.0);
}

#[tokio::test]
async fn nothing_that_is_stored_lets_anybody_in() {
    let w = world();
    let anna = w.person("anna").await;
    let mut asking = w.ask().await;
    let token = asking.token;
    let mut stored = w.rows().await;
    w.let_in(&anna, &asking).await;
    stored.extend(w.rows().await);
    asking.scanned().await;
    let login = asking.signed_in().await;
    let secret =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &login.token).unwrap();
    assert_eq!((stored.len(), secret.len()), (2, 32));
    for (id, row) in stored {
        let (bytes, shown) = ([&id[..], &row.encode_to_vec()].concat(), format!("{row:?}"));
        for secret in [&secret[..], login.token.as_bytes(), &token] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret));
        }
        assert!(!shown.contains(&login.token));
    }
}

#[tokio::test]
async fn an_address_has_five_devices_that_wait() {
    let w = world();
    let mut asking = Vec::new();
    for _ in 0..5 {
        asking.push(w.ask().await);
    }
    let refused = w.try_ask(AFAR).await.err().unwrap();
    assert_eq!(refused.reason(), "RATE_LIMITED");
    assert!((50_000..=60_000).contains(&refused.retry_after_ms()), "{}", refused.retry_after_ms());
    assert_eq!(w.rows().await.len(), 5, "who is refused leaves nothing");
    w.try_ask("203.0.113.10").await.unwrap();
    asking.pop();
    w.try_ask(AFAR).await.unwrap();
    let v6 = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5"];
    let mut same_network = Vec::new();
    for address in v6 {
        same_network.push(w.try_ask(address).await.unwrap());
    }
    assert_eq!(reason(w.try_ask("2001:db8::6").await.map(drop)), "RATE_LIMITED");
    w.try_ask("2001:db8:0:1::6").await.unwrap();

    let local = world_with(true);
    for _ in 0..20 {
        asking.push(local.try_ask("127.0.0.1").await.unwrap());
    }
}
