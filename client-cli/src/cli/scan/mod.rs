//! `teahouse scan`: what codes say, what they stand for, and what comes of them. What leads elsewhere is shown and never
//! opened.

mod found;
mod ours;

use super::App;
use super::output::Output;
use super::profile::SignIn;
use super::qr_code;
use super::secret;
use super::text::{block, line};
use clap::Args as ClapArgs;
use found::{Act, Found};
use ours::{Ours, is_token, link};
use serde_json::json;
use std::path::PathBuf;
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::QrClient;
use teahouse_proto::qr::ResolveCodeRequest;
use url::Url;

#[derive(Debug, ClapArgs)]
pub(crate) struct Scan {
    /// A picture (PNG, JPEG, GIF or WebP) with one code or several, or what a code says.
    // A token may begin with a hyphen.
    #[arg(value_name = "FILE|URL|TOKEN", allow_hyphen_values = true)]
    pub(crate) what: String,
    /// Ask the person to become friends, and say this with it.
    #[arg(long, value_name = "TEXT", group = "act")]
    pub(crate) add: Option<String>,
    /// Join the group.
    #[arg(long, group = "act")]
    pub(crate) join: bool,
    /// Let the device sign in that shows the code, after you have seen it and said yes. Without a terminal to ask on it
    /// takes the address that it must ask from.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, group = "act")]
    pub(crate) approve: Option<Option<String>>,
    /// Refuse the device that shows the code.
    #[arg(long, group = "act")]
    pub(crate) refuse: bool,
}

impl Scan {
    /// What the user wants done, if they said it.
    fn act(&self) -> Option<Act> {
        match self {
            Self { add: Some(text), .. } => Some(Act::Add(text.clone())),
            Self { join: true, .. } => Some(Act::Join),
            Self { approve: Some(address), .. } => Some(Act::Approve(address.clone())),
            Self { refuse: true, .. } => Some(Act::Decide(false)),
            _ => None,
        }
    }
}

/// What one code turned out to be.
#[derive(Debug)]
enum Scanned {
    /// Something of this server.
    Found(Box<Found>),
    /// Something elsewhere.
    Link(Url),
    /// Something else.
    Text(String),
    /// Of this server, and good for nothing any more.
    Dead(Error),
}

pub(super) async fn scan(app: &App, args: Scan) -> Result<()> {
    // What cannot be read is told before a connection is made.
    let (texts, is_typed) = texts(&args.what).await?;
    let (session, me) = app.session().await?;
    let mut ours = Ours::new(&me.server)?;
    let mut all = Vec::new();
    for text in &texts {
        let token = if is_typed && is_token(text) {
            Some(text.as_str())
        } else {
            ours.learn(&session, text).await?;
            ours.token(text)
        };
        all.push(match token {
            Some(token) => resolve(&session, token.to_owned()).await?,
            None => link(text).map_or_else(|| Scanned::Text(text.clone()), Scanned::Link),
        });
    }
    match args.act() {
        Some(act) => {
            let found = only(all, &act)?;
            found::act(app, &session, &me, found, act).await
        }
        None => tell(app, &session, &me, &texts, all).await,
    }
}

/// What the codes say: those of a picture, or the one that was given, which was typed.
async fn texts(what: &str) -> Result<(Vec<String>, bool)> {
    let path = PathBuf::from(what);
    if what.contains("://") || (is_token(what) && !path.exists()) {
        return Ok((vec![what.to_owned()], true));
    }
    // Large pictures take their time.
    let read = tokio::task::spawn_blocking(move || qr_code::read(&path)).await;
    let texts = read.map_err(|e| {
        Error::new(Kind::Local, "PICTURE_INVALID", format!("The picture cannot be read: {e}."))
    })?;
    Ok((texts?, false))
}

/// Asks the server what a token stands for.
async fn resolve(session: &Session, token: String) -> Result<Scanned> {
    match QrClient(session.clone()).resolve_code(ResolveCodeRequest { text: token }).await {
        Ok(found) => Ok(Scanned::Found(Box::new(found))),
        Err(error) if error.reason() == "CODE_NOT_FOUND" => Ok(Scanned::Dead(error)),
        Err(error) => Err(error),
    }
}

/// The only code for which something can be done.
fn only(all: Vec<Scanned>, act: &Act) -> Result<Found> {
    let mut fitting = Vec::new();
    let mut other = None;
    for scanned in all {
        match scanned {
            Scanned::Found(found) if act.fits(&found) => fitting.push(*found),
            Scanned::Dead(error) => other = Some(error),
            _ => {}
        }
    }
    if fitting.len() > 1 {
        let message =
            "There are several codes for that in the picture. Scan the address of the one you mean.";
        return Err(Error::new(Kind::Misuse, "CODES_SEVERAL", message));
    }
    fitting.pop().ok_or_else(|| {
        other.unwrap_or_else(|| {
            let message =
                format!("That is no code {}. `teahouse scan` without it shows what it is.", act.of());
            Error::new(Kind::Misuse, "CODE_OF_OTHER_KIND", message)
        })
    })
}

