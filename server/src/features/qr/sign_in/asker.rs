//! The side of the device that asks: its stream, and what is left to do when the stream goes. The token lives here and
//! is told to nobody but the device.

use super::QrSignIn;
use super::attempts::{self, AttemptId, AttemptRow, Outcome};
use super::waiting::Waiter;
use crate::bus::SignInStep;
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::Foundation;
use crate::features::accounts::Accounts;
use crate::store::Store;
use crate::time::Clock;
use futures::StreamExt;
use std::sync::Arc;
use teahouse_proto::accounts::{DeviceInfo, LoginResponse};
use teahouse_proto::qr::sign_in_by_code_response::Event as What;
use teahouse_proto::qr::{Code, Refused, Scanned, SignInByCodeResponse};
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
    over: bool,
}

/// An attempt that ends with its stream, where that ends before its last word. Whether a device takes a last word that
/// was given to its connection is not known here, so one that was let in is looked at again later: by
/// [`QrSignIn::sweep`].
struct Attempt {
    id: AttemptId,
    store: Store,
    clock: Clock,
    over: bool,
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
        Ok(Self { accounts, attempt, waiter, token: secret, code: Some(code), over: false })
    }

    /// What becomes of it.
    pub(super) fn events(self) -> EventStream<SignInByCodeResponse, Error> {
        let next = |mut asker: Self| async move {
            let event = asker.next().await?;
            Some((event.map(|event| Event::new(&SignInByCodeResponse { event: Some(event) })), asker))
        };
        futures::stream::unfold(self, next).boxed()
    }

    async fn next(&mut self) -> Option<Result<What>> {
        if let Some(code) = self.code.take() {
            return Some(Ok(What::Code(code)));
        }
        if self.over {
            return None;
        }
        if self.waiter.step().await == Some(SignInStep::Scanned) {
            return Some(Ok(What::Scanned(Scanned {})));
        }
        self.over = true;
        Some(self.answer().await)
    }

    /// The last word. Whatever woke the stream, what the row says counts.
    async fn answer(&mut self) -> Result<What> {
        let id = self.attempt.id;
        let outcome = self.attempt.store.transact(move |tx| attempts::conclude(tx, &id)).await?;
        let account = match outcome {
            Outcome::LetIn(account, _) => Some(self.accounts.own_account(account).await?),
            _ => None,
        };
        // From here on nothing is waited for: the connection has it.
        self.attempt.over = true;
        match outcome {
            Outcome::LetIn(_, device) => {
                let (token, device_id) = (self.token.to_string(), device.0);
                Ok(What::SignedIn(LoginResponse { account, token, device_id }))
            }
            Outcome::Refused => Ok(What::Refused(Refused {})),
            Outcome::Expired => {
                Err(Error::precondition("CODE_EXPIRED", "Nobody let this device in. Ask for a new code."))
            }
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // Without a runtime the process ends; its next start sweeps.
        let Some(runtime) = Handle::try_current().ok().filter(|_| !self.over) else { return };
        let (id, store, now) = (self.id, self.store.clone(), self.clock.now());
        runtime.spawn(async move {
            if let Err(error) = store.transact(move |tx| attempts::abandon(tx, &id, now)).await {
                tracing::debug!(%error, "what is left of an attempt to sign in stays until it is swept");
            }
        });
    }
}
