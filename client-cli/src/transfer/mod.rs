//! Files on their way to and from a server: uploads that go on where they stopped, also after this program or the server
//! was restarted, and downloads that do. It knows nothing of what a file is sent as.

mod http;
#[cfg(test)]
mod tests;

use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::session::Session;
use ::http::{HeaderName, Method, StatusCode, header};
use bytes::Bytes;
use futures::stream;
use http::Body;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use sha2::{Digest, Sha256};
use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::MediaClient;
use teahouse_proto::media::{
    CreateUploadRequest, FinishUploadRequest, GetUploadRequest, Media, MediaKind, Upload,
};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

/// Bytes read from a file at once.
const READ_BYTES: usize = 64 * 1024;
/// A transfer that does not get further for this long is given up.
const STUCK_AFTER: Duration = Duration::from_secs(120);
/// A download that brings no byte for this long is begun anew.
const SILENT_AFTER: Duration = Duration::from_secs(30);
/// Where an upload's bytes begin.
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// Told how far a transfer is: bytes that are there, bytes in all.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// Bytes.
    pub size: u64,
    /// As the server names it: by content.
    pub content_type: String,
}

impl Session {
    /// Uploads a file. The same file as the same kind and name goes on where an earlier try stopped, for 24 hours; one
    /// that is complete there is not sent again. `name` is what receivers of a file see.
    ///
    /// # Errors
    /// `FILE_UNREADABLE`; the server's, as of `MediaService`; one that passes, when nothing went on for 2 minutes.
    pub async fn upload(
        &self,
        file: &Path,
        kind: MediaKind,
        name: &str,
        progress: Progress,
    ) -> Result<Media> {
        let (size, sha256) = examine(file).await?;
        let media = MediaClient(self.clone());
        let mut request = CreateUploadRequest {
            client_message_id: resumable_id(kind, name, &sha256),
            kind: kind.into(),
            size,
            file_name: if kind == MediaKind::File { name.to_owned() } else { String::new() },
            sha256: sha256.to_vec().into(),
        };
        let mut upload = media.create_upload(request.clone()).await?.upload.unwrap_or_default();
        let known = media.get_upload(GetUploadRequest { upload_id: upload.upload_id.clone() }).await;
        match known {
            Ok(known) => upload = known.upload.unwrap_or_default(),
            // An earlier upload of this file, which is over by now.
            Err(gone) if gone.reason() == "UPLOAD_NOT_FOUND" => {
                request.client_message_id = self.random().client_id();
                upload = media.create_upload(request).await?.upload.unwrap_or_default();
            }
            Err(error) => return Err(error),
        }
        if let Some(media) = upload.media {
            progress(size, size);
            return Ok(media);
        }
        self.send_rest(file, &mut upload, &progress).await?;
        self.finish(&upload.upload_id).await
    }

    /// Finishes an upload, with patience where the server has others to look at.
    async fn finish(&self, upload_id: &str) -> Result<Media> {
        let (mut backoff, began) = (Backoff::new(self.random().clone()), Instant::now());
        loop {
            let finish = FinishUploadRequest { upload_id: upload_id.to_owned() };
            match MediaClient(self.clone()).finish_upload(finish).await {
                Ok(finished) => return Ok(finished.media.unwrap_or_default()),
                Err(error) if !error.is_passing() || began.elapsed() > STUCK_AFTER => return Err(error),
                Err(error) => tokio::time::sleep(backoff.after(&error)).await,
            }
        }
    }

    /// Sends what the server lacks, however often the connection breaks.
    async fn send_rest(&self, file: &Path, upload: &mut Upload, progress: &Progress) -> Result<()> {
        let mut backoff = Backoff::new(self.random().clone());
        let mut went_on = Instant::now();
        while upload.offset < upload.size {
            let outcome = self.put(file, upload, progress).await;
            let ask = GetUploadRequest { upload_id: upload.upload_id.clone() };
            let now = MediaClient(self.clone()).get_upload(ask).await?.upload.unwrap_or_default();
            if now.offset > upload.offset {
                went_on = Instant::now();
                backoff.reset();
            }
            upload.offset = now.offset;
            if let Err(error) = outcome {
                if !error.is_passing() || went_on.elapsed() > STUCK_AFTER {
                    return Err(error);
                }
                tokio::time::sleep(backoff.after(&error)).await;
            }
        }
        Ok(())
    }

