//! The one error of the client. It reads the same whichever transport carried the call, and keeps apart what a server
//! answered from what went wrong on the way. It knows no transport but gRPC's status, which it translates.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;
use teahouse_proto::gateway::{Failure, FailureKind};

/// Shorthand for results of the client.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Trailer of a failed gRPC call: the stable constant.
const REASON_TRAILER: &str = "teahouse-reason";
/// Trailer of a failed gRPC call: when to try again, in milliseconds.
const RETRY_AFTER_TRAILER: &str = "teahouse-retry-after-ms";

/// What sort of failure it is; decides what a program does. The first ten are answers of a server, the rest arose
/// between here and there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong; change it.
    Invalid,
    /// No valid session; sign in.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// No such thing for this caller.
    NotFound,
    /// It exists already.
    AlreadyExists,
    /// The state of things does not allow it now.
    Precondition,
    /// Somebody else changed it at the same time, or the call was cancelled; try again.
    Conflict,
    /// Too often; wait.
    RateLimited,
    /// The server cannot at the moment; try again.
    Unavailable,
    /// The server's own fault.
    Internal,
    /// No connection came about, or the call could not be put on it: nothing happened.
    Unreachable,
    /// The connection broke before the answer: it may have happened or not.
    Lost,
    /// No answer in time: it may have happened or not.
    TimedOut,
    /// What the other side sent is not the protocol.
    Protocol,
    /// The call was refused here, before anything was sent: wrong address, unknown method, malformed JSON.
    Misuse,
    /// A file of this machine cannot be read or written.
    Local,
}

/// Kinds that a server answers, with their names on the wire and in gRPC.
const ANSWERS: [(Kind, FailureKind, tonic::Code); 10] = [
    (Kind::Invalid, FailureKind::Invalid, tonic::Code::InvalidArgument),
    (Kind::Unauthenticated, FailureKind::Unauthenticated, tonic::Code::Unauthenticated),
    (Kind::Forbidden, FailureKind::Forbidden, tonic::Code::PermissionDenied),
    (Kind::NotFound, FailureKind::NotFound, tonic::Code::NotFound),
    (Kind::AlreadyExists, FailureKind::AlreadyExists, tonic::Code::AlreadyExists),
    (Kind::Precondition, FailureKind::Precondition, tonic::Code::FailedPrecondition),
    (Kind::Conflict, FailureKind::Conflict, tonic::Code::Aborted),
    (Kind::RateLimited, FailureKind::RateLimited, tonic::Code::ResourceExhausted),
    (Kind::Unavailable, FailureKind::Unavailable, tonic::Code::Unavailable),
    (Kind::Internal, FailureKind::Internal, tonic::Code::Internal),
];

/// Why a call failed. Cheap to clone: one broken connection fails many calls.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    reason: Cow<'static, str>,
    message: String,
    retry_after: Option<Duration>,
}

