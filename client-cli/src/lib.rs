//! The Rust client of Teahouse: connections over gRPC and WebSocket with the same typed calls and the same errors.
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

mod connection;
mod dial;
mod endpoint;
mod error;
#[cfg(test)]
mod fake;
mod grpc;
pub mod schema;
mod ws;

pub use connection::{Connection, Connector, Transport};
pub use endpoint::Endpoint;
pub use error::{Error, Kind, Result};
