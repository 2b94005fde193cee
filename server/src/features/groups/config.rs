//! The settings of the groups room.

crate::settings! {
    /// Settings `[groups]`. "A day" is any 24 hours; newcomers have a fifth of what is counted by the day.
    pub struct GroupsConfig {
        /// Members of one group.
        max_members: u32 = 500,
        /// Up to so many members, those who are invited are in at once; larger groups they must accept.
        in_at_once_up_to: u32 = 40,
        /// Up to so many members, one can join by a code.
        code_up_to: u32 = 200,
        /// Admins of one group, besides its owner.
        max_admins: u32 = 10,
        /// New groups of one account a day.
        groups_per_day: u32 = 10,
        /// People whom one account invites a day, also those who are in at once.
        invitations_per_day: u32 = 100,
        /// Groups that one account joins by a code a day.
        code_joins_per_day: u32 = 20,
        /// Days after which an invitation, and a request to join, expires.
        invitation_days: u32 = 7,
        /// Invitations that wait for one account. Further ones do not reach it.
        max_invitations: u32 = 500,
        /// Requests to join that wait in one group.
        max_join_requests: u32 = 500,
        /// Minutes for which somebody who looked at a code can join by it, or who looked at a fellow member can ask to be
        /// friends.
        ticket_minutes: u32 = 10,
        /// Minutes for which a newcomer who joined by a code sends plain text without links.
        plain_text_minutes: u32 = 60,
    }
}

/// The most members that a group can be set to: lists of them are held in memory, and sent to, as a whole.
const MOST_MEMBERS: u32 = 2_000;
/// The most admins that a group can be set to: each is told of each request to join.
const MOST_ADMINS: u32 = 50;

impl GroupsConfig {
    /// What is wrong with these settings, a sentence for each mistake; empty where the room can work with them.
    pub fn problems(&self) -> Vec<String> {
        let at_least_one = [
            ("max_members", self.max_members),
            ("invitation_days", self.invitation_days),
            ("ticket_minutes", self.ticket_minutes),
        ];
        let zeros = at_least_one.into_iter().filter(|(_, value)| *value == 0);
        let zeros = zeros.map(|(name, _)| format!("groups.{name} is 0; it must be at least 1"));
        let at_most =
            [("max_members", self.max_members, MOST_MEMBERS), ("max_admins", self.max_admins, MOST_ADMINS)];
        let above = at_most.into_iter().filter(|(_, value, most)| value > most);
        let above =
            above.map(|(name, value, most)| format!("groups.{name} is {value}; it can be at most {most}"));
        zeros.chain(above).collect()
    }
}
