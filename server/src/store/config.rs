//! Settings of the store.

use serde::{Deserialize, Serialize};

/// Which engine keeps the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// sled, the default.
    Sled,
    /// fjall: the same promises, more commits a second.
    Fjall,
    /// Memory: everything is forgotten when the server ends.
    Memory,
}

impl EngineKind {
    /// As settings and directories name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Fjall => "fjall",
            Self::Memory => "memory",
        }
    }
}

crate::settings! {
    /// Settings `[store]`.
    pub struct StoreConfig {
        /// Which engine keeps the data: "sled", "fjall", or "memory", which forgets everything when the server ends.
        /// A data directory stays with the engine it was made with.
        engine: EngineKind = EngineKind::Sled,
        /// The engine's cache in MiB. sled uses about twice that.
        cache_mib: u64 = 256,
        /// Below this many MiB of free disk space, writes are refused with `DISK_FULL`; reads go on, and so
        /// does the removal of what is over, down to half of it.
        min_free_mib: u64 = 256,
        /// At this many MiB of free disk space, writes are taken again.
        resume_free_mib: u64 = 512,
    }
}
