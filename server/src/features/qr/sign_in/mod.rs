//! Signing in by a code: a device without a session shows one for a minute, somebody who is signed in scans it, sees from
//! where the device asks, and lets it in or not. An attempt is a row, so exactly one decision holds; the token is made by
//! the stream of the device that asks and never leaves it. Nothing here knows how streams travel.

mod asker;
mod attempts;
#[cfg(test)]
mod tests;
mod waiting;

use super::tables::Token;
use super::{Address, QrConfig, code_not_found};
use crate::bus::Subscriber;
use crate::call::{Cx, Methods};
use crate::error::{Error, Result};
use crate::features::Foundation;
use crate::features::accounts::Accounts;
use crate::id::AccountId;
use crate::store::Tx;
use crate::store::key::Key;
use crate::time::Time;
use asker::Asker;
use attempts::{AttemptId, AttemptRow};
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::qr::{
    DecideSignInRequest, DecideSignInResponse, FoundSignIn, SignInByCodeRequest, SignInByCodeResponse,
};
use teahouse_proto::{EventStream, QrSignInApi};
use waiting::Waiting;

/// What tickets are sealed as.
const TICKET: &str = "qr.sign_in";
/// A connection lives so much longer than the code: its client is told that the code has expired.
const LAST_WORD: Duration = Duration::from_secs(5);
/// How often attempts that nobody asks for any more are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Signing in by code.
pub struct QrSignIn {
    foundation: Foundation,
    accounts: Arc<Accounts>,
    address: Address,
    /// How long a code lives.
    life: Duration,
    waiting: Arc<Waiting>,
    /// When this process began: whoever asked before waits no more.
    since: Time,
}

impl QrSignIn {
    /// `address` is where the codes lead. Its [`QrSignIn::waiting`] must be named to [`crate::store::Store::observe`].
    pub fn new(
        foundation: Foundation,
        accounts: Arc<Accounts>,
        address: Address,
        config: &QrConfig,
    ) -> Arc<Self> {
        let waiting = Arc::new(Waiting::new(config.sign_ins_per_address as usize));
        let (life, since) = (Duration::from_secs(config.sign_in_seconds.into()), foundation.clock.now());
        Arc::new(Self { foundation, accounts, address, life, waiting, since })
    }

    /// Enters the methods into the table.
    pub fn install(self: &Arc<Self>, methods: &mut Methods) {
        teahouse_proto::register_qr_sign_in(methods, self);
        methods.open(&teahouse_proto::QR_SIGN_IN_SIGN_IN_BY_CODE);
        methods.hold(&teahouse_proto::QR_SIGN_IN_SIGN_IN_BY_CODE, self.life + LAST_WORD);
    }

    /// Those who wait, and must hear of commits.
    pub fn waiting(&self) -> Arc<dyn Subscriber> {
        self.waiting.clone()
    }

    /// Work in the background, for as long as the server runs.
    pub async fn run(self: Arc<Self>) {
        loop {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "attempts to sign in could not be swept; trying again in a minute");
            }
            tokio::time::sleep(SWEEP_EVERY).await;
        }
    }

    /// Ends attempts that a killed server left, such that could not be ended when it was time, and such of devices that
    /// had their time to use what they got.
    async fn sweep(&self) -> Result<()> {
        let (now, since) = (self.foundation.clock.now(), self.since);
        let left = attempts::left_over(&self.foundation.store, since, now).await?;
        for id in left {
            self.foundation.store.transact(move |tx| attempts::abandon(tx, &id, now)).await?;
        }
        Ok(())
    }

    /// What a token stands for, where a device that asks to be signed in shows it. Tells that device.
    pub(super) async fn scan(&self, cx: &Cx, token: Option<Token>) -> Result<Option<FoundSignIn>> {
        let Some(token) = token else { return Ok(None) };
        let (me, now, id) = (cx.account()?, cx.now, attempts::id(token));
        let store = &self.foundation.store;
        if store.get(&attempts::ATTEMPT, &id).await?.is_none() {
            return Ok(None);
        }
        let row = store.transact(move |tx| attempts::scan(tx, &id, now)).await?;
        Ok(row.map(|row| self.found(me, &id, row)))
    }

    fn found(&self, scanner: AccountId, id: &AttemptId, row: AttemptRow) -> FoundSignIn {
        let asking = row.device.unwrap_or_default();
        FoundSignIn {
            device: Some(asking.info()),
            program: row.program,
            address: asking.address().to_owned(),
            ticket: self.foundation.seal.seal(TICKET, &scanner.to_bytes(), id).into(),
            expires_at_ms: row.expires_at_ms,
        }
    }

    fn read_ticket(&self, scanner: AccountId, ticket: &[u8]) -> Option<AttemptId> {
        self.foundation.seal.open(TICKET, &scanner.to_bytes(), ticket)?.try_into().ok()
    }
}

impl QrSignInApi<Cx, Error> for QrSignIn {
    async fn sign_in_by_code(
        &self,
        cx: &Cx,
        request: SignInByCodeRequest,
    ) -> Result<EventStream<SignInByCodeResponse, Error>> {
        Asker::begin(self, cx, request.device).await.map(Asker::events)
    }

    async fn decide_sign_in(&self, cx: &Cx, request: DecideSignInRequest) -> Result<DecideSignInResponse> {
        let session = cx.session()?;
        let (by, now) = ((session.account, session.device), cx.now);
        let id = self.read_ticket(by.0, &request.ticket).ok_or_else(|| {
            Error::invalid("TICKET_INVALID", "This ticket was not made for you. Scan the code yourself.")
        })?;
        let accounts = self.accounts.clone();
        let device = request.approve.then(|| accounts.new_device_id());
        let decide = move |tx: &mut Tx<'_>| {
            if attempts::was_decided(tx, &id, by.0, device.is_some())? {
                return Ok(());
            }
            let mut row = attempts::open(tx, &id, now)?.ok_or_else(code_not_found)?;
            let asking = row.device.take().unwrap_or_default();
            if let Some(device) = device {
                accounts.let_in(tx, by, &asking, device, now)?;
            }
            attempts::decide(tx, &id, row, by.0, device, now)
        };
        self.foundation.store.transact(decide).await?;
        Ok(DecideSignInResponse {})
    }
}
