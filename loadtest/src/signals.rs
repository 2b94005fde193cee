//! The signals that would end the program without a word.

use futures::future::{FutureExt, select_all};
use tokio::signal::unix::{SignalKind, signal};

/// Waits for one of them and gives its name.
pub(crate) async fn one() -> &'static str {
    let signals = [
        (SignalKind::hangup(), "SIGHUP"),
        (SignalKind::interrupt(), "SIGINT"),
        (SignalKind::quit(), "SIGQUIT"),
        (SignalKind::terminate(), "SIGTERM"),
    ];
    let waits = signals.map(|(kind, name)| {
        async move {
            match signal(kind) {
                Ok(mut signal) => drop(signal.recv().await),
                // Where it cannot be heard, it does what it always does.
                Err(_) => std::future::pending().await,
            }
            name
        }
        .boxed()
    });
    select_all(waits).await.0
}
