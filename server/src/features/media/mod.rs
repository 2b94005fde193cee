//! Pictures, voice, video and files: sent to the server once, referred to by what other rooms keep. It knows what is
//! stored and who sent it, and nothing of messages or stickers: who may see those is asked of their rooms
//! ([`MediaHolders`]).

mod api;
mod avatars;
mod blobs;
mod collection;
mod config;
mod examining;
#[cfg(test)]
pub(crate) mod fixture;
pub mod format;
mod home;
mod http;
mod ids;
mod quota;
mod references;
mod rules;
mod staging;
mod tables;
#[cfg(test)]
mod tests;
mod uploads;

pub use avatars::Avatars;
pub use blobs::StoredContent;
pub use config::MediaConfig;
pub use home::MediaHome;
pub use ids::{MediaId, parse as parse_name, text as name_text};
pub use references::{Kept, keep, media_not_found, refer_again, refer_stored, refer_upload, release, seal};
pub use tables::Holder;

use super::Foundation;
use super::shares::Shares;
use crate::call::{Class, Methods};
use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::store::{self, Tx};
use blobs::Blobs;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use futures::future::BoxFuture;
use http::Downloader;
use quota::Limits;
use staging::Staging;
use std::fs::File;
use std::io;
use std::sync::{Arc, OnceLock, Weak};
use tables::{REFERENCE, ReferenceRow, name};
use tokio::sync::Semaphore;

/// The most that [`Media::read`] gives: what servers make for themselves is small.
const READ_MAX: u64 = 16 << 20;

/// Who may fetch what later rooms refer to.
pub trait MediaHolders: Send + Sync {
    /// Whether `viewer` may see the object that refers to a medium. A holder of another room's is answered with no.
    fn may_see<'a>(&'a self, viewer: AccountId, holder: Holder) -> BoxFuture<'a, Result<bool>>;
}

/// The media room.
pub struct Media {
    foundation: Foundation,
    config: MediaConfig,
    limits: Limits,
    home: MediaHome,
    /// Held as long as a directory for the time being is in use.
    _lock: Option<File>,
    staging: Staging,
    blobs: Blobs,
    /// Places to examine and store uploads at.
    workers: Arc<Semaphore>,
    /// Those places, and those to wait for one.
    queue: Arc<Semaphore>,
    /// Uploads of each account at those places.
    examined: Arc<Shares<AccountId>>,
    holders: OnceLock<Vec<Weak<dyn MediaHolders>>>,
    downloads: Arc<Shares<Downloader>>,
}

impl Media {
    /// The room.
    ///
    /// # Errors
    /// A directory that cannot be used.
    pub fn new(foundation: Foundation, config: MediaConfig, home: MediaHome) -> Result<Arc<Self>> {
        let lock = home.settle().map_err(Error::internal)?;
        let blobs = Blobs::open(home.dir.join(blobs::DIR), &foundation.store.secret());
        let room = Self {
            limits: Limits::new(&config),
            staging: Staging::open(&home).map_err(Error::internal)?,
            blobs: blobs.map_err(Error::internal)?,
            workers: Arc::new(Semaphore::new(config.workers as usize)),
            queue: Arc::new(Semaphore::new(config.workers as usize + config.queue as usize)),
            holders: OnceLock::new(),
            examined: Arc::new(Shares::new(config.examined_at_once)),
            downloads: Arc::new(Shares::new(config.downloads_at_once)),
            foundation,
            config,
            home,
            _lock: lock,
        };
        Ok(Arc::new(room))
    }

    /// Enters the room's methods into the table.
    pub fn install(self: &Arc<Self>, methods: &mut Methods) {
        teahouse_proto::register_media(methods, &Arc::new(api::Service(self.clone())));
        methods.class(&teahouse_proto::MEDIA_PUT_CHUNK, Class::Chunk);
    }