    async fn put(&self, file: &Path, upload: &Upload, progress: &Progress) -> Result<()> {
        let mut file = File::open(file).await.map_err(|e| unreadable(file, &e))?;
        let (from, size) = (upload.offset, upload.size);
        file.seek(SeekFrom::Start(from)).await.map_err(|e| http::lost(&e))?;
        let headers = [
            (UPLOAD_OFFSET, from.to_string()),
            (header::CONTENT_LENGTH, (size - from).to_string()),
            (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        ];
        let path = format!("/v1/uploads/{}", upload.upload_id);
        let body = outgoing(file, from, size, progress.clone());
        http::ask(self.connector(), Method::PUT, &path, &headers, body).await.map(|_| ())
    }

    /// Fetches a file, or its thumbnail, to a path that must not be there yet. What arrived before a break is kept beside
    /// it (`.part`) and not fetched again; that must not be there yet either, and is gone when nothing comes of it.
    ///
    /// # Errors
    /// `FILE_EXISTS`, `FILE_UNWRITABLE`; the server's: `MEDIA_NOT_FOUND` also for what others may see; one that passes,
    /// when nothing came for 2 minutes.
    pub async fn download(
        &self,
        media_id: &str,
        thumbnail: bool,
        to: &Path,
        progress: Progress,
    ) -> Result<Download> {
        let path = format!("/v1/media/{media_id}{}", if thumbnail { "/thumbnail" } else { "" });
        self.download_path(&path, to, progress).await
    }

    /// Fetches what stands under a path of the server, as the picture of a code (`/q/TOKEN.png`), as
    /// [`Session::download`] does.
    ///
    /// # Errors
    /// As of [`Session::download`].
    pub async fn download_path(&self, path: &str, to: &Path, progress: Progress) -> Result<Download> {
        if to.exists() {
            return Err(exists(to));
        }
        let mut part = Part { path: part_of(to), file: None, len: 0 };
        let outcome = self.fetch_all(path, &mut part, &progress).await;
        if outcome.is_ok() {
            tokio::fs::rename(&part.path, to).await.map_err(|e| unwritable(to, &e))?;
        } else if part.file.is_some() {
            // Why it came to nothing matters more than what is left lying there.
            let _ = tokio::fs::remove_file(&part.path).await;
        }
        outcome
    }

    /// Tries until everything is there.
    async fn fetch_all(&self, path: &str, part: &mut Part, progress: &Progress) -> Result<Download> {
        let mut backoff = Backoff::new(self.random().clone());
        let mut went_on = Instant::now();
        let mut tag = None;
        loop {
            let before = part.len;
            let error = match self.fetch(path, part, &mut tag, progress).await {
                Ok(download) => return Ok(download),
                Err(error) => error,
            };
            if part.len > before {
                went_on = Instant::now();
                backoff.reset();
            }
            if !error.is_passing() || went_on.elapsed() > STUCK_AFTER {
                return Err(error);
            }
            tokio::time::sleep(backoff.after(&error)).await;
        }
    }

    /// One try. `tag` is the version of which the part on disk is; without one it is begun anew.
    async fn fetch(
        &self,
        path: &str,
        part: &mut Part,
        tag: &mut Option<String>,
        progress: &Progress,
    ) -> Result<Download> {
        let have = part.len;
        let mut headers = Vec::new();
        if let (Some(tag), true) = (tag.as_ref(), have > 0) {
            headers.push((header::RANGE, format!("bytes={have}-")));
            headers.push((header::IF_RANGE, tag.clone()));
        }
        let answer = http::ask(self.connector(), Method::GET, path, &headers, http::empty()).await?;
        let text =
            |name: HeaderName| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let goes_on = answer.status() == StatusCode::PARTIAL_CONTENT;
        *tag = text(header::ETAG);
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let start = if goes_on { have } else { 0 };
        let coming: Option<u64> = text(header::CONTENT_LENGTH).and_then(|v| v.parse().ok());
        part.begin(start).await?;
        let mut body = answer.into_body();
        loop {
            let next = tokio::time::timeout(SILENT_AFTER, body.frame()).await;
            let Some(frame) = next.map_err(|_| Error::timed_out(SILENT_AFTER))? else { break };
            if let Ok(data) = frame.map_err(|e| http::lost(&e))?.into_data() {
                part.write(&data).await?;
                progress(part.len, start + coming.unwrap_or_default());
            }
        }
        part.flush().await?;
        match coming {
            Some(coming) if part.len < start + coming => {
                Err(Error::lost("The download ended before its end."))
            }
            _ => Ok(Download { size: part.len, content_type }),
        }
    }
}

/// What of a download is there. The file is this download's own: nothing that lay at its path is followed or written to.
struct Part {
    path: PathBuf,
    /// Not there before the server has something to give.
    file: Option<File>,
    /// Bytes.
    len: u64,
}

impl Part {
    /// To be written from here on; what was behind it is dropped.
    async fn begin(&mut self, at: u64) -> Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let made = File::options().write(true).create_new(true).open(&self.path).await;
                made.map_err(|e| taken(&self.path, &e))?
            }
        };
        let ready = async {
            file.set_len(at).await?;
            file.seek(SeekFrom::Start(at)).await
        };
        let ready = ready.await;
        (self.file, self.len) = (Some(file), at);
        ready.map(|_| ()).map_err(|e| unwritable(&self.path, &e))
    }

    async fn write(&mut self, data: &[u8]) -> Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(data).await.map_err(|e| unwritable(&self.path, &e))?;
            self.len += data.len() as u64;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        match &mut self.file {
            Some(file) => file.sync_all().await.map_err(|e| unwritable(&self.path, &e)),
            None => Ok(()),
        }
    }
}

