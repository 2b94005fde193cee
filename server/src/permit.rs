//! What a call must still be allowed when its transactions run: between its admission and its turn at the writer somebody may
//! have closed an area to the caller, and whoever closed it was told that it is closed. The permit goes along with the task
//! of the call, so that no room has to think of it. It does not know what is allowed to whom.

use crate::error::Result;
use std::future::Future;
use std::sync::Arc;

/// Asked on the writer's thread, before a transaction runs; must be quick.
pub trait Permit: Send + Sync {
    /// Whether it still holds; the error is the answer of the transaction.
    fn check(&self) -> Result<()>;
}

tokio::task_local! {
    static CURRENT: Option<Arc<dyn Permit>>;
}

/// Runs a call under a permit, where it needs one.
pub async fn under<F: Future>(permit: Option<Arc<dyn Permit>>, call: F) -> F::Output {
    CURRENT.scope(permit, call).await
}

/// The permit of the call that is under way here; `None` in the background.
pub fn current() -> Option<Arc<dyn Permit>> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}
