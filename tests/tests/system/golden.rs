//! One worked example of each method as JSON on the wire, kept in `golden.jsonl`: a changed line is a change that clients
//! see. `TEAHOUSE_BLESS=1` writes the file anew.

#[path = "golden/greetings.rs"]
mod greetings;
#[path = "golden/groups.rs"]
mod groups;
#[path = "golden/look_around.rs"]
mod look_around;
#[path = "golden/safety.rs"]
mod safety;
#[path = "golden/shake.rs"]
mod shake;

use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use teahouse_client::{Error, Transport};
use teahouse_proto as method;
use teahouse_proto::media::MediaKind;
use teahouse_proto::{METHODS, MethodInfo};
use teahouse_tests::device::Device;
use teahouse_tests::files;
use teahouse_tests::files::png;
use teahouse_tests::person::Person;
use teahouse_tests::plain::Plain;
use teahouse_tests::world::{PATIENCE, Setup, World};

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/system/golden.jsonl");

/// The examples as they come.
#[derive(Default)]
struct Examples {
    plain: Plain,
    lines: Vec<String>,
    shown: BTreeSet<&'static str>,
}

impl Examples {
    fn note(&mut self, who: &str, direction: char, method: &'static MethodInfo, body: &str) {
        self.shown.insert(method.path);
        let path = method.path.trim_start_matches("teahouse.");
        self.lines.push(format!("{who} {direction} {path} {}", self.plain.json(body)));
    }

    /// Calls with a JSON body; gives the answer.
    async fn call(&mut self, who: &str, device: &Device, method: &'static MethodInfo, body: Value) -> Value {
        let connection = device.connection().await.expect("a connection");
        self.note(who, '>', method, &body.to_string());
        match connection.call_json(method.path, &body.to_string()).await {
            Ok(answer) => {
                self.note(who, '<', method, &answer);
                serde_json::from_str(&answer).expect("answers are JSON")
            }
            Err(error) => {
                let failure = json!({"kind": format!("{:?}", error.kind()), "reason": error.reason()});
                self.note(who, '!', method, &failure.to_string());
                failure
            }
        }
    }
}

