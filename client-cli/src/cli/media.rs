//! Commands that carry files: uploads, the messages that need one, and downloads, each with a bar while it runs. It
//! knows how files are named here, not how they travel.

use super::App;
use super::kinds::{length, size};
use super::people::People;
use super::place::place;
use clap::{Args as ClapArgs, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use teahouse_client::{Error, Kind, Progress, Result, Session};
use teahouse_proto::chat::entry::Content;
use teahouse_proto::chat::send_message_request::{Content as Outgoing, To};
use teahouse_proto::chat::{
    Entry, File, ListEntriesRequest, Pictures, SendMessageRequest, Sticker, Video, Voice,
};
use teahouse_proto::media::{GetQuotaRequest, Media, MediaKind};
use teahouse_proto::{CHAT_SEND_MESSAGE, ChatClient, MEDIA_FINISH_UPLOAD, MEDIA_GET_QUOTA, MediaClient};

/// The most pictures of an album.
const MAX_ALBUM: usize = 9;
/// How often a bar is drawn.
const DRAWN_PER_S: u8 = 10;

/// What a file is uploaded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum As {
    Picture,
    Voice,
    Video,
    File,
    Sticker,
    Avatar,
}

impl From<As> for MediaKind {
    fn from(kind: As) -> Self {
        match kind {
            As::Picture => Self::Picture,
            As::Voice => Self::Voice,
            As::Video => Self::Video,
            As::File => Self::File,
            As::Sticker => Self::Sticker,
            As::Avatar => Self::Avatar,
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Upload {
    pub(crate) file: PathBuf,
    /// What it is to be used as.
    #[arg(long = "as", value_name = "KIND", default_value = "file")]
    pub(crate) kind: As,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SendPictures {
    pub(crate) who: String,
    /// One picture, or an album of up to 9.
    #[arg(required = true, num_args = 1..=MAX_ALBUM)]
    pub(crate) files: Vec<PathBuf>,
    #[arg(long, default_value = "")]
    pub(crate) caption: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SendVideo {
    pub(crate) who: String,
    pub(crate) file: PathBuf,
    /// A picture that stands for it until it plays.
    #[arg(long, value_name = "FILE")]
    pub(crate) poster: Option<PathBuf>,
    #[arg(long, default_value = "")]
    pub(crate) caption: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SendFile {
    pub(crate) who: String,
    pub(crate) file: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SendSticker {
    pub(crate) who: String,
    /// A PNG, GIF or WebP file, or the id of a sticker.
    pub(crate) sticker: String,
    /// The pack that the id is of. Without it: one that you keep.
    #[arg(long)]
    pub(crate) pack: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Download {
    pub(crate) who: String,
    /// The number of the message.
    pub(crate) seq: u64,
    /// A folder, or the name of a file where there is only one. Default: here.
    #[arg(long, short = 'o', value_name = "PATH", default_value = ".")]
    pub(crate) out: PathBuf,
    /// The small picture instead.
    #[arg(long)]
    pub(crate) thumbnail: bool,
}

pub(super) async fn upload(app: &App, args: Upload) -> Result<()> {
    let (session, _) = app.session().await?;
    let media = send_up(app, &session, &args.file, args.kind.into()).await?;
    app.out.answer(&MEDIA_FINISH_UPLOAD, &finished(media.clone()), || {
        let warning =
            if media.carries_position { "\nIt says where it was made, and is kept as it is." } else { "" };
        format!("{}  {}{warning}", media.media_id, facts(&media))
    })
}

fn finished(media: Media) -> teahouse_proto::media::FinishUploadResponse {
    teahouse_proto::media::FinishUploadResponse { media: Some(media) }
}

pub(super) async fn send_pictures(app: &App, args: SendPictures) -> Result<()> {
    let (session, _) = app.session().await?;
    let mut pictures = Vec::new();
    for file in &args.files {
        pictures.push(send_up(app, &session, file, MediaKind::Picture).await?);
    }
    let content = Outgoing::Pictures(Pictures { pictures, caption: args.caption });
    send(app, &args.who, content).await
}

pub(super) async fn send_voice(app: &App, args: SendFile) -> Result<()> {
    let (session, _) = app.session().await?;
    let media = Some(send_up(app, &session, &args.file, MediaKind::Voice).await?);
    send(app, &args.who, Outgoing::Voice(Voice { media, ..Voice::default() })).await
}

pub(super) async fn send_video(app: &App, args: SendVideo) -> Result<()> {
    let (session, _) = app.session().await?;
    let poster = match &args.poster {
        Some(file) => Some(send_up(app, &session, file, MediaKind::Picture).await?),
        None => None,
    };
    let media = Some(send_up(app, &session, &args.file, MediaKind::Video).await?);
    send(app, &args.who, Outgoing::Video(Video { media, poster, caption: args.caption })).await
}

pub(super) async fn send_file(app: &App, args: SendFile) -> Result<()> {
    let (session, _) = app.session().await?;
    let media = send_up(app, &session, &args.file, MediaKind::File).await?;
    if media.carries_position {
        app.out.remark("Note: the file says where it was made, and is sent as it is.");
    }
    send(app, &args.who, Outgoing::File(File { media: Some(media) })).await
}

pub(super) async fn send_sticker(app: &App, args: SendSticker) -> Result<()> {
    let (session, _) = app.session().await?;
    let file = Path::new(&args.sticker);
    let media = if args.pack.is_none() && file.is_file() {
        send_up(app, &session, file, MediaKind::Sticker).await?
    } else {
        Media { media_id: args.sticker, ..Media::default() }
    };
    let (media, pack_id) = (Some(media), args.pack.unwrap_or_default());
    send(app, &args.who, Outgoing::Sticker(Sticker { media, pack_id, ..Sticker::default() })).await
}

async fn send(app: &App, who: &str, content: Outgoing) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, who).await?;
    let to = Some(To::ConversationId(place.conversation_id));
    let request = SendMessageRequest { to, content: Some(content), ..SendMessageRequest::default() };
    let answer = session.send(request).await?;
    app.out.answer(&CHAT_SEND_MESSAGE, &answer, || format!("Sent to {}, number {}.", place.title, answer.seq))
}

pub(super) async fn download(app: &App, args: Download) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let place = place(&session, &mut people, &args.who).await?;
    let entry = entry(&session, place.conversation_id, args.seq).await?;
    let all: Vec<&Media> = media_of(&entry);
    if all.is_empty() {
        return Err(Error::new(Kind::NotFound, "NO_MEDIA", format!("Number {} holds no file.", args.seq)));
    }
    for (n, media) in all.iter().enumerate() {
        let to = target(&args, media, args.seq, n, all.len());
        let (progress, bar) = bar(app, &to.display().to_string());
        let fetched = session.download(&media.media_id, args.thumbnail, &to, progress).await;
        bar.finish_and_clear();
        let fetched = fetched?;
        let shown = super::text::line(&to.display().to_string()).into_owned();
        if app.out.is_json() {
            let document = serde_json::json!({
                "path": to, "size": fetched.size.to_string(), "contentType": fetched.content_type,
            });
            app.out.document(&document.to_string())?;
        } else {
            app.out.say(format!("{shown}  {}, {}", fetched.content_type, size(fetched.size)))?;
        }
    }
    Ok(())
}

async fn entry(session: &Session, conversation_id: u64, seq: u64) -> Result<Entry> {
    let after_seq = seq.saturating_sub(1);
    let request =
        ListEntriesRequest { conversation_id, after_seq, limit: 1, ..ListEntriesRequest::default() };
    let answer = ChatClient(session.clone()).list_entries(request).await?;
    let found = answer.entries.into_iter().find(|entry| entry.seq == seq);
    found.ok_or_else(|| {
        Error::new(Kind::NotFound, "NO_ENTRY", format!("The conversation has no number {seq} for you."))
    })
}

/// The files of a message.
fn media_of(entry: &Entry) -> Vec<&Media> {
    match &entry.content {
        Some(Content::Voice(voice)) => voice.media.iter().collect(),
        Some(Content::Pictures(pictures)) => pictures.pictures.iter().collect(),
        Some(Content::Video(video)) => video.media.iter().collect(),
        Some(Content::File(file)) => file.media.iter().collect(),
        Some(Content::Sticker(sticker)) => sticker.media.iter().collect(),
        _ => Vec::new(),
    }
}

/// Where a file goes: as its sender named it, else by the number of its message. A name from afar never leaves the folder.
fn target(args: &Download, media: &Media, seq: u64, n: usize, of: usize) -> PathBuf {
    if of == 1 && !args.out.is_dir() && !args.out.as_os_str().to_string_lossy().ends_with('/') {
        return args.out.clone();
    }
    let named = Path::new(&media.file_name).file_name().filter(|name| !name.is_empty());
    match named {
        Some(name) if !args.thumbnail => args.out.join(name),
        _ => {
            let place = if of > 1 { format!("{seq}-{}", n + 1) } else { seq.to_string() };
            let ending = if args.thumbnail { "thumbnail" } else { ending(&media.content_type) };
            args.out.join(format!("{place}.{ending}"))
        }
    }
}

/// The ending of a file of this type.
pub(super) fn ending(content_type: &str) -> &'static str {
    match content_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "audio/ogg" => "ogg",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/amr" | "audio/amr-wb" => "amr",
        "audio/wav" => "wav",
        "audio/webm" | "video/webm" => "webm",
        "audio/x-matroska" => "mka",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        _ => "bin",
    }
}

pub(super) async fn quota(app: &App) -> Result<()> {
    let (session, _) = app.session().await?;
    let answer = MediaClient(session).get_quota(GetQuotaRequest {}).await?;
    app.out.answer(&MEDIA_GET_QUOTA, &answer, || {
        let row = |used, limit| format!("{} of {}", size(used), size(limit));
        let day = row(answer.day_used, answer.day_limit);
        format!("in 24 hours  {day}\nin all       {}", row(answer.total_used, answer.total_limit))
    })
}

/// Uploads with a bar.
pub(super) async fn send_up(app: &App, session: &Session, file: &Path, kind: MediaKind) -> Result<Media> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (progress, bar) = bar(app, &name);
    let media = session.upload(file, kind, &name, progress).await;
    bar.finish_and_clear();
    media
}

/// A bar on standard error; none in JSON, and indicatif draws none where nobody looks.
pub(super) fn bar(app: &App, what: &str) -> (Progress, ProgressBar) {
    let style =
        ProgressStyle::with_template("{msg:24!} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let target = if app.out.is_json() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr_with_hz(DRAWN_PER_S)
    };
    let bar = ProgressBar::with_draw_target(None, target)
        .with_style(style.expect("the template is well-formed"))
        .with_message(super::text::line(what).into_owned());
    let drawn = bar.clone();
    let progress: Progress = Arc::new(move |at, of| {
        drawn.set_length(of);
        drawn.set_position(at);
    });
    (progress, bar)
}

/// What one sees of a file before fetching it: "image/jpeg, 1280×720, 312 KB".
pub(super) fn facts(media: &Media) -> String {
    let mut facts = vec![media.content_type.clone()];
    if media.width > 0 {
        facts.push(format!("{}×{}", media.width, media.height));
    }
    if media.duration_ms > 0 {
        facts.push(length(media.duration_ms));
    }
    facts.push(size(media.size));
    facts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_for_people() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1500, "1.5 KB"),
            (312_000, "312 KB"),
            (104_857_600, "105 MB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
        let video = Media {
            content_type: "video/mp4".to_owned(),
            width: 1280,
            height: 720,
            duration_ms: 67_400,
            size: 2_100_000,
            ..Media::default()
        };
        assert_eq!(facts(&video), "video/mp4, 1280×720, 1:08, 2.1 MB");
    }

    #[test]
    fn names_from_afar_stay_in_the_folder() {
        let args = |out: &str| Download { who: "x".into(), seq: 7, out: out.into(), thumbnail: false };
        let named = |name: &str| Media {
            file_name: name.to_owned(),
            content_type: "image/png".into(),
            ..Media::default()
        };
        let here = std::env::temp_dir();
        let here = here.to_str().expect("an ordinary name");
        let to = |media: &Media, of| target(&args(here), media, 7, 0, of);
        assert_eq!(to(&named("../../etc/passwd"), 1), Path::new(here).join("passwd"));
        assert_eq!(to(&named("/etc/passwd"), 1), Path::new(here).join("passwd"));
        assert_eq!(to(&named(".."), 1), Path::new(here).join("7.png"));
        assert_eq!(to(&named(""), 3), Path::new(here).join("7-1.png"));
        assert_eq!(target(&args("/tmp/new-name"), &named("a"), 7, 0, 1), Path::new("/tmp/new-name"));
    }
}
