//! A world for one story: a server in this process on a port of its own, its data in a directory of its own, a clock that
//! can be moved, randomness that is the same each time, and the people on it, who all use one transport. It knows
//! how a server is started and stopped; what people do is told by `verbs`.

use crate::device::Device;
use crate::person::Person;
use crate::transcript::{Transcript, difference};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use teahouse_client::Transport;
use teahouse_server::app::{App, Overrides, Running};
use teahouse_server::config::{Config, Sources};
use teahouse_server::random::Random;
use teahouse_server::time::Clock;
use tempfile::TempDir;

/// How long a test waits for what must come. Long, since machines can be slow; what comes ends the wait.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The seed of all randomness here.
const SEED: u64 = 0x7ea_4005e;

/// Settings of every server under test: no disk, cheap passwords, no limits on what people do.
const SETTINGS: &[(&str, &str)] = &[
    ("listen", "127.0.0.1:0"),
    ("store.engine", "memory"),
    ("store.cache_mib", "8"),
    ("store.min_free_mib", "16"),
    ("store.resume_free_mib", "24"),
    ("limits.enabled", "false"),
    ("contacts.searches_per_day", "1000000"),
    ("contacts.requests_per_day", "1000000"),
    ("contacts.repeats_per_day", "1000000"),
    ("contacts.requests_shown_per_day", "1000000"),
    ("accounts.password_memory_kib", "8"),
    ("accounts.password_passes", "1"),
];

/// How a world is made.
#[derive(Clone, Debug)]
pub struct Setup {
    transport: Transport,
    settings: Vec<(String, String)>,
}

impl Setup {
    /// Over a transport, with the settings of all tests.
    pub fn over(transport: Transport) -> Self {
        let settings = SETTINGS.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { transport, settings }
    }

    /// What carries the calls.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// With another setting.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// With what is kept on disk, so that it outlives the server.
    #[must_use]
    pub fn on_disk(self) -> Self {
        self.set("store.engine", "sled")
    }

    /// The settings as `--set KEY=VALUE` of a server in its own process takes them.
    pub fn arguments(&self) -> Vec<String> {
        self.settings.iter().flat_map(|(k, v)| ["--set".to_owned(), format!("{k}={v}")]).collect()
    }
}

/// What all devices of a world share.
pub struct Shared {
    pub(crate) transport: Transport,
    pub(crate) random: Random,
    pub(crate) transcript: Transcript,
    /// How often the server was started, and where it is.
    address: Mutex<(u64, String)>,
    names: Mutex<HashMap<u64, String>>,
}

impl Shared {
    fn new(transport: Transport) -> Self {
        Self {
            transport,
            random: Random::seeded(SEED),
            transcript: Transcript::default(),
            address: Mutex::default(),
            names: Mutex::default(),
        }
    }

    pub(crate) fn address(&self) -> (u64, String) {
        self.address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn moved_to(&self, url: String) {
        let mut address = self.address.lock().unwrap_or_else(PoisonError::into_inner);
        *address = (address.0 + 1, url);
    }

    pub(crate) fn meet(&self, account_id: u64, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(account_id, name.to_owned());
    }

    pub(crate) fn name(&self, account_id: u64) -> String {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&account_id).cloned().unwrap_or_else(|| "somebody".to_owned())
    }
}

/// A server and the people on it.
pub struct World {
    shared: Arc<Shared>,
    home: Option<Home>,
}

/// A server in this process.
struct Home {
    dir: TempDir,
    setup: Setup,
    clock: Clock,
    random: Random,
    server: Option<Running>,
}

