//! Who stands where before the access matrix is tried: Anna with all that is hers, and people who are not entitled.

use bytes::Bytes;
use teahouse_proto::accounts::UpdateSettingsRequest;
use teahouse_proto::chat::send_message_request::Content;
use teahouse_proto::chat::{ContactCard, Sticker};
use teahouse_proto::contacts::{TagList, UpdateFriendRequest};
use teahouse_proto::favourites::AddFavouritesRequest;
use teahouse_proto::groups::{GroupSettings, SetAnnouncementRequest};
use teahouse_proto::media::{CreateUploadRequest, MediaKind, PutChunkRequest};
use teahouse_proto::stickers::{CreatePackRequest, NewSticker};
use teahouse_tests::asker::Asker;
use teahouse_tests::device::Device;
use teahouse_tests::files::png;
use teahouse_tests::person::Person;
use teahouse_tests::verbs::text;
use teahouse_tests::world::World;

/// What only Anna and those she told may read. No answer to anybody else holds one of these.
pub(super) const SECRETS: &[&str] =
    &["meet me at the pier", "buy arsenic", "the one who owes me", "debtors", "please, it is urgent"];

/// Things that a request can name. Anna's, or such that never were.
#[derive(Clone, Debug)]
pub(super) struct Things {
    /// A conversation.
    pub(super) chat: u64,
    /// A contact card in it.
    pub(super) card: u64,
    /// A sticker in it.
    pub(super) sticker: u64,
    /// A merged forward in it.
    pub(super) merged: u64,
    /// Somebody's friend.
    pub(super) friend: u64,
    /// A device.
    pub(super) device: u64,
    /// A friend request.
    pub(super) request: u64,
    /// A block.
    pub(super) block: u64,
    /// A tag.
    pub(super) tag: String,
    /// A ticket for a person, and their account.
    pub(super) ticket: Bytes,
    pub(super) account: u64,
    /// An upload.
    pub(super) upload: String,
    /// A finished upload that makes a sticker.
    pub(super) medium: String,
    /// A pack of stickers.
    pub(super) pack: String,
    /// A merged forward that was kept.
    pub(super) favourite: u64,
    /// A group, and who waits to be let in.
    pub(super) group: u64,
    pub(super) join_request: u64,
    /// An invitation to another.
    pub(super) invitation: u64,
    /// A cursor of Follow.
    pub(super) cursor: Bytes,
    /// A ticket for a device that asks to be signed in.
    pub(super) asking: Bytes,
    /// A QR code of a person.
    pub(super) code: String,
    /// A ticket for a group that somebody else got for its code.
    pub(super) entrance: Bytes,
    /// The handle of a stranger.
    pub(super) handle: Bytes,
    /// A greeting.
    pub(super) greeting: u64,
    /// A temporary chat.
    pub(super) temporary: u64,
}

impl Things {
    /// Such that never were. The ticket is as long as a real one.
    fn that_never_were(like: &Self) -> Self {
        Self {
            chat: 0x0101_0101,
            card: like.card,
            sticker: like.sticker,
            merged: like.merged,
            friend: 0x0202_0202,
            device: 0x0303_0303,
            request: 0x0404_0404,
            block: 0x0505_0505,
            tag: "never given".to_owned(),
            ticket: vec![0x5a; like.ticket.len()].into(),
            account: 0x0202_0202,
            upload: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            medium: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            pack: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            favourite: 0x0606_0606,
            group: 0x0707_0707,
            join_request: like.join_request,
            invitation: 0x0808_0808,
            cursor: Bytes::new(),
            asking: vec![0x5a; like.asking.len()].into(),
            code: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
            entrance: vec![0x5a; like.entrance.len()].into(),
            handle: vec![0x5a; like.handle.len()].into(),
            greeting: 0x0909_0909,
            temporary: 0x0a0a_0a0a,
        }
    }
}

