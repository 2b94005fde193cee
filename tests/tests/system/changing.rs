//! What happens to messages after they were sent: told over all transports, and the same on every device in the end.

use teahouse_client::{Error, Transport};
use teahouse_proto::chat::{
    ClearHistoryRequest, DeleteForMeRequest, EditMessageRequest, GetRecalledTextRequest, ListPinsRequest,
    RecallMessageRequest, SetPinRequest, SetReactionRequest,
};
use teahouse_tests::mirror::Mirror;
use teahouse_tests::person::Person;
use teahouse_tests::verbs::{reason, text};
use teahouse_tests::world::{Setup, World, over_all_transports};

async fn recall(who: &Person, conversation_id: u64, seq: u64) -> Result<(), Error> {
    who.chat().recall_message(RecallMessageRequest { conversation_id, seq }).await.map(drop)
}

async fn edit(who: &Person, conversation_id: u64, seq: u64, to: &str) -> Result<(), Error> {
    let request = EditMessageRequest { conversation_id, seq, text: Some(text(to)) };
    who.chat().edit_message(request).await.map(drop)
}

async fn react(who: &Person, conversation_id: u64, seq: u64, emoji: &str, on: bool) -> Result<(), Error> {
    let request = SetReactionRequest { conversation_id, seq, emoji: emoji.to_owned(), on };
    who.chat().set_reaction(request).await.map(drop)
}

async fn pin(who: &Person, conversation_id: u64, seq: u64, pinned: bool) -> Result<(), Error> {
    who.chat().set_pin(SetPinRequest { conversation_id, seq, pinned }).await.map(drop)
}

async fn delete(who: &Person, conversation_id: u64, seq: u64) -> Result<(), Error> {
    let request = DeleteForMeRequest { conversation_id, seqs: vec![seq] };
    who.chat().delete_for_me(request).await.map(drop)
}

async fn clear(who: &Person, conversation_id: u64) -> Result<(), Error> {
    let request = ClearHistoryRequest { conversation_id, and_hide: false };
    who.chat().clear_history(request).await.map(drop)
}

#[tokio::test]
async fn messages_change_for_everybody_and_are_removed_for_one() {
    over_all_transports(async |world| {
        let [anna, boris] = [world.person("anna").await, world.person("boris").await];
        let chat = anna.befriend(&boris).await;
        let tee = anna.say(chat, "Tee?").await;
        let oops = anna.say(chat, "oops").await;
        edit(&anna, chat, tee, "Tea?").await.expect("edited");
        react(&boris, chat, tee, "👍", true).await.expect("given");
        react(&anna, chat, tee, "👍", true).await.expect("given");
        pin(&boris, chat, tee, true).await.expect("pinned");
        recall(&anna, chat, oops).await.expect("recalled");
        let expected = [
            "1 — friends",
            "2 anna: Tea? (edited) 👍boris,anna",
            "3 anna — recalled",
            "4 — anna changed 2",
            "5 — boris changed 2",
            "6 — anna changed 2",
            "7 — pinned 2",
            "8 — anna changed 3",
        ];
        assert_eq!(anna.history(chat).await, expected);
        assert_eq!(boris.history(chat).await, expected);
        assert_eq!(boris.conversation(chat).await.unread, 2);

        let request = GetRecalledTextRequest { conversation_id: chat, seq: oops };
        let given_back = anna.chat().get_recalled_text(request).await.expect("the text").text;
        assert_eq!(given_back.expect("a text").text, "oops");
        assert_eq!(reason(boris.chat().get_recalled_text(request).await), "MESSAGE_NOT_FOUND");
        assert_eq!(reason(recall(&boris, chat, tee).await), "NOT_YOURS");
        assert_eq!(reason(react(&boris, chat, tee, "tea", true).await), "EMOJI_INVALID");

        delete(&boris, chat, tee).await.expect("deleted");
        assert_eq!(boris.history(chat).await[1], "2 — deleted");
        assert_eq!(anna.history(chat).await, expected);
        clear(&boris, chat).await.expect("cleared");
        assert!(boris.history(chat).await.is_empty());
        let pins = anna.chat().list_pins(ListPinsRequest { conversation_id: chat }).await.expect("pins").pins;
        assert_eq!(pins.iter().map(|pin| pin.seq).collect::<Vec<_>>(), [tee]);
        anna.unfriend(&boris).await;
        assert_eq!(reason(recall(&anna, chat, tee).await), "CONVERSATION_NOT_FOUND");
        let late = boris.conversation(chat).await.head_seq;
        assert_eq!(reason(react(&boris, chat, late, "👍", true).await), "MESSAGE_NOT_FOUND");
    })
    .await;
}

/// Takes everything up to now.
async fn listen(who: &Person, mirror: &mut Mirror) {
    let marker = who.say(who.self_conversation, "marker").await;
    while mirror.until(who.self_conversation, marker).await.is_err() {}
}

/// Somebody does something to the conversation. Being refused is fine.
async fn anything(world: &World, who: &Person, chat: u64) {
    let [what, which, how, ..] = world.random().bytes::<4>();
    let head = who.conversation(chat).await.head_seq;
    let seq = head.saturating_sub(u64::from(which % 8)).max(1);
    let outcome = match what % 16 {
        0..=4 => {
            who.say(chat, &format!("message {which}")).await;
            Ok(())
        }
        5 | 6 => edit(who, chat, seq, &format!("edited {how}")).await,
        7 | 8 => recall(who, chat, seq).await,
        9..=11 => react(who, chat, seq, if how % 4 < 2 { "👍" } else { "🍵" }, how % 2 == 0).await,
        12 => pin(who, chat, seq, how % 3 > 0).await,
        13 | 14 => delete(who, chat, seq).await,
        _ => match how % 4 {
            0 => clear(who, chat).await,
            _ => Ok(()),
        },
    };
    if let Err(error) = outcome {
        assert!(error.is_answer(), "{error:?}");
    }
}

#[tokio::test]
async fn every_device_ends_with_what_a_new_one_pulls() {
    let mut world = World::start(Setup::over(Transport::Ws)).await;
    let people = [world.person("anna").await, world.person("boris").await];
    let chat = people[0].befriend(&people[1]).await;
    let mut mirrors = Vec::new();
    for who in [0, 0, 1, 1] {
        mirrors.push((who, Mirror::new(people[who].sign_in("device").await)));
    }
    for _ in 0..150 {
        let [who, what, device, _] = world.random().bytes::<4>();
        anything(&world, &people[usize::from(who % 2)], chat).await;
        let (owner, mirror) = &mut mirrors[usize::from(device % 4)];
        match what % 8 {
            0 => mirror.vanish().await,
            1 | 2 => listen(&people[*owner], mirror).await,
            _ => {}
        }
    }
    for (owner, mirror) in &mut mirrors {
        let who = &people[*owner];
        listen(who, mirror).await;
        let mut fresh = Mirror::new(who.sign_in("new device").await);
        while fresh
            .until(who.self_conversation, mirror.copy(who.self_conversation).expect("notes").head())
            .await
            .is_err()
        {}
        assert_eq!(mirror.violations(), &[] as &[String]);
        assert_eq!(mirror.conversations(), fresh.conversations());
        assert_eq!(mirror.entries(), fresh.entries(), "field by field");
        assert!(mirror.entries().len() > 10, "there is something to compare");
    }
    world.go_down().await;
}
