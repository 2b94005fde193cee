//! Commands about stickers: packs that one makes or collects, and single ones. It does not know how they are sent.

use super::App;
use super::kinds::size;
use super::media::send_up;
use super::text::{line, table};
use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;
use teahouse_client::{Result, Session};
use teahouse_proto::media::{Media, MediaKind};
use teahouse_proto::stickers::{
    AddStickersRequest, CollectPackRequest, CollectUploadRequest, CreatePackRequest, DeletePackRequest,
    GetPackRequest, ListCollectedRequest, ListPacksRequest, NewSticker, Pack, RemoveCollectedRequest,
    RemoveStickerRequest, Sticker,
};
use teahouse_proto::{
    STICKERS_ADD_STICKERS, STICKERS_COLLECT_PACK, STICKERS_COLLECT_UPLOAD, STICKERS_CREATE_PACK,
    STICKERS_DELETE_PACK, STICKERS_GET_PACK, STICKERS_LIST_COLLECTED, STICKERS_LIST_PACKS,
    STICKERS_REMOVE_COLLECTED, STICKERS_REMOVE_STICKER, StickersClient,
};

#[derive(Debug, ClapArgs)]
pub(crate) struct Stickers {
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the packs that you made or collected.
    Packs,
    /// Make a pack of PNG, GIF or WebP files.
    Make {
        name: String,
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        says: Says,
    },
    /// Show a pack.
    Show { pack: String },
    /// Add stickers to a pack that you made.
    Add {
        pack: String,
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        says: Says,
    },
    /// Take a sticker out of a pack that you made.
    Remove { pack: String, sticker: String },
    /// Delete a pack that you made, for everybody.
    Delete { pack: String },
    /// Put a pack on your list.
    Collect {
        pack: String,
        /// Take it off the list.
        #[arg(long)]
        off: bool,
    },
    /// Keep a picture as a single sticker.
    Keep {
        file: PathBuf,
        #[command(flatten)]
        says: Says,
    },
    /// List the single stickers that you keep.
    Kept,
    /// Let a single sticker go.
    Drop { sticker: String },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Says {
    /// What a sticker says, one emoji; for several files in their order.
    #[arg(long, value_name = "EMOJI")]
    pub(crate) emoji: Vec<String>,
}

pub(super) async fn run(app: &App, args: Stickers) -> Result<()> {
    let (session, _) = app.session().await?;
    let stickers = StickersClient(session.clone());
    match args.action.unwrap_or(Action::Packs) {
        Action::Packs => packs(app, &stickers).await,
        Action::Make { name, files, says } => {
            let new = uploads(app, &session, &files, &says).await?;
            let request =
                CreatePackRequest { client_message_id: session.random().client_id(), name, stickers: new };
            let answer = stickers.create_pack(request).await?;
            app.out.answer(&STICKERS_CREATE_PACK, &answer, || shown(answer.pack.as_ref()))
        }
        Action::Show { pack } => {
            let answer = stickers.get_pack(GetPackRequest { pack_id: pack }).await?;
            app.out.answer(&STICKERS_GET_PACK, &answer, || shown(answer.pack.as_ref()))
        }
        Action::Add { pack, files, says } => {
            let new = uploads(app, &session, &files, &says).await?;
            let client_message_id = session.random().client_id();
            let request = AddStickersRequest { client_message_id, pack_id: pack, stickers: new };
            let answer = stickers.add_stickers(request).await?;
            app.out.answer(&STICKERS_ADD_STICKERS, &answer, || shown(answer.pack.as_ref()))
        }
        Action::Remove { pack, sticker } => {
            let request = RemoveStickerRequest { pack_id: pack, media_id: sticker };
            let answer = stickers.remove_sticker(request).await?;
            app.out.answer(&STICKERS_REMOVE_STICKER, &answer, || shown(answer.pack.as_ref()))
        }
        Action::Delete { pack } => {
            let answer = stickers.delete_pack(DeletePackRequest { pack_id: pack }).await?;
            app.out.answer(&STICKERS_DELETE_PACK, &answer, || "The pack is gone.".to_owned())
        }
        Action::Collect { pack, off } => {
            let answer = stickers.collect_pack(CollectPackRequest { pack_id: pack, off }).await?;
            let said = if off { "The pack is off your list." } else { "The pack is on your list." };
            app.out.answer(&STICKERS_COLLECT_PACK, &answer, || said.to_owned())
        }
        Action::Keep { file, says } => {
            let media = send_up(app, &session, &file, MediaKind::Sticker).await?;
            let request = CollectUploadRequest {
                client_message_id: session.random().client_id(),
                media_id: media.media_id,
                emoji: says.emoji.into_iter().next().unwrap_or_default(),
            };
            let answer = stickers.collect_upload(request).await?;
            app.out.answer(&STICKERS_COLLECT_UPLOAD, &answer, || {
                format!("Kept as {}.", id(answer.sticker.as_ref().unwrap_or(&Sticker::default())))
            })
        }
        Action::Kept => {
            let answer = stickers.list_collected(ListCollectedRequest {}).await?;
            app.out.answer(&STICKERS_LIST_COLLECTED, &answer, || match &answer.stickers[..] {
                [] => "No single stickers. `teahouse sticker keep FILE` keeps one.".to_owned(),
                stickers => rows(stickers),
            })
        }
        Action::Drop { sticker } => {
            let answer = stickers.remove_collected(RemoveCollectedRequest { media_id: sticker }).await?;
            app.out.answer(&STICKERS_REMOVE_COLLECTED, &answer, || "Let go.".to_owned())
        }
    }
}

async fn packs(app: &App, stickers: &StickersClient<Session>) -> Result<()> {
    let answer = stickers.list_packs(ListPacksRequest {}).await?;
    app.out.answer(&STICKERS_LIST_PACKS, &answer, || {
        if answer.packs.is_empty() {
            return "No packs. `teahouse sticker make NAME FILE…` makes one.".to_owned();
        }
        let row = |pack: &teahouse_proto::stickers::PackSummary| {
            let by = if pack.mine { "you" } else { "" };
            [pack.pack_id.clone(), pack.count.to_string(), by.to_owned(), line(&pack.name).into_owned()]
        };
        table(["PACK", "STICKERS", "MADE BY", "NAME"], &answer.packs.iter().map(row).collect::<Vec<_>>())
    })
}

async fn uploads(app: &App, session: &Session, files: &[PathBuf], says: &Says) -> Result<Vec<NewSticker>> {
    let mut new = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let media = send_up(app, session, file, MediaKind::Sticker).await?;
        let emoji = says.emoji.get(n).cloned().unwrap_or_default();
        new.push(NewSticker { media_id: media.media_id, emoji });
    }
    Ok(new)
}