/// Somebody who is not entitled.
pub(super) struct Outsider {
    /// What they are to Anna.
    pub(super) is: &'static str,
    pub(super) person: Person,
    /// They had been Anna's friend, and still have her.
    pub(super) was_friend: bool,
    /// Their conversation with Anna, where they have one; a number that never was, else.
    pub(super) chat: u64,
}

/// Everybody.
pub(super) struct Stage {
    pub(super) anna: Person,
    pub(super) outsiders: Vec<Outsider>,
    /// Anna's.
    pub(super) hers: Things,
    pub(super) never: Things,
    /// A conversation that Anna lost when she deleted a friend.
    pub(super) lost: u64,
}

impl Stage {
    /// Everybody, before Anna deletes and blocks.
    pub(super) async fn set(world: &World) -> Self {
        let anna = world.person("anna").await;
        let outsiders = vec![
            outsider(world, "a stranger", "samuel", None).await,
            outsider(world, "a friend of once", "dora", Some(&anna)).await,
            outsider(world, "a friend who is blocked", "bert", Some(&anna)).await,
            outsider(world, "a stranger who is blocked", "bob", None).await,
        ];
        let hers = things_of(world, &anna).await;
        let never = Things::that_never_were(&hers);
        let lost = outsiders[1].chat;
        Self { anna, outsiders, hers, never, lost }
    }

    /// Anna deletes and blocks.
    pub(super) async fn part(&self) {
        self.anna.unfriend(&self.outsiders[1].person).await;
        self.anna.block(&self.outsiders[2].person).await;
        self.anna.block_stranger(&self.outsiders[3].person).await;
    }

    /// Whoever the device is of, seen by this outsider: the ticket is their own.
    pub(super) async fn anna_for(&self, outsider: &Outsider) -> Things {
        let ticket = outsider.person.find(&self.anna).await.ticket;
        let code = self.hers.code.clone();
        Things { chat: outsider.chat, ticket, account: self.anna.account_id, code, ..self.never.clone() }
    }
}

async fn outsider(world: &World, is: &'static str, name: &str, friend: Option<&Person>) -> Outsider {
    let person = world.person(name).await;
    let mut chat = 0x0101_0101;
    if let Some(anna) = friend {
        chat = person.befriend(anna).await;
        person.say(chat, "hello").await;
    }
    Outsider { is, person, was_friend: friend.is_some(), chat }
}

/// An upload of which all bytes have come.
async fn uploaded(anna: &Person) -> String {
    let create = CreateUploadRequest {
        client_message_id: vec![1; 16].into(),
        kind: MediaKind::File.into(),
        size: 3,
        file_name: "debtors".to_owned(),
        ..Default::default()
    };
    let upload_id =
        anna.media().create_upload(create).await.expect("begun").upload.expect("an upload").upload_id;
    let data = Bytes::from_static(b"tea");
    let chunk = PutChunkRequest { upload_id: upload_id.clone(), offset: 0, data };
    anna.media().put_chunk(chunk).await.expect("taken");
    upload_id
}

/// A device asks to be signed in; its code is scanned, and nothing is decided.
async fn asking(world: &World, anna: &Person) -> Bytes {
    let asker = Asker::begin(&world.device("a library computer")).await;
    let found = asker.scanned_by(anna).await.expect("the code is good");
    found.ticket
}

async fn favourite(anna: &Person, conversation_id: u64, seq: u64) -> u64 {
    let client_message_id = vec![3; 16].into();
    let request = AddFavouritesRequest { client_message_id, conversation_id, seqs: vec![seq] };
    anna.favourites().add_favourites(request).await.expect("kept").favourite_ids[0]
}

async fn pack(anna: &Person, medium: &str) -> String {
    let stickers = vec![NewSticker { media_id: medium.to_owned(), emoji: String::new() }];
    let request =
        CreatePackRequest { client_message_id: vec![2; 16].into(), name: "debtors".to_owned(), stickers };
    anna.stickers().create_pack(request).await.expect("made").pack.expect("a pack").pack_id
}

