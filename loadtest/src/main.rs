//! `teahouse-loadtest`: simulated people against a real server process, and a table of what came of it.

mod costs;
mod echo;
mod floor;
mod options;
mod people;
mod profiles;
mod report;
mod server;
mod signals;

use clap::Parser;
use options::{Command, Options, Profile};
use report::Report;
use std::ffi::OsString;
use std::process::ExitCode;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    match Options::parse() {
        Options { hidden: Some(Command::Serve { arguments }), .. } => serve(arguments),
        Options { hidden: Some(Command::Echo), .. } => echo::serve(),
        options => run(&options),
    }
}

fn serve(arguments: Vec<OsString>) -> ExitCode {
    let name = OsString::from("teahouse-server");
    runtime().block_on(teahouse_server::program::run(std::iter::once(name).chain(arguments)))
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("the operating system gives threads")
}

fn run(options: &Options) -> ExitCode {
    let outcome = runtime().block_on(async {
        tokio::select! {
            // First, so that signals are awaited before anything is started that must not be left behind.
            biased;
            signal = signals::one() => Err(format!("ended by {signal} before there was a result").into()),
            outcome = measure(options) => outcome,
        }
    });
    let printed = outcome.and_then(|report| {
        let is_sound = report.is_sound();
        report.print(options.json).map_err(|e| format!("the result cannot be written: {e}"))?;
        Ok(is_sound)
    });
    match printed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("teahouse-loadtest: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> Result<Report, Failure> {
    people::say("measuring the floor");
    let floor = floor::measure()?;
    people::say(options.profile().name());
    match options.profile() {
        Profile::Floor => Ok(floor::report(&floor)),
        Profile::Idle => profiles::idle::run(options, &floor).await,
        Profile::Chat => profiles::chat::run(options, &floor).await,
        Profile::Sync => profiles::sync::run(options, &floor).await,
        Profile::Nearby => profiles::nearby::run(options, &floor).await,
        Profile::Shake => profiles::shake::run(options, &floor).await,
        profile @ (Profile::Group | Profile::HotGroup) => {
            profiles::group::run(options, profile, &floor).await
        }
    }
}

/// What ends a run: a sentence for whoever started it.
type Failure = Box<dyn std::error::Error + Send + Sync>;
