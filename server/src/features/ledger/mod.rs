//! What an account has done already: creations that must not happen twice ([`once`]) and allowances "a day" that no
//! restart, midnight or second device refills ([`quota`]). It does not know what it counts.

pub mod once;
pub mod quota;

use super::Foundation;
use crate::time::HOUR;

/// Drops what no longer counts, once an hour, for as long as the server runs.
pub async fn run(foundation: Foundation) {
    loop {
        let now = foundation.clock.now();
        for swept in
            [once::drop_old(&foundation.store, now).await, quota::drop_old(&foundation.store, now).await]
        {
            if let Err(error) = swept {
                tracing::warn!(%error, "old ledger rows could not be dropped; trying again in an hour");
            }
        }
        tokio::time::sleep(HOUR).await;
    }
}
