//! The methods of `LookAroundService`.

use super::cursor::{self, Quest};
use super::tables::{self, SETTINGS, SettingsRow, VisibleRow};
use super::{LookAround, rules};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::accounts;
use crate::features::place::{self, Use};
use crate::geo::{Cell, Published};
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::store::Tx;
use crate::time::Time;
use std::time::Duration;
use teahouse_proto::LookAroundApi;
use teahouse_proto::common::Way;
use teahouse_proto::look_around::{
    ClearLocationRequest, ClearLocationResponse, ForgetRequest, ForgetResponse, GetLookAroundRequest,
    GetLookAroundResponse, LookOnRequest, LookOnResponse, LookRequest, LookResponse, Seen, Settings,
    UpdateLookAroundRequest, UpdateLookAroundResponse,
};

/// A look that follows another within so long writes nothing, and so ends what is seen so much sooner.
const WRITTEN_EVERY: Duration = Duration::from_secs(600);

impl LookAroundApi<Cx, Error> for LookAround {
    async fn get_look_around(&self, cx: &Cx, _: GetLookAroundRequest) -> Result<GetLookAroundResponse> {
        let me = cx.account()?;
        self.seen.loaded().await;
        let outlook = self.gate.outlook(me, cx.now).await?;
        let ms = |time: Option<Time>| time.map_or(0, Time::as_ms);
        Ok(GetLookAroundResponse {
            settings: Some(self.settings(me, outlook.is_adult).await?),
            seen: Some(self.seen_by_others(me, cx.now).await?),
            next_read_at_ms: ms(outlook.next_read_at),
            closed_until_ms: ms(outlook.closed_until),
        })
    }

    async fn update_look_around(
        &self,
        cx: &Cx,
        request: UpdateLookAroundRequest,
    ) -> Result<UpdateLookAroundResponse> {
        let (me, now, gate) = (cx.account()?, cx.now, self.gate.clone());
        self.seen.loaded().await;
        request.visible_for_hours.map_or(Ok(()), rules::check_hours)?;
        let update = move |tx: &mut Tx<'_>| {
            if request.is_adult {
                place::confirm_adult(tx, me)?;
            }
            if request.enabled == Some(true) {
                gate.check_may_switch_on(tx, me, Area::LookAround, now)?;
            }
            update(tx, me, &request, now)?;
            place::is_adult(tx, me)
        };
        let is_adult = self.foundation.store.transact(update).await?;
        Ok(UpdateLookAroundResponse {
            settings: Some(self.settings(me, is_adult).await?),
            seen: Some(self.seen_by_others(me, now).await?),
        })
    }

    async fn look(&self, cx: &Cx, request: LookRequest) -> Result<LookResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let (gender, within) = (rules::gender(request.gender)?, rules::within(request.within)?);
        self.seen.loaded().await;
        let is_seen = self.seen.at(now).find(me, now).is_some();
        if !is_seen && !self.foundation.store.get(&SETTINGS, &me).await?.unwrap_or_default().enabled {
            return Err(rules::plug_in_off());
        }
        let seen = self.seen.clone();
        let is_told = move |published: &Published| {
            let now_seen = seen.at(now);
            let shown = now_seen.find(me, now);
            shown.is_some_and(|(cell, shown)| {
                cell == published.cell && now < shown.looked_at() + WRITTEN_EVERY
            })
        };
        let show = move |tx: &mut Tx<'_>, published: &Published| show(tx, me, published.cell, now);
        let position = request.position.as_ref();
        let published = self.gate.read_then(cx, position, Use::Look, is_told, show).await?;
        let shown = self.seen.at(now).find(me, now);
        let (from, given, after) = (published.cell, 0, None);
        let quest = Quest { viewer: me, from, gender, within, began: now, given, after };
        let (people, next) = self.page(quest, request.limit, now).await?;
        Ok(LookResponse {
            people,
            next,
            visible_until_ms: shown.map_or(0, |(_, shown)| shown.until.as_ms()),
            next_read_at_ms: published.next_read_at.as_ms(),
            area: Some(rules::area(published.cell)),
        })
    }

    async fn look_on(&self, cx: &Cx, request: LookOnRequest) -> Result<LookOnResponse> {
        let (me, now) = (cx.account()?, cx.now);
        self.seen.loaded().await;
        let is_seen = self.seen.at(now).find(me, now).is_some();
        if !is_seen {
            // Nobody watches unseen.
            let settings = self.foundation.store.get(&SETTINGS, &me).await?.unwrap_or_default();
            return Err(if settings.enabled { cursor::invalid() } else { rules::plug_in_off() });
        }
        let quest = self.cursors.read(me, &request.cursor, now)?;
        let (people, next) = self.page(quest, request.limit, now).await?;
        Ok(LookOnResponse { people, next })
    }

    async fn clear_location(&self, cx: &Cx, _: ClearLocationRequest) -> Result<ClearLocationResponse> {
        let (me, now, gate) = (cx.account()?, cx.now, self.gate.clone());
        let clear = move |tx: &mut Tx<'_>| {
            tables::show(tx, me, None)?;
            gate.clear(tx, me, now)
        };
        let closed_until = self.foundation.store.transact(clear).await?;
        Ok(ClearLocationResponse { closed_until_ms: closed_until.as_ms() })
    }

    async fn forget(&self, cx: &Cx, _: ForgetRequest) -> Result<ForgetResponse> {
        let (me, now, gate) = (cx.account()?, cx.now, self.gate.clone());
        let closed_until = self.foundation.store.transact(move |tx| gate.forget(tx, me, now)).await?;
        Ok(ForgetResponse { closed_until_ms: closed_until.as_ms() })
    }
}

