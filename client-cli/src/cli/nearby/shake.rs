//! `teahouse shake`: shakes once and shows partners as they come, until the window ends; switches and history of shaking.

use super::super::App;
use super::super::people::{first_page, next_page};
use super::super::profile::SignIn;
use super::{Whereabouts, found, words};
use clap::Args as ClapArgs;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use std::time::Duration;
use teahouse_client::{Error, Kind, Result, Session, schema};
use teahouse_proto::common::StrangerCard;
use teahouse_proto::shake::{
    ClearShakenRequest, ForgetRequest, GetShakeRequest, ListShakenRequest, ListShakenResponse, Settings,
    ShakeRequest, Shaken, UpdateShakeRequest,
};
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{FollowRequest, FollowResponse};
use teahouse_proto::{
    SHAKE_CLEAR_SHAKEN, SHAKE_FORGET, SHAKE_GET_SHAKE, SHAKE_LIST_SHAKEN, SHAKE_SHAKE, SHAKE_UPDATE_SHAKE,
    SYNC_FOLLOW, ShakeClient, SyncClient,
};

/// For how long the end of a window is awaited: some times as long as a window is.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, ClapArgs)]
pub(crate) struct Shake {
    #[command(flatten)]
    whereabouts: Whereabouts,
    /// Show who is found at once, and do not wait for those who shake a moment later. Waiting ends a `teahouse follow` of
    /// the same profile.
    #[arg(long)]
    no_wait: bool,
    /// Show your switch, and what others see of you.
    #[arg(long, conflicts_with = "at")]
    seen: bool,
    /// Switch it on.
    #[arg(long)]
    on: bool,
    /// Switch it off.
    #[arg(long, conflicts_with_all = ["on", "at"])]
    off: bool,
    /// Say that you are 18 or older. Needed once.
    #[arg(long)]
    adult: bool,
    /// List whom you met by shaking, the last 48 hours.
    #[arg(long, conflicts_with_all = ["at", "on", "off"])]
    history: bool,
    /// Clear that list.
    #[arg(long, conflicts_with_all = ["at", "on", "off", "history"])]
    clear: bool,
    /// Forget all of where you were, for looking around too, and take you out of the lists of others.
    #[arg(long, conflicts_with_all = ["at", "on", "off", "history", "clear"])]
    forget: bool,
}

pub(super) async fn run(app: &App, args: Shake) -> Result<()> {
    let (session, me) = app.session().await?;
    let client = ShakeClient(session.clone());
    if args.history {
        return history(app, &session, &me).await;
    }
    if args.clear {
        let answer = client.clear_shaken(ClearShakenRequest {}).await?;
        return app.out.answer(&SHAKE_CLEAR_SHAKEN, &answer, || "Cleared.".to_owned());
    }
    if args.forget {
        let answer = client.forget(ForgetRequest {}).await?;
        return app.out.answer(&SHAKE_FORGET, &answer, || {
            let from = app.out.times.minute(answer.closed_until_ms);
            format!("Forgotten. A place of yours is taken again from {from} on.")
        });
    }
    if args.on || args.off || args.adult {
        let enabled = (args.on || args.off).then_some(args.on);
        let answer = client.update_shake(UpdateShakeRequest { enabled, is_adult: args.adult }).await?;
        if args.whereabouts.at.is_none() && !args.seen {
            return app.out.answer(&SHAKE_UPDATE_SHAKE, &answer, || switch(answer.settings.as_ref()));
        }
    }
    if args.seen {
        let answer = client.get_shake(GetShakeRequest {}).await?;
        return app.out.answer(&SHAKE_GET_SHAKE, &answer, || {
            let card = words::in_a_line(&answer.seen.clone().unwrap_or_default());
            format!("{}\nothers see  {card}", switch(answer.settings.as_ref()))
        });
    }
    shake(app, &session, &me, &args).await
}

fn switch(settings: Option<&Settings>) -> String {
    let on = settings.is_some_and(|settings| settings.enabled);
    format!("shake       {}", if on { "on" } else { "off" })
}

type Events = BoxStream<'static, Result<FollowResponse>>;

