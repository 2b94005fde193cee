//! The settings of the server, gathered from the parts that declare them. Defaults, then the TOML file, then the
//! environment, then flags; what comes later wins. All mistakes are told together.

pub mod flags;
mod layers;

use crate::call::limits::LimitsConfig;
use crate::features::accounts::AccountsConfig;
use crate::features::chat::ChatConfig;
use crate::features::contacts::ContactsConfig;
use crate::features::greetings::GreetingsConfig;
use crate::features::groups::GroupsConfig;
use crate::features::look_around::LookAroundConfig;
use crate::features::media::MediaConfig;
use crate::features::place::PlaceConfig;
use crate::features::presence::PresenceConfig;
use crate::features::qr::{Address, QrConfig};
use crate::features::safety::SafetyConfig;
use crate::features::shake::ShakeConfig;
use crate::store::StoreConfig;
use crate::telemetry::LogConfig;
use crate::transport::tls::TlsConfig;
use crate::transport::{MetricsConfig, NetworkConfig, Peers};
use layers::Layers;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The port of a server that was told nothing else.
pub const DEFAULT_PORT: u16 = 7600;
/// The shortest token that guards anything.
const TOKEN_MIN: usize = 16;
/// What environment variables of the server begin with.
const ENVIRONMENT: &str = "TEAHOUSE_";
/// Variables with that beginning that mean something to the flags, the command-line client or the tests.
const NOT_SETTINGS: [&str; 7] = ["config", "home", "server", "profile", "ca_file", "require", "python"];

crate::settings! {
    /// All settings.
    pub struct Config {
        /// Address and port to listen on. Port 0 takes any free one and tells which.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)),
        /// Directory of everything that lasts. Made on first use.
        data: PathBuf = PathBuf::from("./teahouse-data"),
        /// How the outside calls this server, as "https://tea.example": for QR codes, and let in as a web origin. Without
        /// it, made of `listen`.
        public_url: Option<String> = None,
        /// Allows an address that others can reach without TLS: everything, passwords too, is then readable on the way,
        /// unless a proxy in front does TLS.
        insecure_plaintext: bool = false,
        /// Proxies whose X-Forwarded-For is believed: addresses, or networks as "10.0.0.0/8".
        trusted_proxies: Vec<String> = Vec::new(),
        /// Origins of web pages that may connect, as "https://chat.example", besides the server's own.
        allowed_origins: Vec<String> = Vec::new(),
        /// Encryption.
        tls: TlsConfig,
        /// Connections.
        network: NetworkConfig,
        /// Where data is kept.
        store: StoreConfig,
        /// Rates of calls.
        limits: LimitsConfig,
        /// Registration, sign-in and devices.
        accounts: AccountsConfig,
        /// Pictures, voice, video and files.
        media: MediaConfig,
        /// Friends and requests.
        contacts: ContactsConfig,
        /// Conversations.
        chat: ChatConfig,
        /// Groups: who comes in, and how many.
        groups: GroupsConfig,
        /// QR codes.
        qr: QrConfig,
        /// Strangers and their greetings.
        greetings: GreetingsConfig,
        /// Reports.
        safety: SafetyConfig,
        /// Who is online.
        presence: PresenceConfig,
        /// Positions, for all plug-ins.
        place: PlaceConfig,
        /// Who is nearby.
        look_around: LookAroundConfig,
        /// Shaking.
        shake: ShakeConfig,
        /// What the server says of itself.
        log: LogConfig,
        /// The page /metrics.
        metrics: MetricsConfig,
    }
}

/// Everything that is wrong with the settings.
#[derive(Debug)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not usable:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for ConfigError {}

/// Where settings come from.
#[derive(Default)]
pub struct Sources {
    /// The TOML file.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Flags: keys as `limits.enabled`, and values.
    pub flags: Vec<(String, String)>,
}

impl Config {
    /// Reads and checks the settings. Gives besides what is strange but harmless.
    pub fn load(sources: &Sources) -> Result<(Self, Vec<String>), ConfigError> {
        let mut layers = Layers::<Self>::default();
        if let Some(path) = &sources.file {
            read_file(&mut layers, path);
        }
        let mut warnings = Vec::new();
        for (name, value) in &sources.environment {
            let Some(key) = name.strip_prefix(ENVIRONMENT) else { continue };
            let key = key.to_lowercase().replace("__", ".");
            if Layers::<Self>::knows(&key) {
                layers.add_text(name, &key, value);
            } else if !NOT_SETTINGS.contains(&key.as_str()) {
                // Not refused: cluster managers set variables of their own after the name of a service.
                warnings.push(format!("the environment variable {name} is no setting and does nothing"));
            }
        }
        for (key, value) in &sources.flags {
            layers.add_text("command line", key, value);
        }
        let (config, mut problems) = layers.finish();
        config.check(&mut problems);
        warnings.extend(config.warning());
        if problems.is_empty() { Ok((config, warnings)) } else { Err(ConfigError(problems)) }
    }

