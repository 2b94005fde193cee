//! What holds against an account, told to that account alone. Sanctions themselves are the accounts room's, since sessions
//! carry them.

use super::Foundation;
use super::accounts::sanctions;
use crate::call::Cx;
use crate::error::{Error, Result};
use std::sync::Arc;
use teahouse_proto::SafetyApi;
use teahouse_proto::safety::{ListSanctionsRequest, ListSanctionsResponse};

/// The safety room.
pub struct Safety {
    foundation: Foundation,
}

impl Safety {
    /// The room.
    pub fn new(foundation: Foundation) -> Arc<Self> {
        Arc::new(Self { foundation })
    }
}

impl SafetyApi<Cx, Error> for Safety {
    async fn list_sanctions(&self, cx: &Cx, _: ListSanctionsRequest) -> Result<ListSanctionsResponse> {
        let sanctions = sanctions::load_sanctions(&self.foundation.store, cx.account()?, cx.now).await?;
        Ok(ListSanctionsResponse { sanctions })
    }
}
