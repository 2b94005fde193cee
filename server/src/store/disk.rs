//! What the store asks of the file system: forcing directories, free space, and the lock that keeps a second server
//! out of a data directory.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

/// Forces a directory to the disk, so that files made, renamed or removed in it stay so.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Forces everything under a directory to the disk, and the directory itself.
pub(super) fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_dir(dir)
}

/// Makes a directory and what leads to it, and forces all of it to the disk.
pub(crate) fn create_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_dir(parent)?;
    match fs::create_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => {}
        other => other?,
    }
    sync_dir(parent)
}

/// Makes an empty file that stays.
pub(super) fn create(file: &Path) -> io::Result<()> {
    File::create(file)?.sync_all()?;
    sync_dir(file.parent().unwrap_or(Path::new(".")))
}

/// Removes a file for good.
pub(super) fn remove(file: &Path) -> io::Result<()> {
    fs::remove_file(file)?;
    sync_dir(file.parent().unwrap_or(Path::new(".")))
}

/// Bytes that an ordinary user can still write where `dir` lies.
pub(crate) fn free_bytes(dir: &Path) -> io::Result<u64> {
    let fs = rustix::fs::statvfs(dir)?;
    Ok(fs.f_bavail.saturating_mul(fs.f_frsize))
}

/// Held as long as the data directory is in use; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct DirLock {
    _file: File,
}

impl DirLock {
    /// The lock, or `None` while another process has it.
    pub(super) fn acquire(dir: &Path) -> io::Result<Option<Self>> {
        let file = File::options().create(true).truncate(false).write(true).open(dir.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }
}
