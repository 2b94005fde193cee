//! A disk of a test's own: an ext4 file system in a file, that can be filled, mounted again, and lose its power. Needs
//! root and loop devices; [`Disk::available`] says so. Knows nothing of what is kept on it.

use crate::needs;
use crate::process::Process;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// All mount points of tests begin with this and the number of the process that made them.
const PREFIX: &str = "teahouse-disk-";

/// A mounted disk. Dropping it unmounts and removes it.
pub struct Disk {
    dir: PathBuf,
    backing: Backing,
}

/// Where the image lies.
enum Backing {
    /// On the machine's own disk.
    Plain,
    /// On a small file system in memory, which may have less room than the image promises.
    Thin { promised_mib: u64 },
}

impl Disk {
    /// Whether this machine gives tests disks of their own. Where it does not, the test says that it is skipped.
    pub fn available() -> bool {
        if !needs::is_root() {
            needs::skip("root");
            return false;
        }
        remove_leftovers();
        let tried = Self { dir: own_dir(), backing: Backing::Plain }.try_make(8);
        if let Err(why) = &tried {
            needs::skip(&format!("loop devices ({why})"));
        }
        tried.is_ok()
    }

    /// Makes and mounts a disk of `mib` MiB, of which the file system takes some for itself. The image is sparse.
    ///
    /// # Panics
    /// Where the machine refuses.
    pub fn new(mib: u64) -> Self {
        let disk = Self { dir: own_dir(), backing: Backing::Plain };
        disk.make(mib);
        disk
    }

    /// A disk that promises `mib` MiB, but has room for `real_mib` only: beyond, writes into its pages succeed and
    /// forcing them to the disk fails, as on a thinly provisioned or dying disk.
    ///
    /// # Panics
    /// Where the machine refuses.
    pub fn thin(mib: u64, real_mib: u64) -> Self {
        let disk = Self { dir: own_dir(), backing: Backing::Thin { promised_mib: mib } };
        let options = format!("size={real_mib}m");
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&disk.dir));
        disk.make(mib);
        disk
    }

    /// Gives a thin disk all the room that it promises; others have it already.
    ///
    /// # Panics
    /// Where the machine refuses.
    pub fn mend(&self) {
        if let Backing::Thin { promised_mib } = self.backing {
            // The image's own bookkeeping needs a little, too.
            let options = format!("remount,size={}m", promised_mib + 8);
            run(Command::new("mount").args(["-o", &options]).arg(&self.dir));
        }
    }

    fn make(&self, mib: u64) {
        self.try_make(mib).unwrap_or_else(|why| panic!("cannot make a disk: {why}"));
    }

    fn try_make(&self, mib: u64) -> Result<(), String> {
        let image = self.image();
        let made = fs::File::create(&image).and_then(|file| file.set_len(mib << 20));
        made.map_err(|e| format!("{}: {e}", image.display()))?;
        // Nothing is left to be initialised in the background, which would make runs differ.
        let lazy = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
        try_run(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0", "-E", lazy]).arg(&image))?;
        fs::create_dir(self.path()).map_err(|e| format!("{}: {e}", self.path().display()))?;
        self.try_mount()
    }

    /// Where its files are.
    pub fn path(&self) -> PathBuf {
        self.dir.join("mount")
    }

    fn image(&self) -> PathBuf {
        self.dir.join("image")
    }

    /// Mounts it again; the file system replays its journal, as after a power cut.
    ///
    /// # Panics
    /// Where the machine refuses.
    pub fn mount(&self) {
        self.try_mount().unwrap_or_else(|why| panic!("{why}"));
    }

    fn try_mount(&self) -> Result<(), String> {
        try_run(Command::new("mount").args(["-o", "loop"]).arg(self.image()).arg(self.path()))
    }

    /// Takes it off. All processes that used it must have ended.
    ///
    /// # Panics
    /// Where it is in use.
    pub fn unmount(&self) {
        run(Command::new("umount").arg(self.path()));
    }

    /// Bytes that are still free.
    ///
    /// # Panics
    /// Where the disk cannot be asked.
    pub fn free_bytes(&self) -> u64 {
        let found = rustix::fs::statvfs(self.path()).expect("a mounted disk can be asked");
        found.f_bavail * found.f_frsize
    }

    /// Takes room away with a file of its own, so that `free_bytes` are left (0: none at all).
    ///
    /// # Panics
    /// Where the disk refuses for another reason than that it is full.
    pub fn fill(&self, free_bytes: u64) {
        let _ = fs::remove_file(self.ballast());
        let size = self.free_bytes().saturating_sub(free_bytes).to_string();
        // `fallocate` takes what it can get before it complains that this is too little.
        let filled = Command::new("fallocate").args(["-l", &size]).arg(self.ballast()).output();
        let filled = filled.unwrap_or_else(|e| panic!("fallocate does not start: {e}"));
        let full = String::from_utf8_lossy(&filled.stderr).contains("No space left");
        assert!(filled.status.success() || full, "fallocate: {filled:?}");
    }

    /// Gives back the room that [`Disk::fill`] took.
    ///
    /// # Panics
    /// Where the disk refuses.
    pub fn clear(&self) {
        fs::remove_file(self.ballast()).unwrap_or_else(|e| panic!("cannot make room: {e}"));
    }

    /// What is wrong where a store in `data` made files beside its log: sled puts large records into files in `blobs/`
    /// that it never forces to the disk.
    pub fn blobs(&self) -> Option<String> {
        let count = fs::read_dir(self.path().join("data/sled/blobs")).map_or(0, Iterator::count);
        (count > 0).then(|| format!("sled made {count} files in blobs/"))
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        remove(&self.dir);
    }
}

