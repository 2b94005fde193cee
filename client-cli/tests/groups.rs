//! What the command line does with groups, from making one to ending it, against a server. It knows the command line only.

mod terminal;

use serde_json::Value;
use terminal::Terminal;

/// Four people: Alice has all the others as friends, who do not know each other.
async fn four() -> Terminal {
    let terminal = Terminal::open("ws").await;
    for (profile, username, name) in [
        ("a", "alice01", "Alice"),
        ("b", "bobby01", "Bobby"),
        ("c", "carol01", "Carol"),
        ("d", "danny01", "Danny"),
    ] {
        let line = format!(
            "teahouse --profile {profile} register {username} --password 'correct horse' --name {name}"
        );
        terminal.run(&line).await;
        if profile != "a" {
            terminal.run(&format!("teahouse --profile a add {username}")).await;
            terminal.run(&format!("teahouse --profile {profile} accept alice01")).await;
        }
    }
    terminal
}

/// What a command says that must fail.
async fn refused(terminal: &Terminal, line: &str) -> String {
    terminal.run(&format!("{line} 2>&1 && exit 9; test $? -eq 1")).await
}

async fn id_of_first_group(terminal: &Terminal, profile: &str) -> String {
    let groups = terminal.json(&format!("teahouse --profile {profile} --json group list")).await;
    groups["conversations"][0]["conversationId"].as_str().expect("a group").to_owned()
}

