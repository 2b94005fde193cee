//! Commands about groups: making, showing, changing, leaving and ending them. What is said in them goes as in any other
//! conversation.

mod args;
mod entering;
mod members;
mod words;

pub(crate) use args::Groups;

use super::App;
use super::args::Switch;
use super::media::send_up;
use super::people::People;
use super::place::{self, Place};
use super::secret;
use super::text::{block, line};
use args::{Action, Settings};
pub(super) use entering::{invitation, join};
use std::path::PathBuf;
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::chat::ListConversationsResponse;
use teahouse_proto::groups::{
    CreateGroupRequest, DissolveGroupRequest, GetGroupRequest, GetGroupResponse, Group, GroupSettings,
    LeaveGroupRequest, SetAnnouncementRequest, SetNicknameRequest, UpdateGroupRequest, UpdateGroupResponse,
};
use teahouse_proto::media::MediaKind;
use teahouse_proto::{
    CHAT_LIST_CONVERSATIONS, GROUPS_CREATE_GROUP, GROUPS_DISSOLVE_GROUP, GROUPS_GET_GROUP,
    GROUPS_LEAVE_GROUP, GROUPS_SET_ANNOUNCEMENT, GROUPS_SET_NICKNAME, GROUPS_UPDATE_GROUP, GroupsClient,
};

/// The group that the user means, and what it takes to speak of it.
struct At<'a> {
    app: &'a App,
    session: Session,
    people: People,
    place: Place,
}

impl<'a> At<'a> {
    async fn group(app: &'a App, who: &str) -> Result<Self> {
        let (session, me) = app.session().await?;
        let mut people = People::load(&session, me).await?;
        let place = place::group(&session, &mut people, who).await?;
        Ok(Self { app, session, people, place })
    }

    fn id(&self) -> u64 {
        self.place.conversation_id
    }

    fn client(&self) -> GroupsClient<Session> {
        GroupsClient(self.session.clone())
    }

    async fn meet(&mut self) -> Result<()> {
        self.place.meet(&self.session, &mut self.people).await
    }

    async fn get(&self) -> Result<GetGroupResponse> {
        self.client().get_group(GetGroupRequest { conversation_id: self.id() }).await
    }
}

pub(super) async fn run(app: &App, args: Groups) -> Result<()> {
    match args.action.unwrap_or(Action::List) {
        Action::List => list(app).await,
        Action::Create { name, friends } => create(app, name, &friends).await,
        Action::Show { group } => show(At::group(app, &group).await?).await,
        Action::Members { group } => members::list(At::group(app, &group).await?).await,
        Action::Invite { group, friends } => entering::invite(At::group(app, &group).await?, &friends).await,
        Action::Invitations => entering::invitations(app).await,
        Action::Accept { invitation } => entering::accept(app, &invitation).await,
        Action::Decline { invitation } => entering::decline(app, &invitation).await,
        Action::Requests { group } => entering::requests(At::group(app, &group).await?).await,
        Action::Approve { group, request } => {
            entering::decide(At::group(app, &group).await?, &request, true).await
        }
        Action::Refuse { group, request } => {
            entering::decide(At::group(app, &group).await?, &request, false).await
        }
        Action::Rename { group, name } => rename(At::group(app, &group).await?, name).await,
        Action::Picture { group, file } => picture(At::group(app, &group).await?, file).await,
        Action::Announce { group, text, none } => announce(At::group(app, &group).await?, text, none).await,
        Action::Nickname { group, name } => nickname(At::group(app, &group).await?, name).await,
        Action::Settings(args) => settings(At::group(app, &args.group).await?, &args).await,
        Action::Mute { group, member } => members::mute(At::group(app, &group).await?, &member, true).await,
        Action::Unmute { group, member } => {
            members::mute(At::group(app, &group).await?, &member, false).await
        }
        Action::Admin { group, member, off } => {
            members::admin(At::group(app, &group).await?, &member, !off).await
        }
        Action::Transfer { group, member, yes } => {
            members::transfer(At::group(app, &group).await?, &member, yes).await
        }
        Action::Remove { group, members } => members::remove(At::group(app, &group).await?, &members).await,
        Action::Leave { group, do_not_add_again, yes } => {
            leave(&At::group(app, &group).await?, do_not_add_again, yes).await
        }
        Action::Dissolve { group, yes } => dissolve(&At::group(app, &group).await?, yes).await,
        Action::AddFriend { group, member, text } => {
            members::add_friend(At::group(app, &group).await?, &member, text).await
        }
    }
}

