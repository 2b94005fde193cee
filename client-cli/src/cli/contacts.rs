//! Commands about friends and blocks.

use super::App;
use super::args::{Privacy, Switch};
use super::output::Output;
use super::people::{
    People, ambiguous, called, display_name, first_page, friends as all_friends, in_full, next_page,
};
use super::requests::way_name;
use super::secret;
use super::text::{line, table};
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::contacts::{
    BlockRequest, BlockedPerson, DeleteFriendRequest, Friend, FriendPrivacy, ListBlockedRequest,
    ListBlockedResponse, ListFriendsResponse, ListTagsRequest, RenameTagRequest, SearchRequest, TagList,
    UnblockRequest, UpdateFriendRequest, UpdateFriendResponse, block_request::Who,
};
use teahouse_proto::{
    CONTACTS_BLOCK, CONTACTS_DELETE_FRIEND, CONTACTS_LIST_BLOCKED, CONTACTS_LIST_FRIENDS, CONTACTS_LIST_TAGS,
    CONTACTS_RENAME_TAG, CONTACTS_UNBLOCK, CONTACTS_UPDATE_FRIEND, ContactsClient,
};

pub(super) async fn friends(app: &App, tag: String) -> Result<()> {
    let (session, _) = app.session().await?;
    let mut friends = all_friends(&session, tag).await?;
    if !app.out.is_json() {
        // Starred ones first, then by what they are called.
        friends.sort_by_cached_key(|f| (!f.starred, called(f).to_lowercase()));
    }
    let answer = ListFriendsResponse { friends, next: Default::default() };
    app.out.answer(&CONTACTS_LIST_FRIENDS, &answer, || {
        if answer.friends.is_empty() {
            return "No friends here. `teahouse add USERNAME` asks somebody.".to_owned();
        }
        let rows: Vec<_> = answer.friends.iter().map(|f| friend_row(&app.out, f)).collect();
        table(["", "NAME", "USERNAME", "SINCE", "FOUND BY", "TAGS", "ACCOUNT"], &rows)
    })
}

fn friend_row(out: &Output, friend: &Friend) -> [String; 7] {
    let name = display_name(friend.card.as_ref());
    let mut shown = called(friend);
    if !friend.remark.is_empty() {
        shown = format!("{shown} ({})", line(name));
    }
    if !friend.former_display_name.is_empty() {
        shown = format!("{shown}, was {}", line(&friend.former_display_name));
    }
    [
        if friend.starred { "*" } else { "" }.to_owned(),
        shown,
        line(&friend.username).into_owned(),
        out.times.day(friend.friends_since_ms),
        way_name(friend.way()).to_owned(),
        line(&friend.tags.join(", ")).into_owned(),
        friend.account_id.to_string(),
    ]
}

/// Changes a friend and says what `show` makes of them as they are then.
async fn update(
    app: &App,
    who: &str,
    change: impl FnOnce(&Friend, &mut UpdateFriendRequest),
    show: impl FnOnce(&Friend) -> String,
) -> Result<()> {
    let (session, me) = app.session().await?;
    let people = People::load(&session, me).await?;
    let friend = people.friend(who)?;
    let unchanged = UpdateFriendRequest { account_id: friend.account_id, ..Default::default() };
    let mut request = unchanged.clone();
    change(friend, &mut request);
    let answer = if request == unchanged {
        UpdateFriendResponse { friend: Some(friend.clone()) }
    } else {
        ContactsClient(session).update_friend(request).await?
    };
    app.out.answer(&CONTACTS_UPDATE_FRIEND, &answer, || show(answer.friend.as_ref().unwrap_or(friend)))
}

pub(super) async fn remark(app: &App, who: &str, text: String) -> Result<()> {
    let change = |_: &Friend, request: &mut UpdateFriendRequest| request.remark = Some(text);
    update(app, who, change, |f| match f.remark.as_str() {
        "" => format!("{} has no remark.", in_full(f)),
        remark => format!(
            "You call {} ({}) “{}”.",
            line(display_name(f.card.as_ref())),
            line(&f.username),
            line(remark)
        ),
    })
    .await
}