/// Who looks is seen, where the published cell is. Errors: `PLUG_IN_OFF`; those of [`place::check_open`].
fn show(tx: &mut Tx<'_>, me: AccountId, cell: Cell, now: Time) -> Result<()> {
    place::check_open(tx, me, Area::LookAround, now)?;
    let settings = tables::settings(tx, me)?;
    if !settings.enabled {
        return Err(rules::plug_in_off());
    }
    let gender = accounts::person(tx, me)?.map(|person| person.gender).unwrap_or_default();
    let row = VisibleRow {
        cell: cell.number(),
        looked_at_ms: now.as_ms(),
        hours: settings.hours(),
        gender: gender.into(),
        hides_from_friends: settings.hides_from_friends,
    };
    tables::show(tx, me, Some(row))
}

/// Changes the switches that are present; who is visible is so by the new ones at once.
fn update(tx: &mut Tx<'_>, me: AccountId, change: &UpdateLookAroundRequest, now: Time) -> Result<()> {
    let before = tables::settings(tx, me)?;
    let mut settings = before.clone();
    settings.enabled = change.enabled.unwrap_or(before.enabled);
    settings.set_hours(change.visible_for_hours.unwrap_or(before.hours()));
    settings.hides_from_friends = change.hide_from_friends.unwrap_or(before.hides_from_friends);
    if settings == before {
        return Ok(());
    }
    tx.put(&SETTINGS, &me, &settings)?;
    let Some(mut row) = tables::visible(tx, me, now)? else { return Ok(()) };
    row.hours = settings.hours();
    row.hides_from_friends = settings.hides_from_friends;
    let stays = settings.enabled && row.until() > now;
    tables::show(tx, me, stays.then_some(row))
}

impl LookAround {
    async fn settings(&self, me: AccountId, is_adult: bool) -> Result<Settings> {
        let row: SettingsRow = self.foundation.store.get(&SETTINGS, &me).await?.unwrap_or_default();
        Ok(Settings {
            enabled: row.enabled,
            is_adult,
            visible_for_hours: row.hours(),
            hide_from_friends: row.hides_from_friends,
        })
    }

    /// What others see of somebody, for themself.
    async fn seen_by_others(&self, me: AccountId, now: Time) -> Result<Seen> {
        let card = self.strangers.seen_by_others(me, Way::Unspecified, now).await?;
        let shown = self.seen.at(now).find(me, now);
        Ok(Seen {
            card,
            area: shown.map(|(cell, _)| rules::area(cell)),
            until_ms: shown.map_or(0, |(_, shown)| shown.until.as_ms()),
        })
    }
}
