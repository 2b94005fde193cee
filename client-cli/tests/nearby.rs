//! What the command line does among strangers: two people come upon each other, find each other. It
//! knows the command line only.

mod terminal;

use terminal::Terminal;

const LAKE: &str = "30.2431,120.1502";

/// Alice and Bobby, who do not know each other.
async fn two() -> Terminal {
    let terminal = Terminal::open("ws").await;
    for (profile, username, name) in [("a", "alice01", "Alice"), ("b", "bobby01", "Bobby")] {
        let line = format!("register {username} --password 'correct horse' --name {name}");
        terminal.run(&format!("teahouse --profile {profile} {line}")).await;
    }
    terminal
}

/// Both look from the same place: Alice finds Bobby, who looked before her.
async fn look(terminal: &Terminal) -> String {
    for profile in ["b", "a"] {
        terminal.run(&format!("teahouse --profile {profile} around --on --adult")).await;
    }
    terminal.run(&format!("teahouse --profile b around --at {LAKE}")).await;
    terminal.run(&format!("teahouse --profile a around --at {LAKE}")).await
}

/// What a command says that must fail.
async fn refused(terminal: &Terminal, line: &str) -> String {
    terminal.run(&format!("{line} 2>&1 && exit 9; test $? -eq 1")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_around_finds_who_looked_before_and_is_seen_until_they_go() {
    let terminal = two().await;
    let early = refused(&terminal, &format!("teahouse --profile a around --at {LAKE}")).await;
    assert!(early.contains("teahouse around --on"), "it says how to switch it on: {early}");
    let young = refused(&terminal, "teahouse --profile a around --on").await;
    assert!(young.contains("--on --adult"), "{young}");
    terminal.run("teahouse --profile b profile --gender male --signature 'tea first'").await;

    let found = look(&terminal).await;
    let row = found.lines().find(|line| line.starts_with("1 ")).unwrap_or_else(|| panic!("{found}"));
    assert!(
        row.contains("Bobby") && row.contains("about 500 m") && row.contains("male · tea first"),
        "{row}"
    );
    let listed = terminal.json("teahouse --profile a --json strangers").await;
    assert_eq!(listed["strangers"][0]["name"], "Bobby", "{listed}");
    let seen = terminal.run("teahouse --profile b around").await;
    assert!(seen.contains("seen now     Bobby") && seen.contains("within 500 m: 30.2"), "{seen}");
    terminal.run("teahouse --profile a around --clear").await;
    let hidden = terminal.run("teahouse --profile a around").await;
    assert!(hidden.contains("seen now     by nobody") && hidden.contains("looking      from"), "{hidden}");
    terminal.server.shutdown().await;
}
