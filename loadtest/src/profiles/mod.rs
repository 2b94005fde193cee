//! The profiles, one file each.

pub(crate) mod chat;
pub(crate) mod group;
pub(crate) mod idle;
mod messages;
pub(crate) mod nearby;
pub(crate) mod shake;
mod strangers;
pub(crate) mod sync;
