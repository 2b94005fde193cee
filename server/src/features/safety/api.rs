//! The operations of `SafetyService`.

use super::reporting::{MAX_MEDIA, NewReport};
use super::tables::OWN;
use super::{Safety, rules};
use crate::call::Cx;
use crate::error::{Error, Result};
use crate::features::accounts::sanctions;
use crate::features::contacts::Me;
use crate::features::ledger::once::Creation;
use crate::features::pages::{self, List};
use crate::store::Order;
use std::time::Duration;
use teahouse_proto::SafetyApi;
use teahouse_proto::safety::{
    ListReportsRequest, ListReportsResponse, ListSanctionsRequest, ListSanctionsResponse, OwnReport,
    ReportRequest, ReportResponse,
};

const REPORTS: List = List { name: "reports", of: 0, default: 50, max: 100 };

impl SafetyApi<Cx, Error> for Safety {
    async fn report(&self, cx: &Cx, request: ReportRequest) -> Result<ReportResponse> {
        let (me, now) = (Me::of(cx)?, cx.now);
        let creation = Creation::new(
            me.account,
            &request.client_report_id,
            teahouse_proto::SAFETY_REPORT.name(),
            &request,
        )?;
        let reason = rules::reason(request.reason)?;
        let text = rules::text(&request.text)?;
        let foundation = &self.foundation;
        let minutes = u64::from(self.room.config.close_within_minutes);
        let new = NewReport {
            me,
            creation,
            named: self.room.sources.open(me.account, request.object, now).await?,
            reason,
            text,
            fresh: foundation.ids.next(),
            media_ids: self.media.new_ids(MAX_MEDIA),
            look_at: now + Duration::from_millis(foundation.random.below(minutes * 60_000)),
            now,
        };
        self.transact(move |room, tx| room.report(tx, &new)).await
    }

    async fn list_reports(&self, cx: &Cx, request: ListReportsRequest) -> Result<ListReportsResponse> {
        let me = cx.account()?;
        let page = self.pages.read(REPORTS, me, request.page)?;
        let store = &self.foundation.store;
        let (rows, last) = pages::rows(store, &OWN, me, page, Order::Falling, |_| true).await?;
        let reports = rows.into_iter().map(|(report_id, row)| OwnReport {
            report_id,
            reason: row.reason,
            sent_at_ms: row.at_ms,
            handled: row.handled,
        });
        Ok(ListReportsResponse {
            reports: reports.collect(),
            next: self.pages.next(REPORTS, me, last.as_ref()),
        })
    }

    async fn list_sanctions(&self, cx: &Cx, _: ListSanctionsRequest) -> Result<ListSanctionsResponse> {
        let sanctions = sanctions::load_sanctions(&self.foundation.store, cx.account()?, cx.now).await?;
        Ok(ListSanctionsResponse { sanctions })
    }
}
