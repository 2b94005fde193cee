//! The gRPC transport: one HTTP/2 channel, bodies as bytes. It knows neither messages nor JSON.

#[cfg(test)]
mod tests;

use crate::PROGRAM;
use crate::dial::{Alpn, Dialer, Stream as TcpOrTls};
use crate::error::{Error, Result};
use bytes::{Buf, BufMut, Bytes};
use futures::{Stream, StreamExt, TryStreamExt};
use hyper_util::rt::TokioIo;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

/// The largest answer taken.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// A connection that is silent so long is asked whether it lives, as the WebSocket transport does …
const PING_AFTER: Duration = Duration::from_secs(75);
/// … and is dead without an answer after this.
const DEAD_AFTER: Duration = Duration::from_secs(30);
/// The answer of a call travels back after its deadline passed at the server.
const DEADLINE_GRACE: Duration = Duration::from_secs(2);
/// Buffers of a call: most messages are far smaller than tonic's 8 KiB.
const BUFFER_BYTES: usize = 1 << 10;
/// Messages that are sent together, at most.
const YIELD_BYTES: usize = 32 << 10;

/// An open channel. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Grpc {
    channel: Channel,
    origin: http::Uri,
    token: Arc<Mutex<Option<MetadataValue<Ascii>>>>,
}

impl Grpc {
    pub(crate) async fn open(dialer: &Dialer) -> Result<Self> {
        let wrong =
            |e: String| Error::misuse("SERVER_URL_INVALID", format!("The address makes no request: {e}."));
        let origin: http::Uri =
            dialer.endpoint.to_string().parse().map_err(|e: http::uri::InvalidUri| wrong(e.to_string()))?;
        // The connector below speaks TLS itself, so tonic is told of plain text; requests name the true origin.
        let endpoint = Endpoint::new(format!("http://{}", dialer.endpoint.authority()))
            .map_err(|e| wrong(e.to_string()))?
            .origin(origin.clone())
            .user_agent(PROGRAM)
            .map_err(|e| wrong(e.to_string()))?
            .http2_keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(DEAD_AFTER)
            .keep_alive_while_idle(true);
        // The first connection is made here, so that its failure is this crate's own error in full; later ones, after the
        // channel lost it, tonic asks for.
        let first = Arc::new(Mutex::new(Some(dialer.dial(Alpn::Http2).await?)));
        let dialer = dialer.clone();
        let connector = tower::service_fn(move |_: http::Uri| {
            let ready = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            let dialer = dialer.clone();
            async move {
                let stream: TcpOrTls = match ready {
                    Some(stream) => stream,
                    None => dialer.dial(Alpn::Http2).await?,
                };
                Ok::<_, Error>(TokioIo::new(stream))
            }
        });
        let channel = endpoint.connect_with_connector(connector).await.map_err(|e| {
            Error::unreachable(format!("{origin} does not speak gRPC: {}.", crate::error::causes(&e)))
        })?;
        Ok(Self { channel, origin, token: Arc::default() })
    }

    /// Makes later calls as the token's device. The token is not tried here.
    pub(crate) fn sign_in(&self, token: &str) -> Result<()> {
        let value = format!("Bearer {token}").parse().map_err(|_| {
            Error::new(
                crate::Kind::Unauthenticated,
                "UNAUTHENTICATED",
                "A token is plain ASCII; sign in again.",
            )
        })?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    }

    /// One call, one answer.
    pub(crate) async fn unary(&self, method: &str, body: Bytes, timeout: Duration) -> Result<Bytes> {
        let mut request = self.request(body);
        request.set_timeout(timeout);
        let path = path_of(method)?;
        let call = async {
            let mut client = self.client();
            client.ready().await.map_err(|e| channel_failure(&e))?;
            client.unary(request, path, BytesCodec).await.map_err(|status| Error::from_status(&status))
        };
        let limit = timeout + DEADLINE_GRACE;
        let answer = tokio::time::timeout(limit, call).await.map_err(|_| Error::timed_out(limit))?;
        answer.map(tonic::Response::into_inner)
    }

    /// Opens a stream. Whatever the server refuses comes as its last item.
    pub(crate) async fn stream(
        &self,
        method: &str,
        body: Bytes,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let path = path_of(method)?;
        let mut client = self.client();
        client.ready().await.map_err(|e| channel_failure(&e))?;
        let opened = client.server_streaming(self.request(body), path, BytesCodec).await;
        Ok(match opened {
            Ok(events) => events.into_inner().map_err(|status| Error::from_status(&status)).left_stream(),
            Err(status) => futures::stream::iter([Err(Error::from_status(&status))]).right_stream(),
        })
    }

    fn client(&self) -> tonic::client::Grpc<Channel> {
        tonic::client::Grpc::with_origin(self.channel.clone(), self.origin.clone())
            .max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    fn request(&self, body: Bytes) -> tonic::Request<Bytes> {
        let mut request = tonic::Request::new(body);
        if let Some(token) = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            request.metadata_mut().insert("authorization", token);
        }
        request
    }
}

fn path_of(method: &str) -> Result<http::uri::PathAndQuery> {
    format!("/{method}")
        .parse()
        .map_err(|_| Error::misuse("METHOD_UNKNOWN", format!("“{method}” cannot be the name of a method.")))
}

fn channel_failure(error: &tonic::transport::Error) -> Error {
    let ours = crate::error::ours(error);
    ours.unwrap_or_else(|| {
        Error::unreachable(format!("Cannot reach the server: {}.", crate::error::causes(error)))
    })
}

/// Messages stay as they are.
#[derive(Clone, Copy, Debug)]
struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        out.put(item);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::new(BUFFER_BYTES, YIELD_BYTES)
    }
}
