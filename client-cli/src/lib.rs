//! The Rust client of Teahouse: connections over gRPC and WebSocket with the same typed calls and the same errors, a
//! session that survives their loss, and a follower to whom nothing is told twice and nothing is missing.
//! It knows the vocabulary of `teahouse-proto` and nothing of the server's inside.
//!
//! ```no_run
//! use teahouse_client::{Connection, Transport};
//! use teahouse_proto::{AccountsClient, accounts::LoginRequest};
//!
//! # async fn example() -> teahouse_client::Result<()> {
//! let connection = Connection::open("http://127.0.0.1:7600", Transport::Ws).await?;
//! let login = LoginRequest { username: "alice01".into(), password: "correct horse 1".into(), device: None };
//! let answer = AccountsClient(connection.clone()).login(login).await?;
//! connection.sign_in(&answer.token).await?;
//! # Ok(())
//! # }
//! ```

mod backoff;
mod connection;
mod dial;
mod endpoint;
mod error;
#[cfg(test)]
mod fake;
mod follow;
mod grpc;
mod random;
pub mod schema;
mod session;
mod transfer;
mod ws;

/// What a server is told of the program that calls it.
const PROGRAM: &str = concat!("teahouse/", env!("CARGO_PKG_VERSION"));

pub use connection::{Connection, Connector, Transport};
pub use endpoint::Endpoint;
pub use error::{Error, Kind, Result};
pub use follow::{
    CursorStore, FileStore, Follower, History, MemoryStore, NewEntry, Position, Update, write_private,
};
pub use random::Random;
pub use session::{Recipient, Session};
pub use transfer::{Download, Progress, check_target};
