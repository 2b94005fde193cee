//! `teahouse qr`: one's own code, or one's code for a group, on the terminal or as a file.

use super::App;
use super::media;
use super::people::People;
use super::place;
use super::qr_code;
use super::text::line;
use clap::{ArgGroup, Args as ClapArgs};
use std::path::{Path, PathBuf};
use teahouse_client::{Error, Kind, Result, Session, check_target};
use teahouse_proto::qr::{Code, GetCodeRequest, GetCodeResponse, ResetCodeRequest, ResetCodeResponse};
use teahouse_proto::{QR_GET_CODE, QR_RESET_CODE, QrClient};

#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("picture").args(["png", "svg"]).multiple(true)))]
pub(crate) struct ShowCode {
    /// The code of a group instead: who joins by it is let in by you.
    #[arg(long)]
    pub(crate) group: Option<String>,
    /// Save it as PNG instead of showing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) png: Option<PathBuf>,
    /// Save it as SVG instead of showing it.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Pixels along the side of a saved picture. Default: 512.
    #[arg(long, value_name = "PIXELS", requires = "picture", value_parser = clap::value_parser!(u32).range(128..=2048))]
    pub(crate) size: Option<u32>,
    /// Put your picture, or that of the group, in the middle of a saved picture.
    #[arg(long, requires = "picture")]
    pub(crate) logo: bool,
    /// Make a new code. The old one is dead at once.
    #[arg(long)]
    pub(crate) reset: bool,
    /// With --reset and --group: the codes of all members. For owner and admins.
    #[arg(long, requires_all = ["group", "reset"])]
    pub(crate) everybodys: bool,
}

impl ShowCode {
    /// The files to make, with their endings.
    fn files(&self) -> impl Iterator<Item = (&Path, &'static str)> {
        let files = [(self.png.as_deref(), "png"), (self.svg.as_deref(), "svg")];
        files.into_iter().filter_map(|(file, ending)| Some((file?, ending)))
    }

    /// Whether all files can be made, before an old code dies for them.
    fn check_files(&self) -> Result<()> {
        if self.png.is_some() && self.png == self.svg {
            return Err(Error::new(Kind::Misuse, "FILE_EXISTS", "PNG and SVG cannot be the same file."));
        }
        self.files().try_for_each(|(file, _)| check_target(file))
    }
}

pub(super) async fn show(app: &App, args: ShowCode) -> Result<()> {
    args.check_files()?;
    let (session, me) = app.session().await?;
    let conversation_id = match &args.group {
        Some(who) => {
            let mut people = People::load(&session, me).await?;
            place::group(&session, &mut people, who).await?.conversation_id
        }
        None => 0,
    };
    let qr = QrClient(session.clone());
    let code = if args.reset {
        let request = ResetCodeRequest { conversation_id, everybodys: args.everybodys };
        let ResetCodeResponse { code } = qr.reset_code(request).await?;
        code
    } else {
        qr.get_code(GetCodeRequest { conversation_id }).await?.code
    };
    let code = code.unwrap_or_default();
    let until = match code.expires_at_ms {
        0 => String::new(),
        ms => format!("\nIt works until {} ({}).", app.out.times.minute(ms), app.out.times.zone()),
    };
    let said = if args.files().next().is_some() {
        format!("{}{until}", line(&code.url))
    } else {
        format!("{}\n{}{until}", qr_code::drawn(&code.url, app.out.has_colour())?, line(&code.url))
    };
    // Before the pictures are fetched, which may fail: the old code is dead by now.
    if args.reset {
        let answer = ResetCodeResponse { code: Some(code.clone()) };
        app.out.answer(&QR_RESET_CODE, &answer, || said)?;
    } else {
        let answer = GetCodeResponse { code: Some(code.clone()) };
        app.out.answer(&QR_GET_CODE, &answer, || said)?;
    }
    for (file, ending) in args.files() {
        save(app, &session, &code, &args, file, ending).await?;
    }
    Ok(())
}

/// Fetches the picture of a code. It comes from the server that this program talks to, whatever its codes say.
async fn save(
    app: &App,
    session: &Session,
    code: &Code,
    args: &ShowCode,
    file: &Path,
    ending: &str,
) -> Result<()> {
    let path = picture_path(&code.url, ending, args.size, args.logo)?;
    let (progress, bar) = media::bar(app, &file.display().to_string());
    let fetched = session.download_path(&path, file, progress).await;
    bar.finish_and_clear();
    let fetched = fetched?;
    if !app.out.is_json() {
        let shown = file.display().to_string();
        app.out.say(format!("{}  {}", line(&shown), fetched.content_type))?;
    }
    Ok(())
}

/// Where the picture of a code is on its server.
fn picture_path(url: &str, ending: &str, size: Option<u32>, logo: bool) -> Result<String> {
    let token = url.rsplit('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if token.is_empty() || !token.chars().all(is_plain) {
        let message = format!("The server's code is not understood: {}", line(url));
        return Err(Error::new(Kind::Protocol, "CODE_INVALID", message));
    }
    let size = size.map(|size| format!("size={size}"));
    let query: Vec<_> = size.into_iter().chain(logo.then(|| "logo=true".to_owned())).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    Ok(format!("/q/{token}.{ending}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_where_the_server_says() {
        let path = |url, size, logo| picture_path(url, "png", size, logo);
        assert_eq!(path("https://tea.example/base/q/ab-C_9", None, false).unwrap(), "/q/ab-C_9.png");
        let large = path("https://tea.example/q/a", Some(1024), true).unwrap();
        assert_eq!(large, "/q/a.png?size=1024&logo=true");
        for wrong in ["https://tea.example/q/", "https://tea.example/q/a?b", "https://tea.example/q/a b"] {
            assert_eq!(path(wrong, None, false).expect_err(wrong).reason(), "CODE_INVALID");
        }
    }
}
