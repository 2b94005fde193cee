//! What browsers and posters get: the page of a code and its pictures. Needs no session, sets no cookie, notes nothing
//! about who asks. What stands for nothing is one answer, whatever was asked of it.

mod page;

pub(super) use page::Pages;

use super::Qr;
use super::address::{parse_token, strip_path};
use super::found::Found;
use super::picture::{Form, Logo, MAX_SIDE, MIN_SIDE, Order};
use super::tables::Token;
use crate::call::Caller;
use crate::error::{Error, Kind, Result};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use std::sync::Arc;

/// Pixels along the side of a picture where nobody says another.
const USUAL_SIDE: u32 = 512;
/// Search engines keep away.
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");
/// A drawing opened by itself runs and loads nothing; a logo is in it.
const DRAWING_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; img-src data:; frame-ancestors 'none'; sandbox");

impl Qr {
    /// The routes of the room.
    pub(in super::super) fn routes(self: &Arc<Self>) -> Router {
        Router::new().route("/q/{code}", get(code)).with_state(self.clone())
    }
}

/// `GET /q/{token}`, `/q/{token}.png`, `/q/{token}.svg`.
async fn code(State(room): State<Arc<Qr>>, Extension(caller): Extension<Caller>, uri: Uri) -> Response {
    let (token, form) = asked(uri.path());
    let mut answer = match form {
        None => room.page(token).await,
        Some(form) => room.picture(&caller, token, form, uri.query().unwrap_or_default()).await,
    }
    .unwrap_or_else(refused);
    always(answer.headers_mut());
    answer
}

/// What a path asks for: which code, and in which form; `None`: its page.
fn asked(path: &str) -> (Option<Token>, Option<Form>) {
    let name = strip_path(path).unwrap_or_default();
    let (name, form) = match name.rsplit_once('.') {
        Some((name, "png")) => (name, Some(Form::Png)),
        Some((name, "svg")) => (name, Some(Form::Svg)),
        _ => (name, None),
    };
    (parse_token(name), form)
}

impl Qr {
    async fn page(&self, token: Option<Token>) -> Result<Response> {
        let found = self.find(token, None, self.foundation.clock.now()).await?;
        let (Some(token), Some(found)) = (token, found) else { return Ok(self.nothing()) };
        Ok((StatusCode::OK, self.pages.headers(), self.pages.of(&found, &self.address.url(token)))
            .into_response())
    }

    async fn picture(
        &self,
        caller: &Caller,
        token: Option<Token>,
        form: Form,
        query: &str,
    ) -> Result<Response> {
        // Before it is known whether there is such a code, so that the answer does not tell.
        let (side, has_logo) = wanted(query)?;
        let found = self.find(token, None, self.foundation.clock.now()).await?;
        let (Some(token), Some(found)) = (token, found) else { return Ok(self.nothing()) };
        let turn = self.studio.enter(caller.network())?;
        let logo = if has_logo { Some(self.logo(&found).await?) } else { None };
        let order = Order { text: self.address.url(token), side, logo, form };
        let picture = self.studio.draw(turn, order).await?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
        headers.insert(header::CONTENT_SECURITY_POLICY, DRAWING_POLICY);
        // The transport may have taken all of it long before the client has: what counts is in the bytes.
        Ok((StatusCode::OK, headers, Bytes::from_owner(picture)).into_response())
    }

    async fn logo(&self, found: &Found) -> Result<Logo> {
        let path = match found {
            Found::Person(person) => &person.avatar,
            Found::Group(group) => &group.view.picture,
        };
        let picture = self.media.read_public(path).await?;
        Ok(picture.map_or(Logo::Mark, Logo::Picture))
    }

    /// The one answer for what stands for nothing.
    fn nothing(&self) -> Response {
        (StatusCode::NOT_FOUND, self.pages.headers(), self.pages.nothing()).into_response()
    }
}

/// What a query asks of a picture: pixels along its side, and whether a logo is in the middle. What is not known is
/// passed over.
fn wanted(query: &str) -> Result<(u32, bool)> {
    let (mut side, mut has_logo) = (USUAL_SIDE, false);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match (&*name, &*value) {
            ("size", value) => side = size(value)?,
            ("logo", "true") => has_logo = true,
            ("logo", "false") => has_logo = false,
            ("logo", _) => return Err(Error::invalid("MALFORMED", "logo is true or false.")),
            _ => {}
        }
    }
    Ok((side, has_logo))
}

fn size(text: &str) -> Result<u32> {
    let side = text.parse().ok().filter(|side| (MIN_SIDE..=MAX_SIDE).contains(side));
    let message = || format!("size is a number of pixels from {MIN_SIDE} to {MAX_SIDE}.");
    side.ok_or_else(|| Error::invalid("SIZE_INVALID", message()))
}

/// A failure as it travels; the server's own go to the log, too.
fn refused(error: Error) -> Response {
    if error.kind() == Kind::Internal {
        tracing::error!(%error, "a page or picture of a code failed");
    }
    error.into_response()
}

/// What all answers say.
fn always(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(ROBOTS, HeaderValue::from_static("noindex"));
}