    /// Whether only this machine can reach the server: nobody else connects to it, and no proxy passes on who does.
    pub fn on_loopback(&self) -> bool {
        self.listens_on_loopback() && self.trusted_proxies.is_empty()
    }

    fn listens_on_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// What is strange but harmless.
    fn warning(&self) -> Option<String> {
        let public = self.public_url.as_deref().filter(|_| self.on_loopback())?;
        let is_elsewhere = match url::Url::parse(public).ok()?.host()? {
            url::Host::Domain(name) => name != "localhost" && !name.ends_with(".localhost"),
            url::Host::Ipv4(ip) => !ip.is_loopback(),
            url::Host::Ipv6(ip) => !ip.to_canonical().is_loopback(),
        };
        is_elsewhere.then(|| {
            format!(
                "public_url is {public}, but the server listens on {} and trusts no proxy: everybody seems to come from \
                 this machine, so limits per address are off. Name the proxy in trusted_proxies",
                self.listen
            )
        })
    }

    /// How the outside calls this server that listens on `address`, without a slash at the end.
    pub fn public_url(&self, address: SocketAddr) -> String {
        let own = || self.own_url(address);
        self.public_url.as_deref().map_or_else(own, |url| url.trim_end_matches('/').to_owned())
    }

    /// Where QR codes of this server that listens on `address` lead.
    ///
    /// # Errors
    /// A sentence for the operator, where `public_url` cannot stand in a code.
    pub fn code_address(&self, address: SocketAddr) -> Result<Address, String> {
        Address::new(&self.public_url(address), &self.own_url(address))
    }

    fn own_url(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.cert.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// Who is believed and let in.
    pub fn peers(&self, problems: &mut Vec<String>) -> Peers {
        Peers::new(&self.trusted_proxies, &self.allowed_origins, self.public_url.as_deref(), problems)
    }

    fn check(&self, problems: &mut Vec<String>) {
        let _ = self.peers(problems);
        problems.extend(self.accounts.problems());
        problems.extend(self.media.problems());
        problems.extend(self.presence.problems());
        problems.extend(self.contacts.problems());
        problems.extend(self.safety.problems());
        problems.extend(self.groups.problems());
        problems.extend(self.qr.problems());
        problems.extend(self.place.problems());
        problems.extend(self.greetings.problems());
        problems.extend(self.look_around.problems());
        problems.extend(self.shake.problems());
        problems.extend(self.code_address(self.listen).err());
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            problems.push("tls.cert and tls.key belong together: set both or none".to_owned());
        }
        if self.metrics.token.as_ref().is_some_and(|token| token.len() < TOKEN_MIN) {
            problems.push(format!("metrics.token: at least {TOKEN_MIN} characters"));
        }
        if !self.on_loopback() && !self.limits.enabled {
            problems.push(format!(
                "limits.enabled: limits can be switched off only while listening on loopback without a trusted proxy, \
                 not on {}",
                self.listen
            ));
        }
        if !self.listens_on_loopback() && self.tls.cert.is_none() && !self.insecure_plaintext {
            problems.push(format!(
                "listen: others can reach {}, so it needs encryption. Set tls.cert and tls.key; or listen on \
                 127.0.0.1:{} behind a proxy that does TLS; or say --insecure-plaintext to do without",
                self.listen,
                self.listen.port()
            ));
        }
    }
}

