//! Teahouse as a library: everything but the reading of the command line. Start with `ARCHITECTURE.md`.

pub mod bus;
pub mod call;
pub mod config;
pub mod delivery;
pub mod error;
pub mod faults;
pub mod features;
pub mod id;
pub mod random;
pub mod seal;
pub mod store;
pub mod text;
pub mod time;
