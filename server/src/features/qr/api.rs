//! The operations of `QrService`.

use super::codes::{self, Fresh};
use super::found::{Found, SharedGroup};
use super::tables::{CodeRow, MYSELF, Token};
use super::{Qr, code_not_found};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::accounts::Person;
use crate::features::contacts::{self, Me};
use crate::features::groups::{self, Shared};
use crate::id::{AccountId, ConversationId};
use crate::time::{DAY, Time};
use teahouse_proto::QrApi;
use teahouse_proto::chat::GroupRight;
use teahouse_proto::common::Way;
use teahouse_proto::qr::resolve_code_response::What as Stands;
use teahouse_proto::qr::*;

impl QrApi<Cx, Error> for Qr {
    async fn get_code(&self, cx: &Cx, request: GetCodeRequest) -> Result<GetCodeResponse> {
        let (me, what, fresh) = (cx.account()?, ConversationId(request.conversation_id), self.fresh(cx.now));
        let groups = self.chat.groups().clone();
        let code = self.foundation.store.transact(move |tx| {
            let fresh = codes::may_show(tx, &groups, me, what, fresh)?;
            codes::current(tx, me, what, fresh)
        });
        Ok(GetCodeResponse { code: Some(self.told(code.await?)) })
    }

    async fn reset_code(&self, cx: &Cx, request: ResetCodeRequest) -> Result<ResetCodeResponse> {
        let (me, what, fresh) = (cx.account()?, ConversationId(request.conversation_id), self.fresh(cx.now));
        let everybodys = request.everybodys && what != MYSELF;
        let members = self.chat.groups().clone();
        let code = self.foundation.store.transact(move |tx| {
            let fresh = codes::may_show(tx, &members, me, what, fresh)?;
            if everybodys {
                members.check(tx, what, me, GroupRight::ResetCodes)?;
            }
            if what != MYSELF {
                // Others' codes are not looked for: their rows go when they would have expired.
                groups::reset_codes(tx, what, Some(me).filter(|_| !everybodys))?;
            }
            codes::replace(tx, me, what, fresh)
        });
        Ok(ResetCodeResponse { code: Some(self.told(code.await?)) })
    }

    async fn resolve_code(&self, cx: &Cx, request: ResolveCodeRequest) -> Result<ResolveCodeResponse> {
        let me = cx.account()?;
        self.draw_scan(cx).await?;
        let token = self.address.token(&request.text);
        let what = match self.find(token, Some(me), cx.now).await? {
            Some(Found::Person(person)) => Stands::Person(self.person(me, &person, cx.now).await?),
            Some(Found::Group(group)) => Stands::Group(self.group(me, *group, cx.now).await?),
            None => Stands::SignIn(self.sign_ins.scan(cx, token).await?.ok_or_else(code_not_found)?),
        };
        Ok(ResolveCodeResponse { what: Some(what) })
    }
}

impl Qr {
    fn fresh(&self, now: Time) -> Fresh {
        let until = Some(now + DAY * self.config.group_code_days);
        Fresh { token: self.foundation.random.bytes(), now, until, since: Time(0) }
    }

    fn told(&self, (token, row): (Token, CodeRow)) -> Code {
        Code { url: self.address.url(token), expires_at_ms: row.expires_at_ms }
    }

    /// Draws a scan, whatever comes of it.
    async fn draw_scan(&self, cx: &Cx) -> Result<()> {
        let (me, now, on_loopback) = (Me::of(cx)?, cx.now, self.foundation.on_loopback);
        let limit = ("qr.scans", self.config.scans_per_day);
        self.foundation.store.transact(move |tx| me.draw(tx, limit, 1, now, on_loopback)).await
    }

    /// As a search answers, by another way.
    async fn person(&self, me: AccountId, person: &Person, now: Time) -> Result<FoundPerson> {
        let is_friend = contacts::has_friend(&self.foundation.store, me, person.id).await?;
        let met = self.tickets.meet(me, person, Way::Qr, is_friend, now);
        Ok(FoundPerson { card: Some(met.card), ticket: met.ticket, account_id: met.account_id })
    }

    /// What one sees of a group before joining it.
    async fn group(&self, me: AccountId, group: SharedGroup, now: Time) -> Result<FoundGroup> {
        let SharedGroup { id, view, sharer, resets } = group;
        let is_in = self.chat.is_member(me, id).await?;
        let shared = Shared { group: id, sharer: sharer.id, resets };
        let entrance = self.groups.entrance(me, shared, view.member_count, now).await?;
        Ok(FoundGroup {
            name: view.name,
            picture: view.picture,
            member_count: view.member_count,
            shared_by: sharer.display_name,
            ticket: entrance.ticket.filter(|_| !is_in).unwrap_or_default().into(),
            conversation_id: if is_in { id.0 } else { 0 },
            approval: entrance.approval,
        })
    }
}
