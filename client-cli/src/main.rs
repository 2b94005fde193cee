//! `teahouse`, the command-line client. It reads the command line, runs one command and turns its outcome into an exit
//! code: 0 done, 1 refused, 2 misused, 3 the server cannot be reached.

mod cli;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    // One command talks over one connection: a second thread would find nothing to do.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(cli::run(args));
            // A read of standard input that nobody awaits any more must not hold the program up.
            runtime.shutdown_background();
            code
        }
        Err(error) => cli::cannot_start(&error),
    }
}
