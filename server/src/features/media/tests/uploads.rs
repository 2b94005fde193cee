//! Uploads from their beginning to their end.

use super::*;
use crate::features::media::uploads;
use crate::store::Tx;
use crate::time::{DAY, HOUR};
use axum::body::Body;
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};
use std::time::Duration;

#[tokio::test]
async fn an_upload_grows_and_becomes_a_medium() {
    let rig = Rig::new();
    let request = rig.request(10);
    let upload = rig.create(ANNA, request.clone()).await.unwrap();
    assert_eq!((upload.offset, upload.size, &upload.media), (0, 10, &None));
    let id = upload.upload_id.clone();
    assert_eq!(rig.put(ANNA, &id, 0, b"green").await.unwrap(), 5);
    assert_eq!(rig.create(ANNA, request.clone()).await.unwrap().offset, 5, "a repeat is the same upload");
    assert_eq!(rig.put(ANNA, &id, 2, b"een t").await.unwrap(), 7, "what is known is skipped");
    assert_eq!(reason(rig.put(ANNA, &id, 8, b"ea").await), "UPLOAD_OFFSET");
    assert_eq!(reason(rig.put(ANNA, &id, 7, b"ea and more").await), "MEDIA_TOO_LARGE");
    assert_eq!(reason(rig.finish(ANNA, &id).await), "UPLOAD_INCOMPLETE");
    assert_eq!(rig.put(ANNA, &id, 7, b"ea!").await.unwrap(), 10);

    let media = rig.finish(ANNA, &id).await.unwrap();
    assert_eq!((media.kind(), media.size, &*media.file_name), (MediaKind::File, 10, "tea.txt"));
    assert_eq!(media.content_type, "application/octet-stream");
    assert_eq!(rig.finish(ANNA, &id).await.unwrap(), media, "a repeat");
    assert_eq!(rig.put(ANNA, &id, 0, b"other").await.unwrap(), 10, "nothing can be added any more");
    let told = rig.get(ANNA, &id).await.unwrap();
    assert_eq!((told.offset, told.media), (10, Some(media.clone())));
    assert_eq!(rig.create(ANNA, request).await.unwrap().media, Some(media.clone()));
    assert_eq!(rig.room.read(&media.media_id).await.unwrap().unwrap(), "green tea!");
    assert_eq!(rig.files(), (0, 1));
}

#[tokio::test]
async fn uploads_of_others_are_not_there() {
    let rig = Rig::new();
    let id = rig.create(ANNA, rig.request(3)).await.unwrap().upload_id;
    for id in [&*id, "AAAAAAAAAAAAAAAAAAAAAA", "", "../../secret"] {
        assert_eq!(reason(rig.put(BORIS, id, 0, b"tea").await), "UPLOAD_NOT_FOUND");
        assert_eq!(reason(rig.get(BORIS, id).await), "UPLOAD_NOT_FOUND");
        assert_eq!(reason(rig.finish(BORIS, id).await), "UPLOAD_NOT_FOUND");
        assert_eq!(reason(rig.cancel(BORIS, id).await), "UPLOAD_NOT_FOUND");
    }
    assert_eq!(rig.put(ANNA, &id, 0, b"tea").await.unwrap(), 3);
}

#[tokio::test]
async fn a_checksum_is_compared() {
    let rig = Rig::new();
    let right =
        proto::CreateUploadRequest { sha256: Sha256::digest(b"tea").to_vec().into(), ..rig.request(3) };
    let id = rig.create(ANNA, right).await.unwrap().upload_id;
    rig.put(ANNA, &id, 0, b"tea").await.unwrap();
    rig.finish(ANNA, &id).await.unwrap();

    let before = (rig.rows().await, rig.files());
    let wrong =
        proto::CreateUploadRequest { sha256: Sha256::digest(b"pea").to_vec().into(), ..rig.request(3) };
    let id = rig.create(ANNA, wrong).await.unwrap().upload_id;
    rig.put(ANNA, &id, 0, b"tea").await.unwrap();
    assert_eq!(reason(rig.finish(ANNA, &id).await), "CHECKSUM_MISMATCH");
    assert_eq!(reason(rig.get(ANNA, &id).await), "UPLOAD_NOT_FOUND", "it is gone");
    assert_eq!((rig.rows().await, rig.files()), before, "and left nothing");
    assert_eq!(rig.quota(ANNA).await, (6, 3), "but was looked at");
}

