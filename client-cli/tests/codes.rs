//! What the command line does with QR codes, against a server. It knows the command line only.

mod terminal;

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

    let fresh = terminal.json("teahouse --profile a --json qr --reset").await;
    assert_ne!(fresh["code"]["url"], url.as_str());
    let dead = terminal.run("teahouse --profile b scan code.png 2>&1 && exit 9; test $? -eq 1").await;
    assert!(!dead.is_empty(), "it says why");
    let elsewhere = terminal.run("teahouse --profile b scan https://tea.example@evil.example/q/abc").await;
    assert!(elsewhere.starts_with("A link to evil.example, which was not opened:\n"), "{elsewhere}");
    terminal.server.shutdown().await;
}
