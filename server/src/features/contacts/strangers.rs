//! Limits on what concerns strangers, groups and codes, for this room and later ones: newcomers have a fifth of them. It
//! does not know what is limited.

use super::relations::is_newcomer;
use crate::call::Cx;
use crate::error::Result;
use crate::features::ledger::quota::{Quota, Who};
use crate::id::AccountId;
use crate::store::Tx;
use crate::time::{DAY, Time};

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub struct Me {
    /// Their account.
    pub account: AccountId,
    /// When it was made.
    pub created_at: Time,
}

impl Me {
    /// Who calls; `UNAUTHENTICATED` where nobody is signed in.
    pub fn of(cx: &Cx) -> Result<Self> {
        let session = cx.session()?;
        Ok(Self { account: session.account, created_at: session.account_created_at })
    }

    /// Whether they are a newcomer, see [`is_newcomer`].
    pub fn is_newcomer(self, tx: &mut Tx<'_>, now: Time, on_loopback: bool) -> Result<bool> {
        is_newcomer(tx, self.account, self.created_at, now, on_loopback)
    }

    /// Draws so many times on a limit for a day, or answers `RATE_LIMITED` with the wait and draws nothing.
    pub fn draw(
        self,
        tx: &mut Tx<'_>,
        (kind, limit): (&'static str, u32),
        times: usize,
        now: Time,
        on_loopback: bool,
    ) -> Result<()> {
        let quota = Quota { kind, limit, per: DAY };
        let quota = if self.is_newcomer(tx, now, on_loopback)? { quota.for_newcomer() } else { quota };
        quota.draw_times(tx, Who::Account(self.account), times, now)
    }
}
