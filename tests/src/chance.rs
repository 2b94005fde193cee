//! How random tests run: the same sequence each time, so that a failure is nobody's luck; other sequences by
//! `PROPTEST_RNG_SEED`, more of them by `PROPTEST_CASES`. What failed once is kept and tried first ever after.

use proptest::test_runner::{Config, FileFailurePersistence, RngSeed};

/// Where sequences begin.
const SEED: u64 = 2013;

/// For a test of this name, with so many cases.
pub fn config(name: &str, cases: u32) -> Config {
    let file = format!("{}/proptest-regressions/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let from_environment = Config::default();
    let is_set = |variable| std::env::var_os(variable).is_some();
    Config {
        cases: if is_set("PROPTEST_CASES") { from_environment.cases } else { cases },
        rng_seed: match from_environment.rng_seed {
            RngSeed::Random => RngSeed::Fixed(SEED),
            fixed => fixed,
        },
        // Paths of files are few and live as long as the tests.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file.leak()))),
        max_shrink_iters: 400,
        ..from_environment
    }
}
