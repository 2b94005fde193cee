//! What operators say, and what they are shown.

use super::*;
use crate::admin::Commands;
use crate::features::accounts::operators;
use crate::time::DAY;

impl Room {
    /// What an operator is answered to a line of words.
    async fn operator(&self, line: &str) -> Result<String, String> {
        let mut commands = Commands::default();
        operators::enter(&mut commands, &self.accounts);
        commands.run(line.split_whitespace().map(str::to_owned).collect()).await
    }

    /// The same, of what is done.
    async fn does(&self, line: &str) -> String {
        self.operator(line).await.unwrap_or_else(|why| panic!("{line}: {why}"))
    }
}

#[tokio::test]
async fn operators_find_accounts_and_see_what_holds_against_them() {
    let room = Room::new();
    assert_eq!(room.does("users").await, "no accounts yet");
    for username in ["anna_01", "anna_02", "boris_1"] {
        room.register(username).await;
    }
    let listed = async |line: &str| {
        let shown = room.does(line).await;
        shown.lines().map(|l| l.split(' ').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("users").await, ["boris_1", "anna_02", "anna_01"], "the newest first");
    assert_eq!(listed("users Anna").await, ["anna_01", "anna_02"]);
    assert_eq!(room.does("users carol").await, "no username begins so");
    let one = room.does("users ANNA_01").await;
    assert!(one.starts_with("anna_01 (Anna)\naccount ") && one.contains("signed in on 1 devices"), "{one}");
    assert!(one.contains("nothing holds against it"), "{one}");
    room.does("sanction anna_01 warn no ads please").await;
    room.does("sanction anna_01 suspend 3 fraud").await;
    let one = room.does("users anna_01").await;
    assert!(one.contains("signed in nowhere") && one.contains(": warned — no ads please"), "{one}");
    assert!(one.contains(": suspended until ") && one.contains(" UTC — fraud"), "{one}");
    let all = room.does("users").await;
    assert!(all.contains("[suspended until ") && !all.contains("warned"), "{all}");
}

#[tokio::test]
async fn what_an_operator_does_is_said_done_and_noted() {
    let room = Room::new();
    let anna = room.register("anna_01").await;
    room.register("boris_1").await;
    let said = room.does("sanction anna_01 plug-ins-off 7").await;
    let lines: Vec<&str> =
        said.lines().map(|line| line.split(" until ").next().unwrap_or_default()).collect();
    let closed = |area: &str| format!("anna_01 (Anna): {area} is closed");
    assert_eq!(lines, ["greetings", "look-around", "shake"].map(closed));
    let said = room.does("sanction anna_01 ban sells accounts").await;
    assert_eq!(said, "anna_01 (Anna): banned\nsigned out on 1 devices\n");
    assert_eq!(reason(room.session(&anna.token).await), "UNAUTHENTICATED");
    let refused = room.operator("lift anna_01 mute").await.unwrap_err();
    assert_eq!(refused, "nothing of that holds against anna_01 (Anna)");
    assert_eq!(room.does("lift anna_01 ban").await, "anna_01 (Anna): lifted: banned\n");
    room.login("anna_01", PASSWORD).await.unwrap();
    assert_eq!(room.does("lift anna_01 all").await.lines().count(), 3);
    let audit = room.does("audit").await;
    let noted: Vec<&str> = audit.lines().map(|line| line.split("operator: ").nth(1).unwrap_or("")).collect();
    assert_eq!((noted.len(), noted[4]), (8, "anna_01 banned — sells accounts"), "{audit}");
    assert_eq!(room.does("audit 2").await.lines().count(), 1, "what was earlier");
    room.clock.advance(DAY * 181);
    room.accounts.tidy().await.unwrap();
    assert_eq!(room.does("audit").await, "nothing was done");
}

#[tokio::test]
async fn mistakes_of_operators_change_nothing() {
    let room = Room::new();
    room.register("anna_01").await;
    for line in
        ["sanction", "sanction anna_01", "sanction anna_01 suspend", "sanction carol_1 ban", "lift anna_01"]
    {
        room.operator(line).await.expect_err(line);
    }
    assert_eq!(room.does("audit").await, "nothing was done");
    assert!(room.does("users anna_01").await.contains("nothing holds against it"));
}
