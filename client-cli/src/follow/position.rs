//! How far a device has followed, and where that is kept. It knows nothing of connections.

use crate::error::{Error, Kind, Result};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How far a device has followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Position {
    /// The server's cursor after the last event that was handled. Empty: never followed.
    #[serde(with = "base64_text")]
    pub cursor: Bytes,
    /// Number of the last entry of the account log that was handled.
    pub account_log: u64,
    /// For each conversation the number of the last entry that was handled.
    pub seen: BTreeMap<u64, u64>,
}

/// Keeps a [`Position`] over restarts.
pub trait CursorStore: Send {
    /// What was saved last; the default where nothing was.
    ///
    /// # Errors
    /// Of kind `Local` where it cannot be read.
    fn load(&mut self) -> Result<Position>;

    /// Keeps a position. Called when things are quiet, so a short disk write does no harm.
    ///
    /// # Errors
    /// Of kind `Local` where it cannot be written.
    fn save(&mut self, position: &Position) -> Result<()>;
}

/// Keeps a position as long as the program runs. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Position>>);

impl CursorStore for MemoryStore {
    fn load(&mut self) -> Result<Position> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn save(&mut self, position: &Position) -> Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = position.clone();
        Ok(())
    }
}

/// Keeps a position in a file that only its owner can read. The position belongs to one device; a file written for
/// another counts as empty.
#[derive(Clone, Debug)]
pub struct FileStore {
    path: PathBuf,
    device: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    device: String,
    position: Position,
}

impl FileStore {
    /// In this file, for this device: any text that tells devices apart, also those of different servers.
    pub fn new(path: impl Into<PathBuf>, device: impl Into<String>) -> Self {
        Self { path: path.into(), device: device.into() }
    }

    fn failure(&self, verb: &str, error: &dyn std::fmt::Display) -> Error {
        let message = format!("Cannot {verb} {}: {error}.", self.path.display());
        Error::new(Kind::Local, "CURSOR_FILE", message)
    }
}

impl CursorStore for FileStore {
    fn load(&mut self) -> Result<Position> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Position::default()),
            Err(e) => return Err(self.failure("read", &e)),
        };
        // Without it nothing is lost but time: what it would have told is told again.
        let stored = serde_json::from_str::<Stored>(&text).ok().filter(|s| s.device == self.device);
        Ok(stored.map(|s| s.position).unwrap_or_default())
    }

    fn save(&mut self, position: &Position) -> Result<()> {
        let stored = Stored { device: self.device.clone(), position: position.clone() };
        let text = serde_json::to_vec(&stored).map_err(|e| self.failure("write", &e))?;
        write_private(&self.path, &text).map_err(|e| self.failure("write", &e))
    }
}

/// Replaces a file as a whole, readable by its owner alone: a reader or a crash meets the old one or the new one.
///
/// # Errors
/// Those of the file system.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| file.write_all(content));
    written.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // What is left of a failed attempt helps nobody; the first error is the one to tell.
        let _ = fs::remove_file(&beside);
    })
}

mod base64_text {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64_STANDARD.decode(text).map(Bytes::from).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position { cursor: Bytes::from_static(b"\x00\xff"), account_log: 7, seen: [(u64::MAX, 3)].into() }
    }

    #[test]
    fn a_file_keeps_the_position_of_its_device() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor.json");
        let mut store = FileStore::new(&path, "a");
        assert_eq!(store.load().unwrap(), Position::default());
        store.save(&Position::default()).unwrap();
        store.save(&position()).unwrap();
        assert_eq!(store.load().unwrap(), position());
        assert_eq!(FileStore::new(&path, "b").load().unwrap(), Position::default());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor.json");
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        FileStore::new(&path, "a").save(&position()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_counts_as_empty_and_an_unreadable_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cursor.json");
        fs::write(&path, r#"{"device":"a","position":{"cursor":"%%"#).unwrap();
        assert_eq!(FileStore::new(&path, "a").load().unwrap(), Position::default());
        assert_eq!(FileStore::new(dir.path(), "a").load().expect_err("a directory").reason(), "CURSOR_FILE");
        let nowhere = dir.path().join("none").join("cursor.json");
        assert!(FileStore::new(nowhere, "a").save(&position()).is_err());
    }

    #[test]
    fn memory_is_shared_by_clones() {
        let store = MemoryStore::default();
        store.clone().save(&position()).unwrap();
        assert_eq!(store.clone().load().unwrap(), position());
    }
}