fn shown(pack: Option<&Pack>) -> String {
    let Some(pack) = pack else { return String::new() };
    let mine = if pack.mine { ", yours" } else { "" };
    let head = format!("{} ({}{mine})", line(&pack.name), pack.pack_id);
    if pack.stickers.is_empty() {
        return format!("{head}\nIt is empty.");
    }
    format!("{head}\n{}", rows(&pack.stickers))
}

fn rows(stickers: &[Sticker]) -> String {
    let none = Media::default();
    let rows: Vec<_> = stickers
        .iter()
        .map(|sticker| {
            let media = sticker.media.as_ref().unwrap_or(&none);
            let pixels = format!("{}×{}", media.width, media.height);
            [media.media_id.clone(), line(&sticker.emoji).into_owned(), pixels, size(media.size)]
        })
        .collect();
    table(["STICKER", "SAYS", "PIXELS", "SIZE"], &rows)
}

fn id(sticker: &Sticker) -> &str {
    sticker.media.as_ref().map_or("", |media| &media.media_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_shown_with_its_ids() {
        let media = Media { media_id: "m1".into(), width: 64, height: 48, size: 2100, ..Media::default() };
        let sticker = Sticker { media: Some(media), emoji: "😀".into() };
        let pack = Pack {
            pack_id: "p1".into(),
            name: "Tea\u{1b}cats".into(),
            stickers: vec![sticker],
            mine: true,
            collected: true,
        };
        let text = shown(Some(&pack));
        assert!(text.starts_with("Tea\\u{1b}cats (p1, yours)\n"), "{text}");
        assert!(text.contains("m1") && text.contains("64×48") && text.contains("2.1 KB"), "{text}");
        assert!(shown(Some(&Pack { stickers: Vec::new(), ..pack })).ends_with("It is empty."));
    }
}
