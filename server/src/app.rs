//! The composition root, the only file that knows everyone: settings in, a running server out.

use crate::admin::{self, Commands};
use crate::bus;
use crate::call::Methods;
use crate::config::{Config, ConfigError};
use crate::credential;
use crate::delivery::Delivery;
use crate::features::accounts::operators;
use crate::features::media::{Media, MediaHome};
use crate::features::{self, Foundation};
use crate::id::IdGenerator;
use crate::random::Random;
use crate::seal::Seal;
use crate::store::{EngineKind, Store};
use crate::telemetry;
use crate::time::Clock;
use crate::transport::tls::Tls;
use crate::transport::{Gate, MetricsConfig, Port, Server};
use futures::FutureExt;
use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often limits and metrics forget what is over.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// The number of this node in ids. There is one so far.
const NODE: u16 = 0;

/// What tests put in the place of the machine's.
#[derive(Clone)]
pub struct Overrides {
    /// The clock.
    pub clock: Clock,
    /// The source of randomness.
    pub random: Random,
}

impl Default for Overrides {
    fn default() -> Self {
        Self { clock: Clock::system(), random: Random::from_os() }
    }
}

/// Why a server did not start: a sentence for the operator.
#[derive(Debug)]
pub struct StartError(String);

impl Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for StartError {}

fn failed(what: impl Display) -> impl FnOnce(String) -> StartError {
    move |why| StartError(format!("{what}: {why}"))
}

/// A server in this process.
pub struct Running {
    address: SocketAddr,
    url: String,
    gate: Arc<Gate>,
    foundation: Foundation,
    media: Arc<Media>,
    tls: Option<Arc<Tls>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// The server, put together.
pub struct App;

impl App {
    /// Starts a server.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what to do.
    pub async fn start(config: Config, overrides: Overrides) -> Result<Running, StartError> {
        let metrics = telemetry::metrics();
        let tls = Tls::load(&config.tls).map_err(StartError)?;
        let mut problems = Vec::new();
        let peers = config.peers(&mut problems);
        if !problems.is_empty() {
            return Err(StartError(ConfigError(problems).to_string()));
        }
        let Overrides { clock, random } = overrides;
        let (store, published) = Store::open(&config.store, &config.data, &clock, &random)
            .map_err(|e| StartError(e.to_string()))?;
        let (bus, passing) = bus::Bus::new();
        let foundation = Foundation {
            delivery: Arc::new(Delivery::new(store.stamp())),
            bus,
            seal: Seal::new(&store.secret(), random.clone()),
            ids: IdGenerator::new(clock.clone(), NODE),
            store,
            clock: clock.clone(),
            random: random.clone(),
            on_loopback: config.on_loopback(),
        };
        let port = Port::open(config.listen)
            .map_err(|e| failed(format_args!("cannot listen on {}", config.listen))(e.to_string()))?;
        let address = port.address();
        let codes = config.code_address(address).map_err(StartError)?;
        let mut methods = Methods::new(clock, &config.limits);
        let home = media_home(&config);
        let installed = features::install(&mut methods, &foundation, &room_settings(&config), home, codes)
            .map_err(|e| StartError(e.to_string()))?;
        foundation.store.observe(installed.observers);

        let render = foundation.clone();
        let render = Box::new(move || {
            gauges(&render);
            metrics.render()
        });
        let metrics = metrics_config(&config, &random)?;
        let gate = Gate::new(methods, peers, random, (metrics, render));
        let server = Server::new(gate.clone(), port, &config.network, tls.clone(), installed.routes).await;

        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let url = config.public_url(address);
        let mut commands = Commands::default();
        enter_status(&mut commands, &foundation, &url);
        operators::enter(&mut commands, &installed.accounts);
        features::safety::enter(&mut commands, &installed.safety);
        if config.store.engine != EngineKind::Memory {
            let listener = admin::bind(&config.data)
                .map_err(|e| failed(admin::path(&config.data).display())(e.to_string()))?;
            tasks.spawn(admin::serve(listener, Arc::new(commands), stop.clone()));
        }
        tasks.spawn(bus::run(published, passing, vec![foundation.delivery.clone()]));
        for work in installed.background.into_iter().chain([tidy(gate.clone()).boxed()]) {
            tasks.spawn(stop.clone().run_until_cancelled_owned(work));
        }
        tasks.spawn(server.run());
        Ok(Running { address, url, gate, foundation, media: installed.media, tls, tasks, stop })
    }
}

/// What each room is set to.
fn room_settings(config: &Config) -> features::Settings<'_> {
    features::Settings {
        accounts: &config.accounts,
        media: &config.media,
        contacts: &config.contacts,
        chat: &config.chat,
        groups: &config.groups,
        presence: &config.presence,
        qr: &config.qr,
        place: &config.place,
        greetings: &config.greetings,
        look_around: &config.look_around,
        shake: &config.shake,
        safety: &config.safety,
    }
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How clients call it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the rooms stand on, for tests that look beneath.
    pub fn foundation(&self) -> &Foundation {
        &self.foundation
    }

