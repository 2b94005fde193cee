//! The body of a PUT, written as it comes: what arrived before a client went away or fell silent is kept.

use super::super::Media;
use super::super::api::fresh;
use super::super::rules::too_large;
use super::super::staging::Filling;
use crate::call::Session;
use crate::error::{Error, Kind, Result};
use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// A client that sends nothing for so long is given up.
const STALLED: Duration = Duration::from_secs(60);
/// One that was silent for so long gives way to another that would go on, as after a change of networks.
const GIVES_WAY: Duration = Duration::from_secs(3);
/// How much is gathered before it is written.
const GATHER: usize = 64 * 1024;

impl Media {
    /// Adds a body to an upload, from byte `from` on; gives how many bytes the server has then.
    pub(in super::super) async fn fill_from(
        self: &Arc<Self>,
        session: &Arc<Session>,
        id: &str,
        from: u64,
        length: Option<u64>,
        body: Body,
    ) -> Result<u64> {
        let (id, row) = self.own(session.account, id).await?;
        if from.saturating_add(length.unwrap_or(0)) > row.size {
            return Err(too_large(row.size));
        }
        if !row.media.is_empty() {
            return Ok(row.size);
        }
        let Some(filling) = self.go_on(session.account, id).await? else { return Ok(row.size) };
        // Refuses a body that begins beyond what is there before anything of it is read.
        fresh(filling.offset, from, Bytes::new())?;
        let (room, session) = (self.clone(), session.clone());
        // Nobody may wait any more while the last bytes are written.
        let filled = tokio::spawn(async move {
            room.touch(id, &row, room.foundation.clock.now()).await?;
            let end = row.size;
            let mut intake = Intake { room: &room, filling, at: from, end, gathered: BytesMut::new() };
            let read = intake.read(body.into_data_stream(), &session).await;
            let written = intake.write().await;
            room.touch(id, &row, room.foundation.clock.now()).await?;
            read.and(written)
        });
        filled.await.map_err(Error::internal)?
    }
}

/// A body on its way into a file.
struct Intake<'a> {
    room: &'a Media,
    filling: Filling,
    /// Where in the upload the first gathered byte belongs.
    at: u64,
    /// Where the upload ends.
    end: u64,
    gathered: BytesMut,
}

impl Intake<'_> {
    async fn read(&mut self, mut body: BodyDataStream, session: &Session) -> Result<()> {
        loop {
            let wanted = self.filling.wanted.clone();
            let silence = async {
                tokio::time::sleep(GIVES_WAY).await;
                let _ = tokio::time::timeout(STALLED - GIVES_WAY, wanted.notified()).await;
            };
            let part = tokio::select! {
                part = body.next() => part,
                () = silence => return Err(broke_off()),
                () = session.ended() => return Err(session.farewell()),
            };
            let data = match part {
                None => return Ok(()),
                Some(Ok(data)) => data,
                Some(Err(broken)) => return Err(broke_off().source(broken)),
            };
            if self.at + self.gathered.len() as u64 + data.len() as u64 > self.end {
                return Err(too_large(self.end));
            }
            self.gathered.extend_from_slice(&data);
            if self.gathered.len() >= GATHER {
                self.write().await?;
            }
        }
    }

    /// Writes what is gathered; gives how much is there.
    async fn write(&mut self) -> Result<u64> {
        let data = self.gathered.split().freeze();
        let len = data.len() as u64;
        let data = fresh(self.filling.offset, self.at, data)?;
        self.at += len;
        if !data.is_empty() {
            self.room.staging.check_room(data.len() as u64)?;
            metrics::counter!("teahouse_media_received_bytes_total").increment(data.len() as u64);
            self.filling.append(data).await?;
        }
        Ok(self.filling.offset)
    }
}

fn broke_off() -> Error {
    Error::new(
        Kind::Conflict,
        "CANCELLED",
        "The body broke off. What came is kept: ask how far the upload is, and go on from there.",
    )
}
