//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::time::Duration;
use teahouse_client::Transport;

/// Simulated people against a Teahouse server.
///
/// Without --server it starts a server of its own on a fresh store, with rate limits off, and measures that process's
/// CPU and memory.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub hidden: Option<Command>,

    /// What to do.
    #[arg(value_enum)]
    profile: Option<Profile>,

    /// People in the store. Default: as many as connections.
    #[arg(long)]
    users: Option<usize>,

    /// Sockets. Default: the people, at most 15 000.
    #[arg(long)]
    connections: Option<usize>,

    /// Operations per second offered, over all connections, whether or not the server keeps up. 0: each connection
    /// keeps `--in-flight` operations under way; in `nearby` and `shake` a rate of their own.
    #[arg(long, default_value_t = 0.0)]
    pub rate: f64,

    /// Operations that each connection keeps under way where no rate is given.
    #[arg(long, default_value_t = 8)]
    pub in_flight: usize,

    /// How long to measure, after a warm-up of a fifth of it.
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    /// Engine of the server that is started.
    #[arg(long, value_parser = ["sled", "fjall"], default_value = "sled")]
    pub engine: String,

    /// How to connect: ws, ws-json or grpc.
    #[arg(long, default_value = "ws")]
    pub transport: Transport,

    /// Bytes of text in each message.
    #[arg(long, default_value_t = 64)]
    pub text_bytes: usize,

    /// People who speak in `hot-group`.
    #[arg(long, default_value_t = 50)]
    senders: usize,

    /// Messages in each conversation before `sync` starts to measure.
    #[arg(long, default_value_t = 100)]
    pub backlog: u64,

    /// A server that runs already, filled by `teahouse-server seed` with the same seed.
    #[arg(long)]
    pub server: Option<String>,

    /// Seed of the people's tokens.
    #[arg(long, default_value = "loadtest")]
    pub seed: String,

    /// Where the fresh store is made. Default: a temporary folder, which may not be on a disk at all.
    #[arg(long)]
    pub data: Option<std::path::PathBuf>,

    /// End with one JSON object on standard output.
    #[arg(long)]
    pub json: bool,
}

impl Options {
    pub(crate) fn profile(&self) -> Profile {
        self.profile.unwrap_or(Profile::Floor)
    }

    /// Sockets; an even number, for pairs.
    pub(crate) fn connections(&self) -> usize {
        let wanted = self
            .connections
            .unwrap_or(self.users.unwrap_or(self.profile().connections()).min(MAX_CONNECTIONS));
        wanted.max(2).next_multiple_of(2)
    }

    /// How many of the members of the one group speak.
    pub(crate) fn senders(&self, profile: Profile) -> usize {
        if profile == Profile::HotGroup { self.senders.clamp(1, self.connections()) } else { 1 }
    }

    pub(crate) fn users(&self) -> usize {
        self.users.unwrap_or(0).max(self.connections())
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }

    pub(crate) fn warm_up(&self) -> Duration {
        self.duration() / 5
    }
}

const DEFAULT_CONNECTIONS: usize = 128;
const MAX_CONNECTIONS: usize = 15_000;

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// What this machine charges for a loopback echo and for forcing a block to the disk.
    Floor,
    /// Sockets that are signed in and follow, with nothing to hear.
    Idle,
    /// One-to-one messages, stored and delivered: half of the connections send, half receive.
    Chat,
    /// A device that was away pulls what it lacks: pages of 100 entries, until it has the backlog.
    Sync,
    /// One person speaks in a group, and everybody hears it. `--connections` is its size.
    Group,
    /// Many speak at once in one group.
    HotGroup,
    /// People look around: `--users` are visible, those who are connected look, `--rate` times a second together.
    Nearby,
    /// Everybody who is connected shakes, in waves as at a gala on television, and `--rate` a second between them.
    Shake,
}

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Idle => "idle",
            Self::Chat => "chat",
            Self::Sync => "sync",
            Self::Group => "group",
            Self::HotGroup => "hot-group",
            Self::Nearby => "nearby",
            Self::Shake => "shake",
        }
    }

    /// Sockets where nothing is said of them.
    fn connections(self) -> usize {
        match self {
            Self::Group => 500,
            Self::HotGroup => 50,
            Self::Nearby => 1_000,
            Self::Shake => 500,
            _ => DEFAULT_CONNECTIONS,
        }
    }
}

/// What this program starts itself as.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The server.
    #[command(hide = true)]
    Serve {
        /// Its own command line.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// The echo of `floor`.
    #[command(hide = true)]
    Echo,
}
