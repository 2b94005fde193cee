//! Teahouse as a library. Start with `ARCHITECTURE.md`.

pub mod admin;
pub mod app;
pub mod bus;
pub mod call;
pub mod config;
pub mod credential;
pub mod delivery;
pub mod emoji;
pub mod error;
pub mod faults;
pub mod features;
pub mod geo;
pub mod id;
pub mod permit;
pub mod program;
pub mod random;
pub mod restrictions;
pub mod seal;
pub mod seed;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod time;
pub mod transport;
