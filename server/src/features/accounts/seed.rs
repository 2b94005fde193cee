//! People for load tests: registered and signed in on one device each, all with the same password. Only for stores
//! that nobody else uses, since whoever knows the seed knows the tokens.

use super::passwords::Passwords;
use super::tables::{
    ACCOUNT, AccountRow, CREDENTIAL, CredentialRow, DEVICE, DeviceRow, SESSION, SessionRow, USERNAME,
    UsernameRow,
};
use super::{AccountsConfig, rules, secrets};
use crate::error::{Error, Result};
use crate::id::{AccountId, ConversationId, DeviceId};
use crate::random::Random;
use crate::store::key::KeyRange;
use crate::store::{Order, Store, Tx};
use crate::time::Time;
use teahouse_proto::accounts::{DeviceInfo, Profile};
use zeroize::Zeroizing;

/// A person to make.
#[derive(Clone, Debug)]
pub struct SeedPerson {
    /// Their account.
    pub id: AccountId,
    /// Their one device.
    pub device: DeviceId,
    /// Their conversation with themselves.
    pub self_conversation: ConversationId,
    /// As a username must be, and free.
    pub username: String,
    /// Its texts as they must be.
    pub profile: Profile,
    /// 43 characters of base64url.
    pub token: String,
}

/// Whether nobody has registered yet.
pub async fn is_empty(store: &Store) -> Result<bool> {
    Ok(store.scan(&USERNAME, &KeyRange::all(), 1, Order::Rising).await?.is_empty())
}

/// The hash of the password that all share.
///
/// # Errors
/// Password parameters in `config` that argon2 does not take.
pub async fn hash(config: &AccountsConfig, random: Random, password: &str) -> Result<String> {
    Passwords::new(config, random)?.hash(Zeroizing::new(password.to_owned())).await
}

/// Makes a person.
pub fn insert(tx: &mut Tx<'_>, person: &SeedPerson, password_hash: &str, now: Time) -> Result<()> {
    let token_hash = secrets::token_hash(&person.token).ok_or_else(|| Error::internal("not a token"))?;
    let username = person.username.to_ascii_lowercase();
    tx.put(&USERNAME, &username, &UsernameRow { account_id: person.id.0 })?;
    let account = AccountRow {
        username: person.username.clone(),
        profile: Some(person.profile.clone()),
        settings: Some(rules::new_settings()),
        self_conversation_id: person.self_conversation.0,
        created_at_ms: now.as_ms(),
        ..AccountRow::default()
    };
    tx.put(&ACCOUNT, &person.id, &account)?;
    let credential = CredentialRow { password_hash: password_hash.to_owned(), changed_at_ms: now.as_ms() };
    tx.put(&CREDENTIAL, &person.id, &credential)?;
    let session = SessionRow {
        account_id: person.id.0,
        device_id: person.device.0,
        account_created_at_ms: now.as_ms(),
        info: Some(DeviceInfo { name: "seeded".to_owned(), ..DeviceInfo::default() }),
        signed_in_at_ms: now.as_ms(),
        last_used_at_ms: now.as_ms(),
        awaits_first_use: false,
    };
    tx.put(&SESSION, &token_hash, &session)?;
    tx.put(&DEVICE, &(person.id, person.device), &DeviceRow { token_hash: token_hash.to_vec() })
}