/// The Python helper that takes disks their power, started ahead so that a cut takes no time.
pub struct PowerSwitch(Process);

impl PowerSwitch {
    /// Starts the helper.
    pub async fn new() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/power_cut.py");
        let mut command = tokio::process::Command::new(needs::python());
        command.arg(script);
        let helper = Process::start("power_cut.py", command);
        helper.find("ready", Duration::from_secs(20), |line| (line == "ready").then_some(())).await;
        Self(helper)
    }

    /// Takes a disk its power: whatever is not on it now never will be, and every access fails.
    ///
    /// # Panics
    /// Where the helper cannot.
    pub async fn cut(&mut self, disk: &Disk) {
        let answered = self.0.lines().len();
        self.0.write_line(&disk.path().to_string_lossy()).await;
        let within = Duration::from_secs(20);
        self.0.find_after(answered, "cut", within, |line| (line == "cut").then_some(())).await;
    }
}

fn own_dir() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("{PREFIX}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let dir = std::env::temp_dir().join(name);
    fs::create_dir(&dir).unwrap_or_else(|e| panic!("cannot make {}: {e}", dir.display()));
    dir
}

/// Unmounts and removes the disks of test processes that ended without doing so.
fn remove_leftovers() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for dir in entries.flatten().map(|entry| entry.path()) {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            remove(&dir);
        }
    }
}

/// Takes off whatever is mounted for a disk, and removes it. A process that was killed a moment ago may still hold it;
/// then the system takes it off when that is gone ("lazy").
fn remove(dir: &Path) {
    for mounted in [dir.join("mount"), dir.to_owned()] {
        let _ = Command::new("umount").args(["-q", "-l"]).arg(mounted).output();
    }
    let _ = fs::remove_dir_all(dir);
}

fn run(command: &mut Command) {
    try_run(command).unwrap_or_else(|why| panic!("{why}"));
}

fn try_run(command: &mut Command) -> Result<(), String> {
    let done = command.output().map_err(|e| format!("{command:?} does not start: {e}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr).trim_end()))
}
