//! What `teahouse export` saves: all that its user sees now, and nothing that was taken back.

mod terminal;

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use terminal::Terminal;

/// The files of an archive, by name.
fn files(terminal: &Terminal, archive: &str) -> BTreeMap<String, Vec<u8>> {
    let archive = std::fs::File::open(terminal.home.path().join(archive)).expect("it was saved");
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("whole");
        files.insert(name, content);
    }
    files
}

fn contains(files: &BTreeMap<String, Vec<u8>>, what: &str) -> bool {
    files.values().any(|content| content.windows(what.len()).any(|part| part == what.as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_what_one_sees_and_nothing_that_was_taken_back() {
    let terminal = Terminal::open("ws").await;
    for (profile, username, name) in
        [("a", "alice01", "Alice"), ("b", "bobby01", "Bobby"), ("c", "carol01", "Carol")]
    {
        let line = format!("register {username} --password 'correct horse' --name {name}");
        terminal.run(&format!("teahouse --profile {profile} {line}")).await;
    }
    for (profile, username) in [("b", "bobby01"), ("c", "carol01")] {
        terminal.run(&format!("teahouse --profile a add {username}")).await;
        terminal.run(&format!("teahouse --profile {profile} accept alice01")).await;
    }
    std::fs::write(terminal.home.path().join("list.txt"), "milk, tea, sugar").expect("a file");
    for line in [
        "teahouse --profile a send bobby01 'meet me at the pier'",
        "teahouse --profile a send bobby01 'a rash word'",
        "teahouse --profile a send bobby01 'the frist draft'",
        "teahouse --profile a send-file bobby01 list.txt",
        "teahouse --profile a recall bobby01 3",
        "teahouse --profile a edit bobby01 4 'the first draft'",
        "teahouse --profile a send me 'forwarded twice'",
        "teahouse --profile a forward me 1 --to me --merged",
        "teahouse --profile a forward me 2 --to bobby01 --merged",
        "teahouse --profile a remark bobby01 'owes me a cup'",
        "teahouse --profile a group create 'Tea round' bobby01 carol01",
        "teahouse --profile a send 'Tea round' 'who has the biscuits?'",
        "teahouse --profile b remark alice01 'never on time'",
    ] {
        terminal.run(line).await;
    }
    let said = terminal.run("teahouse --profile a export mine.tar").await;
    assert_eq!(said.trim_end(), "mine.tar  4 conversations, 1 pictures and other files");
    let mine = files(&terminal, "mine.tar");
    for seen in ["meet me at the pier", "the first draft", "owes me a cup", "who has the biscuits?", "Carol"]
    {
        assert!(contains(&mine, seen), "{seen} is missing in {:?}", mine.keys());
    }
    let within = mine.iter().find(|(name, _)| name.contains("/forwarded/") && name.ends_with("-0.json"));
    let (_, within) = within.expect("a merged forward in another");
    assert!(String::from_utf8_lossy(within).contains("forwarded twice"));
    for unseen in ["a rash word", "the frist draft", "never on time"] {
        assert!(!contains(&mine, unseen), "{unseen}");
    }
    let media: Vec<_> = mine.iter().filter(|(name, _)| name.starts_with("media/")).collect();
    assert!(matches!(media[..], [(_, content)] if content == b"milk, tea, sugar"), "{media:?}");
    for (name, content) in mine.iter().filter(|(name, _)| name.ends_with(".json")) {
        let document: Value = serde_json::from_slice(content).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(document.is_object(), "{name}");
    }
    let again = terminal.run("teahouse --profile a export mine.tar 2>&1 && exit 9; test $? -eq 2").await;
    assert!(again.contains("is there already"), "{again}");
    let small = terminal.json("teahouse --profile b --json export small.tar --without-media").await;
    assert_eq!((&small["conversations"], &small["media"]), (&3.into(), &0.into()));
    assert!(contains(&files(&terminal, "small.tar"), "never on time"), "his own remark");
    let left = std::fs::read_dir(terminal.home.path()).expect("the folder");
    let names = left.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
    assert!(!names.into_iter().any(|name| name.contains(".part")), "nothing is left beside the archives");
    terminal.server.shutdown().await;
}
