//! The rooms, in their order: a room calls public functions of earlier rooms only, and nobody touches another's
//! tables. Adding a plug-in is one .proto file, one room and one line here.

pub mod ledger;
pub mod accounts;
pub mod media;
pub mod contacts;
pub mod stickers;
pub mod chat;
pub mod groups;
pub mod presence;
pub mod qr;
pub mod place;
pub mod greetings;
pub mod look_around;
pub mod shake;
pub mod safety;
pub mod sync;
mod pages;
mod areas;
mod shares;
#[cfg(test)]
mod testing;

use crate::bus::{Bus, Subscriber};
use crate::call::{Class, Methods};
use crate::delivery::Delivery;
use crate::error::Result;
use crate::id::IdGenerator;
use crate::random::Random;
use crate::seal::Seal;
use crate::store::Store;
use crate::time::Clock;
use accounts::{AccountHooks, Accounts, AccountsConfig};
use axum::Router;
use chat::ChatConfig;
use contacts::{Contacts, ContactsConfig};
use futures::FutureExt;
use futures::future::BoxFuture;
use greetings::{Greetings, GreetingsConfig, Strangers};
use groups::{Groups, GroupsConfig};
use look_around::{LookAround, LookAroundConfig};
use media::{Media, MediaConfig, MediaHome};
use place::PlaceConfig;
use presence::PresenceConfig;
use qr::QrConfig;
use safety::{Safety, SafetyConfig};
use shake::{Shake, ShakeConfig};
use std::sync::Arc;
use stickers::Stickers;

/// What every room stands on. Clones share all of it.
#[derive(Clone)]
pub struct Foundation {
    /// Where everything lasting is.
    pub store: Store,
    /// For background tasks; requests use `cx.now`.
    pub clock: Clock,
    /// New ids.
    pub ids: IdGenerator,
    /// Secrets and jitter.
    pub random: Random,
    /// Sealed handles.
    pub seal: Seal,
    /// Who is connected here.
    pub delivery: Arc<Delivery>,
    /// What is told in passing.
    pub bus: Bus,
    /// Whether only this machine can reach the server: then nobody is a newcomer and addresses do not count.
    pub on_loopback: bool,
}

/// The settings of the rooms.
pub struct Settings<'a> {
    /// Of the accounts room.
    pub accounts: &'a AccountsConfig,
    /// Of the media room.
    pub media: &'a MediaConfig,
    /// Of the contacts room.
    pub contacts: &'a ContactsConfig,
    /// Of the chat room.
    pub chat: &'a ChatConfig,
    /// Of the groups room.
    pub groups: &'a GroupsConfig,
    /// Of the presence room.
    pub presence: &'a PresenceConfig,
    /// Of the QR room.
    pub qr: &'a QrConfig,
    /// Of the place room.
    pub place: &'a PlaceConfig,
    /// Of the safety room.
    pub safety: &'a SafetyConfig,
    /// Of the greetings room.
    pub greetings: &'a GreetingsConfig,
    /// Of the Look Around room.
    pub look_around: &'a LookAroundConfig,
    /// Of the Shake room.
    pub shake: &'a ShakeConfig,
}

/// What the composition root does with the rooms once they are built.
pub struct Installed {
    /// Plain HTTP that rooms answer, for the transport. Each request must come with its [`crate::call::Caller`].
    pub routes: Router,
    /// For the operator's commands.
    pub accounts: Arc<Accounts>,
    /// The same.
    pub safety: Arc<Safety>,
    /// To be closed when the server ends.
    pub media: Arc<Media>,
    /// Who keeps things in memory that must be true when a commit is answered; for [`Store::observe`].
    pub observers: Vec<Arc<dyn Subscriber>>,
    /// Work that goes on for as long as the server runs.
    pub background: Vec<BoxFuture<'static, ()>>,
}

