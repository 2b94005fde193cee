//! What an account has done already: creations that must not happen twice ([`once`]), allowances "a day" that no
//! restart, midnight or second device refills ([`quota`]), and texts that went to many strangers ([`adverts`]). It does
//! not know what it counts.

pub mod adverts;
pub mod once;
pub mod quota;

use super::Foundation;
use crate::error::Result;
use crate::time::HOUR;

/// Drops what no longer counts, for as long as the server runs.
pub async fn run(foundation: Foundation) {
    let mut swept = None;
    loop {
        let now = foundation.clock.now();
        if swept.is_none_or(|at| now.since(at) >= HOUR) {
            swept = Some(now);
            tell(quota::drop_old(&foundation.store, now).await);
            tell(adverts::drop_old(&foundation.store, now).await);
        }
        tokio::time::sleep(once::TICK).await;
        tell(once::tick(&foundation.store).await);
    }
}

fn tell(swept: Result<()>) {
    if let Err(error) = swept {
        tracing::warn!(%error, "old ledger rows could not be dropped; trying again later");
    }
}
