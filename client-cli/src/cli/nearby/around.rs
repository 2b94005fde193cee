//! `teahouse around`: who is nearby, the switches of Look Around, and what others see of the user.

use super::super::App;
use super::super::account::wire_gender;
use super::super::args::{Gender, Switch};
use super::super::output::Output;
use super::{Whereabouts, found, words};
use clap::{Args as ClapArgs, ValueEnum};
use teahouse_client::{Result, Session};
use teahouse_proto::common::Band;
use teahouse_proto::look_around::{
    Area, ClearLocationRequest, ForgetRequest, GetLookAroundRequest, GetLookAroundResponse, LookOnRequest,
    LookRequest, LookResponse, Seen, Settings, UpdateLookAroundRequest, UpdateLookAroundResponse,
};
use teahouse_proto::{
    LOOK_AROUND_CLEAR_LOCATION, LOOK_AROUND_FORGET, LOOK_AROUND_GET_LOOK_AROUND, LOOK_AROUND_LOOK,
    LOOK_AROUND_UPDATE_LOOK_AROUND, LookAroundClient,
};

/// People asked for at once, the server's maximum.
const PAGE: u32 = 50;

#[derive(Debug, ClapArgs)]
pub(crate) struct Around {
    #[command(flatten)]
    whereabouts: Whereabouts,
    /// Only people of this gender.
    #[arg(long)]
    gender: Option<Gender>,
    /// No farther than this.
    #[arg(long)]
    within: Option<Within>,
    /// How many people.
    #[arg(long, short = 'n', default_value_t = PAGE, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Show your switches, and what others see of you.
    #[arg(long)]
    seen: bool,
    #[command(flatten)]
    switches: Switches,
    /// "Clear location and exit": nobody sees you any more. You can look again after 10 minutes.
    #[arg(long, conflicts_with_all = ["at", "forget", "on", "off"])]
    clear: bool,
    /// Forget all of where you were, for shaking too. You can look again after an hour.
    #[arg(long, conflicts_with_all = ["at", "on", "off"])]
    forget: bool,
}

#[derive(Debug, ClapArgs)]
struct Switches {
    /// Switch it on.
    #[arg(long)]
    on: bool,
    /// Switch it off: nobody sees you any more.
    #[arg(long, conflicts_with_all = ["on", "at"])]
    off: bool,
    /// Say that you are 18 or older. Needed once.
    #[arg(long)]
    adult: bool,
    /// For how many hours others see you after you looked: 1, 6 or 24.
    #[arg(long, value_name = "HOURS")]
    visible_for: Option<u32>,
    /// Your friends do not see you here, and you do not see them.
    #[arg(long)]
    hide_from_friends: Option<Switch>,
}

