//! What the command line does with QR codes, against a server. It knows the command line only.

mod terminal;

use futures::StreamExt as _;
use teahouse_client::Connector;
use teahouse_proto::QrSignInClient;
use teahouse_proto::qr::SignInByCodeRequest;
use teahouse_proto::qr::sign_in_by_code_response::Event;
use terminal::Terminal;

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_code_is_drawn_saved_scanned_and_reset() {
    let terminal = Terminal::open("ws").await;
    for (profile, username, name) in [("a", "alice01", "Alice"), ("b", "bobby01", "Bobby")] {
        let line = format!("register {username} --password 'correct horse' --name {name}");
        terminal.run(&format!("teahouse --profile {profile} {line}")).await;
    }
    let drawn = terminal.run("teahouse --profile a qr").await;
    let url = drawn.lines().last().expect("the address below").to_owned();
    assert!(drawn.contains('▀') && url.contains("/q/"), "{drawn}");
    terminal.run("teahouse --profile a qr --png code.png --size 300 --svg code.svg --logo").await;
    let svg = std::fs::read_to_string(terminal.home.path().join("code.svg")).expect("the drawing was saved");
    assert!(svg.contains("<svg"), "{svg}");
    let own = terminal.run("teahouse --profile a scan code.png").await;
    assert_eq!(own.trim_end(), "Alice\nThis is your own code.");
    let found = terminal.run("teahouse --profile b scan code.png 2>&1").await;
    assert_eq!(found.trim_end(), "Alice\nThe same with --add TEXT asks them to become friends.");
    let json = terminal.json("teahouse --profile b --json scan code.png").await;
    assert_eq!(
        (&json["person"]["card"]["displayName"], &json["text"]),
        (&"Alice".into(), &url.clone().into())
    );
    let sent = terminal.run("teahouse --profile b scan code.png --add 'from the poster'").await;
    assert_eq!(sent.trim_end(), "Sent. Alice can accept within 7 days.");
    let requests = terminal.run("teahouse --profile a requests").await;
    assert!(requests.contains("QR code") && requests.contains("from the poster"), "{requests}");

    // A file that is there keeps the old code alive.
    let there =
        terminal.run("teahouse --profile a qr --reset --png code.png 2>&1 && exit 9; test $? -eq 2").await;
    assert!(there.contains("code.png is there already"), "{there}");
    terminal.run("teahouse --profile b scan code.png").await;
    let fresh = terminal.json("teahouse --profile a --json qr --reset --png fresh.png").await;
    let read = terminal.json("teahouse --profile a --json scan fresh.png").await;
    assert_eq!(read["text"], fresh["code"]["url"]);
    assert_ne!(fresh["code"]["url"], url.as_str());
    let dead = terminal.run("teahouse --profile b scan code.png 2>&1 && exit 9; test $? -eq 1").await;
    assert!(!dead.is_empty(), "it says why");
    let elsewhere = terminal.run("teahouse --profile b scan https://tea.example@evil.example/q/abc").await;
    assert!(elsewhere.starts_with("A link to evil.example, which was not opened:\n"), "{elsewhere}");
    terminal.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_let_in_unseen_from_the_expected_address_alone() {
    let terminal = Terminal::open("ws").await;
    terminal.run("teahouse register alice01 --password 'correct horse' --name Alice").await;
    let screen =
        Connector::new(terminal.server.url()).expect("an address").connect().await.expect("connected");
    let asked = QrSignInClient(screen).sign_in_by_code(SignInByCodeRequest::default()).await;
    let mut events = asked.expect("it shows a code");
    let first = events.next().await.expect("an event").expect("no failure").event;
    let Some(Event::Code(code)) = first else { panic!("{first:?}") };
    for (flag, exit, why) in [
        ("--approve", 2, "--approve=ADDRESS"),
        ("--approve=203.0.113.9", 1, "from 127.0.0.1, not from 203.0.113.9"),
    ] {
        let line = format!("teahouse scan {} {flag} 2>&1 && exit 9; test $? -eq {exit}", code.url);
        let said = terminal.run(&line).await;
        assert!(said.contains("  address  127.0.0.1\n") && said.contains(why), "{said}");
    }
    let decided = terminal.json(&format!("teahouse --json scan {} --approve=127.0.0.1", code.url)).await;
    assert_eq!((&decided["signIn"]["address"], &decided["approved"]), (&"127.0.0.1".into(), &true.into()));
    assert_eq!(decided["signIn"]["ticket"], serde_json::Value::Null, "it is used up");
    loop {
        match events.next().await.expect("an event").expect("no failure").event {
            Some(Event::SignedIn(_)) => break,
            other => assert!(matches!(other, Some(Event::Scanned(_))), "{other:?}"),
        }
    }
    terminal.server.shutdown().await;
}
