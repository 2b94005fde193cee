//! `teahouse export`: all that the server tells its user of themselves, as one tar archive of JSON documents and the media
//! that they name. It asks as any client does, so it holds what the user sees now, and nothing that was taken back.

use super::App;
use super::media::{bar, ending};
use super::text;
use clap::Args as ClapArgs;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use tar::{Builder, Header};
use teahouse_client::{Error, Kind, Result, Session, check_target, schema};
use teahouse_proto::{
    ACCOUNTS_GET_ACCOUNT, ACCOUNTS_LIST_DEVICES, CHAT_LIST_CONVERSATIONS, CHAT_LIST_ENTRIES,
    CHAT_LIST_FORWARDED, CHAT_LIST_PINS, CONTACTS_LIST_BLOCKED, CONTACTS_LIST_FRIENDS,
    CONTACTS_LIST_REQUESTS, CONTACTS_LIST_SENT_REQUESTS, CONTACTS_LIST_TAGS, FAVOURITES_LIST_FAVOURITES,
    GREETINGS_LIST_GREETINGS, GREETINGS_LIST_TEMPORARY_CHATS, GROUPS_GET_GROUP, GROUPS_LIST_INVITATIONS,
    GROUPS_LIST_MEMBERS, LOOK_AROUND_GET_LOOK_AROUND, MethodInfo, SAFETY_LIST_REPORTS, SAFETY_LIST_SANCTIONS,
    SHAKE_GET_SHAKE, SHAKE_LIST_SHAKEN, STICKERS_LIST_COLLECTED, STICKERS_LIST_PACKS,
};

/// What an account has besides its conversations, by the name of its document.
const LISTS: &[(&str, &MethodInfo)] = &[
    ("account", &ACCOUNTS_GET_ACCOUNT),
    ("devices", &ACCOUNTS_LIST_DEVICES),
    ("friends", &CONTACTS_LIST_FRIENDS),
    ("tags", &CONTACTS_LIST_TAGS),
    ("requests", &CONTACTS_LIST_REQUESTS),
    ("sent-requests", &CONTACTS_LIST_SENT_REQUESTS),
    ("blocked", &CONTACTS_LIST_BLOCKED),
    ("favourites", &FAVOURITES_LIST_FAVOURITES),
    ("sticker-packs", &STICKERS_LIST_PACKS),
    ("stickers", &STICKERS_LIST_COLLECTED),
    ("group-invitations", &GROUPS_LIST_INVITATIONS),
    ("look-around", &LOOK_AROUND_GET_LOOK_AROUND),
    ("shake", &SHAKE_GET_SHAKE),
    ("shaken", &SHAKE_LIST_SHAKEN),
    ("greetings", &GREETINGS_LIST_GREETINGS),
    ("temporary-chats", &GREETINGS_LIST_TEMPORARY_CHATS),
    ("reports", &SAFETY_LIST_REPORTS),
    ("sanctions", &SAFETY_LIST_SANCTIONS),
];

#[derive(Debug, ClapArgs)]
pub(crate) struct Export {
    /// The archive, which must not be there yet.
    #[arg(default_value = "teahouse-export.tar")]
    file: PathBuf,
    /// Leave pictures, voice, videos and files out.
    #[arg(long)]
    without_media: bool,
}

