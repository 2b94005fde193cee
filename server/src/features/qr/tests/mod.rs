//! The room on a store in memory.

mod codes;
mod groups;
mod pages;
mod pictures;
mod resolving;

use super::*;
use crate::call::{Caller, Cx, Session};
use crate::error::Result;
use crate::features::accounts::fixture;
use crate::features::chat::ChatConfig;
use crate::features::groups::GroupsConfig;
use crate::features::testing::{accounts, foundation, media};
use crate::id::{AccountId, DeviceId};
use crate::store::Tx;
use crate::time::{DAY, Time};
use ::http::{HeaderMap, Request, Response, StatusCode};
use axum::Router;
use axum::body::Body;
use std::time::Duration;
use teahouse_proto::QrApi;
use teahouse_proto::accounts::{Profile, Settings};
use teahouse_proto::qr::resolve_code_response::What;
use teahouse_proto::qr::*;
use tempfile::TempDir;
use tower::ServiceExt;

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);

/// The room and the people on it.
struct World {
    qr: Arc<Qr>,
    foundation: Foundation,
    routes: Router,
    _dir: TempDir,
}

/// What came of a request by HTTP.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn world() -> World {
    world_with(QrConfig::default(), false).await
}

/// Anna is 1, Boris 2; each a hundred days old.
async fn world_with(config: QrConfig, on_loopback: bool) -> World {
    let (mut foundation, published) = foundation();
    // Nobody reads them here.
    drop(published);
    foundation.on_loopback = on_loopback;
    let (media, dir) = media(&foundation);
    let address = Address::new("https://tea.example", "http://127.0.0.1:7600").unwrap();
    let tickets = Tickets::new(foundation.seal.clone(), 24);
    let chat = Chat::new(foundation.clone(), ChatConfig::default(), media.clone(), tickets.clone());
    let (config_of_groups, people) = (GroupsConfig::default(), tickets.clone());
    let groups = Groups::new(foundation.clone(), config_of_groups, media.clone(), chat.clone(), people);
    let sign_ins = QrSignIn::new(foundation.clone(), accounts(&foundation), address.clone(), &config);
    let qr = Qr::new(foundation.clone(), config, address, tickets, (chat, groups), media, sign_ins);
    let world = World { routes: qr.routes(), qr, foundation, _dir: dir };
    let born = world.foundation.clock.now() - DAY * 100;
    world.tx(move |tx| fixture::register(tx, ANNA, "anna_k", born)).await;
    world.tx(move |tx| fixture::register(tx, BORIS, "boris_p", born)).await;
    world
}

impl World {
    async fn tx<T: Send + 'static>(&self, f: impl Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static) -> T {
        self.foundation.store.transact(f).await.unwrap()
    }

    async fn change(&self, who: AccountId, f: impl Fn(&mut Profile, &mut Settings) + Send + Sync + 'static) {
        self.tx(move |tx| fixture::change(tx, who, &f)).await;
    }

    async fn switch(&self, who: AccountId, by_qr: bool) {
        self.change(who, move |_, s| s.add_ways.get_or_insert_default().by_qr = by_qr).await;
    }

    fn cx(&self, who: AccountId) -> Cx {
        self.cx_of_age(who, 100)
    }

    fn cx_of_age(&self, who: AccountId, days: u32) -> Cx {
        let born = self.foundation.clock.now() - DAY * days;
        let session = Session::new(who, DeviceId(who.0), born);
        let caller = Caller::new(Some(session.into()), [127, 0, 0, 1].into());
        Cx::new(caller, &self.foundation.clock)
    }

    async fn code(&self, who: AccountId) -> String {
        let answer = self.qr.get_code(&self.cx(who), GetCodeRequest::default()).await.unwrap();
        answer.code.unwrap().url
    }

    async fn reset(&self, who: AccountId) -> String {
        let answer = self.qr.reset_code(&self.cx(who), ResetCodeRequest::default()).await.unwrap();
        answer.code.unwrap().url
    }

    async fn resolve(&self, who: AccountId, text: &str) -> Result<What> {
        let request = ResolveCodeRequest { text: text.to_owned() };
        self.qr.resolve_code(&self.cx(who), request).await.map(|answer| answer.what.unwrap())
    }

    async fn person(&self, who: AccountId, text: &str) -> FoundPerson {
        match self.resolve(who, text).await.unwrap() {
            What::Person(person) => person,
            other => panic!("no person: {other:?}"),
        }
    }

    /// Asks for a path, as "GET" or "HEAD", from an address. The body is not taken yet.
    async fn ask(&self, method: &str, path: &str, from: [u8; 4]) -> Response<Body> {
        let caller = Caller::new(None, from.into());
        let request =
            Request::builder().method(method).uri(path).extension(caller).body(Body::empty()).unwrap();
        self.routes.clone().oneshot(request).await.unwrap()
    }

    async fn http(&self, method: &str, path: &str) -> Answer {
        let (head, body) = self.ask(method, path, [203, 0, 113, 9]).await.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.http("GET", path).await
    }
}

/// The path of a code's page.
fn path(url: &str) -> &str {
    url.strip_prefix("https://tea.example").unwrap()
}

fn reason<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().reason()
}
