//! What a data directory may hold, and what the server says to it.

use super::*;
use crate::store::conformance::Blob;
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

fn config(engine: EngineKind) -> StoreConfig {
    StoreConfig { engine, cache_mib: 16, min_free_mib: 0, ..StoreConfig::default() }
}

fn open(engine: EngineKind, dir: &TempDir) -> Result<Store, OpenError> {
    Store::open(&config(engine), dir.path(), &Clock::system(), &Random::from_os()).map(|opened| opened.0)
}

fn refusal(engine: EngineKind, dir: &TempDir) -> String {
    match open(engine, dir) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    }
}

/// Files of the sled store whose names begin with `name`.
fn sled_files(dir: &TempDir, name: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.path().join("sled")).unwrap().map(|entry| entry.unwrap());
    let named = files.filter(|file| file.file_name().to_string_lossy().starts_with(name));
    named.map(|file| file.path()).collect()
}

/// Directories of files from before a repair.
fn kept(dir: &TempDir) -> Vec<PathBuf> {
    let files = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().contains(".before-repair.")).collect()
}

const DURABLE: [EngineKind; 2] = [EngineKind::Sled, EngineKind::Fjall];

#[tokio::test]
async fn a_second_server_is_kept_out() {
    for engine in DURABLE {
        let dir = tempfile::tempdir().unwrap();
        let store = open(engine, &dir).unwrap();
        let text = refusal(engine, &dir);
        assert!(text.contains("in use by another server") && text.contains("--data"), "{text}");
        store.close().await;
        open(engine, &dir).unwrap();
    }
}

#[tokio::test]
async fn another_engine_is_refused() {
    for [made, asked] in [DURABLE, [EngineKind::Fjall, EngineKind::Sled]] {
        let dir = tempfile::tempdir().unwrap();
        open(made, &dir).unwrap().close().await;
        let text = refusal(asked, &dir);
        assert!(text.contains(&format!("Set store.engine = \"{}\"", made.name())), "{text}");
        open(made, &dir).unwrap();
    }
}

#[tokio::test]
async fn a_store_from_the_future_is_refused() {
    for engine in DURABLE {
        let dir = tempfile::tempdir().unwrap();
        open(engine, &dir).unwrap().close().await;
        let opened = open::open(&config(engine), dir.path(), &Clock::system(), &Random::from_os()).unwrap();
        let mut changes = Changes::new();
        meta::put_format(&mut changes, 99);
        let raw = opened.into_engine();
        raw.apply(&changes).unwrap();
        drop(raw);
        let text = refusal(engine, &dir);
        assert!(text.contains("has format 99") && text.contains("newer version"), "{text}");
    }
}