    /// Names, once, the later rooms that are asked who may see something.
    ///
    /// # Panics
    /// When called a second time: a mistake of the composition.
    pub fn ask(&self, holders: &[Arc<dyn MediaHolders>]) {
        let holders = holders.iter().map(Arc::downgrade).collect();
        assert!(self.holders.set(holders).is_ok(), "holders are named once");
    }

    /// Names for references that are about to be made: a transaction may run again, so it makes none itself.
    pub fn new_ids(&self, n: usize) -> Vec<MediaId> {
        (0..n).map(|_| self.new_id()).collect()
    }

    /// As [`Media::new_ids`], one.
    pub fn new_id(&self) -> MediaId {
        MediaId(self.foundation.random.bytes())
    }

    /// Stores what the server made, forced to the disk. To be referred to by [`refer_stored`], in one transaction that
    /// follows at once; what never is goes with the next start of the server.
    ///
    /// # Errors
    /// `DISK_FULL`.
    pub async fn store(&self, bytes: Bytes, content_type: &str) -> Result<StoredContent> {
        self.staging.check_room(bytes.len() as u64)?;
        self.blobs.put_bytes(bytes, content_type).await
    }

    /// Takes back what [`Media::store`] stored and nothing came to refer to: it would lie on the disk until the server
    /// starts again.
    pub async fn discard(&self, stored: StoredContent) -> Result<()> {
        let name = self.new_id();
        let discard = move |tx: &mut Tx<'_>| {
            let medium = refer_stored(tx, &stored, name, Holder::Evidence)?;
            release(tx, &medium.media_id)
        };
        self.foundation.store.make_room(discard).await
    }

    /// What a reference refers to, whole. Asks nobody's permission. `None`: it is gone.
    ///
    /// # Errors
    /// Internal where it has more than 16 MiB.
    pub async fn read(&self, id: &str) -> Result<Option<Bytes>> {
        let Some(id) = MediaId::parse(id) else { return Ok(None) };
        let Some(row) = self.foundation.store.get(&REFERENCE, &id).await? else { return Ok(None) };
        let size = row.media.as_ref().map_or(0, |media| media.size);
        if size > READ_MAX {
            return Err(Error::internal("a medium is too long to be read whole"));
        }
        let Some(stream) = self.blobs.open_range(name(&row.place)?, 0..size).await? else { return Ok(None) };
        let all = stream.try_fold(BytesMut::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        });
        Ok(Some(all.await.map_err(trouble)?.freeze()))
    }

    /// What `viewer` may fetch under this name; `None` also where it is there for others.
    async fn visible(&self, viewer: AccountId, id: &str) -> Result<Option<ReferenceRow>> {
        let Some(id) = MediaId::parse(id) else { return Ok(None) };
        let Some(row) = self.foundation.store.get(&REFERENCE, &id).await? else { return Ok(None) };
        let is_visible = match row.holder() {
            Holder::Upload(owner) => owner == viewer,
            // One has a public name, the other none.
            Holder::Avatar(_) | Holder::Evidence => false,
            holder => self.some_room_shows(viewer, holder).await?,
        };
        Ok(is_visible.then_some(row))
    }

    async fn some_room_shows(&self, viewer: AccountId, holder: Holder) -> Result<bool> {
        for room in self.holders.get().into_iter().flatten().filter_map(Weak::upgrade) {
            if room.may_see(viewer, holder).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes what shall not outlive the server.
    pub async fn close(&self) {
        if !self.home.ephemeral {
            return;
        }
        let dir = self.home.dir.clone();
        let removed = staging::blocking(move || std::fs::remove_dir_all(dir)).await;
        if let Err(error) = removed {
            tracing::warn!(%error, dir = %self.home.dir.display(), "a directory for the time being could not be removed");
        }
    }
}

/// Whether a write failed because there is no room.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What an error of the disk is to the caller.
fn trouble(error: io::Error) -> Error {
    if is_full(&error) { store::disk_full() } else { Error::internal(error) }
}
