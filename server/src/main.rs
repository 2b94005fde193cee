//! The program `teahouse-server`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    teahouse_server::program::run(std::env::args_os()).await
}
