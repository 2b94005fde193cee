//! Shake: people who shake their devices at the same time come upon each other.

pub mod matching;
