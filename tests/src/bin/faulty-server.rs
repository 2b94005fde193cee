//! The server with `--fault NAME` before its own flags: switches a deliberate defect on, so that each proof can be seen to
//! fail. Knows nothing else that the server does not.

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use teahouse_server::app::{App, Overrides};
use teahouse_server::config::Config;
use teahouse_server::config::flags::CommandLine;
use teahouse_tests::fault;

#[tokio::main]
async fn main() -> ExitCode {
    let line = CommandLine::parse_from(fault::take_from(std::env::args_os()));
    let (config, _) = match Config::load(&line.settings.sources()) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error.to_string()),
    };
    let mut stop =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("signals");
    let running = match App::start(config, Overrides::default()).await {
        Ok(running) => running,
        Err(error) => return fail(&error.to_string()),
    };
    let _ = writeln!(std::io::stdout(), "listens on {} ", running.url());
    stop.recv().await;
    running.shutdown().await;
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "faulty-server: {why}");
    ExitCode::FAILURE
}
