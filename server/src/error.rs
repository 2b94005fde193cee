//! The one error of the server: a closed kind, a stable reason for programs, a message for the caller and a source
//! for the log. What a kind becomes on the wire stands here and nowhere else.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;
use teahouse_proto::gateway::{Failure, FailureKind};

/// Shorthand for results of the server.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it is; decides what a program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request itself is wrong.
    Invalid,
    /// No valid session.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// No such thing for this caller.
    NotFound,
    /// It exists already.
    AlreadyExists,
    /// The state of things does not allow it now.
    Precondition,
    /// Somebody else changed it at the same time, or the call was cancelled.
    Conflict,
    /// Too often.
    RateLimited,
    /// The server cannot at the moment.
    Unavailable,
    /// The server's own fault.
    Internal,
}

impl Kind {
    /// As the WebSocket frames name it.
    pub fn failure_kind(self) -> FailureKind {
        match self {
            Self::Invalid => FailureKind::Invalid,
            Self::Unauthenticated => FailureKind::Unauthenticated,
            Self::Forbidden => FailureKind::Forbidden,
            Self::NotFound => FailureKind::NotFound,
            Self::AlreadyExists => FailureKind::AlreadyExists,
            Self::Precondition => FailureKind::Precondition,
            Self::Conflict => FailureKind::Conflict,
            Self::RateLimited => FailureKind::RateLimited,
            Self::Unavailable => FailureKind::Unavailable,
            Self::Internal => FailureKind::Internal,
        }
    }

    /// As plain HTTP names it.
    pub fn http_status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists | Self::Precondition | Self::Conflict => StatusCode::CONFLICT,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// As gRPC names it.
    pub fn grpc_code(self) -> tonic::Code {
        match self {
            Self::Invalid => tonic::Code::InvalidArgument,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::Forbidden => tonic::Code::PermissionDenied,
            Self::NotFound => tonic::Code::NotFound,
            Self::AlreadyExists => tonic::Code::AlreadyExists,
            Self::Precondition => tonic::Code::FailedPrecondition,
            Self::Conflict => tonic::Code::Aborted,
            Self::RateLimited => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Internal => tonic::Code::Internal,
        }
    }
}

/// Why a call failed.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    reason: &'static str,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a stable upper-case reason and a message that tells the caller what to do.
    pub fn new(kind: Kind, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, reason, message: message.into(), retry_after: None, source: None }))
    }

    /// The request itself is wrong.
    pub fn invalid(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Invalid, reason, message)
    }

    /// No such thing for this caller.
    pub fn not_found(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, reason, message)
    }

    /// The state of things does not allow it now.
    pub fn precondition(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Precondition, reason, message)
    }

    /// Too often. The wait must depend on the caller alone.
    pub fn rate_limited(wait: Duration) -> Self {
        let seconds = wait.as_millis().div_ceil(1000).max(1);
        Self::new(Kind::RateLimited, "RATE_LIMITED", format!("Too often. Try again in {seconds} s."))
            .retry_after(wait)
    }

    /// The server's own fault; `source` goes to the log, the caller gets a plain sentence.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            Kind::Internal,
            "INTERNAL",
            "The server made a mistake. Try again; if it persists, tell the operator.",
        )
        .source(source)
    }

    /// Adds when it makes sense to try again.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The stable constant.
    pub fn reason(&self) -> &'static str {
        self.0.reason
    }

    /// What the caller reads.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// When to try again, in milliseconds; 0 where it is not known. Rounded up.
    pub fn retry_after_ms(&self) -> u64 {
        self.0.retry_after.map_or(0, |d| u64::try_from(d.as_micros().div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// What the log gets besides.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.0.source.as_deref()
    }

    /// As a WebSocket frame carries it.
    pub fn to_failure(&self) -> Failure {
        Failure {
            kind: self.kind().failure_kind().into(),
            reason: self.reason().to_owned(),
            message: self.message().to_owned(),
            retry_after_ms: self.retry_after_ms(),
        }
    }

    /// As gRPC carries it: status, with the reason and the wait in trailers.
    pub fn to_status(&self) -> tonic::Status {
        let mut metadata = tonic::metadata::MetadataMap::new();
        metadata.insert("teahouse-reason", tonic::metadata::MetadataValue::from_static(self.reason()));
        if self.retry_after_ms() > 0 {
            metadata.insert("teahouse-retry-after-ms", self.retry_after_ms().into());
        }
        tonic::Status::with_metadata(self.kind().grpc_code(), self.message(), metadata)
    }
}

/// As plain HTTP carries it: the status, and the [`Failure`] as JSON.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut body = serde_json::json!({
            "kind": self.kind().failure_kind().as_str_name(),
            "reason": self.reason(),
            "message": self.message(),
        });
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.retry_after_ms() > 0 {
            // Numbers of 64 bits are texts in the JSON form of Protobuf.
            body["retryAfterMs"] = self.retry_after_ms().to_string().into();
            headers.insert(header::RETRY_AFTER, self.retry_after_ms().div_ceil(1000).into());
        }
        if self.kind() == Kind::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        (self.kind().http_status(), headers, axum::Json(body)).into_response()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason(), self.message())?;
        if let Some(source) = self.cause() {
            write!(f, " ({source})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
