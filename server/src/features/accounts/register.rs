//! Making accounts, and the invitations to do so.

use super::audit::{self, By};
use super::config::Registration;
use super::devices::{self, DeviceLimits, NewDevice};
use super::secrets::{Code, Secret};
use super::tables::{
    ACCOUNT, AccountRow, CREDENTIAL, CredentialRow, INVITATION, InvitationRow, SecretHash, USERNAME,
    UsernameRow,
};
use super::{AccountHooks, Accounts, caution, profile, recovery, rules, secrets};
use crate::call::Cx;
use crate::error::{Error, Kind, Result};
use crate::features::ledger::quota::{Quota, Who};
use crate::id::{AccountId, ConversationId};
use crate::store::Tx;
use crate::time::{DAY, HOUR, Time};
use std::sync::Arc;
use teahouse_proto::accounts::{Account, RegisterRequest, RegisterResponse};
use zeroize::Zeroizing;

/// Whether an account may be made: policy, allowances, invitation and name. Asked twice, before the costly hash and in
/// the transaction that makes the account.
#[derive(Clone)]
struct Admission {
    folded_username: String,
    network: Option<Who>,
    tries: Quota,
    new_accounts: Quota,
    /// The code's hash where registration is by invitation.
    invitation: Option<SecretHash>,
}

impl Admission {
    /// Counts a try, in a transaction that stands whatever comes of it.
    fn try_once(&self, tx: &mut Tx<'_>, now: Time) -> Result<Result<()>> {
        if let Some(network) = self.network {
            if let Err(too_often) = self.tries.draw(tx, network, now) {
                return Ok(Err(too_often));
            }
            if self.new_accounts.left(tx, network, now)? == 0 {
                // Drawing is what tells the wait; it draws nothing where nothing is left.
                return Ok(self.new_accounts.draw(tx, network, now));
            }
        }
        Ok(self.check(tx).map(drop))
    }

    /// The invitation comes first, so that only who has one learns which names are taken.
    fn check(&self, tx: &mut Tx<'_>) -> Result<Option<InvitationRow>> {
        let invitation = match &self.invitation {
            Some(hash) => Some(tx.get(&INVITATION, hash)?.ok_or_else(invitation_invalid)?),
            None => None,
        };
        if tx.get(&USERNAME, &self.folded_username)?.is_some() {
            return Err(Error::new(
                Kind::AlreadyExists,
                "USERNAME_TAKEN",
                "Somebody has this username. Choose another.",
            ));
        }
        Ok(invitation)
    }

    /// Uses up what an account costs.
    fn spend(&self, tx: &mut Tx<'_>, now: Time) -> Result<()> {
        let invitation = self.check(tx)?;
        if let Some(network) = self.network {
            self.new_accounts.draw(tx, network, now)?;
        }
        if let (Some(hash), Some(mut invitation)) = (&self.invitation, invitation) {
            invitation.uses_left = invitation.uses_left.saturating_sub(1);
            match invitation.uses_left {
                0 => tx.delete(&INVITATION, hash)?,
                _ => tx.put(&INVITATION, hash, &invitation)?,
            }
        }
        Ok(())
    }
}

/// An account that is to be made.
struct NewAccount {
    id: AccountId,
    admission: Admission,
    row: AccountRow,
    password_hash: String,
    recovery_codes: Vec<SecretHash>,
    device: NewDevice,
    device_limits: DeviceLimits,
    hooks: Arc<[Arc<dyn AccountHooks>]>,
}

impl NewAccount {
    fn make(&self, tx: &mut Tx<'_>, now: Time) -> Result<Account> {
        self.admission.spend(tx, now)?;
        let username = UsernameRow { account_id: self.id.0 };
        tx.put(&USERNAME, &self.admission.folded_username, &username)?;
        if tx.get(&ACCOUNT, &self.id)?.is_some() {
            // A clock set back over a restart; the next try gets another id.
            return Err(Error::internal("an account id was given twice"));
        }
        tx.put(&ACCOUNT, &self.id, &self.row)?;
        let credential =
            CredentialRow { password_hash: self.password_hash.clone(), changed_at_ms: now.as_ms() };
        tx.put(&CREDENTIAL, &self.id, &credential)?;
        recovery::put_codes(tx, self.id, &self.recovery_codes, now)?;
        devices::sign_in(tx, (self.id, now), &self.device, self.device_limits, now)?;
        let self_conversation = ConversationId(self.row.self_conversation_id);
        for hook in self.hooks.iter() {
            hook.on_registered(tx, self.id, self_conversation, now)?;
        }
        profile::account(tx, self.id)
    }
}