/// A group of Anna's, and somebody's request to be let in.
async fn group(world: &World, anna: &Person, boris: &Person, greta: &Person) -> (u64, u64) {
    let (conversation_id, _) = anna.gather("debtors", &[boris, greta]).await;
    let text = "meet me at the pier".to_owned();
    anna.groups().set_announcement(SetAnnouncementRequest { conversation_id, text }).await.expect("set");
    anna.switch(conversation_id, GroupSettings { approval: true, ..GroupSettings::default() }).await;
    let henry = world.person("henry1").await;
    greta.befriend(&henry).await;
    greta.invite(conversation_id, &[&henry]).await;
    (conversation_id, anna.join_requests(conversation_id).await[0].join_request_id)
}

/// An invitation of Boris's that waits for Anna.
async fn invitation(anna: &Person, boris: &Person, greta: &Person) -> u64 {
    let settings = UpdateSettingsRequest { ask_before_group: Some(true), ..UpdateSettingsRequest::default() };
    anna.accounts().update_settings(settings).await.expect("changed");
    boris.gather("debtors", &[anna, greta]).await;
    anna.invitations().await[0].invitation_id
}

/// Two fellow members greet Anna, who answers one of them: the greeting that waits, and the temporary chat.
async fn greeted(anna: &Person, boris: &Person, greta: &Person, group: u64) -> (u64, u64) {
    boris.greet(group, anna, "please, it is urgent").await;
    let answered = anna.greeted().await[0].greeting_id;
    let chat = anna.reply_to_greeting(answered, "meet me at the pier").await.conversation_id;
    greta.greet(group, anna, "please, it is urgent").await;
    (anna.greeted().await[0].greeting_id, chat)
}

async fn things_of(world: &World, anna: &Person) -> Things {
    let boris = world.person("boris").await;
    let chat = boris.befriend(anna).await;
    anna.try_send(chat, text("meet me at the pier")).await.expect("sent");
    anna.say(anna.self_conversation, "buy arsenic").await;
    let card = ContactCard { account_id: boris.account_id, card: None };
    let card = anna.say_any(chat, Content::ContactCard(card)).await;
    let merged = anna.forward(chat, &[2], chat, true).await[0];
    let remark = UpdateFriendRequest {
        account_id: boris.account_id,
        remark: Some("the one who owes me".to_owned()),
        tags: Some(TagList { tags: vec!["debtors".to_owned()] }),
        ..Default::default()
    };
    anna.contacts().update_friend(remark).await.expect("changed");
    let peter = world.person("peter1").await;
    peter.ask(anna, "please, it is urgent").await;
    let block = anna.block_stranger(&world.person("quentin").await).await.block_id;
    let greta = world.person("greta1").await;
    for friend in [anna, &boris] {
        greta.befriend(friend).await;
    }
    let (group, join_request) = group(world, anna, &boris, &greta).await;
    let (greeting, temporary) = greeted(anna, &boris, &greta, group).await;
    let phone: Device = anna.sign_in("phone").await;
    let upload = anna.upload(MediaKind::Sticker, "", &png(32, 32, 1)).await;
    let medium = upload.media_id.clone();
    let sticker = Sticker { media: Some(upload), ..Sticker::default() };
    let sticker = anna.say_any(chat, Content::Sticker(sticker)).await;
    Things {
        chat,
        card,
        sticker,
        merged,
        friend: boris.account_id,
        device: phone.device_id,
        request: anna.request_of(&peter).await.expect("a request").request_id,
        block,
        tag: "debtors".to_owned(),
        ticket: peter.find(anna).await.ticket,
        account: anna.account_id,
        upload: uploaded(anna).await,
        pack: pack(anna, &medium).await,
        favourite: favourite(anna, chat, merged).await,
        medium,
        group,
        join_request,
        invitation: invitation(anna, &boris, &greta).await,
        handle: anna.meet(group, &greta).await.handle,
        greeting,
        temporary,
        cursor: anna.follow().await.cursor(),
        asking: asking(world, anna).await,
        code: anna.code().await,
        entrance: peter.try_scan_group(&anna.code_for(group).await).await.expect("the code is good").ticket,
    }
}
