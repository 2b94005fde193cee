//! The operator's way in: commands over a Unix socket in the data directory, open to the user that the server runs as
//! and to nobody else. One JSON line asks, one answers. It knows no command but `help`; parts enter theirs.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::future::Future;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

/// The socket's name in the data directory.
const SOCKET: &str = "admin.sock";
/// The longest question in bytes.
const QUESTION_MAX: u64 = 64 * 1024;
/// Operators who ask at the same time.
const BACKLOG: i32 = 16;

type Handler = Box<dyn Fn(Vec<String>) -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// What an operator can say.
#[derive(Default)]
pub struct Commands(BTreeMap<&'static str, (&'static str, Handler)>);

impl Commands {
    /// Enters a command. `usage` is the line of `help` behind the name: its words, then what it does. The handler
    /// gets the words behind the name; what it gives is shown to the operator.
    ///
    /// # Panics
    /// Where the name is taken: a mistake of the composition.
    pub fn enter<F, Fut>(&mut self, name: &'static str, usage: &'static str, handler: F)
    where
        F: Fn(Vec<String>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, String>> + Send + 'static,
    {
        let before = self.0.insert(name, (usage, Box::new(move |words| handler(words).boxed())));
        assert!(before.is_none(), "the command {name} is entered twice");
    }

    /// What an operator who says these words is answered.
    pub(crate) async fn run(&self, mut words: Vec<String>) -> Result<String, String> {
        if words.is_empty() {
            return Err("say a command; help lists all".to_owned());
        }
        let name = words.remove(0);
        match self.0.get(name.as_str()) {
            Some((_, handler)) => handler(words).await,
            None if name == "help" => Ok(self.help()),
            None => Err(format!("there is no command {name:?}; help lists all")),
        }
    }

    fn help(&self) -> String {
        let mut out = String::new();
        for (name, (usage, _)) in &self.0 {
            let _ = writeln!(out, "{name} {usage}");
        }
        out
    }
}

#[derive(Serialize, Deserialize)]
struct Question {
    words: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Done(String),
    Failed(String),
}

/// The socket of a data directory.
pub fn path(data: &Path) -> PathBuf {
    data.join(SOCKET)
}

/// Opens the socket of a data directory that this process holds; one that was left over is replaced.
pub fn bind(data: &Path) -> io::Result<UnixListener> {
    let path = path(data);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    socket.bind(&socket2::SockAddr::unix(&path)?)?;
    // Before it listens, so that nobody comes in earlier.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    UnixListener::from_std(std::os::unix::net::UnixListener::from(std::os::fd::OwnedFd::from(socket)))
}

/// Answers operators until `stop`.
pub async fn serve(listener: UnixListener, commands: Arc<Commands>, stop: CancellationToken) {
    let mut asked = tokio::task::JoinSet::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        while asked.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let commands = commands.clone();
                asked.spawn(async move {
                    if let Err(error) = answer(stream, &commands).await {
                        tracing::debug!(%error, "an operator's question broke off");
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "cannot accept operators"),
        }
    }
}

async fn answer(mut stream: UnixStream, commands: &Commands) -> io::Result<()> {
    let (read, mut write) = stream.split();
    let mut lines = BufReader::new(read.take(QUESTION_MAX)).lines();
    let Some(line) = lines.next_line().await? else { return Ok(()) };
    let result = match serde_json::from_str::<Question>(&line) {
        Ok(question) => commands.run(question.words).await,
        Err(e) => Err(format!("not a question: {e}")),
    };
    let answer = result.map_or_else(Answer::Failed, Answer::Done);
    let mut line = serde_json::to_string(&answer).map_err(io::Error::other)?;
    line.push('\n');
    write.write_all(line.as_bytes()).await
}

/// Asks the server that runs on a data directory.
///
/// # Errors
/// What the operator reads: no server there, or why the command failed.
pub async fn ask(data: &Path, words: Vec<String>) -> Result<String, String> {
    let path = path(data);
    let broken = |e: io::Error| format!("{}: {e}", path.display());
    let mut stream = UnixStream::connect(&path).await.map_err(|e| {
        format!("{}: {e}\nno server seems to run on this data directory; name it with --data", path.display())
    })?;
    let mut line = serde_json::to_string(&Question { words }).map_err(|e| e.to_string())?;
    line.push('\n');
    stream.write_all(line.as_bytes()).await.map_err(broken)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(broken)?;
    match serde_json::from_str(&answer).map_err(|e| format!("the server broke off: {e}"))? {
        Answer::Done(text) => Ok(text),
        Answer::Failed(text) => Err(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn answers_commands_and_tells_mistakes() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(path(dir.path()), "left over").unwrap();
        let mut commands = Commands::default();
        commands.enter("greet", "NAME: says hello", |words| async move {
            words.first().map(|w| format!("hello {w}")).ok_or_else(|| "whom?".to_owned())
        });
        let listener = bind(dir.path()).unwrap();
        let mode = std::fs::metadata(path(dir.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, Arc::new(commands), stop.clone()));
        let ask = |line| ask(dir.path(), words(line));
        assert_eq!(ask("greet anna").await, Ok("hello anna".to_owned()));
        assert_eq!(ask("greet").await, Err("whom?".to_owned()));
        assert!(ask("sing").await.unwrap_err().contains("help"));
        assert!(ask("").await.unwrap_err().contains("help"));
        assert_eq!(ask("help").await, Ok("greet NAME: says hello\n".to_owned()));
        let mut raw = UnixStream::connect(path(dir.path())).await.unwrap();
        raw.write_all(b"tea\n").await.unwrap();
        let mut answer = String::new();
        raw.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("not a question"), "{answer}");
        stop.cancel();
        served.await.unwrap();
        assert!(ask("greet anna").await.unwrap_err().contains("no server"));
    }
}
