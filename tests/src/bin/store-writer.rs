//! Opens a store, checks it against the acknowledgements that it is told, and writes into it until it is killed:
//! `store-writer [--fault NAME] DATA_DIR ENGINE OPERATIONS_PER_WORKER ACKNOWLEDGED,…`. Says "violation: …" for all
//! that is not as it must be, then "ready w0,w1,…" with the positions found, then the acknowledgements.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use teahouse_server::random::Random;
use teahouse_server::store::{EngineKind, Store, StoreConfig};
use teahouse_server::time::Clock;
use teahouse_tests::{churn, fault, process};

#[tokio::main]
async fn main() -> ExitCode {
    process::end_with_the_test();
    let arguments = fault::take_from(std::env::args_os().skip(1));
    let arguments: Vec<String> = arguments.into_iter().map(|a| a.to_string_lossy().into_owned()).collect();
    let [dir, engine, operations, acknowledged] = arguments.as_slice() else {
        return fail(
            "usage: store-writer [--fault NAME] DATA_DIR ENGINE OPERATIONS_PER_WORKER ACKNOWLEDGED,…",
        );
    };
    let Ok(operations) = operations.parse() else { return fail("the number of operations is no number") };
    let acknowledged: Vec<u64> = acknowledged.split(',').filter_map(|n| n.parse().ok()).collect();
    let engine = if engine == "fjall" { EngineKind::Fjall } else { EngineKind::Sled };
    // The disks of tests are small.
    let config = StoreConfig { engine, cache_mib: 8, min_free_mib: 16, resume_free_mib: 24 };
    let opened = Store::open(&config, Path::new(dir), &Clock::system(), &Random::from_os());
    let (store, _events) = match opened {
        Ok(opened) => opened,
        Err(error) => return fail(&error.to_string()),
    };
    let found = match churn::verify(&store, &acknowledged).await {
        Ok(found) => found,
        Err(error) => return fail(&format!("{error:?}")),
    };
    for violation in &found.violations {
        say(&format!("violation: {violation}"));
    }
    let positions: Vec<String> = found.positions.iter().map(u64::to_string).collect();
    say(&format!("epoch {}", store.epoch()));
    say(&format!("ready {}", positions.join(",")));
    match churn::work(&store, &found.positions, operations).await {
        Ok(()) => {
            store.close().await;
            ExitCode::SUCCESS
        }
        // The store has failed, and ends the process as soon as it has said why.
        Err(error) if error.reason() == "SHUTTING_DOWN" => std::future::pending().await,
        Err(error) => fail(&format!("{error:?}")),
    }
}

fn say(line: &str) {
    // Whoever reads may be gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "store-writer: {why}");
    ExitCode::FAILURE
}
