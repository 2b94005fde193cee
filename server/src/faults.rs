//! Deliberate defects, so that every proof can be seen to fail. Without the cargo feature `faults` each question
//! is the constant `false` and nothing of this is in the binary.

/// A defect that can be switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Fault {
    /// Acknowledge after the write, without forcing it to the disk.
    SkipFdatasync = 1,
    /// Acknowledge before the group is written.
    AckBeforeSync = 2,
    /// Do not remember client ids.
    SkipDedupe = 4,
    /// Do not check that the caller is a member of the conversation.
    SkipMembership = 8,
    /// Commit media whose bytes were not forced to the disk.
    SkipMediaSync = 16,
    /// Name the accounts in the entries of temporary chats.
    NameStrangers = 128,
}

impl Fault {
    /// All, with the names that `--fault` takes.
    pub const ALL: [(&'static str, Self); 6] = [
        ("skip-fdatasync", Self::SkipFdatasync),
        ("ack-before-sync", Self::AckBeforeSync),
        ("skip-dedupe", Self::SkipDedupe),
        ("skip-membership", Self::SkipMembership),
        ("skip-media-sync", Self::SkipMediaSync),
        ("name-strangers", Self::NameStrangers),
    ];
}

#[cfg(feature = "faults")]
mod switched {
    use super::Fault;
    use std::sync::atomic::{AtomicU32, Ordering};

    static ON: AtomicU32 = AtomicU32::new(0);

    /// Switches a defect on for the rest of the process.
    pub fn enable(fault: Fault) {
        ON.fetch_or(fault as u32, Ordering::Relaxed);
    }

    /// Whether a defect is switched on.
    pub fn on(fault: Fault) -> bool {
        ON.load(Ordering::Relaxed) & fault as u32 != 0
    }
}
#[cfg(feature = "faults")]
pub use switched::{enable, on};

/// Whether a defect is switched on: never, in this build.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub const fn on(_: Fault) -> bool {
    false
}
