//! The room as its callers see it, on a store in memory and with cheap password hashes.

mod devices;
mod operators;
mod profile;
mod recovery;
mod register;
mod sanctions;
mod sign_in;
mod throttle;
mod validators;

use super::{AccountHooks, Accounts, AccountsConfig, AvatarHooks};
use crate::bus::{Event, Published};
use crate::call::{Authenticator, Caller, Cx, Session};
use crate::delivery::{Delivery, log};
use crate::error::{Error, Result};
use crate::features::Foundation;
use crate::id::{AccountId, DeviceId, IdGenerator};
use crate::random::Random;
use crate::seal::Seal;
use crate::store::{Store, Tx};
use crate::time::{Clock, HOUR, Time};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use teahouse_proto::AccountsApi;
use teahouse_proto::accounts::{
    Account, DeviceInfo, LoginRequest, LoginResponse, RecoverRequest, RecoverResponse, RegisterRequest,
    RegisterResponse,
};
use teahouse_proto::sync::account_event::What;
use tokio::sync::mpsc::UnboundedReceiver;

/// Nobody's common password.
const PASSWORD: &str = "correct horse 1";
/// Where people are, unless a test says otherwise.
const HOME: &str = "192.0.2.1";
const ELSEWHERE: &str = "198.51.100.7";

/// Every upload is a picture, but for one that is not there.
struct Pictures;

impl AvatarHooks for Pictures {
    fn replace(&self, _: &mut Tx<'_>, _: AccountId, old: &str, media_id: &str, _: Time) -> Result<String> {
        match media_id {
            "" => Ok(String::new()),
            "missing" => Err(Error::not_found("MEDIA_NOT_FOUND", "")),
            _ => Ok(format!("{media_id} after {old:?}")),
        }
    }
}

struct Room {
    accounts: Arc<Accounts>,
    clock: Clock,
    published: UnboundedReceiver<Published>,
}

impl Room {
    fn new() -> Self {
        Self::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut AccountsConfig)) -> Self {
        Self::build(false, change, Vec::new())
    }

    fn build(
        on_loopback: bool,
        change: impl FnOnce(&mut AccountsConfig),
        hooks: Vec<Arc<dyn AccountHooks>>,
    ) -> Self {
        let mut config =
            AccountsConfig { password_memory_kib: 8, password_passes: 1, ..AccountsConfig::default() };
        change(&mut config);
        let (store, published) = Store::memory();
        let clock = Clock::system();
        // Half past: what a test does at one moment is done within one hour.
        clock.advance(HOUR * 3 / 2 - clock.now().since(clock.now().to_hour()));
        let random = Random::seeded(7);
        let foundation = Foundation {
            delivery: Arc::new(Delivery::new(store.stamp())),
            bus: crate::bus::Bus::new().0,
            seal: Seal::new(&store.secret(), random.clone()),
            ids: IdGenerator::new(clock.clone(), 0),
            store,
            clock: clock.clone(),
            random,
            on_loopback,
        };
        let accounts = Arc::new(Accounts::new(foundation, config, hooks, Arc::new(Pictures)).unwrap());
        accounts.foundation.store.observe(vec![accounts.clone()]);
        Self { accounts, clock, published }
    }

    fn store(&self) -> &Store {
        &self.accounts.foundation.store
    }

    /// A call without a session.
    fn from(&self, address: &str) -> Cx {
        Cx::new(Caller::new(None, address.parse().unwrap()), &self.clock)
    }

    /// A call of a device, as the method table makes it.
    async fn with_token(&self, token: &str) -> Result<Cx> {
        let session = self.accounts.authenticate(token).await?;
        let caller = Caller::new(Some(session), HOME.parse().unwrap());
        Ok(Cx::new(caller, &self.clock))
    }

    async fn session(&self, token: &str) -> Result<Arc<Session>> {
        self.accounts.authenticate(token).await
    }

    async fn register(&self, username: &str) -> RegisterResponse {
        let request = register_request(username);
        // An address each, so that the allowance of one is not in the way.
        let n = username.bytes().fold(0u16, |n, b| n.wrapping_mul(31).wrapping_add(b.into()));
        let cx = self.from(&format!("203.0.{}.{}", n >> 8, n & 255));
        self.accounts.register(&cx, request).await.unwrap()
    }

    async fn login_at(&self, address: &str, username: &str, password: &str) -> Result<LoginResponse> {
        let request = LoginRequest {
            username: username.into(),
            password: password.into(),
            device: Some(DeviceInfo { name: "laptop".into(), platform: 0 }),
        };
        self.accounts.login(&self.from(address), request).await
    }

    async fn login(&self, username: &str, password: &str) -> Result<LoginResponse> {
        self.login_at(HOME, username, password).await
    }

    async fn recover(&self, username: &str, code: &str, new_password: &str) -> Result<RecoverResponse> {
        let request = RecoverRequest {
            username: username.into(),
            code: code.into(),
            new_password: new_password.into(),
            device: None,
        };
        self.accounts.recover(&self.from(HOME), request).await
    }

    /// What the account's devices were told, oldest first.
    async fn told(&self, account: &Account) -> Vec<What> {
        let events = log::after(self.store(), AccountId(account.account_id), 0, 1000).await.unwrap();
        events.into_iter().filter_map(|e| e.what).collect()
    }

    /// What was published since the last question.
    async fn heard(&mut self) -> Vec<Event> {
        // Commits are published in their order, so behind this one there is nothing left.
        let mark = |tx: &mut Tx<'_>| {
            tx.publish(Event::SessionsEnded { account: AccountId(u64::MAX), devices: Vec::new() });
            Ok(())
        };
        self.store().transact(mark).await.unwrap();
        let mut heard = Vec::new();
        while let Some((_, events)) = self.published.recv().await {
            for event in events {
                match event {
                    Event::SessionsEnded { account: AccountId(u64::MAX), .. } => return heard,
                    event => heard.push(event),
                }
            }
        }
        heard
    }

    /// The devices whose end was published since the last question.
    async fn ended(&mut self) -> Vec<DeviceId> {
        let ended = self.heard().await.into_iter().filter_map(|event| match event {
            Event::SessionsEnded { devices, .. } => Some(devices),
            _ => None,
        });
        ended.flatten().collect()
    }

    /// Who was said to look otherwise since the last question.
    async fn faces(&mut self) -> Vec<AccountId> {
        let faces = self.heard().await.into_iter().filter_map(|event| match event {
            Event::NewFace { account } => Some(account),
            _ => None,
        });
        faces.collect()
    }

    fn hashes(&self) -> usize {
        self.accounts.passwords.runs.load(Ordering::Relaxed)
    }
}

fn register_request(username: &str) -> RegisterRequest {
    RegisterRequest {
        username: username.into(),
        password: PASSWORD.into(),
        display_name: "Anna".into(),
        invitation_code: String::new(),
        device: Some(DeviceInfo { name: "phone".into(), platform: 1 }),
    }
}

fn account(response: &RegisterResponse) -> &Account {
    response.account.as_ref().unwrap()
}

/// The reason for which a call was refused.
fn reason<T>(answer: Result<T>) -> &'static str {
    answer.err().as_ref().map_or("OK", Error::reason)
}