impl Switches {
    /// What is to be changed, if anything is.
    fn change(&self) -> Option<UpdateLookAroundRequest> {
        let change = UpdateLookAroundRequest {
            enabled: (self.on || self.off).then_some(self.on),
            is_adult: self.adult,
            visible_for_hours: self.visible_for,
            hide_from_friends: self.hide_from_friends.map(Switch::is_on),
        };
        (change != UpdateLookAroundRequest::default()).then_some(change)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Within {
    /// Your own area.
    Here,
    #[value(name = "1km")]
    OneKm,
    #[value(name = "2km")]
    TwoKm,
    #[value(name = "5km")]
    FiveKm,
    #[value(name = "10km")]
    TenKm,
}

impl Within {
    fn band(self) -> Band {
        match self {
            Self::Here => Band::Cell2Km,
            Self::OneKm => Band::Within1Km,
            Self::TwoKm => Band::Within2Km,
            Self::FiveKm => Band::Within5Km,
            Self::TenKm => Band::Within10Km,
        }
    }
}

pub(super) async fn run(app: &App, args: Around) -> Result<()> {
    let (session, me) = app.session().await?;
    let around = LookAroundClient(session.clone());
    if args.clear {
        let answer = around.clear_location(ClearLocationRequest {}).await?;
        return app
            .out
            .answer(&LOOK_AROUND_CLEAR_LOCATION, &answer, || gone(&app.out, answer.closed_until_ms));
    }
    if args.forget {
        let answer = around.forget(ForgetRequest {}).await?;
        return app.out.answer(&LOOK_AROUND_FORGET, &answer, || gone(&app.out, answer.closed_until_ms));
    }
    let change = args.switches.change();
    let is_changed = change.is_some();
    if let Some(change) = change {
        let answer = around.update_look_around(change).await?;
        if args.whereabouts.at.is_none() && !args.seen {
            return app.out.answer(&LOOK_AROUND_UPDATE_LOOK_AROUND, &answer, || updated(&app.out, &answer));
        }
    }
    if args.whereabouts.at.is_some() {
        let answer = look(&session, &args).await?;
        found::keep(app, &me, &answer.people)?;
        app.out.answer(&LOOK_AROUND_LOOK, &answer, || people(&app.out, &answer))?;
    }
    if args.seen || (args.whereabouts.at.is_none() && !is_changed) {
        let answer = around.get_look_around(GetLookAroundRequest {}).await?;
        return app.out.answer(&LOOK_AROUND_GET_LOOK_AROUND, &answer, || state(&app.out, &answer));
    }
    Ok(())
}

/// A look with as many people as were asked for, over pages of the server's size.
async fn look(session: &Session, args: &Around) -> Result<LookResponse> {
    let around = LookAroundClient(session.clone());
    let request = LookRequest {
        position: args.whereabouts.position(),
        gender: args.gender.map(wire_gender).unwrap_or_default().into(),
        within: args.within.map(Within::band).unwrap_or_default().into(),
        limit: args.limit.min(PAGE),
    };
    let mut answer = around.look(request).await?;
    loop {
        let seen = u32::try_from(answer.people.len()).unwrap_or(u32::MAX);
        let wanted = args.limit.saturating_sub(seen);
        if wanted == 0 || answer.next.is_empty() {
            return Ok(answer);
        }
        let request = LookOnRequest { cursor: answer.next.clone(), limit: wanted.min(PAGE) };
        let page = around.look_on(request).await?;
        answer.people.extend(page.people);
        answer.next = page.next;
    }
}

fn gone(out: &Output, closed_until_ms: i64) -> String {
    format!("Nobody sees you any more. You can look again from {} on.", out.times.minute(closed_until_ms))
}

fn people(out: &Output, answer: &LookResponse) -> String {
    let list = words::list(&answer.people, "Nobody who can be seen is nearby.");
    let size = answer.area.as_ref().map_or(0, |area| area.size_m);
    let until = out.times.minute(answer.visible_until_ms);
    let more = if answer.next.is_empty() { "" } else { " There are more: `--limit` shows up to 200." };
    format!("{list}\nOthers see you until {until}, in an area of {size} m.{more}")
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn switches(settings: Option<&Settings>) -> String {
    let settings = settings.copied().unwrap_or_default();
    let friends = if settings.hide_from_friends { "hidden from each other" } else { "as anybody" };
    format!(
        "look around  {}\nseen for     {} h after a look\nfriends      {friends}",
        on_or_off(settings.enabled),
        settings.visible_for_hours
    )
}

/// What others see now.
fn seen(out: &Output, seen: Option<&Seen>) -> String {
    let seen = seen.cloned().unwrap_or_default();
    let Some(area) = &seen.area else { return "seen now     by nobody".to_owned() };
    let card = words::in_a_line(&seen.card.clone().unwrap_or_default());
    format!(
        "seen now     {card}\nwhere        {}\nuntil        {}",
        on_a_map(area),
        out.times.minute(seen.until_ms)
    )
}

fn on_a_map(area: &Area) -> String {
    format!(
        "within {} m: {:.4},{:.4} to {:.4},{:.4}",
        area.size_m, area.south, area.west, area.north, area.east
    )
}

fn updated(out: &Output, answer: &UpdateLookAroundResponse) -> String {
    format!("{}\n{}", switches(answer.settings.as_ref()), seen(out, answer.seen.as_ref()))
}

fn state(out: &Output, answer: &GetLookAroundResponse) -> String {
    let mut lines = vec![switches(answer.settings.as_ref()), seen(out, answer.seen.as_ref())];
    if answer.next_read_at_ms > 0 {
        lines.push(format!("place        changes from {} on", out.times.minute(answer.next_read_at_ms)));
    }
    if answer.closed_until_ms > 0 {
        lines.push(format!("looking      from {} on", out.times.minute(answer.closed_until_ms)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::common::{Caution, StrangerCard};

    fn card(name: &str, band: Band) -> StrangerCard {
        StrangerCard { name: name.to_owned(), band: band.into(), ..Default::default() }
    }

    #[test]
    fn a_look_lists_people_and_says_until_when_one_is_seen() {
        let careful =
            StrangerCard { caution: Caution::Reported.into(), ..card("Zoe\u{1b}", Band::Within2Km) };
        let answer = LookResponse {
            people: vec![card("Bobby", Band::Cell500M), careful],
            visible_until_ms: 1_798_761_600_000,
            area: Some(Area { size_m: 500, ..Default::default() }),
            ..Default::default()
        };
        let expected = r"STRANGER  NAME       DISTANCE     ABOUT
1         Bobby      about 500 m
2         Zoe\u{1b}  within 2 km  ! often reported
Others see you until 2027-01-01 00:00, in an area of 500 m.";
        assert_eq!(people(&Output::plain(), &answer), expected);
        let nobody = LookResponse { people: Vec::new(), next: vec![1].into(), ..answer };
        assert!(people(&Output::plain(), &nobody).starts_with("Nobody who can be seen is nearby."));
        assert!(people(&Output::plain(), &nobody).contains("There are more"));
    }

    #[test]
    fn switches_say_what_others_see() {
        let settings =
            Settings { enabled: true, is_adult: true, visible_for_hours: 6, hide_from_friends: true };
        let mut answer = GetLookAroundResponse {
            settings: Some(settings),
            closed_until_ms: 1_798_761_600_000,
            ..Default::default()
        };
        let expected = "look around  on\nseen for     6 h after a look\nfriends      hidden from each other\n\
                        seen now     by nobody\nlooking      from 2027-01-01 00:00 on";
        assert_eq!(state(&Output::plain(), &answer), expected);
        let area = Area { south: 30.2412, west: 120.1501, north: 30.2457, east: 120.1553, size_m: 500 };
        let seen = Seen {
            card: Some(card("Anna", Band::Unspecified)),
            area: Some(area),
            until_ms: 1_798_761_600_000,
        };
        answer.seen = Some(seen);
        let shown = state(&Output::plain(), &answer);
        assert!(
            shown.contains(
                "seen now     Anna\nwhere        within 500 m: 30.2412,120.1501 to 30.2457,120.1553\n"
            ),
            "{shown}"
        );
    }

    #[test]
    fn only_what_is_said_is_changed() {
        let none =
            Switches { on: false, off: false, adult: false, visible_for: None, hide_from_friends: None };
        assert_eq!(none.change(), None);
        let off = Switches { off: true, ..none };
        assert_eq!(off.change().and_then(|change| change.enabled), Some(false));
    }
}