#[tokio::test]
async fn the_same_content_is_stored_once_and_nothing_tells() {
    let rig = Rig::new();
    let (hers, his) = (rig.uploaded(ANNA, b"the same").await, rig.uploaded(BORIS, b"the same").await);
    assert_ne!(hers.media_id, his.media_id);
    assert_eq!(proto::Media { media_id: hers.media_id.clone(), ..his.clone() }, hers);
    assert_eq!((rig.quota(ANNA).await, rig.quota(BORIS).await), ((8, 8), (8, 8)));
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!(rig.files(), (0, 1));
    let [.., references, blobs, contents, garbage] = rig.rows().await;
    assert_eq!((references, blobs, contents, garbage), (2, 1, 1, 0));
    for media in [hers, his] {
        assert_eq!(rig.room.read(&media.media_id).await.unwrap().unwrap(), "the same");
    }
}

#[tokio::test]
async fn quotas_hold_for_any_24_hours_and_in_all() {
    let config = MediaConfig { upload_mib_per_day: 1, held_mib: 2, ..MediaConfig::default() };
    let rig = Rig::with(config, 0);
    const HALF: u64 = 1 << 19;
    let first = rig.create(ANNA, rig.request(HALF)).await.unwrap();
    rig.foundation.clock.advance(HOUR * 2);
    let second = rig.create(ANNA, rig.request(HALF)).await.unwrap();
    let refused = rig.create(ANNA, rig.request(1)).await.unwrap_err();
    assert_eq!(refused.reason(), "QUOTA_EXCEEDED");
    let wait = Duration::from_millis(refused.retry_after_ms());
    assert!(wait > HOUR * 21 && wait <= HOUR * 23, "{wait:?}");
    assert_eq!(rig.create(BORIS, rig.request(HALF)).await.unwrap().size, HALF, "each has their own");

    rig.cancel(ANNA, &second.upload_id).await.unwrap();
    assert_eq!(rig.quota(ANNA).await, (HALF, HALF), "what was not finished comes back");
    rig.foundation.clock.advance(HOUR * 23);
    assert_eq!(rig.quota(ANNA).await, (0, HALF), "the day is over, what is held is not");
    rig.foundation.clock.advance(HOUR * 2);
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!(reason(rig.get(ANNA, &first.upload_id).await), "UPLOAD_NOT_FOUND");
    assert_eq!(rig.quota(ANNA).await, (0, 0));

    assert_eq!(reason(rig.create(ANNA, rig.request((1 << 20) + 1)).await), "QUOTA_EXCEEDED");
}

#[tokio::test]
async fn only_so_many_are_under_way() {
    let rig = Rig::with(MediaConfig { unfinished_uploads: 2, ..MediaConfig::default() }, 0);
    let first = rig.create(ANNA, rig.request(3)).await.unwrap();
    let again = rig.request(3);
    rig.create(ANNA, again.clone()).await.unwrap();
    assert_eq!(reason(rig.create(ANNA, rig.request(3)).await), "TOO_MANY_UPLOADS");
    rig.create(ANNA, again).await.unwrap();
    rig.put(ANNA, &first.upload_id, 0, b"tea").await.unwrap();
    rig.finish(ANNA, &first.upload_id).await.unwrap();
    rig.create(ANNA, rig.request(3)).await.unwrap();
}