#[tokio::test]
async fn an_interrupted_making_is_begun_anew() {
    for engine in DURABLE {
        let dir = tempfile::tempdir().unwrap();
        let making = dir.path().join(format!("{}.making", engine.name()));
        fs::create_dir_all(&making).unwrap();
        for file in ["db", "conf", "0.jnl", "version"] {
            fs::write(making.join(file), b"half").unwrap();
        }
        let store = open(engine, &dir).unwrap();
        put(&store, "x", 1).await;
        assert!(!making.exists());
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let refused =
        Store::open(&config(EngineKind::Sled), &file.join("data"), &Clock::system(), &Random::from_os());
    let text = refused.err().unwrap().to_string();
    assert!(text.contains("file/data cannot be used"), "{text}");
}

#[tokio::test]
async fn two_stores_share_neither_epoch_nor_secret() {
    let (one, _events) = Store::memory();
    let (two, _events) = Store::memory();
    assert_ne!(one.epoch(), two.epoch());
    assert_ne!(one.secret(), two.secret());
}

async fn sled_with_rows() -> (TempDir, u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(EngineKind::Sled, &dir).unwrap();
    for n in 0..200 {
        put(&store, &format!("{n:03}"), n).await;
    }
    let epoch = store.epoch();
    store.close().await;
    // Opened once more, so that sled writes a snapshot of what there is.
    open(EngineKind::Sled, &dir).unwrap().close().await;
    (dir, epoch)
}

#[tokio::test]
async fn a_half_written_snapshot_is_removed() {
    let (dir, epoch) = sled_with_rows().await;
    let half = dir.path().join("sled/snap.7FFFFFFFFFFFFFFF.generating");
    fs::write(&half, b"half").unwrap();
    let store = open(EngineKind::Sled, &dir).unwrap();
    assert!(!half.exists());
    assert_eq!((store.epoch(), read(&store, "199").await), (epoch, Some(199)));
}

/// Damages the snapshots of the sled store, and names them.
fn damage_snapshots(dir: &TempDir) -> Vec<PathBuf> {
    let snapshots = sled_files(dir, "snap.");
    assert!(!snapshots.is_empty());
    for snapshot in &snapshots {
        let mut bytes = fs::read(snapshot).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::write(snapshot, bytes).unwrap();
    }
    snapshots
}

#[tokio::test]
async fn a_crash_between_the_repair_and_the_new_epoch_loses_nothing_of_it() {
    let (dir, epoch) = sled_with_rows().await;
    damage_snapshots(&dir);
    let sled = dir.path().join("sled");
    // The process ends here: what was repaired opens without complaint from now on.
    drop(open::open_or_repair(&config(EngineKind::Sled), &sled, &Clock::system()).unwrap());
    let store = open(EngineKind::Sled, &dir).unwrap();
    let changed = store.epoch();
    assert_ne!(changed, epoch);
    store.close().await;
    assert_eq!(open(EngineKind::Sled, &dir).unwrap().epoch(), changed, "it changes once");
}

#[tokio::test]
async fn a_damaged_snapshot_is_put_aside_and_the_epoch_changes() {
    let (dir, epoch) = sled_with_rows().await;
    let snapshots = damage_snapshots(&dir);
    let store = open(EngineKind::Sled, &dir).unwrap();
    assert_ne!(store.epoch(), epoch);
    let rows = store.scan(&NAMES, &KeyRange::all(), 1000, Order::Rising).await.unwrap();
    assert_eq!(rows.len(), 200);
    let kept = kept(&dir).pop().unwrap();
    assert!(kept.join("db").exists() && kept.join(snapshots[0].file_name().unwrap()).exists());
    let epoch = store.epoch();
    store.close().await;
    assert_eq!(open(EngineKind::Sled, &dir).unwrap().epoch(), epoch, "it changes once");
}

#[tokio::test]
async fn a_log_that_sled_empties_is_put_back() {
    let (dir, _) = sled_with_rows().await;
    let log = dir.path().join("sled/db");
    // The headers of all segments: sled finds nothing that it knows, and would begin anew.
    let mut db = fs::read(&log).unwrap();
    for segment in db.chunks_mut(512 * 1024) {
        segment[..20].fill(0);
    }
    fs::write(&log, &db).unwrap();
    for snapshot in sled_files(&dir, "snap.") {
        fs::write(snapshot, b"damaged").unwrap();
    }
    let text = refusal(EngineKind::Sled, &dir);
    assert!(text.contains("damaged"), "{text}");
    assert!(fs::read(&log).unwrap() == db);
}

#[tokio::test]
async fn a_store_beyond_repair_is_named_and_left_alone() {
    let (dir, _) = sled_with_rows().await;
    let conf = dir.path().join("sled/conf");
    fs::write(&conf, b"not the configuration of a sled database").unwrap();
    let (db, snapshots) = (fs::read(dir.path().join("sled/db")).unwrap(), sled_files(&dir, "snap."));
    let text = refusal(EngineKind::Sled, &dir);
    assert!(text.contains("damaged") && text.contains("restore a backup"), "{text}");
    assert!(fs::read(dir.path().join("sled/db")).unwrap() == db);
    assert_eq!(sled_files(&dir, "snap."), snapshots, "its snapshot was not to blame");
    assert!(kept(&dir).is_empty());
}

/// The journal of a fjall store, which holds two groups of one large row each; and where they begin.
async fn fjall_with_two_groups() -> (TempDir, PathBuf, [usize; 2]) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(EngineKind::Fjall, &dir).unwrap();
    for row in [1u64, 2] {
        let blob = Blob { data: vec![0x70 + row as u8; 3000], number: row };
        store.transact(move |tx| tx.put(&NAMES, &(row, String::new()), &blob)).await.unwrap();
    }
    store.close().await;
    let files = fs::read_dir(dir.path().join("fjall")).unwrap().map(|entry| entry.unwrap().path());
    let journal = files.filter(|path| path.extension().is_some_and(|e| e == "jnl")).max().unwrap();
    let bytes = fs::read(&journal).unwrap();
    let find = |byte: u8| bytes.windows(3000).position(|data| data == [byte; 3000]).unwrap();
    (dir, journal, [find(0x71), find(0x72)])
}

