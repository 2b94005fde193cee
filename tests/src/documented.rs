//! The reasons of failures that docs/PROTOCOL.md tells clients of. It knows how the page writes them.

use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Whether the page has this reason.
///
/// # Panics
/// Where the page cannot be read.
pub fn is_documented(reason: &str) -> bool {
    static REASONS: OnceLock<BTreeSet<String>> = OnceLock::new();
    let reasons = REASONS.get_or_init(|| {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROTOCOL.md");
        let page = std::fs::read_to_string(page).expect("the page is in the repository");
        let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
        cells.map(|(reason, _)| reason.to_owned()).collect()
    });
    reasons.contains(reason)
}

#[test]
fn the_page_is_understood() {
    for known in ["MALFORMED", "NOT_FRIENDS", "REPLACED", "CURSOR_INVALID"] {
        assert!(is_documented(known), "{known}");
    }
    assert!(!is_documented("NO_SUCH_REASON") && !is_documented(""));
}
