//! The program `teahouse-server`: settings → start → wait for a signal → drain.

use clap::Parser;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use teahouse_server::app::{App, Overrides};
use teahouse_server::config::Config;
use teahouse_server::config::flags::{Command, CommandLine};
use teahouse_server::{admin, settings, telemetry};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run(CommandLine::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "teahouse-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(line: CommandLine) -> Result<(), Box<dyn Error>> {
    let (config, warnings) = Config::load(&line.settings.sources())?;
    if line.settings.print_config {
        return say(&settings::print(&config));
    }
    if let Some(Command::Admin { words }) = line.command {
        return say(&(admin::ask(&config.data, words).await?.trim_end().to_owned() + "\n"));
    }
    telemetry::log(&config.log)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    allow_many_files();
    let mut signals =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    let data = match config.store.engine {
        teahouse_server::store::EngineKind::Memory => "nothing is kept".to_owned(),
        _ => format!("data in {}", config.data.display()),
    };
    let running = App::start(config, Overrides::default()).await?;
    let version = env!("CARGO_PKG_VERSION");
    say(&format!("Teahouse {version} listens on {} · {data} · stop with Ctrl-C\n", running.url()))?;
    loop {
        tokio::select! {
            _ = signals.0.recv() => break,
            _ = signals.1.recv() => break,
            _ = signals.2.recv() => match running.reload_certificate() {
                Ok(()) => tracing::info!("read the certificate again"),
                Err(error) => tracing::error!(%error, "the old certificate stays in use"),
            },
        }
    }
    tracing::info!("stopping");
    tokio::select! {
        () = running.shutdown() => Ok(()),
        _ = signals.1.recv() => Err("told twice to stop: stopped at once".into()),
    }
}

/// Each connection is an open file, and systems allow few of them before they are asked.
fn allow_many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "cannot raise the number of open files");
    }
}

fn say(text: &str) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
