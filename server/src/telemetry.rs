//! What the server says of itself: log lines and metrics. Never bodies, tokens or positions. It knows no part of the
//! server; they speak to `tracing` and `metrics`.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde::{Deserialize, Serialize};
use std::io::IsTerminal;
use std::sync::OnceLock;
use tracing_subscriber::EnvFilter;

/// Upper bounds of the buckets of durations, in seconds.
const SECONDS: [f64; 11] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0];
/// Size of a memory page as `/proc` counts them: 4 KiB on all systems that we build for.
const PAGE: u64 = 4096;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// One line of text each.
    Text,
    /// One JSON object each.
    Json,
}

crate::settings! {
    /// Settings `[log]`.
    pub struct LogConfig {
        /// "error", "warn", "info", "debug", "trace" or "off"; also by part, as "info,teahouse_server::transport=debug".
        level: String = "info".to_owned(),
        /// "text", "json", or "auto": text on a terminal, else JSON. Lines go to the standard error output.
        format: LogFormat = LogFormat::Auto,
    }
}

/// Sends log lines to the standard error output, for the whole process. Later calls do nothing.
///
/// # Errors
/// What is wrong with the level.
pub fn log(config: &LogConfig) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.level).map_err(|e| format!("log.level: {e}"))?;
    let is_text = match config.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = if is_text {
        lines.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        lines.json().flatten_event(true).try_init()
    };
    Ok(())
}

/// The recorder of this process, which has one however many servers run in it.
pub fn metrics() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .expect("the list of buckets is not empty");
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("somebody else records the metrics of this process");
        }
        describe();
        handle
    })
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(
        "teahouse_calls_total",
        "Calls by method and outcome: ok, or the reason of the failure."
    );
    describe_histogram!("teahouse_call_seconds", "How long calls took, by method.");
    describe_gauge!("teahouse_connections", "Open connections of all kinds.");
    describe_gauge!("teahouse_websockets", "Open WebSockets.");
    describe_counter!("teahouse_connections_refused_total", "Connections refused by their caps.");
    describe_gauge!("teahouse_devices_following", "Devices that follow on this node.");
    describe_gauge!("teahouse_store_stamp", "Stamp of the last durable commit.");
    describe_gauge!("teahouse_resident_bytes", "Memory of the process that is resident.");
}

/// Resident memory of this process in bytes; `None` where the system does not tell.
pub fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}