/// Builds the rooms in order and enters their methods into the table.
///
/// # Errors
/// Settings that a room cannot work with; a directory that cannot be used.
pub fn install(
    methods: &mut Methods,
    foundation: &Foundation,
    settings: &Settings<'_>,
    media_home: MediaHome,
    codes: qr::Address,
) -> Result<Installed> {
    let chat_hooks = Arc::new(chat::Hooks::new(foundation.ids.clone()));
    let media = Media::new(foundation.clone(), settings.media.clone(), media_home)?;
    let accounts = accounts(methods, foundation, settings, chat_hooks.clone())?;
    media.install(methods);
    let contacts = Arc::new(Contacts::new(foundation.clone(), settings.contacts.clone(), chat_hooks));
    teahouse_proto::register_contacts(methods, &contacts);
    let stickers = Stickers::new(foundation.clone(), media.clone());
    teahouse_proto::register_stickers(methods, &stickers);
    let tickets = contacts.tickets().clone();
    let chat = chat::Chat::new(foundation.clone(), settings.chat.clone(), media.clone(), tickets.clone());
    teahouse_proto::register_chat(methods, &chat);
    teahouse_proto::register_favourites(methods, &chat);
    classify(methods);
    let groups = Groups::new(
        foundation.clone(),
        settings.groups.clone(),
        media.clone(),
        chat.clone(),
        tickets.clone(),
    );
    teahouse_proto::register_groups(methods, &groups);
    let presence = presence::Presence::new(foundation.clone(), settings.presence, accounts.clone());
    teahouse_proto::register_presence(methods, &presence);
    let sign_ins = qr::QrSignIn::new(foundation.clone(), accounts.clone(), codes.clone(), settings.qr);
    sign_ins.install(methods);
    let qr = qr::Qr::new(
        foundation.clone(),
        settings.qr.clone(),
        codes,
        tickets,
        (chat.clone(), groups.clone()),
        media.clone(),
        sign_ins.clone(),
    );
    teahouse_proto::register_qr(methods, &qr);
    let parts = (contacts.people(), &chat, &groups);
    let mut among_strangers = among_strangers(methods, foundation, settings, parts);
    let rooms = (media.clone(), chat.clone(), groups.clone());
    let safety = last(methods, foundation, settings, rooms, &mut among_strangers);
    media.ask(&[stickers, chat.clone()]);
    let rooms: [Arc<dyn Subscriber>; 4] =
        [accounts.clone(), chat.clone(), presence.inbox(), sign_ins.waiting()];
    Ok(Installed {
        routes: media.routes().merge(qr.routes()),
        observers: rooms.into_iter().chain(among_strangers.observers).collect(),
        background: [
            accounts.clone().run().boxed(),
            media.clone().run().boxed(),
            contacts.run().boxed(),
            chat.run().boxed(),
            groups.run().boxed(),
            presence.run().boxed(),
            sign_ins.run().boxed(),
            qr.run().boxed(),
        ]
        .into_iter()
        .chain(among_strangers.background)
        .collect(),
        accounts,
        safety,
        media,
    })
}

/// The accounts room, with those who are told of people.
fn accounts(
    methods: &mut Methods,
    foundation: &Foundation,
    settings: &Settings<'_>,
    chat_hooks: Arc<chat::Hooks>,
) -> Result<Arc<Accounts>> {
    let pictures = Arc::new(media::Avatars::new(foundation.random.clone()));
    let hooks: Vec<Arc<dyn AccountHooks>> =
        vec![chat_hooks, Arc::new(contacts::Faces), Arc::new(look_around::Hooks)];
    let accounts = Arc::new(Accounts::new(foundation.clone(), settings.accounts.clone(), hooks, pictures)?);
    accounts.install(methods);
    Ok(accounts)
}

/// Says which methods count as messages, and which as told in passing.
fn classify(methods: &mut Methods) {
    methods.class(&teahouse_proto::CHAT_SEND_MESSAGE, Class::Send);
    methods.class(&teahouse_proto::FAVOURITES_SEND_FAVOURITE, Class::Send);
    methods.class(&teahouse_proto::CHAT_FORWARD_MESSAGES, Class::Send);
    methods.class(&teahouse_proto::CHAT_SEND_TYPING, Class::Passing);
}

/// The rooms that come last; and once all methods are there, what can be closed of them.
fn last(
    methods: &mut Methods,
    foundation: &Foundation,
    settings: &Settings<'_>,
    (media, chat, groups): (Arc<Media>, Arc<chat::Chat>, Arc<Groups>),
    among_strangers: &mut AmongStrangers,
) -> Arc<Safety> {
    let (config, strangers) = (settings.safety.clone(), among_strangers.strangers.clone());
    let safety = Safety::new(foundation.clone(), config, media, &chat, &groups, strangers);
    teahouse_proto::register_safety(methods, &safety);
    let background = [safety.clone().run().boxed(), ledger::run(foundation.clone()).boxed()];
    among_strangers.background.extend(background);
    teahouse_proto::register_sync(methods, &sync::Sync::new(foundation.clone(), chat));
    areas::enter(methods);
    safety
}

/// The plug-ins in which strangers meet.
struct AmongStrangers {
    strangers: Strangers,
    observers: Vec<Arc<dyn Subscriber>>,
    background: Vec<BoxFuture<'static, ()>>,
}

/// Builds the plug-ins in which strangers meet, and what they stand on.
fn among_strangers(
    methods: &mut Methods,
    foundation: &Foundation,
    settings: &Settings<'_>,
    (people, chat, groups): (contacts::People, &Arc<chat::Chat>, &Arc<Groups>),
) -> AmongStrangers {
    let hooks: Vec<Arc<dyn place::PlaceHooks>> = vec![Arc::new(look_around::Hooks)];
    let gate = place::Gate::new(foundation.clone(), settings.place.clone(), hooks);
    let strangers = Strangers::new(foundation, settings.greetings);
    let config = settings.greetings.clone();
    let rooms = (chat.clone(), groups.clone());
    let greetings = Greetings::new(foundation.clone(), config, people, rooms, strangers.clone());
    teahouse_proto::register_greetings(methods, &greetings);
    let look_around =
        LookAround::new(foundation.clone(), settings.look_around.clone(), gate.clone(), strangers.clone());
    teahouse_proto::register_look_around(methods, &look_around);
    let shake = Shake::new(foundation.clone(), settings.shake.clone(), gate.clone(), strangers.clone());
    teahouse_proto::register_shake(methods, &shake);
    AmongStrangers {
        observers: vec![strangers.observer(), look_around.observer(), shake.clone()],
        background: vec![
            gate.run().boxed(),
            greetings.run().boxed(),
            look_around.run().boxed(),
            shake.run().boxed(),
        ],
        strangers,
    }
}
