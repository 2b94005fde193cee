//! A device in a process of its own, so that a test can freeze it: `reader URL TRANSPORT TOKEN CONVERSATION SEQ` follows
//! until it has that entry of the conversation. Says "reads" once it is caught up, "violation: …" for all that is not as
//! it must be, and "has SEQ" at the end.

use std::io::Write;
use std::process::ExitCode;
use teahouse_client::Transport;
use teahouse_tests::mirror::Mirror;
use teahouse_tests::process;
use teahouse_tests::world::World;

#[tokio::main]
async fn main() -> ExitCode {
    process::end_with_the_test();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, transport, token, conversation, seq] = arguments.as_slice() else {
        return fail("usage: reader URL TRANSPORT TOKEN CONVERSATION SEQ");
    };
    let (Ok(conversation), Ok(seq)) = (conversation.parse(), seq.parse()) else {
        return fail("the numbers are none");
    };
    let Some(transport) = Transport::ALL.into_iter().find(|t| t.to_string() == *transport) else {
        return fail("the transport is none");
    };
    let device = World::at(url, transport).device("reader").signed_in(0, 0, token);
    let mut mirror = Mirror::new(device);
    let mut reads = false;
    while !mirror.is_caught_up() || mirror.copy(conversation).is_none_or(|copy| copy.head() < seq) {
        // Whoever was frozen may have been given up meanwhile, and follows anew.
        if let Err(error) = mirror.step().await {
            say(&format!("follows anew after {error:?}"));
        }
        if mirror.is_caught_up() && !reads {
            say("reads");
            reads = true;
        }
    }
    for violation in mirror.violations() {
        say(&format!("violation: {violation}"));
    }
    say(&format!("has {seq}"));
    ExitCode::SUCCESS
}

fn say(line: &str) {
    // Whoever reads may be gone.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "reader: {why}");
    ExitCode::FAILURE
}
