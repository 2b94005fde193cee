//! Orders that nobody can bring about or foretell: keyed hashes. Within a band of distance they decide which cells come first,
//! and with whom the walk over a cell begins, for each viewer and each hour anew.

use crate::geo::Cell;
use crate::id::AccountId;
use crate::time::Time;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC with its key taken in.
pub(super) type Keyed = Hmac<Sha256>;

pub(super) fn keyed(secret: &[u8], purpose: &[u8]) -> Keyed {
    let mut mac = Keyed::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(purpose);
    let derived = mac.finalize().into_bytes();
    Keyed::new_from_slice(&derived).expect("HMAC takes keys of any length")
}

/// Two numbers from a hash of `of`.
pub(super) fn hash(key: &Keyed, of: &[u64]) -> (u64, u64) {
    let mut mac = key.clone();
    for number in of {
        mac.update(&number.to_be_bytes());
    }
    let bytes = mac.finalize().into_bytes();
    let number = |from: usize| bytes[from..from + 8].iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
    (number(0), number(8))
}

/// What orders all lists of one hour.
#[derive(Clone)]
pub struct HourKey(Keyed);

impl HourKey {
    /// That of the hour of `time`.
    pub fn new(secret: &[u8; 32], time: Time) -> Self {
        let hour = time.to_hour().as_ms();
        Self(keyed(secret, &[&b"hour"[..], &hour.to_be_bytes()].concat()))
    }

    /// The rank of a cell among those of its band, and the place in its ring from which its people are walked.
    pub(super) fn rank(&self, viewer: AccountId, cell: Cell) -> (u64, u64) {
        hash(&self.0, &[viewer.0, cell.number()])
    }
}
