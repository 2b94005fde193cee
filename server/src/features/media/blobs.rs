//! Stored content as files, each under a place of its own that is never used again. What is put here is on disk when
//! the call returns. It knows no rows: who decides that content is needed no more deletes it by its place.

use super::ids;
use super::staging::blocking;
use super::tables::{ContentId, Place};
use super::trouble;
use crate::error::{Error, Result};
use crate::faults::{self, Fault};
use crate::random::Random;
use crate::store;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use hmac::{Hmac, KeyInit, Mac};
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt};
use sha2::Sha256;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::io::ReaderStream;

/// How much is written at a time; the least that remote stores take as a part.
const PART_BYTES: usize = 5 << 20;
/// How much is read ahead of a download.
const READ_BYTES: usize = 64 * 1024;
/// First bytes of the places of one run of the server.
const RUN_BYTES: usize = 4;

/// Their directory, in that of the room.
pub(super) const DIR: &str = "blobs";

/// What tells content apart; the same for the same content.
type Keyed = Hmac<Sha256>;

/// The files.
pub(super) struct Blobs {
    dir: PathBuf,
    objects: Arc<LocalFileSystem>,
    key: [u8; 32],
    /// Of this run: what lies under another and has no row was left by a crash.
    run: [u8; RUN_BYTES],
    random: Random,
    /// Directories that are known to be on disk.
    shards: [AtomicBool; 256],
}

/// Content that is on disk, and not yet referred to by anything.
#[derive(Clone, Debug)]
pub struct StoredContent {
    pub(super) place: Place,
    pub(super) content: ContentId,
    pub(super) size: u64,
    /// As downloads name it.
    pub(super) content_type: String,
}

/// What was put, and what it is.
pub(super) struct Put {
    pub(super) place: Place,
    pub(super) content: ContentId,
    pub(super) size: u64,
}

impl Blobs {
    /// In `dir`, which is made where it is missing. `secret` is the store's.
    pub(super) fn open(dir: PathBuf, secret: &[u8; 32]) -> io::Result<Self> {
        // Of its own: a place that comes twice would cost what lies there, also where a test repeats its chances.
        let random = Random::from_os();
        store::create_dir(&dir)?;
        let objects = LocalFileSystem::new_with_prefix(&dir).map_err(io::Error::other)?;
        let objects = objects.with_fsync(!faults::on(Fault::SkipMediaSync));
        let mut key = Keyed::new_from_slice(secret).expect("HMAC takes keys of any length");
        key.update(b"media.content");
        let key = key.finalize().into_bytes().into();
        let shards = std::array::from_fn(|_| AtomicBool::new(false));
        Ok(Self { dir, objects: Arc::new(objects), key, run: random.bytes(), random, shards })
    }

    /// Stores a file, forced to the disk.
    pub(super) async fn put_file(&self, from: &Path) -> Result<Put> {
        let from = from.to_owned();
        let mut source = blocking(move || File::open(from)).await?;
        let place = self.new_place().await?;
        let mut upload = self.objects.put_multipart(&object_path(place)).await.map_err(failed)?;
        let mut hash = self.hash();
        let mut size = 0;
        loop {
            let (back, hashed, part) = blocking(move || read_part(source, hash)).await?;
            (source, hash) = (back, hashed);
            if part.is_empty() {
                break;
            }
            size += part.len() as u64;
            if let Err(error) = upload.put_part(part.into()).await {
                // The next start removes what this leaves.
                let _ = upload.abort().await;
                return Err(failed(error));
            }
        }
        upload.complete().await.map_err(failed)?;
        Ok(Put { place, content: hash.finalize().into_bytes().into(), size })
    }

    /// Stores a file and what was made of it, or neither.
    pub(super) async fn put_with(
        &self,
        from: &Path,
        small: Option<(Bytes, &str)>,
    ) -> Result<(Put, Option<StoredContent>)> {
        let put = self.put_file(from).await?;
        let Some((bytes, content_type)) = small else { return Ok((put, None)) };
        match self.put_bytes(bytes, content_type).await {
            Ok(small) => Ok((put, Some(small))),
            Err(error) => {
                self.discard([put.place]).await;
                Err(error)
            }
        }
    }

    /// Stores bytes, forced to the disk.
    pub(super) async fn put_bytes(&self, bytes: Bytes, content_type: &str) -> Result<StoredContent> {
        let place = self.new_place().await?;
        let mut hash = self.hash();
        hash.update(&bytes);
        let size = bytes.len() as u64;
        self.objects.put(&object_path(place), bytes.into()).await.map_err(failed)?;
        let content = hash.finalize().into_bytes().into();
        Ok(StoredContent { place, content, size, content_type: content_type.to_owned() })
    }

