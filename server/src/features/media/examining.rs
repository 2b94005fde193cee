//! From an upload that has come whole to what is stored of it. A refusal is of kind Invalid; all else is the server's
//! trouble and leaves the upload as it is.

use super::blobs::{Put, StoredContent};
use super::format::{self, Examined, Kind, Refusal};
use super::rules;
use super::staging::blocking;
use super::tables::{UploadId, UploadRow};
use super::{Media, trouble};
use crate::error::{Error, Result};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use teahouse_proto::media;

/// How much is hashed at a time.
const HASH_BLOCK: usize = 256 * 1024;

/// What is stored of an upload.
pub(super) struct Finished {
    pub(super) stored: StoredContent,
    pub(super) thumbnail: Option<StoredContent>,
    pub(super) media: media::Media,
}

/// A file that goes when it is not needed any more.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been made; what remains goes with the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Media {
    /// Looks at the content, and stores what is to be kept of it.
    pub(super) async fn examine(&self, id: UploadId, row: &UploadRow) -> Result<Finished> {
        let kind = rules::format(row.kind())?;
        let source = self.staging.path(id);
        if !row.sha256.is_empty() {
            let whole = source.clone();
            if blocking(move || hash(whole)).await? != row.sha256[..] {
                return Err(Error::invalid(
                    "CHECKSUM_MISMATCH",
                    "The bytes that came are not those that were announced. Begin a new upload.",
                ));
            }
        }
        let clean = Scratch(self.staging.scratch(id));
        let (input, output) = (source.clone(), clean.0.clone());
        let examined = tokio::task::spawn_blocking(move || format::examine(kind, &input, &output));
        let examined = examined.await.map_err(Error::internal)?.map_err(refused)?;
        let small = examined.thumbnail.clone().map(|small| (Bytes::from(small.bytes), small.content_type));
        let kept = if kind == Kind::File { &source } else { &clean.0 };
        let (put, thumbnail) = self.blobs.put_with(kept, small).await?;
        Ok(finished(row, examined, &put, thumbnail))
    }
}

fn finished(row: &UploadRow, examined: Examined, put: &Put, thumbnail: Option<StoredContent>) -> Finished {
    let content_type = examined.content_type.to_owned();
    let media = media::Media {
        media_id: String::new(),
        kind: row.kind,
        content_type: content_type.clone(),
        size: put.size,
        width: examined.width,
        height: examined.height,
        duration_ms: examined.duration_ms,
        placeholder: examined.placeholder.into(),
        has_thumbnail: thumbnail.is_some(),
        file_name: row.file_name.clone(),
        carries_position: examined.carries_position,
        animated: examined.animated,
    };
    let stored = StoredContent { place: put.place, content: put.content, size: put.size, content_type };
    Finished { stored, thumbnail, media }
}

fn hash(path: PathBuf) -> io::Result<[u8; 32]> {
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut block = vec![0; HASH_BLOCK];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            n => hash.update(&block[..n]),
        }
    }
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Unsupported => Error::invalid(
            "MEDIA_UNSUPPORTED",
            "This is not of the kind that was announced, or of a type that is not taken. Send it as a file.",
        ),
        Refusal::Damaged => Error::invalid(
            "MEDIA_DAMAGED",
            "The content cannot be read to its end. Save it anew, or send it as a file.",
        ),
        Refusal::TooLarge => Error::invalid("MEDIA_TOO_LARGE", "That has too many pixels. Make it smaller."),
        Refusal::TooLong => {
            Error::invalid("MEDIA_TOO_LONG", "That plays for too long: voice at most 60 s, a video 5 min.")
        }
        Refusal::Metadata => Error::invalid(
            "MEDIA_METADATA",
            "It says things about itself that cannot be removed, perhaps where it was made. Save it without.",
        ),
        Refusal::Io(error) => trouble(error),
    }
}
