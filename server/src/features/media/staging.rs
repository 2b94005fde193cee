//! Files of uploads under way: what has come so far, in order, and nothing else, so that the length of a file is how
//! far its upload is. It knows no accounts and no content.

use super::tables::UploadId;
use super::{MediaHome, ids, trouble};
use crate::error::{Error, Kind, Result};
use crate::store;
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// When a second writer may try again.
const BUSY_RETRY: Duration = Duration::from_secs(2);

/// The directory of uploads under way.
pub(super) struct Staging {
    dir: PathBuf,
    /// For what is being made of uploads. Empty when the server starts.
    scratch: PathBuf,
    /// Below this many free bytes nothing is written.
    min_free_bytes: u64,
    busy: Busy,
}

/// Uploads whose turn somebody has, and how to tell them that somebody else wants it.
type Busy = Arc<Mutex<HashMap<UploadId, Arc<Notify>>>>;

/// The right to change one upload: nobody else has it meanwhile.
#[derive(Debug)]
pub(super) struct Turn {
    upload: UploadId,
    wanted: Arc<Notify>,
    busy: Busy,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.upload);
    }
}

/// A file that is being filled.
pub(super) struct Filling {
    /// `None` after a write of which nobody heard the end.
    open: Option<(File, Turn)>,
    /// Bytes that are in it.
    pub(super) offset: u64,
    /// Somebody else would write.
    pub(super) wanted: Arc<Notify>,
}

impl Staging {
    /// In two directories of `home`, which are made where they are missing.
    pub(super) fn open(home: &MediaHome) -> io::Result<Self> {
        let (dir, scratch) = (home.dir.join("uploads"), home.dir.join("scratch"));
        store::create_dir(&dir)?;
        store::create_dir(&scratch)?;
        for left in fs::read_dir(&scratch)? {
            fs::remove_file(left?.path())?;
        }
        Ok(Self { dir, scratch, min_free_bytes: home.min_free_bytes, busy: Arc::default() })
    }

    /// The right to change an upload. Whoever has it hears that it is wanted. Errors: `UPLOAD_BUSY`.
    pub(super) fn turn(&self, upload: UploadId) -> Result<Turn> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wanted) = busy.get(&upload) {
            wanted.notify_one();
            return Err(Error::new(
                Kind::Conflict,
                "UPLOAD_BUSY",
                "Something else is being done with this upload. Ask GetUpload in a moment how far it is.",
            )
            .retry_after(BUSY_RETRY));
        }
        let wanted = Arc::new(Notify::new());
        busy.insert(upload, wanted.clone());
        Ok(Turn { upload, wanted, busy: self.busy.clone() })
    }

    /// Where the bytes of an upload are.
    pub(super) fn path(&self, upload: UploadId) -> PathBuf {
        self.dir.join(ids::text(upload))
    }

    /// Where something may be made of it, by whoever has its turn.
    pub(super) fn scratch(&self, upload: UploadId) -> PathBuf {
        self.scratch.join(ids::text(upload))
    }

    /// Errors: `DISK_FULL` where `bytes` more would leave too little.
    pub(super) fn check_room(&self, bytes: u64) -> Result<()> {
        let free = store::free_bytes(&self.dir).map_err(trouble)?;
        if free < self.min_free_bytes.saturating_add(bytes) { Err(store::disk_full()) } else { Ok(()) }
    }

    /// How many bytes of an upload are there.
    pub(super) async fn offset(&self, upload: UploadId) -> Result<u64> {
        let path = self.path(upload);
        blocking(move || length(&path)).await
    }

    /// Goes on with an upload.
    pub(super) async fn fill(&self, turn: Turn) -> Result<Filling> {
        let path = self.path(turn.upload);
        blocking(move || {
            let file = File::options().create(true).append(true).open(&path)?;
            let offset = file.metadata()?.len();
            let wanted = turn.wanted.clone();
            Ok(Filling { open: Some((file, turn)), offset, wanted })
        })
        .await
    }

    /// Forgets the bytes of an upload. What cannot be removed now goes with the next start.
    pub(super) async fn remove(&self, turn: Turn) {
        let path = self.path(turn.upload);
        let removed = blocking(move || {
            let _turn = turn;
            match fs::remove_file(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        });
        if let Err(error) = removed.await {
            tracing::warn!(%error, "a file of an upload could not be removed");
        }
    }

    /// The uploads of which there are files.
    pub(super) async fn list(&self) -> Result<Vec<UploadId>> {
        let dir = self.dir.clone();
        blocking(move || {
            let names = fs::read_dir(dir)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            Ok(names.filter_map(|name| ids::parse(&name)).collect())
        })
        .await
    }
}

impl Filling {
    /// Appends. When it fails, what was written before stays and may include a part of `data`.
    pub(super) async fn append(&mut self, data: Bytes) -> Result<()> {
        let len = data.len() as u64;
        // The turn goes with the file, so that no second writer comes while one is still writing.
        let (mut file, turn) =
            self.open.take().ok_or_else(|| Error::internal("a file after a failed write"))?;
        let back = blocking(move || {
            file.write_all(&data)?;
            Ok((file, turn))
        });
        self.open = Some(back.await?);
        self.offset += len;
        Ok(())
    }
}

fn length(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(file) => Ok(file.len()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(e),
    }
}

/// Runs what waits for the disk where nobody else waits with it.
pub(super) async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(f).await.map_err(Error::internal)?.map_err(trouble)
}
