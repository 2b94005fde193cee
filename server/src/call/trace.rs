//! Metrics and log lines of calls, from one place. Never bodies, tokens or positions.

use crate::error::{Error, Kind};
use crate::id::AccountId;
use metrics::{Counter, Histogram};
use std::time::Duration;
use teahouse_proto::MethodInfo;

/// The metric handles of one method, made once.
pub(super) struct Meter {
    answered: Counter,
    seconds: Histogram,
}

impl Meter {
    pub(super) fn new(info: &'static MethodInfo) -> Self {
        Self {
            answered: metrics::counter!("teahouse_calls_total", "method" => info.path, "outcome" => "ok"),
            seconds: metrics::histogram!("teahouse_call_seconds", "method" => info.path),
        }
    }

    pub(super) fn record(
        &self,
        took: Duration,
        info: &'static MethodInfo,
        account: Option<AccountId>,
        failure: Option<&Error>,
    ) {
        self.seconds.record(took.as_secs_f64());
        let Some(error) = failure else {
            self.answered.increment(1);
            tracing::debug!(method = info.path, ?account, ?took, "call");
            return;
        };
        metrics::counter!("teahouse_calls_total", "method" => info.path, "outcome" => error.reason())
            .increment(1);
        if error.kind() == Kind::Internal {
            tracing::error!(method = info.path, ?account, ?took, %error, "call failed");
        } else {
            tracing::debug!(method = info.path, ?account, ?took, %error, "call refused");
        }
    }
}