/// Shows what was scanned, and asks what to do with it where somebody is there to ask.
async fn tell(
    app: &App,
    session: &Session,
    me: &SignIn,
    texts: &[String],
    mut all: Vec<Scanned>,
) -> Result<()> {
    if app.out.is_json() {
        return texts.iter().zip(&all).try_for_each(|(text, one)| app.out.document(&document(text, one)?));
    }
    if let [Scanned::Dead(error)] = all.as_slice() {
        return Err(error.clone());
    }
    let several = all.len() > 1;
    for (text, one) in texts.iter().zip(&all) {
        let said = shown(&app.out, one, me.account_id);
        app.out.say(if several { format!("{}\n{said}\n", line(text)) } else { said })?;
    }
    let Some(Scanned::Found(found)) = all.pop().filter(|_| !several) else { return Ok(()) };
    let Some((question, yes, no)) = found::question(&found) else { return Ok(()) };
    if !secret::is_interactive() {
        app.out.remark(found::hint(&found));
        return Ok(());
    }
    match if secret::confirm(question)? { Some(yes) } else { no } {
        Some(act) => found::act(app, session, me, *found, act).await,
        None => Ok(()),
    }
}

fn shown(out: &Output, scanned: &Scanned, me: u64) -> String {
    match scanned {
        Scanned::Found(found) => found::in_words(out, found, me),
        Scanned::Link(url) => {
            let host = url.host_str().unwrap_or_default();
            format!("A link to {}, which was not opened:\n{}", line(host), line(url.as_str()))
        }
        Scanned::Text(text) => format!("It says: {}", block(text, 0)),
        Scanned::Dead(error) => block(error.message(), 0),
    }
}

/// What a program is told of one code.
fn document(text: &str, scanned: &Scanned) -> Result<String> {
    let mut document = match scanned {
        Scanned::Found(found) => found::document(found)?,
        Scanned::Link(url) => json!({ "link": { "url": url.as_str(), "host": url.host_str() } }),
        Scanned::Text(text) => json!({ "other": { "text": text } }),
        Scanned::Dead(error) => super::failure_json(error),
    };
    document["text"] = text.into();
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::args::{Args, Command};
    use super::*;
    use clap::Parser as _;
    use teahouse_proto::qr::resolve_code_response::What;
    use teahouse_proto::qr::{FoundGroup, FoundPerson};

    fn person() -> Scanned {
        Scanned::Found(Box::new(Found { what: Some(What::Person(FoundPerson::default())) }))
    }

    #[test]
    fn a_foreign_link_is_shown_with_the_host_it_leads_to() {
        let url = link("https://tea.example@evil.example/q/\u{202e}abc").expect("a link");
        let said = shown(&Output::plain(), &Scanned::Link(url), 1);
        assert!(said.starts_with("A link to evil.example, which was not opened:\n"), "{said}");
        let text = Scanned::Text("tea\u{1b}[2J".to_owned());
        assert_eq!(shown(&Output::plain(), &text, 1), r"It says: tea\u{1b}[2J");
        let document: serde_json::Value =
            serde_json::from_str(&document("tea", &Scanned::Text("tea".to_owned())).unwrap()).unwrap();
        assert_eq!(document, json!({ "other": { "text": "tea" }, "text": "tea" }));
    }

    #[test]
    fn an_act_needs_exactly_one_code_for_it() {
        let dead = || Scanned::Dead(Error::new(Kind::NotFound, "CODE_NOT_FOUND", "m"));
        let reason = |all, act: &Act| only(all, act).err().map(|e| e.reason().to_owned());
        let group = || Scanned::Found(Box::new(Found { what: Some(What::Group(FoundGroup::default())) }));
        assert_eq!(reason(vec![person(), group(), dead()], &Act::Join), None);
        assert_eq!(reason(vec![person()], &Act::Join).as_deref(), Some("CODE_OF_OTHER_KIND"));
        let act = Act::Add(String::new());
        let text = || Scanned::Text("tea".to_owned());
        assert_eq!(reason(vec![person(), text(), dead()], &act), None);
        assert_eq!(reason(vec![person(), person()], &act).as_deref(), Some("CODES_SEVERAL"));
        assert_eq!(reason(vec![text()], &act).as_deref(), Some("CODE_OF_OTHER_KIND"));
        assert_eq!(reason(vec![dead()], &act).as_deref(), Some("CODE_NOT_FOUND"));
    }

    #[test]
    fn a_token_that_begins_with_a_hyphen_is_no_option() {
        for token in ["-_v7-_v7-_v7-_v7-_v7-w", "--v7-_v7-_v7-_v7-_v7-w", "-hv7-_v7-_v7-_v7-_v7-w"] {
            for line in [vec![token, "--join"], vec!["--join", token], vec!["--json", token, "--join"]] {
                let args = Args::try_parse_from(["teahouse", "scan"].into_iter().chain(line)).unwrap();
                let Command::Scan(scan) = args.command else { panic!("not a scan") };
                assert_eq!((scan.what.as_str(), scan.act()), (token, Some(Act::Join)));
            }
        }
    }

    #[test]
    fn an_approval_may_name_an_address() {
        let act = |flag| {
            let args = Args::try_parse_from(["teahouse", "scan", flag, "code.png"]).unwrap();
            let Command::Scan(scan) = args.command else { panic!("not a scan") };
            (scan.what.clone(), scan.act())
        };
        let file = || "code.png".to_owned();
        assert_eq!(act("--approve"), (file(), Some(Act::Approve(None))));
        assert_eq!(act("--approve=::1"), (file(), Some(Act::Approve(Some("::1".to_owned())))));
    }

    #[tokio::test]
    async fn an_address_and_a_token_are_read_as_they_are_and_all_else_is_a_file() {
        for text in ["https://tea.example/q/a", "abcdefghijklmnopqrstuw"] {
            assert_eq!(texts(text).await.unwrap(), (vec![text.to_owned()], true));
        }
        for file in ["code.png", "no such file", ""] {
            assert_eq!(texts(file).await.expect_err(file).reason(), "FILE_UNREADABLE");
        }
    }
}