impl Accounts {
    /// As [`AccountRow::registration_network`].
    fn registered_from(&self, cx: &Cx) -> u64 {
        let secret = self.foundation.store.secret();
        self.network(cx).map_or(0, |network| caution::network_hash(&secret, network))
    }

    pub(super) async fn make_account(
        &self,
        cx: &Cx,
        mut request: RegisterRequest,
    ) -> Result<RegisterResponse> {
        let now = cx.now;
        let password = Zeroizing::new(std::mem::take(&mut request.password));
        let admission = self.admission(cx, &request)?;
        let display_name = rules::display_name(&request.display_name)?;
        let password = rules::new_password(&password, &request.username)?;

        let first = admission.clone();
        self.foundation.store.transact(move |tx| first.try_once(tx, now)).await??;
        let password_hash = self.passwords.hash(password).await?;

        let id = self.foundation.ids.next();
        let token = secrets::new_token(&self.foundation.random);
        let codes = self.new_recovery_codes();
        let device = self.new_device(cx, id, &token, request.device);
        let device_id = device.id.0;
        let self_conversation: ConversationId = self.foundation.ids.next();
        let new = NewAccount {
            id,
            admission,
            row: AccountRow {
                username: request.username,
                profile: Some(rules::new_profile(display_name)),
                settings: Some(rules::new_settings()),
                self_conversation_id: self_conversation.0,
                created_at_ms: now.as_ms(),
                registration_network: self.registered_from(cx),
                ..AccountRow::default()
            },
            password_hash,
            recovery_codes: codes.iter().map(|c| c.hash).collect(),
            device,
            device_limits: self.device_limits(),
            hooks: self.hooks.clone(),
        };
        let account = self.foundation.store.transact(move |tx| new.make(tx, now)).await?;
        Ok(RegisterResponse {
            account: Some(account),
            token: token.shown.to_string(),
            device_id,
            recovery_codes: codes.iter().map(|c| c.shown.to_string()).collect(),
        })
    }

    fn admission(&self, cx: &Cx, request: &RegisterRequest) -> Result<Admission> {
        let invitation = match self.config.registration {
            Registration::Open => None,
            Registration::Invitation => {
                let code = Code::Invitation.hash(&request.invitation_code);
                Some(code.ok_or_else(invitation_invalid)?)
            }
            Registration::Closed => {
                return Err(Error::new(
                    Kind::Forbidden,
                    "REGISTRATION_CLOSED",
                    "This server takes no new accounts. Ask its operator.",
                ));
            }
        };
        Ok(Admission {
            folded_username: rules::new_username(&request.username)?,
            network: self.network(cx).map(Who::Network),
            tries: Quota {
                kind: "register_try",
                limit: self.config.registration_tries_per_address_per_hour,
                per: HOUR,
            },
            new_accounts: Quota {
                kind: "register",
                limit: self.config.new_accounts_per_address_per_day,
                per: DAY,
            },
            invitation,
        })
    }

    /// Makes an invitation code that is good for so many accounts, at least one. For the operator.
    pub async fn create_invitation(&self, uses: u32) -> Result<String> {
        let Secret { shown, hash } = Code::Invitation.generate(&self.foundation.random);
        let now = self.foundation.clock.now();
        let row = InvitationRow { uses_left: uses.max(1), made_at_ms: now.as_ms() };
        let make = move |tx: &mut Tx<'_>| {
            let what = format!("made an invitation code, uses: {}", row.uses_left);
            audit::note(tx, By::Operator, None, what, String::new(), now)?;
            tx.put(&INVITATION, &hash, &row)
        };
        self.foundation.store.transact(make).await?;
        Ok(shown.to_string())
    }
}

fn invitation_invalid() -> Error {
    Error::new(
        Kind::Forbidden,
        "INVITATION_INVALID",
        "This invitation code does not exist or is used up. Ask the operator for another.",
    )
}
