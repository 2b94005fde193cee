//! Tests of the media room.

mod references;
mod uploads;

use super::api::Service;
use super::tables::{BLOB, CHARGE, CONTENT, EXPIRY, GARBAGE, REFERENCE, UNFINISHED, UPLOAD};
use super::{Media, MediaConfig, MediaHome};
use crate::call::{Caller, Cx, Session};
use crate::error::Result;
use crate::features::Foundation;
use crate::features::testing;
use crate::id::{AccountId, DeviceId};
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;
use bytes::Bytes;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use teahouse_proto::MediaApi;
use teahouse_proto::media::{self as proto, MediaKind};
use tempfile::TempDir;

const ANNA: AccountId = AccountId(1);
const BORIS: AccountId = AccountId(2);

/// A room with a directory of its own.
struct Rig {
    foundation: Foundation,
    room: Arc<Media>,
    service: Service,
    dir: TempDir,
    client_ids: AtomicU8,
}

impl Rig {
    fn new() -> Self {
        Self::with(MediaConfig::default(), 0)
    }

    fn with(config: MediaConfig, min_free_bytes: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (foundation, _published) = testing::foundation();
        let home = MediaHome { dir: dir.path().join("media"), min_free_bytes, ephemeral: false };
        let room = Media::new(foundation.clone(), config, home).unwrap();
        Self { foundation, service: Service(room.clone()), room, dir, client_ids: AtomicU8::new(1) }
    }

    /// The room as it is after a restart of the server.
    fn restart(&mut self) {
        let home = self.room.home.clone();
        self.room = Media::new(self.foundation.clone(), self.room.config.clone(), home).unwrap();
        self.service = Service(self.room.clone());
    }

    fn cx(&self, account: AccountId) -> Cx {
        let session = Session::new(account, DeviceId(account.0), Time(0));
        let caller = Caller::new(Some(Arc::new(session)), Ipv4Addr::LOCALHOST.into());
        Cx::new(caller, &self.foundation.clock)
    }

    fn request(&self, size: u64) -> proto::CreateUploadRequest {
        let client_id = self.client_ids.fetch_add(1, Ordering::Relaxed);
        proto::CreateUploadRequest {
            client_message_id: vec![client_id; 16].into(),
            kind: MediaKind::File.into(),
            size,
            file_name: "tea.txt".to_owned(),
            sha256: Bytes::new(),
        }
    }

    async fn create(&self, who: AccountId, request: proto::CreateUploadRequest) -> Result<proto::Upload> {
        Ok(self.service.create_upload(&self.cx(who), request).await?.upload.unwrap())
    }

    async fn put(&self, who: AccountId, id: &str, offset: u64, data: &'static [u8]) -> Result<u64> {
        let data = Bytes::from_static(data);
        let request = proto::PutChunkRequest { upload_id: id.to_owned(), offset, data };
        Ok(self.service.put_chunk(&self.cx(who), request).await?.offset)
    }

    async fn finish(&self, who: AccountId, id: &str) -> Result<proto::Media> {
        let request = proto::FinishUploadRequest { upload_id: id.to_owned() };
        Ok(self.service.finish_upload(&self.cx(who), request).await?.media.unwrap())
    }

    async fn get(&self, who: AccountId, id: &str) -> Result<proto::Upload> {
        let request = proto::GetUploadRequest { upload_id: id.to_owned() };
        Ok(self.service.get_upload(&self.cx(who), request).await?.upload.unwrap())
    }

    async fn cancel(&self, who: AccountId, id: &str) -> Result<()> {
        let request = proto::CancelUploadRequest { upload_id: id.to_owned() };
        self.service.cancel_upload(&self.cx(who), request).await.map(|_| ())
    }

    /// Bytes of the day and in all.
    async fn quota(&self, who: AccountId) -> (u64, u64) {
        let told = self.service.get_quota(&self.cx(who), proto::GetQuotaRequest {}).await.unwrap();
        (told.day_used, told.total_used)
    }

    /// A finished upload.
    async fn uploaded(&self, who: AccountId, data: &'static [u8]) -> proto::Media {
        let upload = self.create(who, self.request(data.len() as u64)).await.unwrap();
        self.put(who, &upload.upload_id, 0, data).await.unwrap();
        self.finish(who, &upload.upload_id).await.unwrap()
    }

    /// Files of uploads, and of stored content.
    fn files(&self) -> (usize, usize) {
        let count = |dir: &str| -> usize {
            let entries = std::fs::read_dir(self.dir.path().join("media").join(dir)).unwrap();
            entries.count()
        };
        let shards = std::fs::read_dir(self.dir.path().join("media/blobs")).unwrap();
        let blobs = shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum();
        (count("uploads"), blobs)
    }

    /// How many rows there are that belong to uploads and content. All 0: nothing is left behind.
    async fn rows(&self) -> [usize; 8] {
        macro_rules! count {
            ($($table:expr),*) => {
                [$(self.foundation.store.scan(&$table, &KeyRange::all(), 1000, Order::Rising).await.unwrap().len()),*]
            };
        }
        count!(UPLOAD, UNFINISHED, EXPIRY, CHARGE, REFERENCE, BLOB, CONTENT, GARBAGE)
    }
}

fn reason<T: std::fmt::Debug>(outcome: Result<T>) -> &'static str {
    outcome.unwrap_err().reason()
}
