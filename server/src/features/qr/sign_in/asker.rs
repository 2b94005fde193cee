//! The side of the device that asks: its stream, and what is left to do when the stream goes. The token lives here and
//! is told to nobody but the device.

use super::QrSignIn;
use super::attempts::{self, AttemptId, AttemptRow};
use super::waiting::Waiter;
use crate::bus::SignInStep;
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::Foundation;
use crate::features::accounts::Accounts;
use crate::id::{AccountId, DeviceId};
use crate::store::{Store, Tx};
use crate::time::Clock;
use futures::StreamExt;
use std::sync::Arc;
use teahouse_proto::accounts::{DeviceInfo, LoginResponse};
use teahouse_proto::qr::sign_in_by_code_event::Event as What;
use teahouse_proto::qr::{Code, Refused, Scanned, SignInByCodeEvent};
use teahouse_proto::{Event, EventStream};
use tokio::runtime::Handle;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// A device that asks.
pub(super) struct Asker {
    accounts: Arc<Accounts>,
    attempt: Attempt,
    waiter: Waiter,
    token: Zeroizing<String>,
    /// What it is told first.
    code: Option<Code>,
    /// It was let in, and this is its last word.
    let_in: Option<LetIn>,
    over: bool,
}

/// An attempt that ends with its stream.
struct Attempt {
    id: AttemptId,
    store: Store,
    clock: Clock,
    /// Whether there is no row any more.
    over: bool,
}

/// A device that was let in, and is signed out again where it is never told: nobody else has its token.
struct LetIn {
    store: Store,
    clock: Clock,
    account: AccountId,
    device: DeviceId,
    told: bool,
}

impl Asker {
    /// Makes a code for the caller. Errors: `RATE_LIMITED`, `OVERLOADED`.
    pub(super) async fn begin(room: &QrSignIn, cx: &Cx, device: Option<DeviceInfo>) -> Result<Self> {
        let Foundation { store, clock, random, on_loopback, .. } = &room.foundation;
        let token = random.bytes();
        let id = attempts::id(token);
        let address = (!on_loopback).then(|| cx.caller.network());
        let waiter = room.waiting.enter(id, address, Instant::now() + room.life)?;
        // From here on the attempt ends with the stream, though nobody waits for what follows.
        let attempt = Attempt { id, store: store.clone(), clock: clock.clone(), over: false };
        let (secret, asking) = room.accounts.asking_device(cx, device);
        let expires = cx.now + room.life;
        let program = cx.caller.program.as_deref().unwrap_or_default().to_owned();
        let row = AttemptRow::new(asking, program, cx.now, expires);
        store.transact(move |tx| tx.put(&attempts::ATTEMPT, &id, &row)).await?;
        let code = Code { url: room.address.url(token), expires_at_ms: expires.as_ms() };
        let accounts = room.accounts.clone();
        Ok(Self { accounts, attempt, waiter, token: secret, code: Some(code), let_in: None, over: false })
    }

    /// What becomes of it.
    pub(super) fn events(self) -> EventStream<SignInByCodeEvent, Error> {
        let next = |mut asker: Self| async move {
            let event = asker.next().await?;
            Some((event.map(|event| Event::new(&SignInByCodeEvent { event: Some(event) })), asker))
        };
        futures::stream::unfold(self, next).boxed()
    }

    async fn next(&mut self) -> Option<Result<What>> {
        if let Some(code) = self.code.take() {
            return Some(Ok(What::Code(code)));
        }
        if self.over {
            // Who asks for more has taken what came before.
            self.let_in.iter_mut().for_each(|let_in| let_in.told = true);
            return None;
        }
        let step = self.waiter.step().await;
        if step == Some(SignInStep::Scanned) {
            return Some(Ok(What::Scanned(Scanned {})));
        }
        self.over = true;
        Some(self.answer(step).await)
    }

    /// The last word. Whatever woke the stream, what the row says counts.
    async fn answer(&mut self, step: Option<SignInStep>) -> Result<What> {
        if let Some(let_in) = self.attempt.end().await? {
            let (account, device_id) = (let_in.account, let_in.device.0);
            self.let_in = Some(let_in);
            let account = self.accounts.own_account(account).await?;
            let token = self.token.to_string();
            return Ok(What::SignedIn(LoginResponse { account: Some(account), token, device_id }));
        }
        // It may have been refused in the moment in which the time was over.
        let missed = std::iter::from_fn(|| self.waiter.missed());
        if step.into_iter().chain(missed).any(|step| step == SignInStep::Refused) {
            return Ok(What::Refused(Refused {}));
        }
        Err(Error::precondition("CODE_EXPIRED", "Nobody let this device in. Ask for a new code."))
    }
}

impl Attempt {
    /// Takes the row away. Gives the device where somebody let it in.
    async fn end(&mut self) -> Result<Option<LetIn>> {
        let (id, store, clock) = (self.id, self.store.clone(), self.clock.clone());
        // In a task of its own: were this stream dropped meanwhile, what came of it would be nobody's.
        let ending = tokio::spawn(async move {
            let row = store.transact(move |tx| attempts::take(tx, &id)).await?;
            let let_in = row.and_then(|row| row.let_in());
            Ok(let_in.map(|(account, device)| LetIn { store, clock, account, device, told: false }))
        });
        let let_in = ending.await.map_err(Error::internal)??;
        self.over = true;
        Ok(let_in)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.over {
            let (id, now) = (self.id, self.clock.now());
            in_background(&self.store, move |tx| attempts::abandon(tx, &id, now));
        }
    }
}

impl Drop for LetIn {
    fn drop(&mut self) {
        if !self.told {
            let (account, device, now) = (self.account, self.device, self.clock.now());
            in_background(&self.store, move |tx| Accounts::put_out(tx, account, device, now));
        }
    }
}

fn in_background(store: &Store, transaction: impl Fn(&mut Tx<'_>) -> Result<()> + Send + Sync + 'static) {
    // Without a runtime the process ends; its next start sweeps.
    let Ok(runtime) = Handle::try_current() else { return };
    let store = store.clone();
    runtime.spawn(async move {
        if let Err(error) = store.transact(transaction).await {
            tracing::debug!(%error, "what is left of an attempt to sign in stays until it is swept");
        }
    });
}
