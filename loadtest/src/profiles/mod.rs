//! The profiles, one file each.

pub(crate) mod chat;
pub(crate) mod idle;
pub(crate) mod sync;