impl World {
    /// Starts a server.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(setup: Setup) -> Self {
        let dir = tempfile::Builder::new().prefix("teahouse-").tempdir().expect("a temporary directory");
        let shared = Arc::new(Shared::new(setup.transport));
        let (clock, random) = (Clock::system(), Random::seeded(SEED));
        let home = Home { dir, setup, clock, random, server: None };
        let mut world = Self { shared, home: Some(home) };
        world.come_up().await;
        world
    }

    /// People on a server that somebody else started.
    pub fn at(url: &str, transport: Transport) -> Self {
        let shared = Arc::new(Shared::new(transport));
        shared.moved_to(url.to_owned());
        Self { shared, home: None }
    }

    /// What carries the calls of this world.
    pub fn transport(&self) -> Transport {
        self.shared.transport
    }

    /// Where the server is, as `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.shared.address().1
    }

    /// Seeded randomness.
    pub fn random(&self) -> &Random {
        &self.shared.random
    }

    /// Somebody new, with an account and one device.
    ///
    /// # Panics
    /// Where the registration is refused.
    pub async fn person(&self, name: &str) -> Person {
        Person::register(&self.shared, name).await
    }

    /// A device on which nobody is signed in.
    pub fn device(&self, name: &str) -> Device {
        Device::signed_out(&self.shared, name)
    }

    /// The server, for tests that do what its operator does, or look beneath.
    ///
    /// # Panics
    /// Where the server is not of this process, or is stopped.
    pub fn server(&self) -> &Running {
        let home = self.home.as_ref().expect("a server of this process");
        home.server.as_ref().expect("a server that runs")
    }

    /// What the operator reads who says this on the machine of the server, which must keep its data on disk.
    ///
    /// # Errors
    /// What they read instead.
    pub async fn operator(&self, words: &[&str]) -> Result<String, String> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        teahouse_server::admin::ask(&self.data_dir(), words).await
    }

    /// Moves the server's clock forward.
    ///
    /// # Panics
    /// Where the server is not of this process.
    pub fn advance(&self, by: Duration) {
        self.home.as_ref().expect("a server of this process").clock.advance(by);
    }

    /// Stops the server in order and starts it again on what it left on disk.
    ///
    /// # Panics
    /// Where the server is not of this process, or does not come up again.
    pub async fn restart(&mut self) {
        self.go_down().await;
        self.come_up().await;
    }

    /// Stops the server in order.
    ///
    /// # Panics
    /// Where the server is not of this process.
    pub async fn go_down(&mut self) {
        let home = self.home.as_mut().expect("a server of this process");
        if let Some(server) = home.server.take() {
            server.shutdown().await;
        }
    }

    /// Stops the server, copies what it has on disk, and starts it again.
    ///
    /// # Panics
    /// Where the server is not of this process, or does not come up again.
    pub async fn copy_of_data(&mut self) -> TempDir {
        self.go_down().await;
        let copy = tempfile::tempdir().expect("a temporary directory");
        copy_tree(&self.data_dir(), &copy.path().join("data"));
        self.come_up().await;
        copy
    }

    /// Stops the server, puts a copy in the place of what it has on disk, and starts it again.
    ///
    /// # Panics
    /// As [`World::copy_of_data`].
    pub async fn put_back(&mut self, copy: &TempDir) {
        self.go_down().await;
        std::fs::remove_dir_all(self.data_dir()).expect("the data can be removed");
        copy_tree(&copy.path().join("data"), &self.data_dir());
        self.come_up().await;
    }

    fn data_dir(&self) -> PathBuf {
        self.home.as_ref().expect("a server of this process").dir.path().join("data")
    }

    async fn come_up(&mut self) {
        let data = self.data_dir();
        let home = self.home.as_mut().expect("a server of this process");
        let mut flags = home.setup.settings.clone();
        flags.push(("data".to_owned(), data.display().to_string()));
        let sources = Sources { file: None, environment: Vec::new(), flags };
        let (config, _) = Config::load(&sources).unwrap_or_else(|e| panic!("{e}"));
        let overrides = Overrides { clock: home.clock.clone(), random: home.random.clone() };
        let server = App::start(config, overrides).await;
        let server = server.unwrap_or_else(|e| panic!("the server does not start: {e}"));
        self.shared.moved_to(format!("http://{}", server.address()));
        home.server = Some(server);
    }
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory can be made");
    for entry in std::fs::read_dir(from).expect("the data can be read") {
        let entry = entry.expect("the data can be read");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("the data can be read");
        if kind.is_dir() {
            copy_tree(&from, &to);
        } else if kind.is_file() {
            std::fs::copy(&from, &to).expect("the data can be copied");
        }
    }
}

/// Tells a story over each transport, each time in a world of its own, and checks that everybody was answered the same
/// each time, word for word.
///
/// # Panics
/// Where the story does, and where two transports differ.
pub async fn over_all_transports(story: impl AsyncFn(&mut World)) {
    over_all_transports_with(|setup| setup, story).await;
}

/// As [`over_all_transports`], with other settings.
///
/// # Panics
/// As [`over_all_transports`].
pub async fn over_all_transports_with(adjust: impl Fn(Setup) -> Setup, story: impl AsyncFn(&mut World)) {
    let mut told: Vec<(Transport, Vec<String>)> = Vec::new();
    for transport in Transport::ALL {
        let _said = Over(transport);
        let mut world = World::start(adjust(Setup::over(transport))).await;
        world.shared.transcript.record();
        story(&mut world).await;
        let lines = world.shared.transcript.lines();
        if let Some((first, before)) = told.first()
            && let Some(difference) = difference(before, &lines)
        {
            panic!("{first} and {transport} differ in {difference}");
        }
        told.push((transport, lines));
        world.go_down().await;
    }
}

/// Tells over which transport a story failed.
struct Over(Transport);

impl Drop for Over {
    fn drop(&mut self) {
        if std::thread::panicking() {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "… over {}", self.0);
        }
    }
}