/// Asks before what cannot be undone, where somebody is there to ask.
pub(super) fn sure(question: &str, yes: bool) -> Result<()> {
    if yes || !secret::is_interactive() || secret::confirm(question)? {
        return Ok(());
    }
    Err(Error::new(Kind::Misuse, "NOT_CONFIRMED", "Nothing was changed."))
}

async fn list(app: &App) -> Result<()> {
    let (session, me) = app.session().await?;
    let conversations = place::groups(&session).await?;
    let answer = ListConversationsResponse { conversations, next: Default::default() };
    if app.out.is_json() {
        return app.out.answer(&CHAT_LIST_CONVERSATIONS, &answer, String::new);
    }
    let mut people = People::load(&session, me).await?;
    for group in answer.conversations.iter().filter(|c| place::summary(c).name.is_empty()) {
        people.meet(&session, group).await?;
    }
    app.out.say(words::groups(&people, &answer.conversations))
}

async fn create(app: &App, name: String, friends: &[String]) -> Result<()> {
    let (session, me) = app.session().await?;
    let mut people = People::load(&session, me).await?;
    let request = CreateGroupRequest {
        client_group_id: session.random().client_id(),
        name,
        account_ids: members::friends(&people, friends)?,
    };
    let answer = GroupsClient(session.clone()).create_group(request).await?;
    let (id, summary) = id_and_summary(answer.group.as_ref());
    if summary.name.is_empty() && !app.out.is_json() {
        people.meet_in(&session, id).await?;
    }
    app.out.answer(&GROUPS_CREATE_GROUP, &answer, || {
        let title = people.group_title(id, &summary);
        let count = summary.member_count;
        let outcomes = words::invited(&people, &answer.invited);
        format!("Made {title} (group {id}), {count} members.\n{outcomes}").trim_end().to_owned()
    })
}

fn id_and_summary(group: Option<&Group>) -> (u64, teahouse_proto::chat::GroupSummary) {
    let group = group.cloned().unwrap_or_default();
    (group.conversation_id, group.summary.unwrap_or_default())
}

async fn show(mut at: At<'_>) -> Result<()> {
    at.meet().await?;
    let answer = at.get().await?;
    at.app.out.answer(&GROUPS_GET_GROUP, &answer, || {
        words::group(&at.app.out, &at.people, &answer.group.clone().unwrap_or_default())
    })
}

async fn update(at: &At<'_>, request: UpdateGroupRequest, said: impl FnOnce(&Group) -> String) -> Result<()> {
    let answer = at.client().update_group(UpdateGroupRequest { conversation_id: at.id(), ..request }).await?;
    at.app.out.answer(&GROUPS_UPDATE_GROUP, &answer, || said(&answer.group.clone().unwrap_or_default()))
}

async fn rename(at: At<'_>, name: String) -> Result<()> {
    let request = UpdateGroupRequest { name: Some(name), ..Default::default() };
    update(&at, request, |group| {
        let summary = group.summary.clone().unwrap_or_default();
        if summary.name.is_empty() {
            return format!("{} has no name of its own now, and is called by its members.", at.place.title);
        }
        format!(
            "{} is called {} now.",
            at.place.title,
            at.people.group_title(group.conversation_id, &summary)
        )
    })
    .await
}

