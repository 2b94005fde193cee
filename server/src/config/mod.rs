//! The settings of the server.

mod settings;

pub use settings::{Setting, Settings, print};