#[tokio::test]
async fn what_nobody_refers_to_goes_after_a_day() {
    let rig = Rig::new();
    let media = rig.uploaded(ANNA, b"tea").await;
    let idle = rig.create(ANNA, rig.request(9)).await.unwrap();
    rig.put(ANNA, &idle.upload_id, 0, b"abc").await.unwrap();
    rig.foundation.clock.advance(DAY - HOUR);
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert!(rig.room.read(&media.media_id).await.unwrap().is_some(), "not yet");
    // A byte puts the end off.
    rig.put(ANNA, &idle.upload_id, 3, b"def").await.unwrap();
    rig.foundation.clock.advance(HOUR * 3);
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!(rig.room.read(&media.media_id).await.unwrap(), None);
    assert_eq!(rig.get(ANNA, &idle.upload_id).await.unwrap().offset, 6);
    assert_eq!(rig.quota(ANNA).await.1, 9);
    rig.foundation.clock.advance(DAY + HOUR);
    rig.room.collect(rig.foundation.clock.now()).await.unwrap();
    assert_eq!(rig.rows().await, [0; 8]);
    assert_eq!(rig.files(), (0, 0));
    assert_eq!(rig.quota(ANNA).await, (0, 0));
}

#[tokio::test]
async fn a_crash_leaves_an_upload_to_go_on_with_and_no_litter() {
    let mut rig = Rig::new();
    let id = rig.create(ANNA, rig.request(6)).await.unwrap().upload_id;
    rig.put(ANNA, &id, 0, b"abc").await.unwrap();
    let kept = rig.uploaded(ANNA, b"kept").await;
    // As after a crash between storing content and committing it, and amid storing.
    let stored = rig.room.store(Bytes::from_static(b"lost"), "text/plain").await.unwrap();
    let shard = rig.dir.path().join(format!("media/blobs/{:02x}", stored.place[15]));
    std::fs::write(shard.join(format!("{}#1", crate::features::media::ids::text([7; 16]))), b"half").unwrap();
    let uploads = rig.dir.path().join("media/uploads");
    std::fs::write(uploads.join(crate::features::media::ids::text([9; 16])), b"of nobody").unwrap();
    rig.room.collect_leftovers().await.unwrap();
    assert!(rig.files().1 >= 2, "what this run has put may still be committed");

    rig.restart();
    rig.room.collect_leftovers().await.unwrap();
    rig.room.collect_unknown().await.unwrap();
    assert_eq!(rig.files(), (1, 1));
    assert_eq!(rig.room.read(&kept.media_id).await.unwrap().unwrap(), "kept");
    assert_eq!(rig.get(ANNA, &id).await.unwrap().offset, 3);
    rig.put(ANNA, &id, 3, b"def").await.unwrap();
    let media = rig.finish(ANNA, &id).await.unwrap();
    assert_eq!(rig.room.read(&media.media_id).await.unwrap().unwrap(), "abcdef");
}

#[tokio::test]
async fn one_writer_at_a_time() {
    let rig = Rig::new();
    let id = rig.create(ANNA, rig.request(3)).await.unwrap().upload_id;
    let turn = rig.room.staging.turn(crate::features::media::ids::parse(&id).unwrap()).unwrap();
    assert_eq!(reason(rig.put(ANNA, &id, 0, b"tea").await), "UPLOAD_BUSY");
    assert_eq!(reason(rig.finish(ANNA, &id).await), "UPLOAD_BUSY");
    assert_eq!(reason(rig.cancel(ANNA, &id).await), "UPLOAD_BUSY");
    drop(turn);
    rig.put(ANNA, &id, 0, b"tea").await.unwrap();
    let (one, other) = tokio::join!(rig.finish(ANNA, &id), rig.finish(ANNA, &id));
    let done: Vec<_> = [one, other].into_iter().map(|o| o.map_err(|e| e.reason())).collect();
    assert!(done.iter().any(Result::is_ok), "{done:?}");
    assert!(done.iter().all(|o| o.is_ok() || *o == Err("UPLOAD_BUSY")), "{done:?}");
    assert_eq!(rig.files().1, 1);
}

