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
    /// Order people who are found near by by how far they are, exactly.
    OrderByDistance = 32,
    /// Let people look from the cell that they are in, and be seen in the one that is published.
    SnapOneSide = 64,
    /// Name the accounts in the entries of temporary chats.
    NameStrangers = 128,
}

impl Fault {
    /// All, with the names that `--fault` takes.
    pub const ALL: [(&'static str, Self); 8] = [
        ("skip-fdatasync", Self::SkipFdatasync),
        ("ack-before-sync", Self::AckBeforeSync),
        ("skip-dedupe", Self::SkipDedupe),
        ("skip-membership", Self::SkipMembership),
        ("skip-media-sync", Self::SkipMediaSync),
        ("order-by-distance", Self::OrderByDistance),
        ("snap-one-side", Self::SnapOneSide),
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

/// Where people really are: for [`Fault::OrderByDistance`], which needs what the server otherwise never keeps.
#[cfg(feature = "faults")]
mod places {
    use super::{Fault, on};
    use crate::id::AccountId;
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, PoisonError};

    static PLACES: LazyLock<Mutex<HashMap<AccountId, (f64, f64)>>> = LazyLock::new(Mutex::default);

    /// Remembers where somebody is, in degrees.
    pub fn note_place(account: AccountId, latitude: f64, longitude: f64) {
        if on(Fault::OrderByDistance) {
            PLACES.lock().unwrap_or_else(PoisonError::into_inner).insert(account, (latitude, longitude));
        }
    }

    /// How far two are from each other, in metres; 0 where it is not known of one of them.
    pub fn metres_between(one: AccountId, other: AccountId) -> u64 {
        let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(one), Some(other)) = (places.get(&one), places.get(&other)) else { return 0 };
        let narrowed = (one.0.to_radians()).cos();
        (one.0 - other.0).hypot((one.1 - other.1) * narrowed).mul_add(111_195.0, 0.0) as u64
    }
}
#[cfg(feature = "faults")]
pub use places::{metres_between, note_place};

/// Remembers nothing, in this build.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub const fn note_place(_: crate::id::AccountId, _: f64, _: f64) {}

/// Knows nothing, in this build.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub const fn metres_between(_: crate::id::AccountId, _: crate::id::AccountId) -> u64 {
    0
}
