//! The settings of the accounts room.

use argon2::Params;
use serde::{Deserialize, Serialize};

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// Whoever has a code that the operator made.
    Invitation,
    /// Nobody.
    Closed,
}

crate::settings! {
    /// Settings `[accounts]`.
    pub struct AccountsConfig {
        /// Who may register: "open" (anybody), "invitation" (with a code that the operator made) or "closed" (nobody).
        registration: Registration = Registration::Open,
        /// New accounts from one network address (IPv4, IPv6 /64) in 24 hours. Does not count on loopback.
        new_accounts_per_address_per_day: u32 = 5,
        /// Tries to register from one network address in an hour; each may learn that a username is taken.
        registration_tries_per_address_per_hour: u32 = 10,
        /// Changes of the display name in 30 days.
        display_name_changes_per_30_days: u32 = 5,
        /// Days for which friends see the former display name.
        former_name_days: u32 = 7,
        /// Days without use after which a device is signed out.
        token_idle_days: u32 = 90,
        /// Devices that an account is signed in on; one more signs the longest unused out.
        devices_per_account: u32 = 50,
        /// Wrong passwords in a row, per account and per network address, that are answered without delay.
        sign_in_failures_free: u32 = 5,
        /// The longest delay after wrong passwords, in seconds; also the time that makes up for one of them.
        sign_in_delay_max_s: u32 = 900,
        /// Memory of one password hash, in KiB. Lower than the default is for tests only.
        password_memory_kib: u32 = 19 * 1024,
        /// Passes of one password hash over that memory.
        password_passes: u32 = 2,
        /// Lanes of one password hash.
        password_lanes: u32 = 1,
        /// Password hashes at a time; 0 means half of the cores, so that a storm of sign-ins cannot delay chat.
        password_workers: u32 = 0,
        /// Calls that may wait for a password hash; further ones are told to come back.
        password_queue: u32 = 128,
        /// Sessions kept in memory besides those in use.
        sessions_cached: u32 = 65_536,
    }
}

impl AccountsConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let at_least_one = [
            ("devices_per_account", self.devices_per_account),
            ("token_idle_days", self.token_idle_days),
            ("sign_in_failures_free", self.sign_in_failures_free),
            ("sign_in_delay_max_s", self.sign_in_delay_max_s),
            ("password_queue", self.password_queue),
        ];
        let zeros = at_least_one.into_iter().filter(|(_, value)| *value == 0);
        let mut problems: Vec<String> =
            zeros.map(|(name, _)| format!("accounts.{name} is 0; it must be at least 1")).collect();
        if let Err(error) = self.password_params() {
            problems.push(format!(
                "accounts.password_memory_kib, _passes and _lanes do not go together: {error}"
            ));
        }
        problems
    }

    /// The cost of a password hash.
    pub(super) fn password_params(&self) -> Result<Params, argon2::Error> {
        let hash_bytes = Some(Params::DEFAULT_OUTPUT_LEN);
        Params::new(self.password_memory_kib, self.password_passes, self.password_lanes, hash_bytes)
    }
}