/// A body that sends this and then nothing more.
fn body_that_falls_silent(data: &'static [u8]) -> Body {
    let said = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from_static(data)) });
    Body::from_stream(said.chain(stream::pending()))
}

#[tokio::test(start_paused = true)]
async fn a_body_that_falls_silent_is_cut_off_and_kept() {
    let rig = Rig::new();
    let id = rig.create(ANNA, rig.request(9)).await.unwrap().upload_id;
    let session = Arc::new(Session::new(ANNA, DeviceId(1), Time(0)));
    let cut = rig.room.fill_from(&session, &id, 0, None, body_that_falls_silent(b"tea")).await;
    assert_eq!(reason(cut), "CANCELLED");
    assert_eq!(rig.get(ANNA, &id).await.unwrap().offset, 3);
}

#[tokio::test(start_paused = true)]
async fn a_silent_body_gives_way_to_another() {
    let rig = Rig::new();
    let id = rig.create(ANNA, rig.request(9)).await.unwrap().upload_id;
    let session = Arc::new(Session::new(ANNA, DeviceId(1), Time(0)));
    let (room, silent) = (rig.room.clone(), id.clone());
    let began = tokio::time::Instant::now();
    let put = tokio::spawn(async move {
        room.fill_from(&session, &silent, 0, None, body_that_falls_silent(b"tea")).await
    });
    // Who asks and is told to come back.
    while rig.room.staging.turn(crate::features::media::ids::parse(&id).unwrap()).is_ok() {
        tokio::task::yield_now().await;
    }
    assert_eq!(reason(put.await.unwrap()), "CANCELLED");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(rig.put(ANNA, &id, 3, b" time!").await.unwrap(), 9);
}

#[tokio::test]
async fn a_body_ends_with_its_session() {
    let rig = Rig::new();
    let id = rig.create(ANNA, rig.request(9)).await.unwrap().upload_id;
    let session = Arc::new(Session::new(ANNA, DeviceId(1), Time(0)));
    session.end();
    let cut = rig.room.fill_from(&session, &id, 0, None, body_that_falls_silent(b"tea")).await;
    assert_eq!(reason(cut), "UNAUTHENTICATED");
    let id = rig.create(ANNA, rig.request(9)).await.unwrap().upload_id;
    let broken = stream::iter([Ok(Bytes::from_static(b"te")), Err(std::io::Error::other("gone"))]);
    let session = Arc::new(Session::new(ANNA, DeviceId(1), Time(0)));
    let cut = rig.room.fill_from(&session, &id, 0, None, Body::from_stream(broken)).await;
    assert_eq!(reason(cut), "CANCELLED");
    assert_eq!(rig.get(ANNA, &id).await.unwrap().offset, 2);
}

#[tokio::test]
async fn a_full_disk_takes_nothing() {
    let rig = Rig::with(MediaConfig::default(), u64::MAX);
    assert_eq!(reason(rig.create(ANNA, rig.request(3)).await), "DISK_FULL");
    assert_eq!(reason(rig.room.store(Bytes::from_static(b"x"), "text/plain").await), "DISK_FULL");
}

#[tokio::test]
async fn a_server_with_too_much_to_look_at_says_so() {
    let config = MediaConfig { workers: 1, queue: 1, ..MediaConfig::default() };
    let rig = Rig::with(config, 0);
    let id = rig.create(ANNA, rig.request(3)).await.unwrap().upload_id;
    rig.put(ANNA, &id, 0, b"tea").await.unwrap();
    let all = rig.room.queue.acquire_many(2).await.unwrap();
    assert_eq!(reason(rig.finish(ANNA, &id).await), "OVERLOADED");
    drop(all);
    rig.finish(ANNA, &id).await.unwrap();
}

