//! The port from outside: HTTP, handshakes, gRPC, TLS, silent clients, the stop, and the program itself.

#![allow(clippy::unwrap_used)] // all of this is tests

mod grpc;
mod held;
mod http;
mod program;
mod rig;
mod silence;
mod stop;
mod tls;