fn read_file(layers: &mut Layers<Config>, path: &Path) {
    match std::fs::read_to_string(path) {
        Ok(text) => layers.add_file(&path.display().to_string(), &text),
        Err(e) => layers.problem(format!("{}: {e}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let own = |list: &[(&str, &str)]| list.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.toml");
        std::fs::write(&path, file).unwrap();
        let sources = Sources { file: Some(path), environment: own(environment), flags: own(flags) };
        Config::load(&sources).map(|(config, _)| config).map_err(|e| e.0)
    }

    #[test]
    fn what_comes_later_wins() {
        let file = "data = \"a\"\n[limits]\nreads_per_s = 1\nwrites_per_s = 1\nsends_per_s = 1";
        let environment = [("TEAHOUSE_LIMITS__WRITES_PER_S", "2"), ("TEAHOUSE_LIMITS__SENDS_PER_S", "2")];
        let config = load(file, &environment, &[("limits.sends_per_s", "3")]).unwrap();
        let limits = &config.limits;
        assert_eq!(
            (limits.reads_per_s, limits.writes_per_s, limits.sends_per_s, limits.open_per_s),
            (1, 2, 3, 5)
        );
        assert_eq!(config.data, Path::new("a"));
    }

    #[test]
    fn behind_a_proxy_others_can_reach_the_server() {
        let on = |flags: &[(&str, &str)]| load("", &[], flags).unwrap();
        assert!(on(&[("listen", "127.0.0.1:0")]).on_loopback());
        let proxied = on(&[("listen", "127.0.0.1:0"), ("trusted_proxies", "127.0.0.1/32")]);
        assert!(!proxied.on_loopback(), "and it needs no TLS of its own");
        for (url, proxies, warned) in [
            ("https://tea.example", "", true),
            ("https://tea.example", "127.0.0.1/32", false),
            ("http://10.0.0.1:7600", "", true),
            ("http://localhost:7600", "", false),
            ("http://127.0.0.1:7600", "", false),
            ("http://[::1]:7600", "", false),
        ] {
            let mut flags = vec![("listen", "127.0.0.1:7600"), ("public_url", url)];
            flags.extend((!proxies.is_empty()).then_some(("trusted_proxies", proxies)));
            assert_eq!(on(&flags).warning().is_some(), warned, "{url} {proxies}");
        }
    }

    #[test]
    fn values_from_text_need_no_quotes() {
        let flags = [
            ("listen", "127.0.0.1:0"),
            ("data", "5"),
            ("store.engine", "fjall"),
            ("insecure_plaintext", "true"),
            ("allowed_origins", "https://a.example,https://b.example"),
            ("trusted_proxies", r#"["10.0.0.0/8"]"#),
        ];
        let config = load("", &[], &flags).unwrap();
        assert_eq!(config.listen.port(), 0);
        assert_eq!(config.data, Path::new("5"));
        assert_eq!((config.store.engine.name(), config.insecure_plaintext), ("fjall", true));
        assert_eq!(config.allowed_origins, ["https://a.example", "https://b.example"]);
        assert_eq!(config.trusted_proxies, ["10.0.0.0/8"]);
    }

    #[test]
    fn all_mistakes_are_told_together() {
        let file =
            "liste = 1\ndata = 7\n[limits]\nenabled = \"yes\"\nread_per_s = 2\n[metrics]\ntoken = \"short\"";
        let flags = [("listen", "here"), ("nothing", "1"), ("limits", "1"), ("allowed_origins", "a")];
        let problems = load(file, &[("TEAHOUSE_STORE__CACHE_MIB", "much")], &flags).unwrap_err();
        let told = |what: &str| problems.iter().any(|p| p.contains(what));
        for what in [
            "liste: there is no such setting; did you mean listen?",
            "data: ",
            "limits.enabled: ",
            "limits.read_per_s: there is no such setting; did you mean limits.reads_per_s?",
            "metrics.token: ",
            "TEAHOUSE_STORE__CACHE_MIB: store.cache_mib: ",
            "command line: listen: ",
            "command line: nothing: ",
            "command line: limits: ",
            "allowed_origins",
        ] {
            assert!(told(what), "{what} is not in {problems:#?}");
        }
        assert_eq!(problems.len(), 10, "{problems:#?}");
    }

    #[test]
    fn a_broken_file_and_a_missing_one_are_told() {
        let problems = load("[limits\n", &[], &[]).unwrap_err();
        assert!(problems[0].contains("line 1"), "{problems:?}");
        let sources = Sources { file: Some("/nowhere/t.toml".into()), ..Sources::default() };
        assert!(Config::load(&sources).unwrap_err().0[0].contains("/nowhere/t.toml"));
    }

    #[test]
    fn strange_variables_are_harmless() {
        let environment = [("TEAHOUSE_SERVICE_HOST", "10.0.0.1"), ("TEAHOUSE_CONFIG", "x"), ("HOME", "/")];
        let environment = environment.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
        let (_, warnings) = Config::load(&Sources { environment, ..Sources::default() }).unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
    }

    #[test]
    fn other_machines_need_encryption_and_limits() {
        let open = ("listen", "0.0.0.0:7600");
        let problems = load("", &[], &[open]).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains("--insecure-plaintext"), "{problems:?}");
        assert!(load("", &[], &[open, ("insecure_plaintext", "true")]).is_ok());
        let no_limits = ("limits.enabled", "false");
        let problems = load("", &[], &[open, ("insecure_plaintext", "true"), no_limits]).unwrap_err();
        assert!(problems.len() == 1 && problems[0].contains("loopback"), "{problems:?}");
        assert!(load("", &[], &[no_limits, ("listen", "[::1]:0")]).is_ok());
        assert!(load("", &[], &[("tls.cert", "a")]).is_err(), "without a key");
    }

    #[test]
    fn the_printed_settings_can_be_read_and_are_the_defaults() {
        let printed = crate::settings::print(&Config::default());
        let config = load(&printed, &[], &[]).unwrap();
        assert_eq!(crate::settings::print(&config), printed);
        assert!(printed.contains("# Calls without a session at once after a pause."), "{printed}");
    }
}
