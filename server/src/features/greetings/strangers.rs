//! Cards of strangers, made for one viewer each, for all rooms in which people come upon each other. It does not know how
//! they did: that, and how far they were, is said to it and sealed into the handle.

use super::GreetingsConfig;
use super::faces::{Face, Faces};
use super::handles::{Handles, Stranger};
use crate::bus::{self, Event};
use crate::error::Result;
use crate::features::Foundation;
use crate::features::accounts;
use crate::geo;
use crate::id::AccountId;
use crate::store::{Store, Tx};
use crate::time::Time;
use std::sync::Arc;
use teahouse_proto::common::{Band, StrangerCard, Way};

/// Makes and reads cards. Clones share the faces.
#[derive(Clone)]
pub struct Strangers(Arc<Inner>);

struct Inner {
    store: Store,
    handles: Handles,
    faces: Faces,
    on_loopback: bool,
}

impl Strangers {
    /// With no face yet. It must be named to [`Store::observe`] (see [`Strangers::observer`]): it hears there of changes.
    pub fn new(foundation: &Foundation, config: &GreetingsConfig) -> Self {
        let handles = Handles { seal: foundation.seal.clone(), hours: config.handle_hours };
        let faces = Faces::new(config.faces_cached as usize);
        let (store, on_loopback) = (foundation.store.clone(), foundation.on_loopback);
        Self(Arc::new(Inner { store, handles, faces, on_loopback }))
    }

    /// Who is to be told of commits.
    pub fn observer(&self) -> Arc<dyn bus::Subscriber> {
        self.0.clone()
    }

    /// What strangers may see of a person; `None` where there is no such person.
    pub async fn face(&self, account: AccountId, now: Time) -> Result<Option<Arc<Face>>> {
        let faces = &self.0.faces;
        if let Some(face) = faces.find(account, now) {
            return Ok(Some(face));
        }
        let changes = faces.changes(account);
        let Some(person) = accounts::load(&self.0.store, account).await? else { return Ok(None) };
        let face = Arc::new(Face::new(&person, now, self.0.on_loopback));
        faces.insert(account, face.clone(), changes);
        Ok(Some(face))
    }

    /// Cards of people whom a viewer found by one way, each with how far they are, in the order given. Who is gone is left
    /// out. Whether the viewer may see them is for the caller to decide.
    pub async fn cards(
        &self,
        viewer: AccountId,
        way: Way,
        found: &[(AccountId, Band)],
        now: Time,
    ) -> Result<Vec<StrangerCard>> {
        let strangers: Vec<Stranger> =
            found.iter().map(|(person, band)| Stranger { person: *person, way, band: *band }).collect();
        Ok(self.cards_of(viewer, &strangers, now).await?.into_iter().flatten().collect())
    }

    /// A card for each of these strangers; `None` where there is no such person any more.
    pub async fn cards_of(
        &self,
        viewer: AccountId,
        strangers: &[Stranger],
        now: Time,
    ) -> Result<Vec<Option<StrangerCard>>> {
        let handles = self.0.handles.make(viewer, strangers, now);
        let mut cards = Vec::with_capacity(strangers.len());
        for (stranger, handle) in strangers.iter().zip(handles) {
            let face = self.face(stranger.person, now).await?;
            cards.push(face.map(|face| StrangerCard { handle, ..face.card(stranger.way, stranger.band) }));
        }
        Ok(cards)
    }

    /// A card of one person; `None` where they are gone.
    pub async fn card(
        &self,
        viewer: AccountId,
        stranger: Stranger,
        now: Time,
    ) -> Result<Option<StrangerCard>> {
        Ok(self.cards_of(viewer, &[stranger], now).await?.pop().flatten())
    }

    /// A card of one person, within a transaction.
    pub fn card_within(
        &self,
        tx: &mut Tx<'_>,
        viewer: AccountId,
        stranger: Stranger,
        now: Time,
    ) -> Result<Option<StrangerCard>> {
        let Some(person) = accounts::person(tx, stranger.person)? else { return Ok(None) };
        let handle = self.0.handles.make(viewer, &[stranger], now).pop().unwrap_or_default();
        let card = Face::new(&person, now, self.0.on_loopback).card(stranger.way, stranger.band);
        Ok(Some(StrangerCard { handle, ..card }))
    }

    /// Whom a handle stands for that a viewer brings. `STRANGER_NOT_FOUND` for anything but a living one of their own.
    pub fn read(&self, viewer: AccountId, handle: &[u8], now: Time) -> Result<Stranger> {
        self.0.handles.read(viewer, handle, now)
    }

    /// The card of somebody as others see it, for themself: it can do nothing.
    pub async fn seen_by_others(
        &self,
        account: AccountId,
        way: Way,
        now: Time,
    ) -> Result<Option<StrangerCard>> {
        Ok(self.face(account, now).await?.map(|face| face.card(way, Band::Unspecified)))
    }

    /// How many faces are in memory.
    #[cfg(test)]
    pub(super) fn faces(&self) -> usize {
        self.0.faces.len()
    }
}

impl bus::Subscriber for Inner {
    fn on_commit(&self, _stamp: u64, events: &[Event]) {
        for event in events {
            if let Event::NewFace { account } = event {
                self.faces.drop_face(*account);
            }
        }
    }

    fn on_lost(&self) {
        self.faces.drop_all();
    }
}

/// A band between two cells, as cards say it; `size` is that of the cells where they are the same.
pub fn band(band: geo::Band, size: geo::Size) -> Band {
    match (band, size) {
        (geo::Band::SameCell, geo::Size::Metres500) => Band::Cell500M,
        (geo::Band::SameCell, geo::Size::Metres2000) => Band::Cell2Km,
        (geo::Band::Km1, _) => Band::Within1Km,
        (geo::Band::Km2, _) => Band::Within2Km,
        (geo::Band::Km5, _) => Band::Within5Km,
        (geo::Band::Km10, _) => Band::Within10Km,
        (geo::Band::Km50, _) => Band::Within50Km,
        (geo::Band::Km200, _) => Band::Within200Km,
        (geo::Band::Km1000, _) => Band::Within1000Km,
        (geo::Band::World, _) => Band::World,
    }
}
