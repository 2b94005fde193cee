//! The server under load: a process of this same program, and what the kernel says of its CPU and memory.

use crate::Failure;
use crate::options::Options;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use teahouse_server::seed::Friends;

/// What a store holds before a run, and what the server is told that is not the default.
pub(crate) struct Scene {
    /// Who is whose friend.
    pub friends: Friends,
    /// How many people use the plug-ins and can be found.
    pub visible: usize,
    /// As KEY=VALUE.
    pub settings: Vec<String>,
}

impl From<Friends> for Scene {
    fn from(friends: Friends) -> Self {
        Self { friends, visible: 0, settings: Vec::new() }
    }
}

/// A running server.
pub(crate) struct Server {
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// Settings that are not the defaults; of a server that runs already, those that it must have.
    pub settings: Vec<String>,
    child: Option<Child>,
    _data: Option<tempfile::TempDir>,
}

impl Server {
    /// Fills a fresh store and starts a server on it, or takes the one that was named.
    pub(crate) fn start(options: &Options, scene: impl Into<Scene>) -> Result<Self, Failure> {
        let Scene { friends, visible, settings } = scene.into();
        if let Some(url) = &options.server {
            return Ok(Self { url: url.clone(), settings, child: None, _data: None });
        }
        raise_open_files();
        let data = match &options.data {
            Some(parent) => tempfile::tempdir_in(parent)?,
            None => tempfile::tempdir()?,
        };
        let always = [
            "limits.enabled=false".to_owned(),
            format!("store.engine={}", options.engine),
            "log.level=warn".to_owned(),
        ];
        let settings: Vec<String> = always.into_iter().chain(settings).collect();
        fill(options, friends, visible, data.path(), &settings)?;
        let mut command = server_command(data.path(), &settings);
        let mut child = command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output of the server")?).read_line(&mut line)?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.ok_or_else(|| format!("the server did not say where it listens: {line:?}"))?.to_owned();
        Ok(Self { url, settings, child: Some(child), _data: Some(data) })
    }

    /// CPU used so far, µs; `None` for a server that was started elsewhere.
    pub(crate) fn cpu_us(&self) -> Option<u64> {
        cpu_us(self.child.as_ref()?.id())
    }

    /// Memory in use, bytes.
    pub(crate) fn rss_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.as_ref()?.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn fill(
    options: &Options,
    friends: Friends,
    visible: usize,
    data: &Path,
    settings: &[String],
) -> Result<(), Failure> {
    let (users, visible) = (options.users().to_string(), visible.to_string());
    let mut command = server_command(data, settings);
    command.args(["seed", "--users", &users, "--visible", &visible, "--friends", friends.name()]);
    command.args(["--seed", &options.seed]);
    let status = command.stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("filling the store failed: {status}").into()) }
}

fn server_command(data: &Path, settings: &[String]) -> Command {
    let mut command = own_program();
    command.arg("serve").arg("--data").arg(data);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command
}

/// This program.
pub(crate) fn own_program() -> Command {
    Command::new(std::env::current_exe().expect("the program knows where it is"))
}

/// CPU time of a process so far, user and system, µs.
pub(crate) fn cpu_us(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th fields behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some(ticks * 1_000_000 / rustix::param::clock_ticks_per_second())
}

/// As many open files as the machine allows, for this process and the server it starts.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Where it is not allowed, connecting will say so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