    /// Opens a part of stored content. `None`: it is not there.
    pub(super) async fn open_range(
        &self,
        place: Place,
        range: Range<u64>,
    ) -> Result<Option<BoxStream<'static, io::Result<Bytes>>>> {
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let found = match self.objects.get_opts(&object_path(place), options).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let length = range.end - range.start;
        Ok(Some(match found.payload {
            // As the crate would, but with fewer and larger reads.
            GetResultPayload::File(file, _) => {
                use tokio::io::{AsyncReadExt, AsyncSeekExt};
                let mut file = tokio::fs::File::from_std(file);
                file.set_max_buf_size(READ_BYTES);
                file.seek(io::SeekFrom::Start(range.start)).await.map_err(trouble)?;
                ReaderStream::with_capacity(file.take(length), READ_BYTES).boxed()
            }
            GetResultPayload::Stream(stream) => stream.map_err(io::Error::other).boxed(),
        }))
    }

    /// Deletes what lies at a place.
    pub(super) async fn delete(&self, place: Place) -> Result<()> {
        match self.objects.delete(&object_path(place)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Deletes what was put and never referred to. What cannot be deleted goes with the next start.
    pub(super) async fn discard(&self, places: impl IntoIterator<Item = Place>) {
        for place in places {
            if let Err(error) = self.delete(place).await {
                tracing::warn!(%error, "stored content that is not needed could not be removed");
            }
        }
    }

    /// What lies in one of 256 directories and was put by earlier runs; what they left half written is removed.
    pub(super) async fn earlier(&self, shard: u8) -> Result<Vec<Place>> {
        let (dir, run) = (self.shard_dir(shard), self.run);
        blocking(move || {
            let entries = match fs::read_dir(&dir) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                other => other?,
            };
            let mut places = Vec::new();
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name().into_string().unwrap_or_default();
                // Half written files are named after their place, then '#' and a number.
                let (place, half) = name.split_once('#').map_or((&*name, false), |(place, _)| (place, true));
                match ids::parse(place) {
                    Some(place) if place.starts_with(&run) => {}
                    Some(_) if half => fs::remove_file(entry.path())?,
                    Some(place) => places.push(place),
                    None => {}
                }
            }
            Ok(places)
        })
        .await
    }

    /// A place that nothing has. Its directory is on disk.
    async fn new_place(&self) -> Result<Place> {
        let mut place = self.random.bytes::<16>();
        place[..RUN_BYTES].copy_from_slice(&self.run);
        let shard = shard(place);
        let known = &self.shards[usize::from(shard)];
        if !known.load(Ordering::Relaxed) {
            let (dir, parent) = (self.shard_dir(shard), self.dir.clone());
            blocking(move || {
                store::create_dir(&dir)?;
                // One that was made before a crash may not be on disk yet.
                store::sync_dir(&parent)
            })
            .await?;
            known.store(true, Ordering::Relaxed);
        }
        Ok(place)
    }

    fn shard_dir(&self, shard: u8) -> PathBuf {
        self.dir.join(format!("{shard:02x}"))
    }

    fn hash(&self) -> Keyed {
        Keyed::new_from_slice(&self.key).expect("HMAC takes keys of any length")
    }
}

fn read_part(mut source: File, mut hash: Keyed) -> io::Result<(File, Keyed, Bytes)> {
    let mut part = Vec::new();
    (&mut source).take(PART_BYTES as u64).read_to_end(&mut part)?;
    hash.update(&part);
    Ok((source, hash, part.into()))
}

/// The last byte: the first ones are the run's.
fn shard(place: Place) -> u8 {
    place[15]
}

fn object_path(place: Place) -> ObjectPath {
    ObjectPath::from(format!("{:02x}/{}", shard(place), ids::text(place)))
}

/// The file under a place, as the data directory has it.
pub(super) fn file(place: Place) -> String {
    format!("media/{DIR}/{}", object_path(place))
}

/// Full disks are told apart; all else goes to the log.
fn failed(error: object_store::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(at) = cause {
        if let Some(io) = at.downcast_ref::<io::Error>()
            && super::is_full(io)
        {
            return store::disk_full();
        }
        cause = at.source();
    }
    Error::internal(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_stored_whole_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path().join("blobs"), &[1; 32]).unwrap();
        let source = dir.path().join("picture");
        fs::write(&source, b"large").unwrap();
        // Every second directory cannot be made: of a picture and its thumbnail often one alone can be stored.
        for shard in (0..=u8::MAX).step_by(2) {
            fs::write(blobs.shard_dir(shard), b"in the way").unwrap();
        }
        let (mut kept, mut failed) = (0, 0);
        for _ in 0..64 {
            match blobs.put_with(&source, Some((Bytes::from_static(b"small"), "image/png"))).await {
                Ok(_) => kept += 2,
                Err(_) => failed += 1,
            }
        }
        let shards = (1..=u8::MAX).step_by(2).filter_map(|shard| fs::read_dir(blobs.shard_dir(shard)).ok());
        assert!(failed > 0);
        assert_eq!(shards.map(Iterator::count).sum::<usize>(), kept);
    }
}
