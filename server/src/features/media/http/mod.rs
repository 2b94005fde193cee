//! Uploads and downloads by plain HTTP. Requests come with their caller, as the transport knows them; who may fetch
//! what is decided by the room.

mod downloads;
mod range;
mod sending;

pub(super) use downloads::Downloader;

use super::Media;
use crate::call::{Caller, Session, unauthenticated};
use crate::error::{Error, Kind, Result};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Extension, body::Body};
use downloads::{Cache, Item};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::sync::Arc;

/// How many bytes of an upload the server has; in a request where the body begins.
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// How many bytes it will have.
const LENGTH: HeaderName = HeaderName::from_static("upload-length");

impl Media {
    /// The routes of the room.
    pub(in super::super) fn routes(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/v1/uploads/{upload_id}", put(fill).head(how_far))
            .route("/v1/media/{media_id}", get(download))
            .route("/v1/media/{media_id}/thumbnail", get(thumbnail))
            .route("/v1/public/{public_id}", get(public))
            .with_state(self.clone())
    }
}

type Room = State<Arc<Media>>;

/// `PUT /v1/uploads/{upload_id}`.
async fn fill(
    State(room): Room,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let filled = async {
        let session = session(&caller)?;
        let from = offset(&head.headers)?;
        let length = number(&head.headers, &header::CONTENT_LENGTH);
        room.fill_from(session, &id, from, length, body).await
    };
    match filled.await {
        Ok(offset) => (StatusCode::NO_CONTENT, [(OFFSET, offset.into()), no_store()]).into_response(),
        Err(error) => refused(error),
    }
}

/// `HEAD /v1/uploads/{upload_id}`.
async fn how_far(
    State(room): Room,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    let told = async {
        let (id, row) = room.own(session(&caller)?.account, &id).await?;
        room.told(id, &row).await
    };
    match told.await {
        Ok(upload) => {
            let headers: [(_, HeaderValue); 3] =
                [(OFFSET, upload.offset.into()), (LENGTH, upload.size.into()), no_store()];
            (StatusCode::NO_CONTENT, headers).into_response()
        }
        Err(error) => refused(error),
    }
}

/// `GET /v1/media/{media_id}`.
async fn download(
    State(room): Room,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let viewer = session(&caller)?.account;
        let row = room.visible(viewer, &id).await?;
        room.send(&caller, row.map(|row| Item::content(&id, &row)), Cache::Private, &headers).await
    };
    found.await.unwrap_or_else(refused)
}

/// `GET /v1/media/{media_id}/thumbnail`.
async fn thumbnail(
    State(room): Room,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let viewer = session(&caller)?.account;
        let item = match room.visible(viewer, &id).await? {
            Some(row) => room.thumbnail(&id, &row).await?,
            None => None,
        };
        room.send(&caller, item.map(Ok), Cache::Private, &headers).await
    };
    found.await.unwrap_or_else(refused)
}

/// `GET /v1/public/{public_id}`. Needs no session.
async fn public(
    State(room): Room,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let row = room.public(&id).await?;
        room.send(&caller, row.map(|row| Item::content(&id, &row)), Cache::Public, &headers).await
    };
    found.await.unwrap_or_else(refused)
}

fn session(caller: &Caller) -> Result<&Arc<Session>> {
    caller.session.as_ref().ok_or_else(unauthenticated)
}

/// A failure as it travels; the server's own go to the log, too.
fn refused(error: Error) -> Response {
    if error.kind() == Kind::Internal {
        tracing::error!(%error, "an upload or download failed");
    }
    error.into_response()
}

fn no_store() -> (HeaderName, HeaderValue) {
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// Where the body begins.
fn offset(headers: &HeaderMap) -> Result<u64> {
    match headers.get(&OFFSET) {
        None => Ok(0),
        Some(_) => number(headers, &OFFSET)
            .ok_or_else(|| Error::invalid("MALFORMED", "Upload-Offset is a number of bytes.")),
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// A body of no bytes.
fn nothing() -> Body {
    Body::empty()
}
