//! The commands of README.md, run by a shell as they stand there, over each transport; and what a program that reads `--json`
//! relies on. It knows the command line only.

mod terminal;

use base64::Engine as _;
use std::path::Path;
use terminal::Terminal;

/// The smallest picture there is, in base64.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// The lines of a section that call the program.
fn commands<'a>(page: &'a str, title: &str) -> Vec<&'a str> {
    let (_, section) = page.split_once(&format!("\n## {title}\n")).expect("the section is there");
    let (section, _) = section.split_once("\n## ").expect("another section follows");
    section.lines().filter(|line| line.starts_with("teahouse ")).collect()
}

async fn walk(transport: &'static str) {
    let terminal = Terminal::open(transport).await;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let page = std::fs::read_to_string(page).expect("README.md is there");
    let lines = commands(&page, "Send a message");
    assert!(lines.len() > 4, "{lines:?}");
    let picture = base64::engine::general_purpose::STANDARD.decode(PICTURE).expect("a picture");
    std::fs::write(terminal.home.path().join("pier.jpg"), &picture).expect("a picture for the page");
    for line in lines {
        if line.contains(" accept ") {
            let waiting = terminal.json("teahouse --profile b --json requests").await;
            assert_eq!(waiting["requests"][0]["texts"][0]["text"], "hi", "{waiting}");
        }
        let said = terminal.run(line).await;
        assert!(!line.contains(" history ") || said.contains("hello 你好"), "{line}: {said}");
    }
    let history = terminal.json("teahouse --profile b --json history alice01").await;
    assert_eq!(history["entries"][1]["text"]["text"], "hello 你好", "{history}");
    assert!(history["entries"][2]["recalled"].is_object(), "{history}");
    let fetched = std::fs::read(terminal.home.path().join("3.png")).expect("the picture was fetched");
    assert_eq!(fetched, picture, "what is a PNG comes as one, and nothing was to be removed");
    groups(&terminal, &page).await;
    nearby(&terminal, &page).await;
    terminal.server.shutdown().await;
}

/// The section about groups, after the one about messages.
async fn groups(terminal: &Terminal, page: &str) {
    let lines = commands(page, "Groups and codes");
    assert!(lines.len() > 8, "{lines:?}");
    let mut said = String::new();
    for line in lines {
        said = terminal.run(line).await;
    }
    // All but the times, as the page shows it.
    let (_, shown) = page.split_once("    1  2026-11-22 14:29  ").expect("the page shows the group");
    let words = |text: &str| -> Vec<String> {
        let lines = text.lines().take_while(|line| *line != "```").map(str::trim_start);
        lines.map(|line| line.get(21..).unwrap_or(line).to_owned()).collect()
    };
    let shown = format!("    1  2026-11-22 14:29  {shown}");
    let (_, said) = said.split_once('\n').expect("a head");
    assert_eq!(words(said.trim_end()), words(&shown), "{said}");
    let mentions = terminal.json("teahouse --profile b --json history 'Tea round'").await;
    let mentions = &mentions["entries"][1]["text"]["mentions"];
    assert!(mentions[0]["all"] == true && mentions[1]["offset"] == 18, "{mentions}");
    let code = terminal.json("teahouse --profile a --json qr").await;
    let url = code["code"]["url"].as_str().expect("a code has a URL");
    let drawn = terminal.run("teahouse --profile a qr").await;
    assert!(drawn.contains('▀') && drawn.contains(url), "{drawn}");
    let own = terminal.run(&format!("teahouse --profile a scan {url}")).await;
    assert!(own.contains("your own code"), "{own}");
}

/// The section about strangers, after the one about groups.
async fn nearby(terminal: &Terminal, page: &str) {
    let lines = commands(page, "Nearby");
    assert!(lines.len() > 8, "{lines:?}");
    let mut found = String::new();
    let mut said = String::new();
    for line in lines {
        said = terminal.run(line).await;
        if line.contains("--profile d around --at") {
            found.clone_from(&said);
        }
        if line.contains("wait") {
            assert!(
                said.contains("1  Danny · within 2 km") && said.contains("1  Carol · within 2 km"),
                "{said}"
            );
        }
    }
    let (shown, until) = found.trim_end().rsplit_once('\n').expect("a list and a remark");
    assert!(page.contains(shown), "the page shows what is found: {shown}");
    assert!(
        until.starts_with("Others see you until ") && until.ends_with(", in an area of 500 m."),
        "{until}"
    );
    for line in ["Danny: fine weather at the lake", "you: come over, there is tea", "Danny: on my way"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(said.contains("you and Danny became friends"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_works_over_websocket() {
    walk("ws").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_works_over_websocket_with_json() {
    walk("ws-json").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readme_works_over_grpc() {
    walk("grpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_says_why_and_ends_with_another_code() {
    let terminal = Terminal::open("ws").await;
    let line = "teahouse --profile c login nobody01 --password 'not the one'; test $? -ne 0";
    terminal.run(line).await;
    let line = "teahouse --profile c login nobody01 --password 'not the one' 2>&1 || true";
    let said = terminal.run(line).await;
    assert!(said.contains("password is wrong"), "{said}");
    terminal.server.shutdown().await;
}