fn damage(file: &std::path::Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at..at + 512].fill(0);
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_torn_last_batch_is_cut_off_and_the_epoch_changes() {
    let (dir, journal, [_, second]) = fjall_with_two_groups().await;
    let store = open(EngineKind::Fjall, &dir).unwrap();
    let epoch = store.epoch();
    store.close().await;
    damage(&journal, second + 1000);
    assert!(::fjall::Database::builder(dir.path().join("fjall")).open().is_err(), "fjall gives up");
    let store = open(EngineKind::Fjall, &dir).unwrap();
    assert_ne!(store.epoch(), epoch);
    let rows = store.scan(&NAMES, &KeyRange::all(), 9, Order::Rising).await.unwrap();
    assert_eq!(rows.into_iter().map(|(_, blob)| blob.number).collect::<Vec<_>>(), [1]);
    put(&store, "after", 3).await;
    store.close().await;
    assert_eq!(read(&open(EngineKind::Fjall, &dir).unwrap(), "after").await, Some(3));
}

#[tokio::test]
async fn a_journal_damaged_in_the_middle_is_left_alone() {
    let (dir, journal, [first, _]) = fjall_with_two_groups().await;
    damage(&journal, first + 1000);
    let before = fs::read(&journal).unwrap();
    let text = refusal(EngineKind::Fjall, &dir);
    assert!(text.contains("damaged") && text.contains("restore a backup"), "{text}");
    let after = fs::read(&journal).unwrap();
    assert!(after == before);
}

/// Files that sled keeps apart from its log, and never syncs.
fn blobs(dir: &std::path::Path) -> usize {
    fs::read_dir(dir.join("blobs")).unwrap().count()
}

#[tokio::test]
async fn sled_never_keeps_a_row_in_a_file_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(EngineKind::Sled, &dir).unwrap();
    for round in 0..4u64 {
        let fill = move |tx: &mut Tx<'_>| {
            for n in 0..40 {
                let blob = |len| Blob { data: vec![n as u8; len], number: round };
                tx.put(&NAMES, &(1, format!("largest {n}")), &blob(4080))?;
                tx.put(&NAMES, &(2, format!("split {n}")), &blob(30_000 + round as usize))?;
            }
            Ok(())
        };
        store.transact(fill).await.unwrap();
        let most = Blob { data: vec![1; MAX_VALUE_BYTES - 20], number: 0 };
        store.transact(move |tx| tx.append(&CHAT, &1, |_| most.clone())).await.unwrap();
    }
    store.close().await;
    assert_eq!(blobs(&dir.path().join("sled")), 0);

    // The same rows, given to sled whole, go where it never syncs: that is what the line above watches for.
    let bare = tempfile::tempdir().unwrap();
    let db = ::sled::open(bare.path()).unwrap();
    for n in 0..40u8 {
        db.insert([n], vec![n; 30_000]).unwrap();
    }
    db.flush().unwrap();
    assert!(blobs(bare.path()) > 0);
}

#[tokio::test]
async fn sled_writes_to_a_synchronous_file() {
    let dir = tempfile::tempdir().unwrap();
    open(EngineKind::Sled, &dir).unwrap().close().await;
    let file = fs::File::open(dir.path().join("sled/db")).unwrap();
    match rustix::fs::ioctl_getflags(&file) {
        Ok(flags) => assert!(flags.contains(rustix::fs::IFlags::SYNC)),
        // A file system without such flags, a memory file system for one.
        Err(error) => assert_eq!(error, rustix::io::Errno::NOTTY),
    }
}