pub(super) async fn run(app: &App, args: Export) -> Result<()> {
    let (session, _) = app.session().await?;
    check_target(&args.file)?;
    let part = PathBuf::from(format!("{}.part", args.file.display()));
    let mut archive = Archive::begin(&part, session)?;
    let written = archive.fill(app, &args, &part).await;
    let written = written.and_then(|()| archive.tar.into_inner().map_err(|e| unwritable(&part, &e)));
    let written = written.and_then(|file| file.sync_all().map_err(|e| unwritable(&part, &e)));
    let written =
        written.and_then(|()| fs::rename(&part, &args.file).map_err(|e| unwritable(&args.file, &e)));
    if let Err(error) = written {
        // Half an archive is none. Where it cannot be removed either, its name says what it is.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    let (conversations, media) = (archive.conversations, archive.media.len());
    if app.out.is_json() {
        let about = json!({ "path": args.file, "conversations": conversations, "media": media });
        return app.out.document(&about.to_string());
    }
    let name = text::line(&args.file.display().to_string()).into_owned();
    app.out.say(format!("{name}  {conversations} conversations, {media} pictures and other files"))
}

/// An archive that is being written.
struct Archive {
    session: Session,
    tar: Builder<File>,
    conversations: usize,
    /// Names of the media that the documents name.
    media: BTreeSet<String>,
    made_at: u64,
}

impl Archive {
    /// For its owner's eyes only.
    fn begin(part: &Path, session: Session) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(part).map_err(|e| unwritable(part, &e))?;
        let made_at = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
        Ok(Self { session, tar: Builder::new(file), conversations: 0, media: BTreeSet::new(), made_at })
    }

    async fn fill(&mut self, app: &App, args: &Export, part: &Path) -> Result<()> {
        for (name, method) in LISTS {
            let document = self.whole(method, json!({})).await?;
            self.add(&format!("{name}.json"), &document)?;
        }
        let list = self.whole(&CHAT_LIST_CONVERSATIONS, json!({ "includeHidden": true })).await?;
        for conversation in list["conversations"].as_array().into_iter().flatten() {
            self.conversation(conversation).await?;
            self.conversations += 1;
        }
        self.add("conversations.json", &list)?;
        if args.without_media {
            self.media.clear();
        }
        let (progress, bar) = bar(app, "media");
        let mut left = BTreeSet::new();
        for (n, id) in self.media.clone().iter().enumerate() {
            let beside = PathBuf::from(format!("{}.media", part.display()));
            let added = self.medium(id, &beside).await;
            // Whatever came of it; there may be none.
            let _ = fs::remove_file(&beside);
            match added {
                // Taken back since it was listed.
                Err(error) if error.kind() == Kind::NotFound => drop(left.insert(id.clone())),
                added => added?,
            }
            progress(n as u64 + 1, self.media.len() as u64);
        }
        bar.finish_and_clear();
        self.media.retain(|id| !left.contains(id));
        Ok(())
    }

    /// What is said in a conversation, and who is in it where it is a group.
    async fn conversation(&mut self, conversation: &Value) -> Result<()> {
        let Some(id) = conversation["conversationId"].as_str() else { return Ok(()) };
        let about = json!({ "conversationId": id });
        let (mut entries, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page =
                self.call(&CHAT_LIST_ENTRIES, &json!({ "conversationId": id, "afterSeq": after })).await?;
            let some = page["entries"].as_array().cloned().unwrap_or_default();
            let Some(last) = some.last().and_then(|entry| entry["seq"].as_str()) else { break };
            last.clone_into(&mut after);
            entries.extend(some);
        }
        for entry in entries.iter().filter(|entry| entry["merged"].is_object()) {
            self.forwarded(id, &entry["seq"]).await?;
        }
        self.add(&format!("conversations/{id}/entries.json"), &json!({ "entries": entries }))?;
        let pins = self.call(&CHAT_LIST_PINS, &about).await?;
        self.add(&format!("conversations/{id}/pins.json"), &pins)?;
        if conversation["group"].is_object() {
            let group = self.call(&GROUPS_GET_GROUP, &about).await?;
            self.add(&format!("conversations/{id}/group.json"), &group)?;
            // Who was removed is not told who is in it.
            match self.whole(&GROUPS_LIST_MEMBERS, about).await {
                Ok(members) => self.add(&format!("conversations/{id}/members.json"), &members)?,
                Err(error) if error.kind() == Kind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What a merged forward holds, and those within it.
    async fn forwarded(&mut self, id: &str, seq: &Value) -> Result<()> {
        let mut paths = vec![Vec::new()];
        while let Some(path) = paths.pop() {
            let request = json!({ "conversationId": id, "seq": seq, "path": path });
            let held = match self.whole(&CHAT_LIST_FORWARDED, request).await {
                // Taken back since it was listed.
                Err(error) if error.kind() == Kind::NotFound => return Ok(()),
                held => held?,
            };
            for (place, _) in messages(&held).enumerate().filter(|(_, held)| held["merged"].is_object()) {
                paths.push([path.as_slice(), &[place]].concat());
            }
            let places = path.iter().map(|place| format!("-{place}")).collect::<String>();
            let seq = seq.as_str().unwrap_or_default();
            self.add(&format!("conversations/{id}/forwarded/{seq}{places}.json"), &held)?;
        }
        Ok(())
    }

    async fn medium(&mut self, id: &str, beside: &Path) -> Result<()> {
        let nobody: teahouse_client::Progress = std::sync::Arc::new(|_, _| {});
        let fetched = self.session.download(id, false, beside, nobody).await?;
        let file = File::open(beside).map_err(|e| unwritable(beside, &e))?;
        let mut header = self.header(fetched.size);
        let name = format!("media/{id}.{}", ending(&fetched.content_type));
        self.tar.append_data(&mut header, name, file).map_err(|e| unwritable(beside, &e))
    }

    fn add(&mut self, name: &str, document: &Value) -> Result<()> {
        note_media(document, &mut self.media);
        let text = format!("{document:#}\n");
        let mut header = self.header(text.len() as u64);
        let added = self.tar.append_data(&mut header, name, text.as_bytes());
        added.map_err(|e| unwritable(Path::new(name), &e))
    }

    fn header(&self, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(self.made_at);
        header
    }

    /// All pages of a list, as if they were one.
    async fn whole(&self, method: &MethodInfo, request: Value) -> Result<Value> {
        let (mut whole, mut request) = (Map::new(), request);
        loop {
            let Value::Object(mut page) = self.call(method, &request).await? else { break };
            let next = page.remove("next");
            for (field, value) in page {
                match (whole.get_mut(&field), value) {
                    (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
                    (_, value) => drop(whole.insert(field, value)),
                }
            }
            match next {
                Some(Value::String(next)) if !next.is_empty() => request["page"] = json!({ "cursor": next }),
                _ => break,
            }
        }
        Ok(Value::Object(whole))
    }

    async fn call(&self, method: &MethodInfo, request: &Value) -> Result<Value> {
        let body = schema::request_from_json(method.request, &request.to_string())?;
        let answer = self.session.call_bytes(method, body).await?;
        let answer = schema::to_json(method.response, &answer)?;
        serde_json::from_str(&answer)
            .map_err(|e| Error::new(Kind::Protocol, "PROTOCOL", format!("The answer is no JSON: {e}.")))
    }
}

fn messages(held: &Value) -> impl Iterator<Item = &Value> {
    held["messages"].as_array().into_iter().flatten()
}

/// The media that a document names.
fn note_media(value: &Value, media: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(id)) = fields.get("mediaId")
                && !id.is_empty()
            {
                media.insert(id.clone());
            }
            fields.values().for_each(|value| note_media(value, media));
        }
        Value::Array(all) => all.iter().for_each(|value| note_media(value, media)),
        _ => {}
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::Misuse, "FILE_UNWRITABLE", format!("{} cannot be written: {error}.", path.display()))
}