fn names(members: &Value) -> Vec<&str> {
    let members = members["members"].as_array().expect("members");
    members.iter().filter_map(|m| m["card"]["displayName"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_from_its_beginning_to_its_end() {
    let terminal = four().await;
    let made = terminal.run("teahouse --profile a group create '' bobby01 carol01").await;
    assert!(
        made.starts_with("Made Bobby and Carol (group ")
            && made.contains("3 members.\nBobby (bobby01) is in it.\nCarol (carol01) is in it."),
        "{made}"
    );
    let id = id_of_first_group(&terminal, "b").await;
    // Without a name it is called by its members.
    let listed = terminal.run("teahouse --profile b group").await;
    assert!(listed.contains("member   Alice and Carol"), "{listed}");
    terminal.run(&format!("teahouse --profile b group rename {id} Tea")).await;
    let nameless = terminal.run("teahouse --profile b group rename Tea").await;
    assert_eq!(nameless.trim_end(), "Tea has no name of its own now, and is called by its members.");
    terminal.run(&format!("teahouse --profile b group rename {id} Tea")).await;
    for line in [
        "teahouse --profile b group nickname tea 'Bob the brewer'",
        "teahouse --profile a group announce Tea 'tea at five'",
        "teahouse --profile a group settings Tea --approval on --private on",
        "teahouse --profile a group admin Tea bobby01",
        "teahouse --profile b group mute Tea Carol",
    ] {
        terminal.run(line).await;
    }
    let muted = refused(&terminal, "teahouse --profile c send Tea hello").await;
    assert!(!muted.is_empty(), "it says why");
    terminal.run("teahouse --profile b group unmute Tea Carol").await;
    terminal.run("teahouse --profile c send Tea 'hello, @Bob the brewer'").await;
    let shown = terminal.run("teahouse --profile c group show Tea").await;
    for part in
        ["members       3", "owner         Alice", "approval      on", "private       on", "tea at five"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let history = terminal.run("teahouse --profile c history Tea").await;
    for part in [
        "— Alice made the group with Bob the brewer and you —",
        "— Bob the brewer named the group “Tea” —",
        "— Alice announced: tea at five —",
        "— Alice set the group's switches: approval on, history off, private on —",
        "— Alice made Bob the brewer an admin —",
        "— Bob the brewer let you speak again —",
        "you: hello, @Bob the brewer",
    ] {
        assert!(history.contains(part), "{part}: {history}");
    }
    let unread = terminal.run("teahouse --profile b conversations").await;
    assert!(unread.contains(" @2 "), "the announcement calls on everybody, Carol on one: {unread}");
    let private = refused(&terminal, "teahouse --profile c group add-friend Tea 'Bob the brewer' hi").await;
    assert!(private.contains("cannot be asked by this group"), "{private}");

    terminal.run("teahouse --profile a group transfer Tea bobby01 --yes").await;
    terminal.run("teahouse --profile b group remove Tea Carol").await;
    let history = terminal.run("teahouse --profile c history Tea").await;
    assert!(history.trim_end().ends_with("removed you —"), "{history}");
    let stays = refused(&terminal, "teahouse --profile b group leave Tea --yes").await;
    assert!(stays.contains("group transfer GROUP MEMBER"), "{stays}");
    terminal.run("teahouse --profile a group leave Tea --do-not-add-again --yes").await;
    let gone = refused(&terminal, "teahouse --profile a history Tea").await;
    assert!(gone.contains("no group “Tea”"), "{gone}");
    terminal.run("teahouse --profile b group dissolve Tea --yes").await;
    let listed = terminal.run("teahouse --profile b group").await;
    assert!(listed.contains("dissolved"), "{listed}");
    terminal.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_come_in_by_invitation_by_code_and_when_they_are_let_in() {
    let terminal = four().await;
    terminal.run("teahouse --profile d settings --ask-before-group on").await;
    terminal.run("teahouse --profile a group create Tea bobby01 carol01").await;
    let asked = terminal.run("teahouse --profile a group invite Tea danny01").await;
    assert_eq!(asked.trim_end(), "Danny (danny01) is asked.");
    let invitations = terminal.run("teahouse --profile d group invitations").await;
    assert!(invitations.contains("Alice") && invitations.contains("Tea"), "{invitations}");
    let joined = terminal.run("teahouse --profile d group accept Tea").await;
    assert!(joined.contains("You are in Tea (group ") && joined.contains("4 members"), "{joined}");
    let members = terminal.json("teahouse --profile d --json group members Tea").await;
    assert_eq!(names(&members), ["Alice", "Bobby", "Carol", "Danny"]);

    terminal.run("teahouse --profile a group settings Tea --approval on").await;
    let code = terminal.json("teahouse --profile b --json qr --group Tea").await;
    let url = code["code"]["url"].as_str().expect("a code");
    terminal.run("teahouse --profile e register ellen01 --password 'correct horse' --name Ellen").await;
    let found = terminal.run(&format!("teahouse --profile e scan {url} 2>&1")).await;
    let expected = "Tea, 4 members, shared by Bobby\nOwner or an admin lets in who joins.\nThe same with --join joins it.";
    assert_eq!(found.trim_end(), expected);
    let waits = terminal.run(&format!("teahouse --profile e scan {url} --join")).await;
    assert!(waits.contains("lets you in"), "{waits}");
    let requests = terminal.run("teahouse --profile a group requests Tea").await;
    assert!(requests.contains("code of Bobby") && requests.contains("Ellen"), "{requests}");
    terminal.run("teahouse --profile a group approve Tea Ellen").await;
    terminal.run("teahouse --profile e send Tea 'hello all'").await;
    let history = terminal.run("teahouse --profile d history Tea").await;
    assert!(history.contains("— Ellen joined by the code of Bobby —"), "{history}");
    let own = refused(&terminal, &format!("teahouse --profile e scan {url} --join")).await;
    assert!(own.contains("You are in it"), "{own}");

    terminal.run("teahouse --profile b qr --group Tea --reset").await;
    let dead = refused(&terminal, &format!("teahouse --profile e scan {url}")).await;
    assert!(!dead.is_empty(), "it says why");
    terminal.server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_of_a_message_are_counted_and_named() {
    let terminal = four().await;
    for profile in ["a", "b", "c"] {
        terminal.run(&format!("teahouse --profile {profile} settings --read-receipts on")).await;
    }
    terminal.run("teahouse --profile a group create Tea bobby01 carol01 danny01").await;
    let sent = terminal.json("teahouse --profile a --json send Tea hello").await;
    let seq = sent["seq"].as_str().expect("a number");
    terminal.run("teahouse --profile b read Tea").await;
    terminal.run("teahouse --profile d read Tea").await;
    let read = terminal.run(&format!("teahouse --profile a receipts Tea {seq}")).await;
    assert_eq!(read.trim_end(), format!("Tea: {seq} was read by 1 of 3 others: Bobby."));
    let json = terminal.json(&format!("teahouse --profile a --json receipts Tea {seq}")).await;
    assert_eq!(json["readers"]["accountIds"].as_array().map(Vec::len), Some(1), "{json}");
    let followed = terminal.run("teahouse --profile d follow --from-start --catch-up").await;
    for part in ["Tea: — Alice made the group with Bobby, Carol and you —", "Alice → Tea: hello"] {
        assert!(followed.contains(part), "{part}: {followed}");
    }
    let missing = terminal.run("teahouse --profile a receipts Tea 2>&1 && exit 9; test $? -eq 2").await;
    assert!(missing.contains("give the number"), "{missing}");
    // A friend may call themselves as a group is called: then the name means neither.
    terminal.run("teahouse --profile b profile --name tea").await;
    let ambiguous = refused(&terminal, "teahouse --profile a send Tea hello").await;
    assert!(ambiguous.contains("may mean tea (bobby01), Tea (group "), "{ambiguous}");
    terminal.run("teahouse --profile a send bobby01 hello").await;
    terminal.run("teahouse --profile a group show Tea").await;
    terminal.server.shutdown().await;
}
