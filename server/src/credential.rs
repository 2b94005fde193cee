//! The operator's credential: a secret in a file of the data directory, made on first start and readable by the server's user
//! alone. It is never printed, logged or answered. What it opens is for others to say.

use crate::random::Random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The file's name in the data directory.
const FILE: &str = "operator.token";
/// Where it is written before it is whole.
const UNFINISHED: &str = "operator.token.new";
/// Its random bytes.
const BYTES: usize = 32;
/// The fewest characters of one that an operator wrote themselves.
const LEAST: usize = 16;

/// Where the credential of a data directory is.
pub fn path(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The credential of a data directory that this process holds; makes it where there is none yet.
///
/// # Errors
/// A sentence for the operator: it cannot be read or written, or is none.
pub fn load(data: &Path, random: &Random) -> Result<Zeroizing<String>, String> {
    let path = path(data);
    let failed = |e: io::Error| format!("{}: {e}", path.display());
    let found = match File::open(&path) {
        Ok(file) => read(file).map_err(failed)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return make(data, random).map_err(failed),
        Err(e) => return Err(failed(e)),
    };
    if found.len() < LEAST || !found.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!(
            "{} holds no credential: at least {LEAST} characters without spaces. Remove the file, and the next start \
             makes another",
            path.display()
        ));
    }
    Ok(found)
}

/// Reads it, and closes the file to others where it was open to them.
fn read(mut file: File) -> io::Result<Zeroizing<String>> {
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
        tracing::warn!(
            "{FILE} was open to other users of this machine, and is closed to them now. If somebody may have read it, \
             remove it: the next start makes another"
        );
    }
    let mut text = Zeroizing::new(String::new());
    io::Read::read_to_string(&mut file, &mut text)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn make(data: &Path, random: &Random) -> io::Result<Zeroizing<String>> {
    let secret = Zeroizing::new(random.bytes::<BYTES>());
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*secret));
    let unfinished = data.join(UNFINISHED);
    // What an interrupted start left may have other permissions.
    match fs::remove_file(&unfinished) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&unfinished, path(data))?;
    File::open(data)?.sync_all()?;
    tracing::info!("made the operator's credential, {}", path(data).display());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(data: &Path) -> u32 {
        fs::metadata(path(data)).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn is_made_once_and_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(UNFINISHED), "half").unwrap();
        let made = load(dir.path(), &Random::seeded(1)).unwrap();
        assert_eq!((made.len(), mode(dir.path())), (43, 0o600));
        assert!(!dir.path().join(UNFINISHED).exists());
        assert_eq!(load(dir.path(), &Random::seeded(2)).unwrap(), made, "the next start finds it");
        fs::set_permissions(path(dir.path()), Permissions::from_mode(0o644)).unwrap();
        assert_eq!(load(dir.path(), &Random::seeded(2)).unwrap(), made);
        assert_eq!(mode(dir.path()), 0o600);
        fs::remove_file(path(dir.path())).unwrap();
        assert_ne!(load(dir.path(), &Random::seeded(2)).unwrap(), made, "who removes it gets another");
    }

    #[test]
    fn what_is_none_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        for bad in ["", "short", "seventeen letters or so"] {
            fs::write(path(dir.path()), bad).unwrap();
            let refused = load(dir.path(), &Random::seeded(1)).unwrap_err();
            assert!(refused.contains("operator.token") && refused.contains("Remove"), "{refused}");
            assert!(bad.is_empty() || !refused.contains(bad), "{refused}");
        }
        fs::write(path(dir.path()), "  an-operators-own-words\n").unwrap();
        assert_eq!(*load(dir.path(), &Random::seeded(1)).unwrap(), "an-operators-own-words");
        assert!(load(&dir.path().join("nowhere"), &Random::seeded(1)).is_err());
    }
}
