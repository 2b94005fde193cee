//! `teahouse scan`: what codes say, what they stand for, and what comes of them. What leads elsewhere is shown and never
//! opened.

mod found;

use super::App;
use super::output::Output;
use super::profile::SignIn;
use super::qr_code;
use super::secret;
use super::text::{block, line};
use clap::Args as ClapArgs;
use found::{Act, Found};
use serde_json::json;
use std::path::PathBuf;
use teahouse_client::{Endpoint, Error, Kind, Result, Session};
use teahouse_proto::QrClient;
use teahouse_proto::qr::ResolveCodeRequest;
use url::Url;

#[derive(Debug, ClapArgs)]
pub(crate) struct Scan {
    /// A picture (PNG, JPEG, GIF or WebP) with one code or several, or what a code says.
    #[arg(value_name = "FILE|URL|TOKEN")]
    pub(crate) what: String,
    /// Ask the person to become friends, and say this with it.
    #[arg(long, value_name = "TEXT", group = "act")]
    pub(crate) add: Option<String>,
    /// Join the group.
    #[arg(long, group = "act")]
    pub(crate) join: bool,
    /// Let the device sign in that shows the code.
    #[arg(long, group = "act")]
    pub(crate) approve: bool,
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
            Self { approve: true, .. } => Some(Act::Decide(true)),
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
    let texts = texts(&args.what).await?;
    let (session, me) = app.session().await?;
    let server = Endpoint::parse(&me.server)?;
    let mut all = Vec::new();
    for text in &texts {
        all.push(resolve(&session, &server, text).await?);
    }
    match args.act() {
        Some(act) => {
            let found = only(all, &act)?;
            found::act(app, &session, &me, found, act).await
        }
        None => tell(app, &session, &me, &texts, all).await,
    }
}

/// What the codes say: those of a picture, or the one that was given.
async fn texts(what: &str) -> Result<Vec<String>> {
    let path = PathBuf::from(what);
    if what.contains("://") || (looks_like_token(what) && !path.exists()) {
        return Ok(vec![what.to_owned()]);
    }
    // Large pictures take their time.
    let read = tokio::task::spawn_blocking(move || qr_code::read(&path)).await;
    read.map_err(|e| Error::new(Kind::Local, "PICTURE_INVALID", format!("The picture cannot be read: {e}.")))?
}

fn looks_like_token(text: &str) -> bool {
    (16..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// A text as an address somewhere.
fn link(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok().filter(Url::has_host)
}

/// Whether an address is of the server that this program talks to.
fn is_at(server: &Endpoint, url: &Url) -> bool {
    let host = url.host_str().map(|host| host.trim_matches(['[', ']']));
    host == Some(server.host()) && url.port_or_known_default() == Some(server.port())
}

/// Asks the server about what could be a code of it. The server may be called otherwise by others than here, so the host
/// alone decides nothing.
async fn resolve(session: &Session, server: &Endpoint, text: &str) -> Result<Scanned> {
    let link = link(text);
    let could_be_ours =
        link.as_ref().map_or_else(|| looks_like_token(text), |url| url.path().contains("/q/"));
    if could_be_ours {
        let request = ResolveCodeRequest { text: text.to_owned() };
        match QrClient(session.clone()).resolve_code(request).await {
            Ok(found) => return Ok(Scanned::Found(Box::new(found))),
            Err(error) if error.reason() != "CODE_NOT_FOUND" => return Err(error),
            Err(error) if link.as_ref().is_none_or(|url| is_at(server, url)) => {
                return Ok(Scanned::Dead(error));
            }
            Err(_) => {}
        }
    }
    Ok(link.map_or_else(|| Scanned::Text(text.to_owned()), Scanned::Link))
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
    use super::*;
    use teahouse_proto::qr::resolve_code_response::What;
    use teahouse_proto::qr::{FoundGroup, FoundPerson};

    fn person() -> Scanned {
        Scanned::Found(Box::new(Found { what: Some(What::Person(FoundPerson::default())) }))
    }

    #[test]
    fn links_are_told_by_their_host_and_texts_by_nothing() {
        let server = Endpoint::parse("https://tea.example").unwrap();
        for (text, ours) in [
            ("https://tea.example/q/abc", Some(true)),
            ("https://tea.example:443/q/abc", Some(true)),
            ("https://tea.example@evil.example/q/abc", Some(false)),
            ("https://tea.example.evil.example/", Some(false)),
            ("http://tea.example/q/abc", Some(false)),
            ("mailto:tea@tea.example", None),
            ("javascript:alert(1)", None),
            ("tea", None),
        ] {
            assert_eq!(link(text).map(|url| is_at(&server, &url)), ours, "{text}");
        }
        let here = Endpoint::parse("http://[::1]:7600").unwrap();
        assert!(link("http://[::1]:7600/q/a").is_some_and(|url| is_at(&here, &url)));
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

    #[tokio::test]
    async fn an_address_and_a_token_are_read_as_they_are_and_all_else_is_a_file() {
        let token = "abcdefghijklmnopqrstuv";
        for text in ["https://tea.example/q/a", token] {
            assert_eq!(texts(text).await.unwrap(), [text]);
        }
        for file in ["code.png", "no such file", ""] {
            assert_eq!(texts(file).await.expect_err(file).reason(), "FILE_UNREADABLE");
        }
        assert!(looks_like_token(token) && !looks_like_token("abcdefghijklmno.pqrstuv"));
    }
}
