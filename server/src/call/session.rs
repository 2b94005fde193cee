//! Who calls: a device that is signed in. The accounts room makes sessions; everything else only reads them.

use crate::error::{Error, Kind, Result};
use crate::id::{AccountId, DeviceId};
use crate::time::Time;
use futures::future::BoxFuture;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A device session, shared by all its sockets and calls on this node.
#[derive(Debug)]
pub struct Session {
    /// Whose.
    pub account: AccountId,
    /// Which device.
    pub device: DeviceId,
    /// When the account was made; decides who is a newcomer.
    pub account_created_at: Time,
    ended: CancellationToken,
}

impl Session {
    /// A live session.
    pub fn new(account: AccountId, device: DeviceId, account_created_at: Time) -> Self {
        Self { account, device, account_created_at, ended: CancellationToken::new() }
    }

    /// Ends it: later calls are refused, streams end, sockets close.
    pub fn end(&self) {
        self.ended.cancel();
    }

    /// Whether it was ended.
    pub fn is_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Returns when it is ended.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

/// Turns a token into a session. The accounts room is the one that can.
pub trait Authenticator: Send + Sync + 'static {
    /// The live session of this token, else [`unauthenticated`].
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Arc<Session>>>;
}

/// The one answer for a missing, unknown, expired or ended session.
pub fn unauthenticated() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "UNAUTHENTICATED",
        "Sign in first: this call needs the token of a device that is signed in.",
    )
}
