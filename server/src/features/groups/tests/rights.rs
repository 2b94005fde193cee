//! Each right, for each role, in each situation: what needs it succeeds exactly where the caller is told that they have it.

use super::*;

const LARGE: u32 = 5;

/// What a group is in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Situation {
    Calm,
    Large,
    AllMuted,
    Muted,
    Dissolved,
}

/// Anna owns it, Boris is an admin, Clara is a member, and so is Dora, to whom things are done. Emil waits to be let in.
async fn group(situation: Situation) -> (World, ConversationId) {
    let rename_up_to = if situation == Situation::Large { LARGE - 2 } else { LARGE };
    let chat = ChatConfig { rename_up_to, ..ChatConfig::default() };
    let world = World::under(6, GroupsConfig::default(), chat).await;
    let id = world.group_of(4).await;
    world.set_admin(id, BORIS, true).await.unwrap();
    world.say(DORA, id, "what Dora said").await.unwrap();
    world.settings(id, |settings| settings.approval = true).await;
    world.scan(EMIL, id, ANNA).await.unwrap();
    for who in [ANNA, BORIS, CLARA] {
        world.befriend(who, AccountId(6)).await;
    }
    match situation {
        Situation::AllMuted => world.settings(id, |settings| settings.all_muted = true).await,
        Situation::Muted => {
            for who in [BORIS, CLARA] {
                let mute = MuteMemberRequest { conversation_id: id.0, account_id: who.0, muted: true };
                world.groups.mute_member(&world.cx(ANNA), mute).await.unwrap();
            }
        }
        Situation::Dissolved => world.dissolve(ANNA, id).await.unwrap(),
        Situation::Calm | Situation::Large => {}
    }
    (world, id)
}

impl World {
    async fn update_as(&self, who: AccountId, request: UpdateGroupRequest) -> Result<()> {
        self.groups.update_group(&self.cx(who), request).await.map(drop)
    }

    async fn seq_of_dora(&self, id: ConversationId) -> u64 {
        let entries = self.entries(ANNA, id).await;
        entries.iter().find(|entry| entry.author_account_id == DORA.0).unwrap().seq
    }

    /// Does whatever needs a right, each in turn until one is refused.
    async fn exercise(&self, who: AccountId, id: ConversationId, right: GroupRight) -> Result<()> {
        let (cx, conversation_id, account_id) = (self.cx(who), id.0, DORA.0);
        let (groups, chat) = (&self.groups, &self.chat);
        match right {
            GroupRight::Unspecified => panic!("not a right"),
            GroupRight::Speak => {
                self.say(who, id, "hello").await?;
                let seq = self.seq_of_dora(id).await;
                let react = SetReactionRequest { conversation_id, seq, emoji: "👍".into(), on: true };
                chat.set_reaction(&cx, react).await.map(drop)
            }
            GroupRight::MentionAll => self.mention_all(who, id).await,
            GroupRight::Recall => {
                let seq = self.seq_of_dora(id).await;
                chat.recall_message(&cx, RecallMessageRequest { conversation_id, seq }).await.map(drop)
            }
            GroupRight::Pin => {
                let seq = self.seq_of_dora(id).await;
                chat.set_pin(&cx, SetPinRequest { conversation_id, seq, pinned: true }).await.map(drop)
            }
            GroupRight::Invite => self.invite(who, id, &[6]).await.map(drop),
            GroupRight::Approve => {
                self.requests(who, id).await?;
                let request = self.requests(ANNA, id).await?.remove(0);
                self.decide(who, &request, true).await
            }
            GroupRight::Rename => self.rename_and_repaint(who, id).await,
            GroupRight::Announce => {
                let request = SetAnnouncementRequest { conversation_id, text: "x".into() };
                groups.set_announcement(&cx, request).await.map(drop)
            }
            GroupRight::Mute => {
                let request = MuteMemberRequest { conversation_id, account_id, muted: true };
                groups.mute_member(&cx, request).await?;
                self.switch(who, id, |settings| settings.all_muted = !settings.all_muted).await
            }
            GroupRight::Remove => self.remove(who, id, &[DORA]).await,
            GroupRight::Settings => {
                self.switch(who, id, |settings| settings.approval = !settings.approval).await?;
                self.switch(who, id, |settings| settings.history_visible = true).await?;
                self.switch(who, id, |settings| settings.members_private = true).await
            }
            GroupRight::SetAdmins => {
                let request = SetAdminRequest { conversation_id, account_id, admin: true };
                groups.set_admin(&cx, request).await.map(drop)
            }
            GroupRight::Transfer => {
                let request = TransferGroupRequest { conversation_id, account_id };
                groups.transfer_group(&cx, request).await.map(drop)
            }
            GroupRight::Dissolve => self.dissolve_first(who, id).await,
            // Exercised in a later room, by this question.
            GroupRight::ResetCodes => {
                let groups = self.groups.room.chat.clone();
                let check =
                    move |tx: &mut Tx<'_>| groups.check(tx, id, who, GroupRight::ResetCodes).map(drop);
                self.foundation.store.transact(check).await
            }
        }
    }