async fn accounts(examples: &mut Examples, world: &World) -> (Person, Person) {
    let nobody = world.device("nobody");
    let registration = json!({
        "username": "anna_k", "password": "correct horse 1", "displayName": "Anna",
        "device": {"name": "Anna's phone", "platform": "PLATFORM_ANDROID"},
    });
    examples.call("nobody", &nobody, &method::ACCOUNTS_REGISTER, registration).await;
    let login = json!({"username": "anna_k", "password": "correct horse 1"});
    examples.call("nobody", &nobody, &method::ACCOUNTS_LOGIN, login).await;
    let [anna, boris] = [world.person("anna").await, world.person("boris").await];
    let recovery = json!({
        "username": boris.username, "code": boris.recovery_codes[0], "newPassword": "white peony 3",
        "device": {"name": "new phone"},
    });
    let recovered = examples.call("nobody", &nobody, &method::ACCOUNTS_RECOVER, recovery).await;
    let token = recovered["token"].as_str().expect("a token");
    let device_id = recovered["deviceId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let boris = Person { device: nobody.signed_in(boris.account_id, device_id, token), ..boris };

    let tablet = anna.sign_in("tablet").await;
    anna.sign_in("watch").await;
    for (method, body) in [
        (&method::ACCOUNTS_GET_ACCOUNT, json!({})),
        (&method::ACCOUNTS_LIST_REGIONS, json!({"query": "杭州"})),
        (
            &method::ACCOUNTS_UPDATE_PROFILE,
            json!({"signature": "tea first", "gender": "GENDER_FEMALE", "regionId": 1_808_926}),
        ),
        (&method::ACCOUNTS_UPDATE_SETTINGS, json!({"addWays": {"byUsername": true}, "askBeforeGroup": true})),
        (&method::ACCOUNTS_SIGN_OUT_DEVICE, json!({"deviceId": tablet.device_id.to_string()})),
        (&method::ACCOUNTS_LIST_DEVICES, json!({})),
        (&method::ACCOUNTS_CHANGE_PASSWORD, json!({"newPassword": "white peony 4"})),
        (&method::ACCOUNTS_SIGN_OUT_OTHER_DEVICES, json!({})),
        (&method::ACCOUNTS_RENEW_RECOVERY_CODES, json!({})),
    ] {
        examples.call("anna", &anna, method, body).await;
    }
    (anna, boris)
}

/// Gives the number of the conversation.
async fn contacts(examples: &mut Examples, anna: &Person, boris: &Person) -> Value {
    let found = json!({"username": anna.username});
    let found = examples.call("boris", boris, &method::CONTACTS_SEARCH, found).await;
    let ask = json!({"ticket": found["ticket"], "text": "from the train"});
    examples.call("boris", boris, &method::CONTACTS_SEND_REQUEST, ask.clone()).await;
    examples.call("boris", boris, &method::CONTACTS_LIST_SENT_REQUESTS, json!({})).await;
    let requests =
        examples.call("anna", anna, &method::CONTACTS_LIST_REQUESTS, json!({"page": {"limit": 9}})).await;
    let request = requests["requests"][0]["requestId"].clone();
    let reply = json!({"requestId": request, "text": "which train?"});
    examples.call("anna", anna, &method::CONTACTS_REPLY_TO_REQUEST, reply).await;
    examples.call("anna", anna, &method::CONTACTS_IGNORE_REQUEST, json!({"requestId": "77"})).await;
    let accept = json!({"requestId": request});
    let accepted = examples.call("anna", anna, &method::CONTACTS_ACCEPT_REQUEST, accept).await;
    examples.call("boris", boris, &method::CONTACTS_SEND_REQUEST, ask).await;
    let friend = boris.account_id.to_string();
    let update = json!({"accountId": friend, "remark": "train", "tags": {"tags": ["tea"]}, "starred": true});
    for (method, body) in [
        (&method::CONTACTS_UPDATE_FRIEND, update),
        (&method::CONTACTS_LIST_FRIENDS, json!({})),
        (&method::CONTACTS_GET_FRIEND, json!({"accountId": friend})),
        (&method::CONTACTS_LIST_TAGS, json!({})),
        (&method::CONTACTS_RENAME_TAG, json!({"name": "tea", "newName": "oolong"})),
    ] {
        examples.call("anna", anna, method, body).await;
    }
    accepted["friend"]["conversationId"].clone()
}

async fn chat(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let boris_id = boris.account_id.to_string();
    let mention = json!([{"accountId": boris_id, "offset": 0, "length": 6}]);
    for body in [
        json!({"conversationId": chat, "clientMessageId": "AAECAwQFBgcICQoLDA0ODw==", "text": {"text": "Hello"}}),
        json!({"conversationId": chat, "clientMessageId": "AAECAwQFBgcICQoLDA0ODw==", "text": {"text": "Other"}}),
        json!({"accountId": boris_id, "clientMessageId": "EBESExQVFhcYGRobHB0eHw==",
            "text": {"text": "@Boris 你好", "mentions": mention, "quoteSeq": "2"}}),
    ] {
        examples.call("anna", anna, &method::CHAT_SEND_MESSAGE, body).await;
    }
    for (method, body) in [
        (&method::CHAT_LIST_ENTRIES, json!({"conversationId": chat, "afterSeq": "1"})),
        (&method::CHAT_LIST_CONVERSATIONS, json!({"page": {"limit": 1}})),
        (&method::CHAT_MARK_READ, json!({"conversationId": chat, "seq": "2"})),
        (&method::CHAT_GET_CONVERSATION, json!({"conversationId": chat})),
    ] {
        examples.call("boris", boris, method, body).await;
    }
}

/// What happens to messages after they were sent.
async fn changes(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let said = json!({"conversationId": chat, "clientMessageId": "oKGio6SlpqeoqaqrrK2urw==", "text": {"text": "Tee?"}});
    let said = examples.call("anna", anna, &method::CHAT_SEND_MESSAGE, said).await;
    let at = |more: Value| {
        let mut body = json!({"conversationId": chat, "seq": said["seq"]});
        let more = more.as_object().cloned().unwrap_or_default();
        body.as_object_mut().expect("an object").extend(more);
        body
    };
    for (method, body) in [
        (&method::CHAT_EDIT_MESSAGE, at(json!({"text": {"text": "Tea?"}}))),
        (&method::CHAT_SET_PIN, at(json!({"pinned": true}))),
    ] {
        examples.call("anna", anna, method, body).await;
    }
    for (method, body) in [
        (&method::CHAT_SET_REACTION, at(json!({"emoji": "👍", "on": true}))),
        (&method::CHAT_LIST_REACTIONS, at(json!({}))),
        (&method::CHAT_LIST_PINS, json!({"conversationId": chat})),
        (&method::CHAT_RECALL_MESSAGE, at(json!({}))),
    ] {
        examples.call("boris", boris, method, body).await;
    }
    for method in [&method::CHAT_RECALL_MESSAGE, &method::CHAT_GET_RECALLED_TEXT] {
        examples.call("anna", anna, method, at(json!({}))).await;
    }
    let page = json!({"conversationId": chat, "afterSeq": said["seq"]});
    for (method, body) in [
        (&method::CHAT_LIST_ENTRIES, page),
        (&method::CHAT_DELETE_FOR_ME, json!({"conversationId": chat, "seqs": [said["seq"]]})),
        (&method::CHAT_CLEAR_HISTORY, json!({"conversationId": chat, "andHide": true})),
    ] {
        examples.call("boris", boris, method, body).await;
    }
}

/// Each kind of message that needs no media.
async fn kinds(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let boris_id = boris.account_id.to_string();
    let mut last = Value::Null;
    for (id, kind, content) in [
        (
            "MDEyMzQ1Njc4OTo7PD0+Pw==",
            "location",
            json!({"latitude": 30.2431, "longitude": 120.1502, "approximate": true, "label": "West Lake"}),
        ),
        (
            "QEFCQ0RFRkdISUpLTE1OTw==",
            "link",
            json!({"url": "https://茶.example/", "title": "Tea", "description": "All about it"}),
        ),
        ("UFFSU1RVVldYWVpbXF1eXw==", "contactCard", json!({"accountId": boris_id})),
    ] {
        let mut body = json!({"conversationId": chat, "clientMessageId": id});
        body[kind] = content;
        let sent = examples.call("anna", anna, &method::CHAT_SEND_MESSAGE, body).await;
        last = sent["seq"].clone();
    }
    let page = json!({"conversationId": chat, "latest": true, "limit": 3});
    examples.call("boris", boris, &method::CHAT_LIST_ENTRIES, page).await;
    let forward = json!({"fromConversationId": chat, "seqs": ["2", "5", "6"], "conversationId": chat,
        "clientMessageId": "gIGCg4SFhoeIiYqLjI2Ojw==", "merged": true, "title": "Tea"});
    let sent = examples.call("anna", anna, &method::CHAT_FORWARD_MESSAGES, forward).await;
    let merged = json!({"conversationId": chat, "seq": sent["seqs"][0]});
    examples.call("boris", boris, &method::CHAT_LIST_FORWARDED, merged).await;
    let page = json!({"conversationId": chat, "latest": true, "limit": 1});
    examples.call("boris", boris, &method::CHAT_LIST_ENTRIES, page).await;
    let card = json!({"conversationId": chat, "seq": last});
    examples.call("anna", anna, &method::CHAT_OPEN_CONTACT_CARD, card).await;
}

/// Each kind of message that refers to uploads, whose way is shown by [`media`].
async fn kinds_of_media(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let mut uploads = Vec::new();
    for (kind, bytes) in [
        (MediaKind::Picture, files::jpeg(64, 48, 1)),
        (MediaKind::Voice, files::wav(1)),
        (MediaKind::Video, files::mp4(2)),
        (MediaKind::Sticker, files::png(32, 32, 3)),
    ] {
        uploads.push(json!({"mediaId": anna.upload(kind, "", &bytes).await.media_id}));
    }
    let [picture, voice, video, sticker] = &uploads[..] else { panic!("four uploads") };
    for (id, kind, content) in [
        ("kJGSk5SVlpeYmZqbnJ2enw==", "pictures", json!({"pictures": [picture, picture], "caption": "Rain"})),
        ("oKGio6SlpqeoqaqrrK2urw==", "voice", json!({"media": voice, "waveform": "AID/"})),
        ("sLGys7S1tre4ubq7vL2+vw==", "video", json!({"media": video, "poster": picture})),
        ("wMHCw8TFxsfIycrLzM3Ozw==", "sticker", json!({"media": sticker, "emoji": "😀"})),
    ] {
        let mut body = json!({"conversationId": chat, "clientMessageId": id});
        body[kind] = content;
        examples.call("anna", anna, &method::CHAT_SEND_MESSAGE, body).await;
    }
    let page = json!({"conversationId": chat, "latest": true, "limit": 4});
    examples.call("boris", boris, &method::CHAT_LIST_ENTRIES, page).await;
}

async fn follow(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let connection = boris.connection().await.expect("a connection");
    examples.note("boris", '>', &method::SYNC_FOLLOW, "{}");
    let mut events = connection.stream_json(method::SYNC_FOLLOW.path, "{}").await.expect("a stream");
    let mut event = async || {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("an event in time");
        event.expect("the stream goes on").expect("an event")
    };
    loop {
        let event = event().await;
        examples.note("boris", '<', &method::SYNC_FOLLOW, &event);
        if event.contains("caughtUp") {
            break;
        }
    }
    let send = json!({"conversationId": chat, "clientMessageId": "ICEiIyQlJicoKSorLC0uLw==",
        "text": {"text": "Are you there?"}});
    examples.call("anna", anna, &method::CHAT_SEND_MESSAGE, send).await;
    examples.note("boris", '<', &method::SYNC_FOLLOW, &event().await);
    let read = json!({"conversationId": chat, "seq": "4"});
    examples.call("boris", boris, &method::CHAT_MARK_READ, read).await;
    examples.note("boris", '<', &method::SYNC_FOLLOW, &event().await);
}

async fn media(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let create = json!({"clientMessageId": "YGFiY2RlZmdoaWprbG1ubw==", "kind": "MEDIA_KIND_FILE", "size": "9",
        "fileName": "tea.txt"});
    let begun = examples.call("anna", anna, &method::MEDIA_CREATE_UPLOAD, create).await;
    let id = begun["upload"]["uploadId"].clone();
    let upload = json!({"uploadId": id});
    for (method, body) in [
        (&method::MEDIA_PUT_CHUNK, json!({"uploadId": id, "data": "Z3JlZW4="})),
        (&method::MEDIA_PUT_CHUNK, json!({"uploadId": id, "offset": "7", "data": "ZWE="})),
        (&method::MEDIA_GET_UPLOAD, upload.clone()),
        (&method::MEDIA_PUT_CHUNK, json!({"uploadId": id, "offset": "5", "data": "IHRlYQ=="})),
    ] {
        examples.call("anna", anna, method, body).await;
    }
    let finished = examples.call("anna", anna, &method::MEDIA_FINISH_UPLOAD, upload.clone()).await;
    let file = json!({"media": {"mediaId": finished["media"]["mediaId"]}});
    let send = json!({"conversationId": chat, "clientMessageId": "cHFyc3R1dnd4eXp7fH1+fw==", "file": file});
    examples.call("anna", anna, &method::CHAT_SEND_MESSAGE, send).await;
    let last = json!({"conversationId": chat, "latest": true, "limit": 1});
    examples.call("boris", boris, &method::CHAT_LIST_ENTRIES, last).await;
    for (method, body) in [
        (&method::MEDIA_GET_QUOTA, json!({})),
        (&method::MEDIA_CANCEL_UPLOAD, upload.clone()),
        (&method::MEDIA_GET_UPLOAD, upload),
    ] {
        examples.call("anna", anna, method, body).await;
    }
}

async fn favourites(examples: &mut Examples, anna: &Person, chat: &Value) {
    let forward = json!({"fromConversationId": chat, "clientMessageId": "MTExMTExMTExMTExMTExMQ==", "seqs": [2, 3],
        "conversationId": chat, "merged": true, "title": "Tea"});
    let merged = examples.call("anna", anna, &method::CHAT_FORWARD_MESSAGES, forward).await;
    let add = json!({"conversationId": chat, "clientMessageId": "MjIyMjIyMjIyMjIyMjIyMg==",
        "seqs": [2, merged["seqs"][0]]});
    let kept = examples.call("anna", anna, &method::FAVOURITES_ADD_FAVOURITES, add).await;
    let ids = kept["favouriteIds"].clone();
    let send =
        json!({"favouriteId": ids[0], "conversationId": chat, "clientMessageId": "MzMzMzMzMzMzMzMzMzMzMw=="});
    for (method, body) in [
        (&method::FAVOURITES_LIST_FAVOURITES, json!({})),
        (&method::FAVOURITES_LIST_FORWARDED, json!({"favouriteId": ids[1]})),
        (&method::FAVOURITES_SEND_FAVOURITE, send),
        (&method::FAVOURITES_DELETE_FAVOURITES, json!({"favouriteIds": ids})),
    ] {
        examples.call("anna", anna, method, body).await;
    }
}

async fn stickers(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let mut uploads = Vec::new();
    for shade in 1..=3 {
        uploads.push(anna.upload(MediaKind::Sticker, "", &png(64, 64, shade)).await.media_id);
    }
    let create = json!({"clientMessageId": "MTIzNDU2Nzg5Ojs8PT4/QA==", "name": "Tea cats",
        "stickers": [{"mediaId": uploads[0], "emoji": "😀"}]});
    let made = examples.call("anna", anna, &method::STICKERS_CREATE_PACK, create).await;
    let id = made["pack"]["packId"].clone();
    let pack = json!({"packId": id});
    let add = json!({"clientMessageId": "MjM0NTY3ODk6Ozw9Pj9AQQ==", "packId": id,
        "stickers": [{"mediaId": uploads[1]}]});
    let added = examples.call("anna", anna, &method::STICKERS_ADD_STICKERS, add).await;
    let remove = json!({"packId": id, "mediaId": added["pack"]["stickers"][1]["media"]["mediaId"]});
    let keep = json!({"clientMessageId": "MzQ1Njc4OTo7PD0+P0BBQg==", "mediaId": uploads[2], "emoji": "🍵"});
    for (method, body) in [
        (&method::STICKERS_REMOVE_STICKER, remove),
        (&method::STICKERS_COLLECT_PACK, pack.clone()),
        (&method::STICKERS_GET_PACK, pack.clone()),
        (&method::STICKERS_LIST_PACKS, json!({})),
    ] {
        examples.call("anna", anna, method, body).await;
    }
    let sticker =
        json!({"media": {"mediaId": made["pack"]["stickers"][0]["media"]["mediaId"]}, "packId": id});
    let send =
        json!({"conversationId": chat, "clientMessageId": "NDU2Nzg5Ojs8PT4/QEFCQw==", "sticker": sticker});
    let sent = examples.call("boris", boris, &method::CHAT_SEND_MESSAGE, send).await;
    let collect =
        json!({"conversationId": chat, "clientMessageId": "NTY3ODk6Ozw9Pj9AQUJDRA==", "seq": sent["seq"]});
    examples.call("anna", anna, &method::CHAT_COLLECT_STICKER, collect).await;
    for (method, body) in [(&method::STICKERS_DELETE_PACK, pack.clone()), (&method::STICKERS_GET_PACK, pack)]
    {
        examples.call("anna", anna, method, body).await;
    }
    let kept = examples.call("anna", anna, &method::STICKERS_COLLECT_UPLOAD, keep).await;
    let drop = json!({"mediaId": kept["sticker"]["media"]["mediaId"]});
    examples.call("anna", anna, &method::STICKERS_LIST_COLLECTED, json!({})).await;
    examples.call("anna", anna, &method::STICKERS_REMOVE_COLLECTED, drop).await;
}

/// What is one's own of a conversation, and what is seen of friends at the moment.
async fn own_and_passing(examples: &mut Examples, anna: &Person, boris: &Person, chat: &Value) {
    let span = json!({"enabled": true, "fromMinute": 1320, "toMinute": 420, "timeZone": "asia/shanghai"});
    let seen = json!({"readReceipts": true, "presence": "PRESENCE_AUDIENCE_FRIENDS"});
    for (name, who) in [("boris", boris), ("anna", anna)] {
        examples.call(name, who, &method::ACCOUNTS_UPDATE_SETTINGS, seen.clone()).await;
    }
    for (method, body) in [
        (&method::CHAT_SET_DRAFT, json!({"conversationId": chat, "text": "I wanted to", "quoteSeq": "2"})),
        (&method::CHAT_UPDATE_CONVERSATION, json!({"conversationId": chat, "muted": true, "pinned": true})),
        (&method::CHAT_LIST_CONVERSATIONS, json!({"page": {"limit": 1}, "includeHidden": true})),
        (&method::CHAT_SEND_TYPING, json!({"conversationId": chat, "kind": "TYPING_KIND_SPEAKING"})),
        (&method::CHAT_GET_RECEIPTS, json!({"conversationId": chat})),
        (&method::CHAT_LIST_READERS, json!({"conversationId": chat, "seq": "2"})),
        (&method::PRESENCE_GET_PRESENCE, json!({"accountIds": [boris.account_id.to_string(), "77"]})),
        (&method::ACCOUNTS_UPDATE_NOTIFICATIONS, json!({"doNotDisturb": span, "bottles": false})),
        (&method::ACCOUNTS_UPDATE_NOTIFICATIONS, json!({"doNotDisturb": {"enabled": true, "toMinute": 9}})),
    ] {
        examples.call("anna", anna, method, body).await;
    }
}

async fn codes(examples: &mut Examples, anna: &Person, boris: &Person) {
    let found = json!({"addWays": {"byUsername": true, "byQr": true}});
    examples.call("anna", anna, &method::ACCOUNTS_UPDATE_SETTINGS, found).await;
    let code = examples.call("anna", anna, &method::QR_GET_CODE, json!({})).await;
    let scanned = json!({"text": code["code"]["url"]});
    examples.call("boris", boris, &method::QR_RESOLVE_CODE, scanned.clone()).await;
    examples.call("anna", anna, &method::QR_RESET_CODE, json!({})).await;
    examples.call("boris", boris, &method::QR_RESOLVE_CODE, scanned).await;
}

/// The next event of a stream.
async fn heard(examples: &mut Examples, events: &mut BoxStream<'_, Result<String, Error>>) -> Value {
    let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("an event in time");
    let event = event.expect("the stream goes on").expect("an event");
    examples.note("library", '<', &method::QR_SIGN_IN_SIGN_IN_BY_CODE, &event);
    serde_json::from_str(&event).expect("events are JSON")
}

async fn sign_in_by_code(examples: &mut Examples, world: &World, anna: &Person) {
    let by_code = &method::QR_SIGN_IN_SIGN_IN_BY_CODE;
    let connection = world.device("library").connection().await.expect("a connection");
    for approve in [true, false] {
        let body = json!({"device": {"name": "library computer", "platform": "PLATFORM_WEB"}}).to_string();
        examples.note("library", '>', by_code, &body);
        let mut events = connection.stream_json(by_code.path, &body).await.expect("a stream");
        let code = heard(examples, &mut events).await;
        let scanned = json!({"text": code["code"]["url"]});
        let found = examples.call("anna", anna, &method::QR_RESOLVE_CODE, scanned).await;
        heard(examples, &mut events).await;
        let decide = json!({"ticket": found["signIn"]["ticket"], "approve": approve});
        examples.call("anna", anna, &method::QR_SIGN_IN_DECIDE_SIGN_IN, decide).await;
        heard(examples, &mut events).await;
    }
}

async fn parting(examples: &mut Examples, anna: &Person, boris: &Person) {
    let friend = boris.account_id.to_string();
    let block = json!({"accountId": friend});
    let block = examples.call("anna", anna, &method::CONTACTS_BLOCK, block).await;
    examples.call("anna", anna, &method::CONTACTS_LIST_BLOCKED, json!({})).await;
    let unblock = json!({"blockId": block["blocked"]["blockId"]});
    examples.call("anna", anna, &method::CONTACTS_UNBLOCK, unblock).await;
    examples.call("anna", anna, &method::CONTACTS_DELETE_FRIEND, json!({"accountId": friend})).await;
    examples.call("anna", anna, &method::ACCOUNTS_LOGOUT, json!({})).await;
}

#[tokio::test]
async fn each_method_looks_on_the_wire_as_it_did() {
    let mut world = World::start(Setup::over(Transport::WsJson)).await;
    let mut examples = Examples::default();
    let (anna, boris) = accounts(&mut examples, &world).await;
    let conversation = contacts(&mut examples, &anna, &boris).await;
    chat(&mut examples, &anna, &boris, &conversation).await;
    follow(&mut examples, &anna, &boris, &conversation).await;
    kinds(&mut examples, &anna, &boris, &conversation).await;
    kinds_of_media(&mut examples, &anna, &boris, &conversation).await;
    media(&mut examples, &anna, &boris, &conversation).await;
    favourites(&mut examples, &anna, &conversation).await;
    stickers(&mut examples, &anna, &boris, &conversation).await;
    changes(&mut examples, &anna, &boris, &conversation).await;
    own_and_passing(&mut examples, &anna, &boris, &conversation).await;
    codes(&mut examples, &anna, &boris).await;
    groups::groups(&mut examples, &world, [&anna, &boris]).await;
    look_around::look_around(&mut examples, [&anna, &boris]).await;
    shake::shake(&mut examples, &world).await;
    sign_in_by_code(&mut examples, &world, &anna).await;
    greetings::greetings(&mut examples, &world).await;
    safety::safety(&mut examples, &world, &boris, &conversation).await;
    safety::reports(&mut examples, &anna, &boris, &conversation).await;
    parting(&mut examples, &anna, &boris).await;
    world.go_down().await;

    let lines = examples.lines.join("\n") + "\n";
    if std::env::var_os("TEAHOUSE_BLESS").is_some() {
        std::fs::write(KEPT, &lines).expect("the file can be written");
    }
    for method in METHODS {
        assert!(examples.shown.contains(method.path), "{} has no example", method.path);
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    let differing = kept.lines().zip(lines.lines()).find(|(kept, now)| kept != now);
    if let Some((kept, now)) = differing {
        panic!("the wire has changed (TEAHOUSE_BLESS=1 accepts it):\n  was {kept}\n  now {now}");
    }
    assert_eq!(kept.lines().count(), lines.lines().count(), "TEAHOUSE_BLESS=1 accepts the new examples");
}
