//! The one writer. A thread takes transactions from a bounded queue, runs what waits (up to a limit) one after another
//! as a group, has the engine apply the group durably, and only then makes it visible, answers and publishes. While it
//! waits for the disk the next group gathers; when nothing waits it does not wait either. Knows nothing of tables.

use super::engine::{Change, Engine};
use super::meta::StampCeiling;
use super::space::SpaceGuard;
use super::tx::{Tx, Workspace};
use super::version::{Version, Visible};
use crate::bus::{Published, Subscriber};
use crate::error::{Error, Result};
use crate::faults::{self, Fault};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use tokio::sync::{mpsc, oneshot, watch};

/// The most transactions of a group.
const MAX_GROUP: usize = 256;
/// A group that writes this much takes no more transactions.
const MAX_GROUP_BYTES: usize = 1 << 20;
/// How many transactions may wait; more wait outside.
const QUEUE: usize = 4096;

/// What the writer does when the engine failed to write: end the process. Tests put something else in its place.
pub(super) type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;

/// Told of each commit on the writer's thread, before it is answered.
pub(super) type Observers = Arc<OnceLock<Vec<Arc<dyn Subscriber>>>>;

/// Exit code after a failed write: `EX_IOERR` of sysexits.h.
const EXIT_IO_ERROR: i32 = 74;

/// Ends the process: what has been written is not known any more, and nothing may be acknowledged.
pub(super) fn end_process(message: &str) {
    tracing::error!("{message}");
    eprintln!("teahouse-server: {message}");
    std::process::exit(EXIT_IO_ERROR);
}

/// A transaction that waits for its turn, and for its answer.
pub(super) trait Job: Send {
    /// Whether nobody waits for the answer any more.
    fn abandoned(&self) -> bool;
    /// Whether it makes room, so that it may run where there is little.
    fn makes_room(&self) -> bool;
    /// Runs the function and keeps its answer; whether it was a success.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Replaces the answer.
    fn fail(&mut self, error: Error);
    /// Hands the answer over.
    fn answer(self: Box<Self>);
}

/// What is sent to the writer.
pub(super) enum Message {
    /// Run this.
    Run(Box<dyn Job>),
    /// Finish what waits, then end.
    Close,
}

struct Transaction<T, F> {
    run: F,
    makes_room: bool,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

/// A job from a transaction's function, and where its answer will come.
pub(super) fn job<T, F>(run: F, makes_room: bool) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>) -> Result<T> + Send + Sync + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job = Transaction { run, makes_room, outcome: None, reply };
    (Box::new(job), answer)
}

impl<T, F> Job for Transaction<T, F>
where
    T: Send,
    F: Fn(&mut Tx<'_>) -> Result<T> + Send,
{
    fn abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn makes_room(&self) -> bool {
        self.makes_room
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let outcome = (self.run)(tx);
        let success = outcome.is_ok();
        self.outcome = Some(outcome);
        success
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Whoever asked may have gone; what was written stays written.
            let _ = self.reply.send(outcome);
        }
    }
}

/// What a writer is made of.
pub(super) struct Writer {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) visible: Arc<Visible>,
    pub(super) version: Arc<Version>,
    pub(super) ceiling: StampCeiling,
    pub(super) guard: SpaceGuard,
    pub(super) publish: mpsc::UnboundedSender<Published>,
    pub(super) observers: Observers,
    pub(super) on_fatal: OnFatal,
}

/// How to reach a running writer.
pub(super) struct WriterHandle {
    /// The queue.
    pub(super) queue: mpsc::Sender<Message>,
    /// Closed when the writer has ended.
    pub(super) ended: watch::Receiver<()>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(self) -> std::io::Result<WriterHandle> {
        let (queue, mut jobs) = mpsc::channel(QUEUE);
        let (running, ended) = watch::channel(());
        std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            let visible = self.visible.clone();
            let on_fatal = self.on_fatal.clone();
            let space = Workspace::new(self.engine.clone(), self.version.stamp);
            let mut body = Body { parts: self, space, group: Group::default() };
            // What a panic leaves half done is used no more.
            match catch_unwind(AssertUnwindSafe(|| body.run(&mut jobs))) {
                Ok(Ok(())) => {}
                Ok(Err(message)) => on_fatal(&message),
                Err(_) => on_fatal("The store's writer panicked, so nothing more can be stored."),
            }
            visible.close();
            // Whoever still waits is refused. The engine closes with the last reader.
            drop((jobs, body));
            drop(running);
        })?;
        Ok(WriterHandle { queue, ended })
    }
}

/// Transactions that have run and wait for the disk.
#[derive(Default)]
struct Group {
    jobs: Vec<Box<dyn Job>>,
    published: Vec<Published>,
}

struct Body {
    parts: Writer,
    space: Workspace,
    group: Group,
}

impl Body {
    /// Works until the queue is closed; an error is fatal.
    fn run(&mut self, jobs: &mut mpsc::Receiver<Message>) -> Result<(), String> {
        while let Some(first) = jobs.blocking_recv() {
            let refused = self.parts.guard.refuses();
            self.space.refuse_writes(refused);
            let mut next = Some(first);
            while let Some(message) = next.take() {
                match message {
                    Message::Run(job) => self.run_one(job),
                    Message::Close => jobs.close(),
                }
                if self.group.jobs.len() < MAX_GROUP && self.space.bytes() < MAX_GROUP_BYTES {
                    next = jobs.try_recv().ok();
                }
            }
            self.commit()?;
        }
        Ok(())
    }

    fn run_one(&mut self, mut job: Box<dyn Job>) {
        if job.abandoned() {
            return;
        }
        let mut tx = self.space.begin(job.makes_room());
        match catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))) {
            Ok(true) => match tx.finish() {
                Ok((_, events)) if events.is_empty() => {}
                Ok(published) => self.group.published.push(published),
                Err(error) => job.fail(error),
            },
            Ok(false) => tx.roll_back(),
            Err(panic) => {
                tx.roll_back();
                let what = panic_text(&*panic);
                tracing::error!(panic = what, "a transaction panicked; it is dropped");
                job.fail(Error::internal(format!("a transaction panicked: {what}")));
            }
        }
        // Refusals wait for the disk, too: they may rest on what an earlier transaction of the group wrote.
        self.group.jobs.push(job);
    }

    fn commit(&mut self) -> Result<(), String> {
        let mut changes = self.space.take();
        if faults::on(Fault::AckBeforeSync) {
            self.answer();
        }
        if !changes.is_empty() {
            let stamp = self.space.stamp();
            if let Some((key, value)) = self.parts.ceiling.cover(stamp) {
                changes.insert(key, Change { before: None, after: Some(value) });
            }
            let next = self.parts.version.link(changes, stamp);
            self.parts.engine.apply(&next.changes).map_err(|error| {
                format!(
                    "The store cannot write to its disk any more: {error}. \
                    The server ends; nothing that it acknowledged is lost. Check the disk, then start again."
                )
            })?;
            self.parts.version = next.clone();
            self.parts.visible.set(next);
        }
        self.answer();
        Ok(())
    }

    /// Observers first: whoever got an answer finds it in what they keep.
    fn answer(&mut self) {
        let observers = self.parts.observers.get().map_or(&[][..], Vec::as_slice);
        for (stamp, events) in self.group.published.drain(..) {
            observers.iter().for_each(|observer| observer.on_commit(stamp, &events));
            // Nobody listens in tests and tools.
            let _ = self.parts.publish.send((stamp, events));
        }
        for job in self.group.jobs.drain(..) {
            job.answer();
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
