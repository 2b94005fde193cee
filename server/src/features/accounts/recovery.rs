//! New passwords: with a recovery code, or from a device that is signed in. And the codes themselves.

use super::audit::{self, By};
use super::devices::{self, DeviceLimits, NewDevice};
use super::rules::recovery_failed;
use super::secrets::{Code, Secret};
use super::tables::{CREDENTIAL, CredentialRow, RECOVERY, RecoveryRow, SecretHash};
use super::throttle::Guesser;
use super::{Accounts, account_gone, person, person_by_username, profile, rules, secrets};
use crate::call::{Cx, Session};
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::store::key::KeyRange;
use crate::store::{Order, Tx};
use crate::time::Time;
use teahouse_proto::accounts::{Account, RecoverRequest, RecoverResponse};
use teahouse_proto::sync::devices_changed::Change;
use zeroize::Zeroizing;

/// Recovery codes that an account gets at once.
const CODES: usize = 8;
/// Recovery codes removed at once: eight, and what operators issued.
const MAX_CODES: usize = 1000;

/// A recovery whose code was good when it was looked at.
struct Recovery {
    account: AccountId,
    code: SecretHash,
    password_hash: String,
    device: NewDevice,
    device_limits: DeviceLimits,
}

/// What a recovery is about, before anything was done.
struct Target {
    /// 0 for a name that nobody has.
    account: AccountId,
    code: SecretHash,
    good: bool,
    at_home: bool,
}

impl Recovery {
    fn carry_out(&self, tx: &mut Tx<'_>, now: Time) -> Result<Account> {
        if tx.get(&RECOVERY, &(self.account, self.code))?.is_none() {
            return Err(recovery_failed());
        }
        tx.delete(&RECOVERY, &(self.account, self.code))?;
        let person = person(tx, self.account)?.ok_or_else(account_gone)?;
        put_password(tx, self.account, &self.password_hash, now)?;
        devices::end_others(tx, self.account, None)?;
        devices::sign_in(tx, (self.account, person.created_at), &self.device, self.device_limits, now)?;
        let name = self.device.info.name.clone();
        devices::tell(tx, self.account, Change::Recovered, self.device.id, name, now)?;
        profile::tell_changed(tx, self.account, now)?;
        profile::account(tx, self.account)
    }
}

impl Accounts {
    /// Codes cannot be guessed, so an attack on a name need not, and must not, keep its owner from the one way back in:
    /// only the address pays for wrong codes, or at an address that the account uses, the name there.
    pub(super) async fn recover_account(
        &self,
        cx: &Cx,
        mut request: RecoverRequest,
    ) -> Result<RecoverResponse> {
        let now = cx.now;
        let new_password = Zeroizing::new(std::mem::take(&mut request.new_password));
        let typed_code = Zeroizing::new(std::mem::take(&mut request.code));
        let password = rules::new_password(&new_password, &request.username)?;
        let Target { account, code, good, at_home } = self.target(cx, &request.username, &typed_code).await?;
        let kind = format!("recover {}", account.0);
        let guesser = Guesser { name: at_home.then_some(&kind), network: self.network(cx), at_home };
        let attempt = self.throttle.begin(guesser, now)?;
        if !good {
            attempt.failed(now);
            return Err(recovery_failed());
        }
        drop(attempt);

        let password_hash = self.passwords.hash(password).await?;
        let token = secrets::new_token(&self.foundation.random);
        let device = self.new_device(cx, account, &token, request.device);
        let device_id = device.id.0;
        let recovery = Recovery { account, code, password_hash, device, device_limits: self.device_limits() };
        let answer = self.foundation.store.transact(move |tx| recovery.carry_out(tx, now)).await?;
        Ok(RecoverResponse { account: Some(answer), token: token.shown.to_string(), device_id })
    }

