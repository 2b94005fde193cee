//! The methods of `ShakeService`.

use super::matching::Arrival;
use super::tables::{SETTINGS, SettingsRow};
use super::{SHAKEN, Shake, rules};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::contacts::{self, Me};
use crate::features::greetings::Stranger;
use crate::features::ledger::quota::{Quota, Who};
use crate::features::place::{self, Use};
use crate::geo::Cell;
use crate::id::AccountId;
use crate::restrictions::Area;
use crate::store::Tx;
use crate::time::{DAY, Time};
use std::collections::HashSet;
use std::time::Duration;
use teahouse_proto::ShakeApi;
use teahouse_proto::common::Way;
use teahouse_proto::shake::{
    ClearShakenRequest, ClearShakenResponse, ForgetRequest, ForgetResponse, GetShakeRequest,
    GetShakeResponse, ListShakenRequest, ListShakenResponse, Settings, ShakeRequest, ShakeResponse,
    UpdateShakeRequest, UpdateShakeResponse,
};

/// The name of the allowance for shakes.
const SHAKES: &str = "shake.shake";
/// Shakes drawn at once, so that a row is not written for each. What is not used when the server ends counts as used.
const DRAWN: u32 = 10;
/// For how long they can be used; as much longer they count.
const DRAWN_FOR: Duration = Duration::from_secs(10 * 60);

impl ShakeApi<Cx, Error> for Shake {
    async fn get_shake(&self, cx: &Cx, _: GetShakeRequest) -> Result<GetShakeResponse> {
        let me = cx.account()?;
        let enabled = self.is_on(me).await?;
        let is_adult = self.gate.outlook(me, cx.now).await?.is_adult;
        let seen = self.strangers.seen_by_others(me, Way::Shake, cx.now).await?;
        Ok(GetShakeResponse { settings: Some(Settings { enabled, is_adult }), seen })
    }

    async fn update_shake(&self, cx: &Cx, request: UpdateShakeRequest) -> Result<UpdateShakeResponse> {
        let (me, now, gate) = (cx.account()?, cx.now, self.gate.clone());
        let update = move |tx: &mut Tx<'_>| {
            if request.is_adult {
                place::confirm_adult(tx, me)?;
            }
            if request.enabled == Some(true) {
                gate.check_may_switch_on(tx, me, Area::Shake, now)?;
            }
            let before = tx.get(&SETTINGS, &me)?.unwrap_or_default();
            let enabled = request.enabled.unwrap_or(before.enabled);
            if enabled != before.enabled {
                tx.put(&SETTINGS, &me, &SettingsRow { enabled })?;
            }
            Ok(Settings { enabled, is_adult: place::is_adult(tx, me)? })
        };
        let settings = self.foundation.store.transact(update).await?;
        if !settings.enabled {
            self.lock().leave(me);
            self.sooner.notify_one();
        }
        Ok(UpdateShakeResponse { settings: Some(settings) })
    }

    async fn shake(&self, cx: &Cx, request: ShakeRequest) -> Result<ShakeResponse> {
        let (me, now) = (cx.account()?, cx.now);
        let wait = |ms| Error::rate_limited(Duration::from_millis(ms));
        self.lock().pace(me, self.now_ms(), self.every_ms()).map_err(wait)?;
        self.admit(cx).await?;
        let cell = match request.position {
            Some(position) => Some(self.gate.read(cx, Some(&position), Use::Shake).await?.cell),
            None => self.gate.check_not_closed(me, now).await.map(|()| None)?,
        };
        let shake_id = self.random();
        let partners = loop {
            if let Some(partners) = self.arrive(me, shake_id, cell, now) {
                break partners;
            }
            // What was looked up is out of date.
            self.admit(cx).await?;
        };
        let partners = self.cards(me, &partners, now).await?;
        let window_ends_at_ms = (now + self.config.window()).as_ms();
        Ok(ShakeResponse { shake_id, partners, window_ends_at_ms })
    }

    async fn list_shaken(&self, cx: &Cx, request: ListShakenRequest) -> Result<ListShakenResponse> {
        let me = cx.account()?;
        let (limit, mut before) = self.pages.read::<u64>(SHAKEN, me, request.page)?;
        let (mut people, mut more) = (Vec::new(), true);
        while more && people.len() < limit {
            let met = self.lock().shaken(me, before, limit - people.len() + 1);
            more = met.len() > limit - people.len();
            for met in met.into_iter().take(limit - people.len()) {
                before = Some(met.number);
                let found = Stranger { person: met.account, way: Way::Shake, band: met.band };
                people.extend(self.strangers.card(me, found, cx.now).await?);
            }
        }
        let next = self.pages.next(SHAKEN, me, before.filter(|_| more).as_ref());
        Ok(ListShakenResponse { people, next })
    }

    async fn clear_shaken(&self, cx: &Cx, _: ClearShakenRequest) -> Result<ClearShakenResponse> {
        self.lock().clear(cx.account()?);
        Ok(ClearShakenResponse {})
    }

    async fn forget(&self, cx: &Cx, _: ForgetRequest) -> Result<ForgetResponse> {
        let (me, now, gate) = (cx.account()?, cx.now, self.gate.clone());
        let closed_until = self.foundation.store.transact(move |tx| gate.forget(tx, me, now)).await?;
        Ok(ForgetResponse { closed_until_ms: closed_until.as_ms() })
    }
}

