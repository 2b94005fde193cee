//! `teahouse-server` with the command line of the real one and `--fault NAME` besides (see `server/src/faults.rs`), so
//! that tests can be seen to fail on a server that does not keep its word.

use std::process::ExitCode;
use teahouse_server::program;
use teahouse_tests::{fault, process};

#[tokio::main]
async fn main() -> ExitCode {
    process::end_with_the_test();
    program::run(fault::take_from(std::env::args_os())).await
}
