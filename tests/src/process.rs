//! A child process under test: its output as lines, signals, and its end, each wait with a deadline. Knows nothing of
//! what the program does. When a test fails, the last lines of every process it started are printed.

use rustix::process::{Pid, Signal};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many lines a failed test shows of each process.
const SHOWN_LINES: usize = 60;

/// For programs of this crate: ends this process when its standard input ends, which is when the test that started it
/// is gone, however that ended.
pub fn end_with_the_test() {
    std::thread::spawn(|| {
        // An error is an end, too.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(0);
    });
}

/// A running child. Dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    output: Arc<Output>,
    readers: Vec<JoinHandle<()>>,
}

struct Output {
    lines: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

impl Output {
    fn push(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
        self.count.send_replace(lines.len());
    }

    fn from(&self, first: usize) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines[first.min(lines.len())..].to_vec()
    }
}

impl Process {
    /// Starts a program and keeps all lines of its output.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start(name: &str, command: Command) -> Self {
        Self::start_with(name, command, |_| true)
    }

    /// Starts a program. `keep` sees each line of its standard output at once and says whether to keep it.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start_with(
        name: &str,
        mut command: Command,
        keep: impl FnMut(&str) -> bool + Send + 'static,
    ) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{name} does not start: {e}"));
        let output = Arc::new(Output { lines: Mutex::default(), count: watch::Sender::new(0) });
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let readers = vec![
            tokio::spawn(read_lines(stdout, output.clone(), keep)),
            tokio::spawn(read_lines(stderr, output.clone(), |_| true)),
        ];
        Self { name: name.to_owned(), stdin: child.stdin.take(), child, output, readers }
    }

    /// Waits for a line of its output, also one that came already, and gives what `find` makes of it.
    ///
    /// # Panics
    /// Where the process ends or `within` passes without such a line.
    pub async fn find<T>(&self, what: &str, within: Duration, find: impl Fn(&str) -> Option<T>) -> T {
        self.find_after(0, what, within, find).await
    }

    /// As [`Process::find`], but passes over the first `seen` lines of [`Process::lines`].
    ///
    /// # Panics
    /// As [`Process::find`].
    pub async fn find_after<T>(
        &self,
        seen: usize,
        what: &str,
        within: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> T {
        let found = self.try_find(seen, within, find).await;
        found.unwrap_or_else(|| panic!("{} did not say {what} within {within:?}:\n{}", self.name, self.log()))
    }

    /// As [`Process::find_after`], or `None`.
    pub async fn try_find<T>(
        &self,
        mut seen: usize,
        within: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let mut count = self.output.count.subscribe();
        let search = async {
            loop {
                let ended = self.readers.iter().all(JoinHandle::is_finished);
                let lines = self.output.from(seen);
                seen += lines.len();
                if let Some(found) = lines.iter().find_map(|line| find(line)) {
                    return Some(found);
                }
                if ended {
                    return None;
                }
                // The end of the output is no line; so look again now and then.
                let _ = tokio::time::timeout(Duration::from_millis(20), count.changed()).await;
            }
        };
        tokio::time::timeout(within, search).await.ok().flatten()
    }

    /// Writes a line to its standard input.
    ///
    /// # Panics
    /// Where it no longer reads.
    pub async fn write_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        let written = stdin.write_all(format!("{line}\n").as_bytes()).await;
        written.unwrap_or_else(|e| panic!("{} does not read: {e}\n{}", self.name, self.log()));
    }

    /// Its process id.
    ///
    /// # Panics
    /// Where it has ended and was waited for.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it still runs")
    }

    /// Sends a signal; a process that is gone is passed over.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(pid) = pid {
            // It may have ended this moment.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// `kill -9`, and waits until the system has taken everything back from it.
    pub async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.exit(Duration::from_secs(20)).await;
    }

    /// Waits until it ends by itself, and until all its output is read.
    ///
    /// # Panics
    /// Where `within` passes.
    pub async fn exit(&mut self, within: Duration) -> ExitStatus {
        let end = tokio::time::timeout(within, self.child.wait()).await;
        let end =
            end.unwrap_or_else(|_| panic!("{} did not end within {within:?}:\n{}", self.name, self.log()));
        for reader in &mut self.readers {
            // A grandchild may hold the pipe.
            let _ = tokio::time::timeout(Duration::from_secs(2), reader).await;
        }
        self.readers.clear();
        end.unwrap_or_else(|e| panic!("{} cannot be waited for: {e}", self.name))
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// All lines kept so far.
    pub fn lines(&self) -> Vec<String> {
        self.output.from(0)
    }

    /// The last lines, for messages.
    pub fn log(&self) -> String {
        let lines = self.lines();
        let first = lines.len().saturating_sub(SHOWN_LINES);
        let mut out = format!("--- {} said {} lines; the last:\n", self.name, lines.len());
        for line in &lines[first..] {
            let _ = writeln!(out, "    {line}");
        }
        out
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = std::io::stderr().write_all(self.log().as_bytes());
        }
    }
}

async fn read_lines(source: impl AsyncRead + Unpin, output: Arc<Output>, mut keep: impl FnMut(&str) -> bool) {
    let mut reader = BufReader::with_capacity(1 << 16, source);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if keep(text) {
            output.push(text.to_owned());
        }
        line.clear();
    }
}
