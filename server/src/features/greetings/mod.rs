//! Strangers: what plug-ins show of people who do not know each other, and the greetings through which they may come to.
//! It knows neither places nor how somebody was found; rooms that find people ask it for their cards.

mod config;
mod faces;
mod handles;
mod strangers;
#[cfg(test)]
mod tests;

pub use config::GreetingsConfig;
pub use faces::Face;
pub use handles::Stranger;
pub use strangers::{Strangers, band};
