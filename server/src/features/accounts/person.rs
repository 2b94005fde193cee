//! A person as later rooms know them. It does not know how they sign in.

use super::tables::{ACCOUNT, AccountRow, USERNAME};
use super::{regions, rules};
use crate::error::Result;
use crate::id::{AccountId, ConversationId};
use crate::store::{Store, Tx};
use crate::time::Time;
use std::fmt;
use teahouse_proto::accounts::{AddWays, Notifications, PresenceAudience, Profile, Settings};
use teahouse_proto::common::{Gender, PersonCard, Way};

/// A person.
#[derive(Clone, PartialEq)]
pub struct Person {
    /// Their id. It tells when the account was made, so it is shown to those who may know it only.
    pub id: AccountId,
    /// As registered; shown to friends and to whoever typed it.
    pub username: String,
    /// NFC, 1 to 32 graphemes.
    pub display_name: String,
    /// As they said it.
    pub gender: Gender,
    /// At most 60 graphemes; often empty.
    pub signature: String,
    /// Their name for the plug-ins, see [`Person::stranger_face`].
    pub stranger_name: String,
    /// The region they say that they are of, as the bundled list numbers it; 0: they have not said.
    pub region_id: u32,
    /// Path of their picture; empty: none.
    pub avatar: String,
    /// Path of their picture for the plug-ins, see [`Person::stranger_face`].
    pub stranger_avatar: String,
    /// By which ways others may find and add them. [`Person::can_be_added_by`] asks for one.
    pub add_ways: AddWays,
    /// Whether who finds them must ask before they are friends.
    pub friends_must_request: bool,
    /// Whether they are asked before somebody puts them into a group.
    pub ask_before_group: bool,
    /// Whether friends who have it on, too, may know how far they have read.
    pub read_receipts: bool,
    /// Whether friends who let theirs be seen, too, may know whether they are online.
    pub shows_presence: bool,
    /// What should ring on their devices.
    pub notifications: Notifications,
    /// When the account was made.
    pub created_at: Time,
    /// The conversation with themselves.
    pub self_conversation: ConversationId,
    pub(super) reported: bool,
    former_display_name: String,
    former_until: Time,
}

/// Ids alone: what people write about themselves has no business in a log.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Person {
    pub(super) fn from_row(id: AccountId, row: AccountRow) -> Self {
        let profile = row.profile.unwrap_or_default();
        let settings = row.settings.unwrap_or_default();
        let shows_presence = settings.presence() == PresenceAudience::Friends;
        Self {
            id,
            username: row.username,
            gender: profile.gender(),
            display_name: profile.display_name,
            signature: profile.signature,
            stranger_name: profile.stranger_name,
            region_id: profile.region_id,
            avatar: profile.avatar,
            stranger_avatar: profile.stranger_avatar,
            add_ways: settings.add_ways.unwrap_or_default(),
            friends_must_request: settings.friends_must_request,
            ask_before_group: settings.ask_before_group,
            read_receipts: settings.read_receipts,
            shows_presence,
            notifications: row.notifications.unwrap_or_else(rules::new_notifications),
            created_at: Time(row.created_at_ms),
            self_conversation: ConversationId(row.self_conversation_id),
            reported: row.reported,
            former_display_name: row.former_display_name,
            former_until: Time(row.former_until_ms),
        }
    }

    /// What anybody who found this person may see.
    pub fn card(&self) -> PersonCard {
        PersonCard {
            display_name: self.display_name.clone(),
            gender: self.gender.into(),
            signature: self.signature.clone(),
            region: self.region(),
            avatar: self.avatar.clone(),
        }
    }

    /// The full name of their region, "Hangzhou, Zhejiang, China"; empty where they have not said one.
    pub fn region(&self) -> String {
        regions::full_name(self.region_id)
    }

    /// The same, as strangers may see it.
    pub fn card_for_strangers(&self) -> PersonCard {
        let (name, picture) = self.stranger_face();
        PersonCard { display_name: name.to_owned(), avatar: picture.to_owned(), ..self.card() }
    }

    /// Name and picture for strangers. Whoever has a stranger card shows that alone: one without a name shows the display
    /// name, one without a picture none.
    pub fn stranger_face(&self) -> (&str, &str) {
        let has_card = !self.stranger_name.is_empty() || !self.stranger_avatar.is_empty();
        let name = if self.stranger_name.is_empty() { &self.display_name } else { &self.stranger_name };
        (name, if has_card { &self.stranger_avatar } else { &self.avatar })
    }

    /// Name and picture: what others see first, and what can be changed only so often.
    pub(super) fn face(&self) -> (String, String) {
        (self.display_name.clone(), self.avatar.clone())
    }

    /// "was Anna": the name before the last change, for a week after it and for friends only. Empty otherwise.
    pub fn former_display_name(&self, now: Time) -> &str {
        if now < self.former_until { &self.former_display_name } else { "" }
    }

    /// Whether a way to find this person is switched on. One that is off answers like an unknown user.
    pub fn can_be_added_by(&self, way: Way) -> bool {
        match way {
            Way::Unspecified => false,
            Way::Username => self.add_ways.by_username,
            Way::Qr => self.add_ways.by_qr,
            Way::Group => self.add_ways.by_group,
            Way::ContactCard => self.add_ways.by_contact_card,
            Way::LookAround => self.add_ways.by_look_around,
            Way::Shake => self.add_ways.by_shake,
            Way::Bottle => self.add_ways.by_bottle,
        }
    }

    /// What the person shows of themselves, as the accounts methods answer it.
    pub(super) fn profile(&self) -> Profile {
        Profile {
            display_name: self.display_name.clone(),
            gender: self.gender.into(),
            signature: self.signature.clone(),
            stranger_name: self.stranger_name.clone(),
            avatar: self.avatar.clone(),
            stranger_avatar: self.stranger_avatar.clone(),
            region_id: self.region_id,
            region: self.region(),
        }
    }

    /// The person's switches, as the accounts methods answer them.
    pub(super) fn settings(&self) -> Settings {
        let presence = if self.shows_presence { PresenceAudience::Friends } else { PresenceAudience::Nobody };
        Settings {
            add_ways: Some(self.add_ways),
            friends_must_request: self.friends_must_request,
            ask_before_group: self.ask_before_group,
            read_receipts: self.read_receipts,
            presence: presence.into(),
        }
    }
}

/// A person by id, within a transaction.
pub fn person(tx: &mut Tx<'_>, id: AccountId) -> Result<Option<Person>> {
    Ok(tx.get(&ACCOUNT, &id)?.map(|row| Person::from_row(id, row)))
}

/// A person by exact username, without regard to case, within a transaction.
pub fn person_by_username(tx: &mut Tx<'_>, username: &str) -> Result<Option<Person>> {
    match tx.get(&USERNAME, &username.to_ascii_lowercase())? {
        Some(row) => person(tx, AccountId(row.account_id)),
        None => Ok(None),
    }
}

/// A person by id.
pub async fn load(store: &Store, id: AccountId) -> Result<Option<Person>> {
    Ok(store.get(&ACCOUNT, &id).await?.map(|row| Person::from_row(id, row)))
}