async fn picture(at: At<'_>, file: Option<PathBuf>) -> Result<()> {
    let media_id = match &file {
        Some(file) => send_up(at.app, &at.session, file, MediaKind::Picture).await?.media_id,
        None => String::new(),
    };
    let request = UpdateGroupRequest { picture_media_id: Some(media_id), ..Default::default() };
    let what = if file.is_some() { "a new picture" } else { "the picture made of its members'" };
    update(&at, request, |_| format!("{} has {what}.", at.place.title)).await
}

async fn settings(at: At<'_>, args: &Settings) -> Result<()> {
    let answer = at.get().await?;
    let now = answer.group.as_ref().and_then(|g| g.settings).unwrap_or_default();
    let or = |switch: Option<Switch>, now| switch.map_or(now, Switch::is_on);
    let wanted = GroupSettings {
        approval: or(args.approval, now.approval),
        history_visible: or(args.history, now.history_visible),
        members_private: or(args.private, now.members_private),
        all_muted: or(args.mute_all, now.all_muted),
    };
    if wanted == now {
        let answer = UpdateGroupResponse { group: answer.group };
        return at.app.out.answer(&GROUPS_UPDATE_GROUP, &answer, || words::settings(Some(&now)));
    }
    let request = UpdateGroupRequest { settings: Some(wanted), ..Default::default() };
    update(&at, request, |group| words::settings(group.settings.as_ref())).await
}

async fn announce(mut at: At<'_>, text: Option<String>, none: bool) -> Result<()> {
    if text.is_none() && !none {
        at.meet().await?;
        let answer = at.get().await?;
        return at.app.out.answer(&GROUPS_GET_GROUP, &answer, || {
            match answer.group.as_ref().and_then(|g| g.announcement.as_ref()) {
                Some(announced) => {
                    let by = at.people.name_in(at.id(), announced.by_account_id);
                    let when = at.app.out.times.minute(announced.at_ms);
                    format!("{by}, {when}:\n{}", block(&announced.text, 0))
                }
                None => format!("Nothing is announced in {}.", at.place.title),
            }
        });
    }
    let text = text.map(secret::or_stdin).transpose()?.unwrap_or_default();
    let request = SetAnnouncementRequest { conversation_id: at.id(), text };
    let answer = at.client().set_announcement(request).await?;
    at.app.out.answer(&GROUPS_SET_ANNOUNCEMENT, &answer, || {
        if none {
            format!("{}: the announcement is gone.", at.place.title)
        } else {
            format!("{}: everybody is told.", at.place.title)
        }
    })
}

async fn nickname(at: At<'_>, nickname: String) -> Result<()> {
    let shown = line(&nickname).into_owned();
    let request = SetNicknameRequest { conversation_id: at.id(), nickname };
    let answer = at.client().set_nickname(request).await?;
    at.app.out.answer(&GROUPS_SET_NICKNAME, &answer, || match shown.as_str() {
        "" => format!("You are called by your own name in {}.", at.place.title),
        name => format!("You are called “{name}” in {}.", at.place.title),
    })
}

async fn leave(at: &At<'_>, do_not_add_again: bool, yes: bool) -> Result<()> {
    sure(&format!("Leave {}, and lose its conversation?", at.place.title), yes)?;
    let request = LeaveGroupRequest { conversation_id: at.id(), do_not_add_again };
    let answer = at.client().leave_group(request).await?;
    at.app.out.answer(&GROUPS_LEAVE_GROUP, &answer, || {
        let again = if do_not_add_again { " Nobody can add you again." } else { "" };
        format!("You left {}.{again}", at.place.title)
    })
}

async fn dissolve(at: &At<'_>, yes: bool) -> Result<()> {
    sure(&format!("End {} for everybody?", at.place.title), yes)?;
    let answer = at.client().dissolve_group(DissolveGroupRequest { conversation_id: at.id() }).await?;
    at.app.out.answer(&GROUPS_DISSOLVE_GROUP, &answer, || {
        format!("{} is dissolved. Everybody keeps what was said.", at.place.title)
    })
}