pub(super) async fn tag(app: &App, who: &str, tags: Vec<String>, none: bool) -> Result<()> {
    let change = |_: &Friend, request: &mut UpdateFriendRequest| {
        request.tags = (none || !tags.is_empty()).then_some(TagList { tags });
    };
    update(app, who, change, |f| match f.tags.as_slice() {
        [] => format!("{} has no tags.", in_full(f)),
        tags => format!("{}: {}", in_full(f), line(&tags.join(", "))),
    })
    .await
}

pub(super) async fn star(app: &App, who: &str, on: bool) -> Result<()> {
    let change = |_: &Friend, request: &mut UpdateFriendRequest| request.starred = Some(on);
    update(app, who, change, |f| {
        if f.starred {
            format!("{} is starred.", in_full(f))
        } else {
            format!("{} is not starred.", in_full(f))
        }
    })
    .await
}

pub(super) async fn privacy(app: &App, args: Privacy) -> Result<()> {
    let change = |friend: &Friend, request: &mut UpdateFriendRequest| {
        let now = friend.privacy.unwrap_or_default();
        let or = |switch: Option<Switch>, now| switch.map_or(now, Switch::is_on);
        let changed = FriendPrivacy {
            chat_only: or(args.chat_only, now.chat_only),
            hide_my_moments: or(args.hide_mine, now.hide_my_moments),
            hide_their_moments: or(args.hide_theirs, now.hide_their_moments),
        };
        request.privacy = (changed != now).then_some(changed);
    };
    update(app, &args.who, change, |f| {
        let now = f.privacy.unwrap_or_default();
        let word = |on| if on { "on" } else { "off" };
        format!(
            "{}\nchat only           {}\nhide my Moments     {}\nhide their Moments  {}",
            in_full(f),
            word(now.chat_only),
            word(now.hide_my_moments),
            word(now.hide_their_moments)
        )
    })
    .await
}

pub(super) async fn tags(app: &App, rename: Option<Vec<String>>, remove: Option<String>) -> Result<()> {
    let (session, _) = app.session().await?;
    let contacts = ContactsClient(session);
    let change = match (rename.as_deref(), remove) {
        (Some([old, new]), _) => Some(RenameTagRequest { name: old.clone(), new_name: new.clone() }),
        (_, Some(tag)) => Some(RenameTagRequest { name: tag, new_name: String::new() }),
        _ => None,
    };
    if let Some(request) = change {
        let answer = contacts.rename_tag(request).await?;
        return app.out.answer(&CONTACTS_RENAME_TAG, &answer, || "Done.".to_owned());
    }
    let answer = contacts.list_tags(ListTagsRequest {}).await?;
    app.out.answer(&CONTACTS_LIST_TAGS, &answer, || {
        let rows: Vec<_> =
            answer.tags.iter().map(|t| [t.friends.to_string(), line(&t.name).into_owned()]).collect();
        if rows.is_empty() {
            "No tags. `teahouse tag WHO TAG` makes one.".to_owned()
        } else {
            table(["FRIENDS", "TAG"], &rows)
        }
    })
}

pub(super) async fn delete(app: &App, who: &str, yes: bool) -> Result<()> {
    let (session, me) = app.session().await?;
    let people = People::load(&session, me).await?;
    let friend = people.friend(who)?;
    let question = format!("Delete {} and the conversation with its history?", in_full(friend));
    if !yes && secret::is_interactive() && !secret::confirm(&question)? {
        return Err(Error::new(Kind::Misuse, "NOT_CONFIRMED", "Nothing was deleted."));
    }
    let request = DeleteFriendRequest { account_id: friend.account_id };
    let answer = ContactsClient(session).delete_friend(request).await?;
    app.out.answer(&CONTACTS_DELETE_FRIEND, &answer, || {
        format!("{} is deleted. They are not told.", in_full(friend))
    })
}

