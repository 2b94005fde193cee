//! What the command line does among strangers: two people come upon each other, greet, talk, and become friends or do not. It
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
async fn two_people_who_look_around_greet_talk_and_become_friends() {
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
    let shown = terminal.run("teahouse --profile a strangers show bobby").await;
    assert!(shown.contains("found by   Look Around, about 500 m"), "{shown}");
    let seen = terminal.run("teahouse --profile b around").await;
    assert!(seen.contains("seen now     Bobby") && seen.contains("within 500 m: 30.2"), "{seen}");

    let nobody = refused(&terminal, "teahouse --profile a greet 2 hello").await;
    assert!(nobody.contains("You found no stranger “2”"), "{nobody}");
    terminal.run("teahouse --profile b follow --catch-up").await;
    terminal.run("teahouse --profile a greet 1 'fine weather'").await;
    let got = terminal.run("teahouse --profile b greetings").await;
    assert!(
        got.contains("Alice") && got.contains("fine weather") && got.contains("Look Around, about 500 m"),
        "{got}"
    );
    let told = terminal.run("teahouse --profile b follow --catch-up").await;
    assert!(told.contains("* Alice (Look Around, about 500 m) greets you: “fine weather”"), "{told}");
    let answered = terminal.run("teahouse --profile b greetings reply alice 'come over'").await;
    assert!(answered.starts_with("Answered Alice, number 2."), "{answered}");
    terminal.run("teahouse --profile a send Bobby 'on my way'").await;
    let said = terminal.run("teahouse --profile a history Bobby").await;
    for line in ["you: fine weather", "Bobby: come over", "you: on my way"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let list = terminal.run("teahouse --profile b conversations").await;
    assert!(list.contains("Alice (stranger)") && list.contains("on my way"), "{list}");
    let follow = terminal.run("teahouse --profile b follow --catch-up").await;
    assert!(follow.contains("Alice: on my way"), "{follow}");

    let accepted = terminal.run("teahouse --profile b greetings accept Alice").await;
    assert_eq!(accepted.trim_end(), "You and Alice (alice01) are friends now.");
    let said = terminal.run("teahouse --profile b history alice01").await;
    assert!(said.contains("you: come over") && said.contains("— you and Alice became friends —"), "{said}");
    terminal.run("teahouse --profile a around --clear").await;
    let hidden = terminal.run("teahouse --profile a around").await;
    assert!(hidden.contains("seen now     by nobody") && hidden.contains("looking      from"), "{hidden}");
    terminal.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_with_a_stranger_is_left_reported_or_blocked() {
    let terminal = two().await;
    look(&terminal).await;
    terminal.run("teahouse --profile a greet 1 'fine weather'").await;
    terminal.run("teahouse --profile b greetings reply Alice 'come over'").await;
    terminal.run("teahouse --profile a send Bobby 'never'").await;
    let reported =
        terminal.run("teahouse --profile b report message Alice 3 --reason harassment --text rude").await;
    assert!(reported.starts_with("Reported, number "), "{reported}");
    let reports = terminal.run("teahouse --profile b reports").await;
    assert!(reports.contains("harassment") && reports.contains("open"), "{reports}");
    let none = terminal.run("teahouse --profile a sanctions").await;
    assert_eq!(none.trim_end(), "Nothing holds against you.");

    let chats = terminal.run("teahouse --profile b greetings chats").await;
    assert!(chats.contains("Alice"), "{chats}");
    terminal.run("teahouse --profile b greetings leave Alice").await;
    let over = refused(&terminal, "teahouse --profile a send Bobby 'are you there?'").await;
    assert!(over.contains("when one of the two leaves"), "{over}");
    let list = terminal.run("teahouse --profile a chats").await;
    assert!(list.contains("Bobby (over)"), "{list}");
    let blocked = terminal.run("teahouse --profile a strangers block 1").await;
    assert!(blocked.starts_with("Bobby is blocked."), "{blocked}");
    let nobody = terminal.run(&format!("teahouse --profile b around --at {LAKE}")).await;
    assert!(!nobody.contains("Alice"), "{nobody}");

    terminal.run("teahouse --profile b export his.tar").await;
    let names = terminal.run("tar -tf his.tar | sort; : teahouse").await;
    for document in ["look-around", "shake", "shaken", "greetings", "temporary-chats", "reports", "sanctions"]
    {
        assert!(names.contains(&format!("{document}.json")), "{document}: {names}");
    }
    terminal.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_shake_at_once_see_each_other() {
    let terminal = two().await;
    for profile in ["a", "b"] {
        terminal.run(&format!("teahouse --profile {profile} shake --on --adult --seen")).await;
    }
    let [hers, his] = ["a", "b"].map(|profile| format!("teahouse --profile {profile} shake --at {LAKE}"));
    let (hers, his) = tokio::join!(terminal.run(&hers), terminal.run(&his));
    assert!(hers.contains("1  Bobby · about 500 m"), "{hers}");
    assert!(his.contains("1  Alice · about 500 m"), "{his}");
    terminal.run("teahouse --profile b greet Alice 'you shook, too?'").await;
    let got = terminal.json("teahouse --profile a --json greetings").await;
    assert_eq!(got["greetings"][0]["card"]["way"], "WAY_SHAKE", "{got}");
    let history = terminal.run("teahouse --profile a shake --history").await;
    assert!(history.contains("Bobby"), "{history}");
    terminal.run("teahouse --profile a shake --clear").await;
    let history = terminal.run("teahouse --profile a shake --history").await;
    assert_eq!(history.trim_end(), "You met nobody by shaking.");
    terminal.server.shutdown().await;
}
