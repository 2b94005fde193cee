//! What can be published.

use crate::id::{AccountId, DeviceId};
use crate::restrictions::Restrictions;
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::common::Gender;
use teahouse_proto::sync::FollowResponse;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message for Follow streams, without `cursor`: delivery adds it.
    Deliver {
        /// For whom.
        to: Audience,
        /// What they all get.
        message: Arc<FollowResponse>,
        /// Fields that one of them gets besides.
        own: Option<(AccountId, Arc<FollowResponse>)>,
    },
    /// Sessions that are over: their sockets close.
    SessionsEnded {
        /// Whose.
        account: AccountId,
        /// Which of their devices.
        devices: Vec<DeviceId>,
    },
    /// A device that asks to be signed in by a code gets on.
    SignIn {
        /// Which attempt.
        attempt: [u8; 32],
        /// What happened.
        step: SignInStep,
    },
    /// Others see something else of somebody than before, in a profile or as a stranger.
    NewFace {
        /// Of whom.
        account: AccountId,
    },
    /// Somebody can be found near a place by those who look around, or no longer can.
    Nearby {
        /// Who.
        account: AccountId,
        /// How; `None`: not at all.
        shown: Option<Nearby>,
    },
    /// Two people are kept apart from now on where strangers meet: one of them blocked the other.
    Parted {
        /// One of them.
        one: AccountId,
        /// The other.
        other: AccountId,
    },
    /// Somebody wants what is known of their place forgotten: nobody may come upon them any more.
    PlaceForgotten {
        /// Whose.
        account: AccountId,
    },
    /// What is closed to somebody is another than before.
    Sanctioned {
        /// To whom.
        account: AccountId,
        /// All that is closed to them from now on.
        restrictions: Restrictions,
    },
}

/// How a device that asks to be signed in gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInStep {
    /// Somebody scanned the code.
    Scanned,
    /// Somebody let it in.
    LetIn,
    /// Somebody refused it.
    Refused,
}

/// How somebody is found by those who look around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearby {
    /// The number of the cell that stands for them.
    pub cell: u64,
    /// By which they are found, if they said it.
    pub gender: Gender,
    /// When they looked.
    pub looked_at: Time,
    /// For how many hours they are found from then on.
    pub hours: u32,
    /// Their friends do not find them.
    pub hides_from_friends: bool,
}

/// For whom an event is: all devices of these accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// One account.
    Account(AccountId),
    /// Several, each named once.
    Accounts(Arc<[AccountId]>),
}

impl Audience {
    /// The accounts.
    pub fn accounts(&self) -> &[AccountId] {
        match self {
            Self::Account(one) => std::slice::from_ref(one),
            Self::Accounts(several) => several,
        }
    }
}
