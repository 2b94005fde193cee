//! A device that asks to be signed in by a code, as a story tells of it: what it shows, who scans it, what it hears. It
//! knows what a code looks like, not how calls travel.

use crate::device::Device;
use crate::person::{Person, device_info};
use crate::world::PATIENCE;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use teahouse_client::{Connection, Error};
use teahouse_proto::qr::resolve_code_response::What as Stands;
use teahouse_proto::qr::sign_in_by_code_response::Event as What;
use teahouse_proto::qr::{
    DecideSignInRequest, FoundSignIn, ResolveCodeRequest, SignInByCodeRequest, SignInByCodeResponse,
};
use teahouse_proto::{QrClient, QrSignInClient};

/// A device that asks.
pub struct Asker {
    /// Its connection, on which nobody is signed in.
    pub connection: Connection,
    /// What it shows.
    pub code: String,
    events: BoxStream<'static, Result<SignInByCodeResponse, Error>>,
}

impl Asker {
    /// Asks, and gets its code.
    ///
    /// # Panics
    /// Where it gets none.
    pub async fn begin(device: &Device) -> Self {
        let connection = device.connection().await.expect("a connection");
        let request = SignInByCodeRequest { device: Some(device_info("library computer")) };
        let events = QrSignInClient(connection.clone()).sign_in_by_code(request).await.expect("a stream");
        let mut asker = Self { connection, code: String::new(), events };
        match asker.next().await {
            Some(Ok(What::Code(code))) => asker.code = code.url,
            other => panic!("no code comes first: {other:?}"),
        }
        asker
    }

    /// What it hears next; `None` when the stream ends.
    ///
    /// # Panics
    /// Where nothing comes in time.
    pub async fn next(&mut self) -> Option<Result<What, Error>> {
        let event = tokio::time::timeout(PATIENCE, self.events.next()).await.expect("an event in time");
        event.map(|event| event.map(|event| event.event.expect("an event says something")))
    }

    /// Somebody scans the code. Not noted in the transcript: programs are called differently on each transport.
    ///
    /// # Errors
    /// As the server's.
    ///
    /// # Panics
    /// Where it is the code of something else.
    pub async fn scanned_by(&self, who: &Person) -> Result<FoundSignIn, Error> {
        scan(who, &self.code).await
    }
}

/// Somebody scans what may be the code of a device that asks.
///
/// # Errors
/// As the server's.
///
/// # Panics
/// Where it is the code of something else.
pub async fn scan(who: &Person, code: &str) -> Result<FoundSignIn, Error> {
    let qr = QrClient(who.connection().await?);
    let answer = qr.resolve_code(ResolveCodeRequest { text: code.to_owned() }).await?;
    match answer.what {
        Some(Stands::SignIn(found)) => Ok(found),
        other => panic!("no device that asks: {other:?}"),
    }
}

/// Somebody decides.
///
/// # Errors
/// As the server's.
pub async fn decide(who: &Person, ticket: &Bytes, approve: bool) -> Result<(), Error> {
    let request = DecideSignInRequest { ticket: ticket.clone(), approve };
    QrSignInClient(who.device.clone()).decide_sign_in(request).await.map(drop)
}