impl Shake {
    async fn is_on(&self, me: AccountId) -> Result<bool> {
        Ok(self.foundation.store.get(&SETTINGS, &me).await?.is_some_and(|row| row.enabled))
    }

    /// Looks up whether the caller may shake, and whom they must not meet, where that is not in memory.
    async fn admit(&self, cx: &Cx) -> Result<()> {
        let (me, now) = (Me::of(cx)?, cx.now);
        let changes = {
            let memory = self.lock();
            if memory.is_admitted(me.account, now) {
                return Ok(());
            }
            memory.changes()
        };
        if !self.is_on(me.account).await? {
            self.lock().dismiss(me.account);
            return Err(rules::plug_in_off());
        }
        self.gate.check_not_closed(me.account, now).await?;
        let apart = contacts::apart(&self.foundation.store, me.account, now).await?;
        self.draw(me, now).await?;
        self.lock().admit(me.account, HashSet::from_iter(apart), changes);
        Ok(())
    }

    /// Sees to it that the caller has shakes left of the day's, drawing several at once.
    async fn draw(&self, me: Me, now: Time) -> Result<()> {
        // Taken out, so that nobody else gives them back meanwhile.
        let (left, usable) = self.lock().take_left(me.account, now);
        let back = if usable && left > 0 { 0 } else { left };
        let (limit, on_loopback) = (self.config.shakes_per_day, self.foundation.on_loopback);
        let draw = move |tx: &mut Tx<'_>| {
            place::check_open(tx, me.account, Area::Shake, now)?;
            if back == 0 && left > 0 {
                return Ok(None);
            }
            let quota = Quota { kind: SHAKES, limit, per: DAY + DRAWN_FOR };
            let newcomer = me.is_newcomer(tx, now, on_loopback)?;
            let (quota, who) =
                (if newcomer { quota.for_newcomer() } else { quota }, Who::Account(me.account));
            for _ in 0..back {
                quota.give_back(tx, who, now)?;
            }
            let drawn = quota.left(tx, who, now)?.clamp(1, DRAWN);
            quota.draw_times(tx, who, drawn as usize, now)?;
            Ok(Some(drawn))
        };
        let drawn = self.foundation.store.transact(draw).await;
        let mut memory = self.lock();
        match drawn {
            Ok(Some(drawn)) => memory.give(me.account, drawn, Some(now + DRAWN_FOR)),
            Ok(None) | Err(_) => memory.give(me.account, left, None),
        }
        drawn.map(drop)
    }

    /// The partners found at once; none where the caller is not let in any more.
    fn arrive(
        &self,
        me: AccountId,
        shake_id: u64,
        cell: Option<Cell>,
        now: Time,
    ) -> Option<Vec<super::Partner>> {
        let draw = [self.random(), self.random()];
        let arrival = Arrival { account: me, shake_id, cell, hidden: HashSet::new(), draw };
        let mut memory = self.lock();
        let (partners, is_sooner) = memory.arrive(self.now_ms(), now, arrival)?;
        if is_sooner {
            self.sooner.notify_one();
        }
        Some(partners)
    }

    fn random(&self) -> u64 {
        u64::from_be_bytes(self.foundation.random.bytes())
    }
}
