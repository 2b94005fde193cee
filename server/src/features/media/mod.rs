//! Pictures, voice, video and files: sent to the server once, referred to by messages and other objects.

pub mod format;
