//! The program: settings → start → wait for a signal → drain. In the library, so that tests can run the same with
//! deliberate defects.

use crate::app::{App, Overrides};
use crate::config::Config;
use crate::config::flags::{Command, CommandLine};
use crate::seed::{self, Crowd};
use crate::{admin, settings, telemetry};
use clap::Parser;
use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Does what a command line says, the program's name first, and gives the exit code.
pub async fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match obey(CommandLine::parse_from(arguments)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "teahouse-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn obey(line: CommandLine) -> Result<(), Box<dyn Error>> {
    let (config, warnings) = Config::load(&line.settings.sources())?;
    if line.settings.print_config {
        return say(&settings::print(&config));
    }
    match line.command {
        Some(Command::Admin { words }) => {
            return say(&(admin::ask(&config.data, words).await?.trim_end().to_owned() + "\n"));
        }
        Some(Command::Seed { users, visible, friends, seed }) => {
            let users = users.max(visible);
            seed::fill(&config, &Crowd { seed, users, visible, friends }).await?;
            return say(&format!("{users} simulated people are in {}\n", config.data.display()));
        }
        None => {}
    }
    telemetry::log(&config.log)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    allow_many_files();
    let mut signals =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?);
    let data = match config.store.engine {
        crate::store::EngineKind::Memory => "nothing is kept".to_owned(),
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