/// Blocks a friend, or else whoever has this username. A chosen name is no way to a stranger.
pub(super) async fn block(app: &App, who: &str) -> Result<()> {
    let (session, me) = app.session().await?;
    let people = People::load(&session, me).await?;
    let contacts = ContactsClient(session);
    let (target, name) = match people.find(who)? {
        Some(friend) => (Who::AccountId(friend.account_id), in_full(friend)),
        None => match who.parse() {
            Ok(account_id) => (Who::AccountId(account_id), format!("account {account_id}")),
            Err(_) => {
                let found = contacts.search(SearchRequest { username: who.to_owned() }).await?;
                let name = format!("{} ({})", line(display_name(found.card.as_ref())), line(who));
                (Who::Ticket(found.ticket), name)
            }
        },
    };
    let answer = contacts.block(BlockRequest { who: Some(target) }).await?;
    app.out.answer(&CONTACTS_BLOCK, &answer, || {
        format!("{name} is blocked. They are not told. `teahouse unblock` ends it.")
    })
}

pub(super) async fn unblock(app: &App, who: &str) -> Result<()> {
    let (session, me) = app.session().await?;
    let blocked = all_blocked(&session).await?;
    let people = People::load(&session, me).await?;
    // A username is known of friends only; of others, the name they show.
    let account_id = people.find(who)?.map_or(0, |f| f.account_id);
    let by_id = |b: &&BlockedPerson| {
        who.parse() == Ok(b.block_id)
            || (b.account_id != 0 && (b.account_id == account_id || who.parse() == Ok(b.account_id)))
    };
    let mut meant: Vec<_> = blocked.iter().filter(by_id).collect();
    if meant.is_empty() {
        let name =
            match ContactsClient(session.clone()).search(SearchRequest { username: who.to_owned() }).await {
                Ok(found) => display_name(found.card.as_ref()).to_owned(),
                Err(e) if matches!(e.kind(), Kind::NotFound | Kind::Invalid) => who.to_owned(),
                Err(e) => return Err(e),
            };
        meant = blocked
            .iter()
            .filter(|b| [name.as_str(), who].contains(&display_name(b.card.as_ref())))
            .collect();
    }
    let block_id = match meant.as_slice() {
        [one] => one.block_id,
        [] => {
            let message =
                format!("You do not block “{}”. `teahouse blocked` lists whom you block.", line(who));
            return Err(Error::new(Kind::NotFound, "BLOCK_NOT_FOUND", message));
        }
        many => {
            let shown = |b: &&BlockedPerson| {
                format!("{} (block {})", line(display_name(b.card.as_ref())), b.block_id)
            };
            return Err(ambiguous(who, many.iter().map(shown)));
        }
    };
    let answer = ContactsClient(session).unblock(UnblockRequest { block_id }).await?;
    app.out.answer(&CONTACTS_UNBLOCK, &answer, || "Unblocked. What was before is there again.".to_owned())
}

pub(super) async fn blocked(app: &App) -> Result<()> {
    let (session, _) = app.session().await?;
    let answer = ListBlockedResponse { blocked: all_blocked(&session).await?, next: Default::default() };
    app.out.answer(&CONTACTS_LIST_BLOCKED, &answer, || {
        if answer.blocked.is_empty() {
            return "You block nobody.".to_owned();
        }
        let row = |b: &BlockedPerson| {
            let name = line(display_name(b.card.as_ref())).into_owned();
            [b.block_id.to_string(), app.out.times.day(b.blocked_at_ms), name]
        };
        table(["BLOCK", "SINCE", "NAME"], &answer.blocked.iter().map(row).collect::<Vec<_>>())
    })
}

async fn all_blocked(session: &Session) -> Result<Vec<BlockedPerson>> {
    let (mut all, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer = ContactsClient(session.clone()).list_blocked(ListBlockedRequest { page }).await?;
        all.extend(answer.blocked);
        page = next_page(answer.next);
    }
    Ok(all)
}