#[tokio::test]
async fn one_who_sends_many_leaves_places_to_others() {
    let config = MediaConfig { workers: 1, queue: 9, examined_at_once: 2, ..MediaConfig::default() };
    let rig = Rig::with(config, 0);
    let mut ids = Vec::new();
    for who in [ANNA, ANNA, ANNA, BORIS] {
        let id = rig.create(who, rig.request(3)).await.unwrap().upload_id;
        rig.put(who, &id, 0, b"tea").await.unwrap();
        ids.push(id);
    }
    let worker = rig.room.workers.acquire().await.unwrap();
    let wait = |who, id: &String| {
        let (room, id, now) = (rig.room.clone(), id.clone(), rig.foundation.clock.now());
        tokio::spawn(async move { room.finish(who, &id, now).await })
    };
    let mut waiting = vec![wait(ANNA, &ids[0]), wait(ANNA, &ids[1])];
    while rig.room.queue.available_permits() > 8 {
        tokio::task::yield_now().await;
    }
    let third = rig.finish(ANNA, &ids[2]).await.unwrap_err();
    assert_eq!((third.reason(), third.retry_after_ms()), ("RATE_LIMITED", 1000));
    waiting.push(wait(BORIS, &ids[3]));
    while rig.room.queue.available_permits() > 7 {
        tokio::task::yield_now().await;
    }
    drop(worker);
    for finished in waiting {
        finished.await.unwrap().unwrap();
    }
    rig.finish(ANNA, &ids[2]).await.unwrap();
}

#[tokio::test]
async fn what_is_over_gets_no_file_again() {
    let rig = Rig::new();
    let own = async |id: &str| rig.room.own(ANNA, id).await.unwrap().0;
    let finished = rig.create(ANNA, rig.request(3)).await.unwrap().upload_id;
    rig.put(ANNA, &finished, 0, b"tea").await.unwrap();
    let cancelled = rig.create(ANNA, rig.request(3)).await.unwrap().upload_id;
    // As when a chunk has looked at its upload and somebody else is quicker.
    let (one, other) = (own(&finished).await, own(&cancelled).await);
    rig.finish(ANNA, &finished).await.unwrap();
    rig.cancel(ANNA, &cancelled).await.unwrap();
    assert!(rig.room.go_on(ANNA, one).await.unwrap().is_none());
    assert_eq!(rig.room.go_on(ANNA, other).await.err().map(|e| e.reason()), Some("UPLOAD_NOT_FOUND"));
    assert_eq!(rig.files().0, 0);
    assert!(rig.room.staging.turn(one).is_ok(), "its turn is over");
}

#[tokio::test]
async fn what_is_not_committed_leaves_no_content() {
    let rig = Rig::new();
    let id = rig.create(ANNA, rig.request(3)).await.unwrap().upload_id;
    rig.put(ANNA, &id, 0, b"tea").await.unwrap();
    let (id, row) = rig.room.own(ANNA, &id).await.unwrap();
    let examined = rig.room.examine(id, &row).await.unwrap();
    assert_eq!(rig.files(), (1, 1));
    let drop = move |tx: &mut Tx<'_>| uploads::drop_rows(tx, id, uploads::OfTheDay::Back);
    rig.foundation.store.transact(drop).await.unwrap();
    let kept = rig.room.keep(id, examined, rig.foundation.clock.now()).await;
    assert_eq!(reason(kept), "UPLOAD_NOT_FOUND");
    assert_eq!(rig.files(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn files_of_no_upload_go_within_the_hour() {
    let rig = Rig::new();
    let known = rig.create(ANNA, rig.request(3)).await.unwrap().upload_id;
    let run = tokio::spawn(rig.room.clone().run());
    rig.put(ANNA, &known, 0, b"te").await.unwrap();
    tokio::time::sleep(HOUR / 2).await;
    let stray = rig.dir.path().join("media/uploads").join(crate::features::media::ids::text([9; 16]));
    std::fs::write(&stray, b"of nobody").unwrap();
    let gone = async {
        while stray.exists() {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    };
    tokio::time::timeout(HOUR, gone).await.expect("removed within the hour");
    assert_eq!(rig.get(ANNA, &known).await.unwrap().offset, 2);
    run.abort();
}