    /// Reads the certificate again.
    ///
    /// # Errors
    /// What is wrong with the files; the old certificate stays in use.
    pub fn reload_certificate(&self) -> Result<(), String> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.reload())
    }

    /// Stops in order: clients are told to come back, calls under way finish, the store is closed. Takes 30 s at
    /// most.
    pub async fn shutdown(self) {
        self.gate.stop().await;
        self.stop.cancel();
        self.foundation.store.close().await;
        self.tasks.close();
        self.tasks.wait().await;
        self.media.close().await;
    }
}

/// Who may read the metrics: whoever has the token of the settings, else the operator's credential.
fn metrics_config(config: &Config, random: &Random) -> Result<MetricsConfig, StartError> {
    let mut metrics = config.metrics.clone();
    if config.store.engine != EngineKind::Memory {
        let credential = credential::load(&config.data, random).map_err(StartError)?;
        metrics.token.get_or_insert_with(|| credential.to_string());
    }
    Ok(metrics)
}

/// Where the bytes of media are kept: beside the store, and for the time being only where the store is in memory.
fn media_home(config: &Config) -> MediaHome {
    if config.store.engine == EngineKind::Memory {
        return MediaHome::for_the_time_being();
    }
    // Above where the store goes on writing: files never bring it to where it stops.
    let min_free_bytes = config.store.resume_free_mib.max(config.store.min_free_mib) << 20;
    MediaHome { dir: config.data.join("media"), min_free_bytes, ephemeral: false }
}

/// Sets the metrics that are looked up when somebody asks.
fn gauges(foundation: &Foundation) {
    metrics::gauge!("teahouse_devices_following").set(foundation.delivery.connected() as f64);
    metrics::gauge!("teahouse_store_stamp").set(foundation.store.stamp() as f64);
    if let Some(bytes) = telemetry::resident_bytes() {
        metrics::gauge!("teahouse_resident_bytes").set(bytes as f64);
    }
}

async fn tidy(gate: Arc<Gate>) {
    loop {
        tokio::time::sleep(TIDY_EVERY).await;
        gate.methods().tidy();
        telemetry::metrics().run_upkeep();
    }
}

fn enter_status(commands: &mut Commands, foundation: &Foundation, url: &str) {
    let (foundation, url) = (foundation.clone(), url.to_owned());
    commands.enter("status", "how the server is", move |_| {
        let memory = telemetry::resident_bytes().map_or(0, |b| b / (1024 * 1024));
        let text = format!(
            "teahouse-server {} at {url}\nfollowing devices {}\nstore stamp {} epoch {:016x}\nmemory {memory} MiB",
            env!("CARGO_PKG_VERSION"),
            foundation.delivery.connected(),
            foundation.store.stamp(),
            foundation.store.epoch(),
        );
        async move { Ok(text) }
    });
}