    async fn rename_and_repaint(&self, who: AccountId, id: ConversationId) -> Result<()> {
        let unchanged = UpdateGroupRequest { conversation_id: id.0, ..Default::default() };
        let request = UpdateGroupRequest { name: Some("x".into()), ..unchanged.clone() };
        self.update_as(who, request).await?;
        let request = UpdateGroupRequest { picture_media_id: Some(String::new()), ..unchanged };
        self.update_as(who, request).await
    }

    async fn dissolve_first(&self, who: AccountId, id: ConversationId) -> Result<()> {
        let before = self.group(who, id).await?.summary.unwrap_or_default().standing();
        self.dissolve(who, id).await?;
        match before {
            // A repeat is no exercise of the right.
            GroupStanding::Dissolved => Err(crate::features::chat::group_dissolved()),
            _ => Ok(()),
        }
    }

    async fn mention_all(&self, who: AccountId, id: ConversationId) -> Result<()> {
        let all = Mention { all: true, length: 4, ..Mention::default() };
        let text = Text { text: "@all".into(), mentions: vec![all], ..Text::default() };
        let request = SendMessageRequest {
            client_message_id: self.client_id(),
            to: Some(To::ConversationId(id.0)),
            content: Some(Content::Text(text)),
        };
        self.chat.send_message(&self.cx(who), request).await.map(drop)
    }

    async fn switch(
        &self,
        who: AccountId,
        id: ConversationId,
        change: impl FnOnce(&mut GroupSettings),
    ) -> Result<()> {
        let mut settings = self.group(who, id).await?.settings.unwrap_or_default();
        change(&mut settings);
        let request =
            UpdateGroupRequest { conversation_id: id.0, settings: Some(settings), ..Default::default() };
        self.update_as(who, request).await
    }
}

#[tokio::test]
async fn rights_are_what_can_be_done() {
    let all = || (1..).map_while(|number| GroupRight::try_from(number).ok());
    let situations =
        [Situation::Calm, Situation::Large, Situation::AllMuted, Situation::Muted, Situation::Dissolved];
    let mut held = 0;
    for situation in situations {
        for who in [ANNA, BORIS, CLARA] {
            for right in all() {
                let (world, id) = group(situation).await;
                let rights = world.group(who, id).await.unwrap().rights;
                let may = rights.contains(&right.into());
                let outcome = world.exercise(who, id, right).await.map_err(|error| error.reason());
                let refusal = match (situation, right) {
                    (Situation::Dissolved, _) => "GROUP_DISSOLVED",
                    (_, GroupRight::Speak) => "MUTED",
                    (_, GroupRight::Recall) => "NOT_YOURS",
                    (_, GroupRight::MentionAll) if !rights.contains(&GroupRight::Speak.into()) => "MUTED",
                    _ => "NOT_ALLOWED",
                };
                let expected = if may { Ok(()) } else { Err(refusal) };
                assert_eq!(outcome, expected, "{situation:?}, account {who}, {right:?}");
                held += u32::from(may);
            }
        }
    }
    // The owner's of four living situations; the admin's and the member's as the table has them.
    assert_eq!(held, 4 * 15 + (3 * 11 + 7) + (3 + 2 + 2 + 1));
}

#[tokio::test]
async fn who_may_invite_without_approval_is_told_so_by_the_outcome() {
    let (world, id) = group(Situation::Calm).await;
    use InviteOutcome::{Joined, Requested};
    assert_eq!(world.invite(CLARA, id, &[6]).await.unwrap(), [Requested]);
    assert_eq!(world.invite(BORIS, id, &[6]).await.unwrap(), [Joined]);
}