impl Error {
    /// An error with a stable upper-case reason and a sentence for people.
    pub fn new(kind: Kind, reason: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, reason: reason.into(), message: message.into(), retry_after: None }))
    }

    /// Adds when it makes sense to try again.
    #[must_use]
    pub fn retry_after_opt(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait.filter(|w| !w.is_zero());
        self
    }

    pub(crate) fn misuse(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Misuse, reason, message)
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::new(Kind::Protocol, "PROTOCOL", message)
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unreachable, "UNREACHABLE", message)
    }

    pub(crate) fn lost(message: impl Into<String>) -> Self {
        Self::new(Kind::Lost, "CONNECTION_LOST", message)
    }

    pub(crate) fn timed_out(after: Duration) -> Self {
        let message = format!(
            "No answer within {} ms. The call may have happened; repeating it is safe where it carries a client id.",
            after.as_millis()
        );
        Self::new(Kind::TimedOut, "TIMED_OUT", message)
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable upper-case constant. Empty where an answer carried none.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// For people: what went wrong and what to do.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// How long to wait before trying again, where it is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether a server answered this; otherwise it arose on the way.
    pub fn is_answer(&self) -> bool {
        ANSWERS.iter().any(|(kind, ..)| *kind == self.0.kind)
    }

    /// Whether the very same call may succeed later. After [`Kind::Lost`], [`Kind::TimedOut`] and a passed deadline it
    /// may have happened already, so repeat only what is safe to repeat.
    pub fn is_passing(&self) -> bool {
        match self.0.kind {
            // Conflicts that the same call would only meet again.
            Kind::Conflict => !matches!(self.reason(), "CLIENT_ID_REUSED" | "REPLACED"),
            Kind::RateLimited
            | Kind::Unavailable
            | Kind::Internal
            | Kind::Unreachable
            | Kind::Lost
            | Kind::TimedOut => true,
            Kind::Invalid
            | Kind::Unauthenticated
            | Kind::Forbidden
            | Kind::NotFound
            | Kind::AlreadyExists
            | Kind::Precondition
            | Kind::Protocol
            | Kind::Misuse
            | Kind::Local => false,
        }
    }

    /// From a frame of the WebSocket transport.
    pub fn from_failure(failure: Failure) -> Self {
        let wire = failure.kind();
        let kind = ANSWERS.iter().find(|(_, k, _)| *k == wire).map_or(Kind::Internal, |(kind, ..)| *kind);
        let wait = Duration::from_millis(failure.retry_after_ms);
        Self::new(kind, failure.reason, failure.message).retry_after_opt(Some(wait))
    }

    /// As a frame would carry it, for programs that read it. Kinds that are no answers have no kind there.
    pub fn to_failure(&self) -> Failure {
        let kind = ANSWERS.iter().find(|(kind, ..)| *kind == self.0.kind);
        Failure {
            kind: kind.map_or(FailureKind::Unspecified, |(_, wire, _)| *wire).into(),
            reason: self.0.reason.clone().into_owned(),
            message: self.0.message.clone(),
            retry_after_ms: self
                .0
                .retry_after
                .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// From the status of a gRPC call. Without the trailer `teahouse-reason` it did not come from a handler: then it
    /// is the channel, something between, or the gRPC layer itself that speaks.
    pub fn from_status(status: &tonic::Status) -> Self {
        let text = |name| status.metadata().get(name).and_then(|v| v.to_str().ok());
        let by_code = ANSWERS.iter().find(|(.., code)| *code == status.code()).map(|(kind, ..)| *kind);
        let message = status.message();
        if let Some(reason) = text(REASON_TRAILER) {
            let wait = text(RETRY_AFTER_TRAILER).and_then(|t| t.parse().ok()).map(Duration::from_millis);
            let kind = by_code.unwrap_or(Kind::Internal);
            return Self::new(kind, reason.to_owned(), message).retry_after_opt(wait);
        }
        match status.code() {
            tonic::Code::DeadlineExceeded | tonic::Code::Cancelled => {
                Self::new(Kind::TimedOut, "TIMED_OUT", format!("The call ended before its answer: {message}"))
            }
            tonic::Code::Unavailable | tonic::Code::Unknown => from_channel(status),
            tonic::Code::Unimplemented => Self::new(Kind::NotFound, "UNKNOWN_METHOD", message),
            _ => Self::new(by_code.unwrap_or(Kind::Protocol), "", message),
        }
    }
}

/// A failure of tonic's channel: its causes tell whether a connection was there.
fn from_channel(status: &tonic::Status) -> Error {
    if let Some(ours) = ours(status) {
        return ours;
    }
    let connecting = chain(status).find_map(|e| e.downcast_ref::<tonic::ConnectError>());
    if let Some(connecting) = connecting {
        return Error::unreachable(format!("Cannot connect to the server: {connecting}."));
    }
    let deepest = chain(status).skip(1).last();
    let what = deepest.map_or_else(|| status.message().to_owned(), ToString::to_string);
    Error::lost(format!("The connection to the server broke: {what}."))
}

/// This crate's own error among an error and its causes: what was dialled here comes back wrapped by the channel.
pub(crate) fn ours(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    chain(error).find_map(|e| e.downcast_ref::<Error>()).cloned()
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |e| e.source())
}

/// An error with its causes, for messages: what lies deepest says most.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<_> = chain(error).map(ToString::to_string).collect();
    parts.dedup();
    parts.join(": ")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            "" => f.write_str(self.message()),
            reason => write!(f, "{} ({reason})", self.message()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::{Code, Status};

    #[test]
    fn both_wires_give_the_same_error() {
        for (kind, wire, code) in ANSWERS {
            let failure =
                Failure { kind: wire.into(), reason: "R".into(), message: "m".into(), retry_after_ms: 20 };
            let by_frame = Error::from_failure(failure.clone());
            let mut status = Status::new(code, "m");
            status.metadata_mut().insert(REASON_TRAILER, "R".parse().unwrap());
            status.metadata_mut().insert(RETRY_AFTER_TRAILER, 20.into());
            let by_status = Error::from_status(&status);
            for error in [by_frame, by_status] {
                assert_eq!((error.kind(), error.reason(), error.message()), (kind, "R", "m"));
                assert_eq!(error.retry_after(), Some(Duration::from_millis(20)));
                assert!(error.is_answer());
                assert_eq!(error.to_failure(), failure);
            }
        }
    }

    #[test]
    fn a_status_that_no_handler_made_is_told_apart() {
        let kind = |code| Error::from_status(&Status::new(code, "m")).kind();
        assert_eq!(kind(Code::Unavailable), Kind::Lost);
        assert_eq!(kind(Code::Unknown), Kind::Lost);
        assert_eq!(kind(Code::Cancelled), Kind::TimedOut);
        assert_eq!(kind(Code::DeadlineExceeded), Kind::TimedOut);
        assert_eq!(kind(Code::OutOfRange), Kind::Protocol);
        let unknown = Error::from_status(&Status::unimplemented("m"));
        assert_eq!((unknown.kind(), unknown.reason()), (Kind::NotFound, "UNKNOWN_METHOD"));
    }

    #[test]
    fn our_own_errors_come_back_out_of_the_channel() {
        let ours = Error::unreachable("no road");
        let wrapped = tonic::ConnectError(Box::new(ours.clone()));
        for status in [Status::from_error(Box::new(ours)), Status::from_error(Box::new(wrapped))] {
            let through = Error::from_status(&status);
            assert_eq!((through.kind(), through.message()), (Kind::Unreachable, "no road"));
        }
    }
}