/// Where a file lies until it is whole.
fn part_of(to: &Path) -> PathBuf {
    PathBuf::from(format!("{}.part", to.display()))
}

/// Checks that a download to this path could begin, for callers that do something first which cannot be undone.
///
/// # Errors
/// `FILE_EXISTS`, `FILE_UNWRITABLE`.
pub fn check_target(to: &Path) -> Result<()> {
    if to.exists() {
        return Err(exists(to));
    }
    let part = part_of(to);
    let made = std::fs::File::options().write(true).create_new(true).open(&part);
    drop(made.map_err(|e| taken(&part, &e))?);
    std::fs::remove_file(&part).map_err(|e| unwritable(&part, &e))
}

/// The same for the same file as the same kind, so that an interrupted upload is found again.
fn resumable_id(kind: MediaKind, name: &str, sha256: &[u8; 32]) -> Bytes {
    let mut hash = Sha256::new();
    hash.update(i32::from(kind).to_be_bytes());
    hash.update(sha256);
    hash.update(name.as_bytes());
    Bytes::copy_from_slice(&hash.finalize()[..16])
}

/// Size and SHA-256 of a file.
async fn examine(path: &Path) -> Result<(u64, [u8; 32])> {
    let mut file = File::open(path).await.map_err(|e| unreadable(path, &e))?;
    let (mut hash, mut size) = (Sha256::new(), 0u64);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let n = file.read(&mut buffer).await.map_err(|e| unreadable(path, &e))?;
        if n == 0 {
            return Ok((size, hash.finalize().into()));
        }
        hash.update(&buffer[..n]);
        size += n as u64;
    }
}

/// The bytes of a file from `at` to `end`, read as they are sent.
fn outgoing(file: File, at: u64, end: u64, progress: Progress) -> Body {
    let frames = stream::try_unfold((file, at, progress), move |(mut file, at, progress)| async move {
        let want = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(READ_BYTES);
        let mut buffer = vec![0; want];
        let n = if want == 0 { 0 } else { file.read(&mut buffer).await? };
        if n == 0 {
            // A file that became shorter ends the body early, which the server takes as a break.
            return Ok(None);
        }
        buffer.truncate(n);
        let at = at + n as u64;
        progress(at, end);
        Ok(Some((Frame::data(Bytes::from(buffer)), (file, at, progress))))
    });
    StreamBody::new(frames).boxed_unsync()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::misuse("FILE_UNREADABLE", format!("{} cannot be read: {error}.", path.display()))
}

fn exists(path: &Path) -> Error {
    Error::misuse("FILE_EXISTS", format!("{} is there already.", path.display()))
}

/// Why a file could not be made.
fn taken(path: &Path, error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::AlreadyExists { exists(path) } else { unwritable(path, error) }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::misuse("FILE_UNWRITABLE", format!("{} cannot be written: {error}.", path.display()))
}