    /// Reads the same rows whether the name exists or not.
    async fn target(&self, cx: &Cx, username: &str, typed: &str) -> Result<Target> {
        let store = &self.foundation.store;
        let account = self.account_called(rules::fold_username(username)).await?;
        let code = Code::Recovery.hash(typed).unwrap_or_default();
        let good = store.get(&RECOVERY, &(account, code)).await?.is_some();
        Ok(Target { account, code, good, at_home: self.is_at_home(cx, account).await? })
    }

    /// Sets a new password from a device that is signed in, and signs the others out: gives how many.
    pub(super) async fn set_password(&self, session: &Session, new: &str, now: Time) -> Result<usize> {
        let (account, device) = (session.account, session.device);
        let person = person::load(&self.foundation.store, account).await?.ok_or_else(account_gone)?;
        let password = rules::new_password(new, &person.username)?;
        let password_hash = self.passwords.hash(password).await?;
        let ended = self
            .foundation
            .store
            .transact(move |tx| {
                // Somebody may have signed this device out while the password was hashed.
                let own = devices::find(tx, account, device)?.ok_or_else(crate::call::unauthenticated)?;
                put_password(tx, account, &password_hash, now)?;
                let ended = devices::end_others(tx, account, Some(device))?;
                devices::tell(tx, account, Change::PasswordChanged, device, own.name(), now)?;
                Ok(ended)
            })
            .await?;
        Ok(ended)
    }

    /// Eight new codes for an account; the old ones die.
    pub(super) async fn renew_codes(&self, account: AccountId, now: Time) -> Result<Vec<Secret>> {
        let codes = self.new_recovery_codes();
        let hashes: Vec<SecretHash> = codes.iter().map(|c| c.hash).collect();
        let renew = move |tx: &mut Tx<'_>| {
            let old = tx.scan(&RECOVERY, &KeyRange::prefix(&(account,)), MAX_CODES, Order::Rising)?;
            for (key, _) in &old {
                tx.delete(&RECOVERY, key)?;
            }
            put_codes(tx, account, &hashes, now)?;
            profile::tell_changed(tx, account, now)
        };
        self.foundation.store.transact(renew).await?;
        Ok(codes)
    }

    /// Makes one more recovery code for somebody who lost theirs, and tells their devices. For the operator, who must
    /// know who asks. Errors: `PERSON_NOT_FOUND`.
    pub async fn issue_recovery_code(&self, username: &str) -> Result<String> {
        let Secret { shown, hash } = Code::Recovery.generate(&self.foundation.random);
        let (username, now) = (username.to_owned(), self.foundation.clock.now());
        let issue = move |tx: &mut Tx<'_>| {
            let person = person_by_username(tx, &username)?
                .ok_or_else(|| Error::not_found("PERSON_NOT_FOUND", "There is no account of this name."))?;
            put_codes(tx, person.id, &[hash], now)?;
            let what = "given a recovery code".to_owned();
            audit::note(tx, By::Operator, Some(person.id), what, String::new(), now)?;
            profile::tell_changed(tx, person.id, now)
        };
        self.foundation.store.transact(issue).await?;
        Ok(shown.to_string())
    }

    pub(super) fn new_recovery_codes(&self) -> Vec<Secret> {
        (0..CODES).map(|_| Code::Recovery.generate(&self.foundation.random)).collect()
    }
}

/// Stores recovery codes besides those that are there.
pub(super) fn put_codes(tx: &mut Tx<'_>, account: AccountId, codes: &[SecretHash], now: Time) -> Result<()> {
    let row = RecoveryRow { made_at_ms: now.as_ms() };
    codes.iter().try_for_each(|code| tx.put(&RECOVERY, &(account, *code), &row))
}

fn put_password(tx: &mut Tx<'_>, account: AccountId, hash: &str, now: Time) -> Result<()> {
    let row = CredentialRow { password_hash: hash.to_owned(), changed_at_ms: now.as_ms() };
    tx.put(&CREDENTIAL, &account, &row)
}
