//! Whoever was in a group and is no more: who left gets of it what they get of one that never was; who was removed keeps
//! what they had, reads nothing of what came later, and changes nothing.

use super::rows::{Names, rows};
use super::stage::{Stage, Things};
use super::{Findings, call};
use teahouse_proto::chat::send_message_request::Content;
use teahouse_proto::chat::{ContactCard, ListPinsRequest, SetPinRequest};
use teahouse_proto::groups::{LeaveGroupRequest, RemoveMembersRequest, SetAnnouncementRequest};
use teahouse_tests::person::Person;
use teahouse_tests::world::{World, over_all_transports};

/// All that Anna sees of her group.
async fn state(anna: &Person, group: u64) -> String {
    let pins = anna.chat().list_pins(ListPinsRequest { conversation_id: group }).await.expect("listed");
    let (seen, members) = (anna.try_entries(group).await.expect("hers"), anna.members(group).await);
    format!("{seen:#?}\n{members:#?}\n{:#?}\n{pins:#?}", anna.group(group).await)
}

/// Anna's group, of which one has left and one was removed before anything secret was said.
async fn group(stage: &Stage, left: &Person, removed: &Person, stays: &Person) -> Things {
    let anna = &stage.anna;
    for friend in [left, removed, stays] {
        anna.befriend(friend).await;
    }
    let (group, _) = anna.gather("readers", &[left, removed, stays]).await;
    removed.say(group, "hello everybody").await;
    let leave = LeaveGroupRequest { conversation_id: group, do_not_add_again: false };
    left.groups().leave_group(leave).await.expect("left");
    let remove = RemoveMembersRequest { conversation_id: group, account_ids: vec![removed.account_id] };
    anna.groups().remove_members(remove).await.expect("removed");

    let secret = anna.say(group, "meet me at the pier").await;
    let announcement = SetAnnouncementRequest { conversation_id: group, text: "buy arsenic".to_owned() };
    anna.groups().set_announcement(announcement).await.expect("announced");
    let card = ContactCard { account_id: stays.account_id, card: None };
    let card = anna.say_any(group, Content::ContactCard(card)).await;
    let merged = anna.forward(group, &[secret], group, true).await[0];
    let pin = SetPinRequest { conversation_id: group, seq: secret, pinned: true };
    anna.chat().set_pin(pin).await.expect("pinned");
    let of_group = Things { chat: group, group, card, merged, sticker: secret, ..stage.never.clone() };
    Things { friend: stays.account_id, account: anna.account_id, ..of_group }
}

async fn violations(world: &World) -> Vec<String> {
    let mut findings = Findings::default();
    let stage = Stage::set(world).await;
    let [left, removed, stays] =
        [world.person("lena01").await, world.person("remo01").await, world.person("susi01").await];
    let things = group(&stage, &left, &removed, &stays).await;
    let before = state(&stage.anna, things.group).await;
    for row in rows().iter().filter(|row| matches!(row.names, Names::Caller | Names::Thing)) {
        let request = (row.request)(&things);
        let kept = call(&removed, row.method, request.clone()).await;
        findings.no_leak("who was removed", row.method, &kept);
        let got = call(&left, row.method, request).await;
        findings.no_leak("who left", row.method, &got);
        if row.names == Names::Thing {
            let never = Things { chat: stage.never.chat, group: stage.never.group, ..things.clone() };
            let absent = call(&left, row.method, (row.request)(&never)).await;
            findings.same("who left", row.method, &got, &absent);
        }
    }
    let after = state(&stage.anna, things.group).await;
    findings.check(before == after, || format!("the group has changed:\n{before}\n{after}"));
    findings.violations
}

#[tokio::test]
async fn who_is_gone_reads_nothing_new_and_changes_nothing() {
    over_all_transports(async |world| {
        let found = violations(world).await;
        assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
    })
    .await;
}
