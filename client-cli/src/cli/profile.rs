//! Profiles: sign-ins kept on disk, one file each, readable by their owner alone. It talks to no server.

use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::PathBuf;
use teahouse_client::{Endpoint, Error, Kind, Result, write_private};

/// Longest name of a profile: it is part of a file name.
const MAX_NAME: usize = 64;

/// What is kept of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignIn {
    pub(crate) server: String,
    pub(crate) username: String,
    pub(crate) account_id: u64,
    pub(crate) device_id: u64,
    pub(crate) self_conversation_id: u64,
    pub(crate) token: String,
}

impl SignIn {
    /// Tells this device from all others, also of other servers.
    pub(crate) fn device(&self) -> String {
        format!("{} {}", self.server, self.device_id)
    }
}

/// The place of one profile.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    name: String,
    dir: PathBuf,
}

impl Profile {
    /// The profile of this name in the user's configuration.
    ///
    /// # Errors
    /// `PROFILE_INVALID`, `NO_HOME`.
    pub(crate) fn named(name: &str) -> Result<Self> {
        Self::in_dir(name, config_dir(|variable| std::env::var_os(variable).map(PathBuf::from))?)
    }

    fn in_dir(name: &str, dir: PathBuf) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
            let message = format!("A profile is named by 1 to {MAX_NAME} letters, digits, _ and -.");
            return Err(Error::new(Kind::Misuse, "PROFILE_INVALID", message));
        }
        Ok(Self { name: name.to_owned(), dir })
    }

    /// As the user calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn file(&self) -> PathBuf {
        self.dir.join(format!("{}.json", self.name))
    }

    /// Where the position of `teahouse follow` is kept. A file of its own, because a follower writes it while other
    /// commands write the sign-in.
    pub(crate) fn cursor_file(&self) -> PathBuf {
        self.dir.join(format!("{}.follow.json", self.name))
    }

    /// Where the strangers are kept whom the last look or shake found.
    pub(crate) fn strangers_file(&self) -> PathBuf {
        self.dir.join(format!("{}.strangers.json", self.name))
    }

    /// The sign-in, if there is one.
    ///
    /// # Errors
    /// `PROFILE_FILE`.
    pub(crate) fn load(&self) -> Result<Option<SignIn>> {
        let text = match fs::read_to_string(self.file()) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.failure("read", &e)),
        };
        serde_json::from_str(&text).map(Some).map_err(|e| self.failure("understand", &e))
    }

    /// Keeps a sign-in.
    ///
    /// # Errors
    /// `PROFILE_FILE`.
    pub(crate) fn save(&self, sign_in: &SignIn) -> Result<()> {
        let text = serde_json::to_vec_pretty(sign_in).map_err(|e| self.failure("write", &e))?;
        self.make_dir()
            .and_then(|()| write_private(&self.file(), &text))
            .map_err(|e| self.failure("write", &e))
    }

    /// Forgets the sign-in, how far it followed, and whom it found.
    ///
    /// # Errors
    /// `PROFILE_FILE`.
    pub(crate) fn remove(&self) -> Result<()> {
        for file in [self.file(), self.cursor_file(), self.strangers_file()] {
            match fs::remove_file(file) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(self.failure("remove", &e)),
                _ => {}
            }
        }
        Ok(())
    }

    fn make_dir(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.dir)
    }

    fn failure(&self, verb: &str, error: &dyn std::fmt::Display) -> Error {
        let message = format!("Cannot {verb} the profile {}: {error}.", self.file().display());
        Error::new(Kind::Local, "PROFILE_FILE", message)
    }
}

/// Whether two addresses mean the same server.
pub(crate) fn same_server(a: &str, b: &str) -> bool {
    matches!((Endpoint::parse(a), Endpoint::parse(b)), (Ok(a), Ok(b)) if a == b)
}

fn config_dir(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf> {
    let set = |name| variable(name).filter(|path| !path.as_os_str().is_empty());
    // The XDG specification says that a relative path there is to be ignored.
    let xdg = || set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let home = || set("HOME").map(|home| home.join(".config"));
    let base = || xdg().or_else(home).or_else(|| set("APPDATA")).map(|base| base.join("teahouse"));
    set("TEAHOUSE_HOME").or_else(base).ok_or_else(|| {
        Error::new(Kind::Local, "NO_HOME", "There is no place for profiles: set HOME or TEAHOUSE_HOME.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in() -> SignIn {
        SignIn {
            server: "http://127.0.0.1:7600".to_owned(),
            username: "alice01".to_owned(),
            account_id: u64::MAX,
            device_id: 2,
            self_conversation_id: 3,
            token: "secret".to_owned(),
        }
    }

    #[test]
    fn a_profile_is_kept_for_its_owner_alone_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let profile = Profile::in_dir("a", dir.path().join("deep").join("teahouse")).unwrap();
        assert_eq!(profile.load().unwrap(), None);
        profile.save(&sign_in()).unwrap();
        assert_eq!(profile.load().unwrap(), Some(sign_in()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(profile.file()), mode(profile.dir.clone())), (0o600, 0o700));
        }
        fs::write(profile.cursor_file(), "{}").unwrap();
        fs::write(profile.strangers_file(), "{}").unwrap();
        profile.remove().unwrap();
        assert_eq!(fs::read_dir(&profile.dir).unwrap().count(), 0);
        profile.remove().unwrap();
    }

    #[test]
    fn names_cannot_leave_the_directory() {
        for name in ["", "..", "a/b", "a.b", "a b", &"x".repeat(65)] {
            assert!(Profile::in_dir(name, PathBuf::new()).is_err(), "{name}");
        }
    }

    #[test]
    fn a_damaged_profile_is_an_error_and_not_a_sign_out() {
        let dir = tempfile::tempdir().unwrap();
        let profile = Profile::in_dir("a", dir.path().to_owned()).unwrap();
        fs::write(profile.file(), "{").unwrap();
        assert_eq!(profile.load().expect_err("damaged").reason(), "PROFILE_FILE");
    }

    #[test]
    fn the_directory_follows_the_environment() {
        let dir = |set: &[(&str, &str)]| {
            config_dir(|name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| PathBuf::from(value)))
        };
        let all = [("TEAHOUSE_HOME", "/t"), ("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(dir(&all).unwrap(), PathBuf::from("/t"));
        assert_eq!(dir(&all[1..]).unwrap(), PathBuf::from("/x/teahouse"));
        assert_eq!(dir(&all[2..]).unwrap(), PathBuf::from("/h/.config/teahouse"));
        assert_eq!(
            dir(&[("XDG_CONFIG_HOME", "x"), ("HOME", "/h")]).unwrap(),
            PathBuf::from("/h/.config/teahouse")
        );
        assert!(dir(&[]).is_err());
    }

    #[test]
    fn servers_are_compared_by_what_they_mean() {
        assert!(same_server("http://127.0.0.1:7600", "127.0.0.1:7600/"));
        assert!(!same_server("http://127.0.0.1:7600", "http://127.0.0.1:7601"));
    }
}
