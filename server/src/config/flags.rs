//! The command line of `teahouse-server`.

use super::Sources;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A location-based social messaging server.
///
/// Started without anything it serves this machine alone, at http://127.0.0.1:7600, with its data in
/// ./teahouse-data. Settings come from defaults, the file, the environment (TEAHOUSE_LISTEN,
/// TEAHOUSE_LIMITS__READS_PER_S …) and flags; what comes later wins. `--print-config` lists all of them.
#[derive(Debug, Parser)]
#[command(name = "teahouse-server", version, max_term_width = 100)]
pub struct CommandLine {
    /// Where settings come from.
    #[command(flatten)]
    pub settings: Flags,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that are settings.
#[derive(Debug, Default, Args)]
pub struct Flags {
    /// Settings in TOML
    #[arg(long, env = "TEAHOUSE_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Directory of everything that lasts
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<String>,
    /// How the outside calls this server
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Keep everything in memory and forget it at the end
    #[arg(long)]
    pub ephemeral: bool,
    /// Allow an address that others can reach without TLS
    #[arg(long)]
    pub insecure_plaintext: bool,
    /// Any setting, as limits.reads_per_s=100
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, global = true)]
    pub set: Vec<(String, String)>,
    /// Print all settings with comments as TOML, and end
    #[arg(long)]
    pub print_config: bool,
}

/// What the program does besides serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell the running server something, over admin.sock in its data directory
    Admin {
        /// The command and what it needs; `help` lists all
        #[arg(required = true, trailing_var_arg = true)]
        words: Vec<String>,
    },
    /// Fill an empty store with simulated people for load tests
    Seed {
        /// How many; at least those who are visible
        #[arg(long, default_value_t = 0)]
        users: usize,
        /// How many use the location plug-ins and can be found: at home, at work and out in the evening in one city, and
        /// at home all over the world
        #[arg(long, default_value_t = 0)]
        visible: usize,
        /// Who is whose friend
        #[arg(long, value_enum, default_value = "none")]
        friends: Friends,
        /// Whoever knows it knows the people's tokens
        #[arg(long)]
        seed: String,
    },
}

/// Who is whose friend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Friends {
    /// Nobody.
    None,
    /// Each even person and the odd one beside them.
    Pairs,
    /// Nobody, but all are in one group.
    Group,
}

impl Friends {
    /// As the command line says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pairs => "pairs",
            Self::Group => "group",
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

impl Flags {
    /// All sources of settings, with the environment of this process.
    pub fn sources(&self) -> Sources {
        let mut flags = Vec::new();
        let mut set = |key: &str, value: Option<&str>| {
            flags.extend(value.map(|v| (key.to_owned(), v.to_owned())));
        };
        set("listen", self.listen.as_deref());
        set("data", self.data.as_deref());
        set("public_url", self.public_url.as_deref());
        set("store.engine", self.ephemeral.then_some("memory"));
        set("insecure_plaintext", self.insecure_plaintext.then_some("true"));
        flags.extend(self.set.iter().cloned());
        let environment =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Sources { file: self.config.clone(), environment: environment.collect(), flags }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_settings() {
        let words = "teahouse-server --listen 127.0.0.1:0 --ephemeral --set limits.enabled=false --data d";
        let line = CommandLine::try_parse_from(words.split(' ')).unwrap();
        let mut sources = line.settings.sources();
        sources.environment.clear();
        let (config, _) = super::super::Config::load(&sources).unwrap();
        assert_eq!((config.listen.port(), config.store.engine.name()), (0, "memory"));
        assert!(!config.limits.enabled && config.data.as_os_str() == "d");
        assert!(CommandLine::try_parse_from(["teahouse-server", "--set", "listen"]).is_err());
    }

    #[test]
    fn admin_takes_its_words_as_they_are() {
        let words = ["teahouse-server", "--data", "d", "admin", "recovery-code", "--anna"];
        let line = CommandLine::try_parse_from(words).unwrap();
        let Some(Command::Admin { words }) = line.command else { panic!("{line:?}") };
        assert_eq!(words, ["recovery-code", "--anna"]);
        assert_eq!(line.settings.data.as_deref(), Some("d"));
    }
}