async fn shake(app: &App, session: &Session, me: &SignIn, args: &Shake) -> Result<()> {
    // Before the shake, so that no partner is missed who comes at once after it.
    let events = if args.no_wait { None } else { Some(listen(session).await?) };
    let request = ShakeRequest { position: args.whereabouts.position() };
    let answer = ShakeClient(session.clone()).shake(request).await?;
    found::keep(app, me, &answer.partners)?;
    app.out.answer(&SHAKE_SHAKE, &answer, || rows(&answer.partners, 1))?;
    let mut count = answer.partners.len();
    if let Some(events) = events {
        if !app.out.is_json() {
            app.out.remark(format!(
                "Waiting for others until {}.",
                app.out.times.clock(answer.window_ends_at_ms)
            ));
        }
        let rest = partners(app, me, events, answer.shake_id, &mut count);
        // Where the word that it is over gets lost, the shake is over all the same.
        if let Ok(failed) = tokio::time::timeout(PATIENCE, rest).await {
            failed?;
        }
    }
    if count == 0 && !app.out.is_json() {
        app.out.say("Nobody shook with you. Try again when others do.")?;
    }
    Ok(())
}

/// What happens from now on.
async fn listen(session: &Session) -> Result<Events> {
    let request = FollowRequest { cursor: bytes::Bytes::new() };
    let mut events = SyncClient(session.clone()).follow(request).await?;
    while let Some(event) = events.next().await {
        if matches!(event?.event, Some(Event::CaughtUp(_))) {
            return Ok(events);
        }
    }
    Err(ended())
}

fn ended() -> Error {
    Error::new(
        Kind::Lost,
        "STREAM_ENDED",
        "The connection ended before the shake was over. `--history` shows whom you met.",
    )
}

/// Shows further partners until the window of the shake ends.
async fn partners(
    app: &App,
    me: &SignIn,
    mut events: Events,
    shake_id: u64,
    count: &mut usize,
) -> Result<()> {
    while let Some(event) = events.next().await {
        let Some(Event::Shaken(shaken)) = event?.event else { continue };
        if shaken.shake_id != shake_id {
            continue;
        }
        *count += shaken.partners.len();
        tell(app, me, &shaken)?;
        if shaken.over {
            return Ok(());
        }
    }
    Err(ended())
}

fn tell(app: &App, me: &SignIn, shaken: &Shaken) -> Result<()> {
    let first = found::keep_more(app, me, &shaken.partners)?;
    if app.out.is_json() {
        let event = FollowResponse { event: Some(Event::Shaken(shaken.clone())), ..Default::default() };
        return app.out.document(&schema::message_to_json(SYNC_FOLLOW.response, &event)?);
    }
    match rows(&shaken.partners, first) {
        nobody if nobody.is_empty() => Ok(()),
        rows => app.out.say(rows),
    }
}

/// Partners as lines, numbered from `first` on.
fn rows(partners: &[StrangerCard], first: usize) -> String {
    let row =
        |(place, card): (usize, &StrangerCard)| format!("{:>3}  {}", first + place, words::in_a_line(card));
    partners.iter().enumerate().map(row).collect::<Vec<_>>().join("\n")
}

async fn history(app: &App, session: &Session, me: &SignIn) -> Result<()> {
    let (mut people, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let answer = ShakeClient(session.clone()).list_shaken(ListShakenRequest { page }).await?;
        people.extend(answer.people);
        page = next_page(answer.next);
    }
    found::keep(app, me, &people)?;
    let answer = ListShakenResponse { people, ..Default::default() };
    app.out.answer(&SHAKE_LIST_SHAKEN, &answer, || words::list(&answer.people, "You met nobody by shaking."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::common::Band;

    #[test]
    fn partners_are_numbered_on() {
        let card = |name: &str, band: Band| StrangerCard {
            name: name.to_owned(),
            band: band.into(),
            ..Default::default()
        };
        let partners = [card("Bobby", Band::Cell500M), card("Zoe\u{1b}", Band::World)];
        assert_eq!(rows(&partners, 9), "  9  Bobby · about 500 m\n 10  Zoe\\u{1b} · far away");
        assert_eq!(rows(&[], 1), "");
    }
}
