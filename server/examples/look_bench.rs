//! What a look costs: the processor time of the handler for a page of 50, cards and handles included, without transports.
//! Arguments: visible people (1 000 000), looks (100 000). People live around 200 cities, the nearer to the middle, the
//! more; those of ten cities have accounts, and look.

use std::sync::Arc;
use std::time::Duration;
use teahouse_proto::LookAroundApi;
use teahouse_proto::accounts::Profile;
use teahouse_proto::common::{Gender, Position, Way};
use teahouse_proto::look_around::{LookOnRequest, LookRequest};
use teahouse_server::bus::Bus;
use teahouse_server::call::{Caller, Cx, Session};
use teahouse_server::delivery::Delivery;
use teahouse_server::features::accounts::{self, SeedPerson};
use teahouse_server::features::greetings::{GreetingsConfig, Strangers};
use teahouse_server::features::look_around::{self, LookAround, LookAroundConfig};
use teahouse_server::features::place::{self, Gate, PlaceConfig};
use teahouse_server::features::{Foundation, contacts};
use teahouse_server::geo::{Rules, State, fix, publish};
use teahouse_server::id::{AccountId, ConversationId, DeviceId, IdGenerator};
use teahouse_server::random::Random;
use teahouse_server::seal::Seal;
use teahouse_server::store::Store;
use teahouse_server::time::Clock;

const CITIES: u64 = 200;
/// Those whose people have accounts.
const LIVELY: u64 = 10;
const LOOKERS: u64 = 1_000;
const BATCH: u64 = 1_000;

/// Somewhere around a city.
fn somewhere(random: &Random, city: u64) -> (f64, f64) {
    let share = || random.below(1 << 30) as f64 / f64::from(1 << 30);
    let (north, east) = (city as f64 * 0.61 - 55.0, (city as f64 * 137.5) % 360.0 - 180.0);
    let (far, turn) = (0.3 * share() * share(), std::f64::consts::TAU * share());
    (north + far * turn.sin(), (east + far * turn.cos() + 540.0) % 360.0 - 180.0)
}

fn foundation() -> Foundation {
    let (store, mut published) = Store::memory();
    tokio::spawn(async move { while published.recv().await.is_some() {} });
    let (clock, random) = (Clock::system(), Random::seeded(7));
    Foundation {
        delivery: Arc::new(Delivery::new(store.stamp())),
        bus: Bus::new().0,
        seal: Seal::new(&store.secret(), random.clone()),
        ids: IdGenerator::new(clock.clone(), 0),
        store,
        clock,
        random,
        on_loopback: true,
    }
}

fn person(id: u64) -> SeedPerson {
    let profile = Profile {
        display_name: format!("Somebody {id}"),
        signature: "tea first, then everything else".to_owned(),
        avatar: format!("/media/public/{id:022}"),
        ..Profile::default()
    };
    SeedPerson {
        id: AccountId(id),
        device: DeviceId(id),
        self_conversation: ConversationId(id),
        username: format!("somebody{id}"),
        profile,
        token: format!("{id:042}A"),
    }
}

/// Fills the store; gives where the lookers are.
async fn fill(foundation: &Foundation, people: u64) -> Vec<(AccountId, (f64, f64))> {
    let (random, now) = (Random::seeded(1), foundation.clock.now());
    let mut lookers = Vec::new();
    for begin in (1..=people).step_by(BATCH as usize) {
        let mut batch = Vec::new();
        for id in begin..(begin + BATCH).min(people + 1) {
            let at = somewhere(&random, id % CITIES);
            let told = fix(at.0, at.1, 10.0, now).expect("a position");
            let (state, published) = publish(&State::default(), told, &Rules::default()).expect("taken");
            batch.push((id, state, published.cell));
            if id % CITIES < LIVELY && (lookers.len() as u64) < LOOKERS {
                lookers.push((AccountId(id), at));
            }
        }
        let filled = foundation.store.transact(move |tx| {
            for (id, state, cell) in &batch {
                let account = AccountId(*id);
                look_around::seed(tx, account, *cell, Gender::Unspecified, now)?;
                if id % CITIES < LIVELY {
                    place::seed(tx, account, state.clone())?;
                    accounts::insert(tx, &person(*id), "", now)?;
                }
            }
            Ok(())
        });
        filled.await.expect("filled");
    }
    lookers
}

/// The processor time of this thread so far.
fn cpu() -> Duration {
    let read = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(read.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

#[allow(clippy::print_stdout)] // the result
fn tell(what: &str, times: u64, before: Duration) {
    println!("{what}: {:.1} µs", (cpu() - before).as_secs_f64() * 1e6 / times as f64);
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout)] // the result
async fn main() {
    let mut args = std::env::args().skip(1);
    let mut next = |default: u64| args.next().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (people, looks) = (next(1_000_000), next(100_000));
    let foundation = foundation();
    let lookers = fill(&foundation, people).await;
    let strangers = Strangers::new(&foundation, &GreetingsConfig::default());
    let limits = PlaceConfig { looks_per_hour: 3_600, ..PlaceConfig::default() };
    let gate = Gate::new(foundation.clone(), limits, Vec::new());
    let config = LookAroundConfig::default();
    let room = LookAround::new(foundation.clone(), config, gate, strangers.clone());
    foundation.store.observe(vec![strangers.observer(), room.observer()]);
    tokio::spawn(room.clone().run());
    let cx = |who: AccountId| {
        let session = Session::new(who, DeviceId(who.0), foundation.clock.now());
        Cx::new(Caller::new(Some(session.into()), [127, 0, 0, 1].into()), &foundation.clock)
    };
    let look = |at: (f64, f64)| LookRequest {
        position: Some(Position { latitude: at.0, longitude: at.1, accuracy_m: 10 }),
        ..LookRequest::default()
    };
    let (mut cursors, mut found) = (Vec::new(), Vec::new());
    let before = cpu();
    for (who, at) in &lookers {
        let page = room.look(&cx(*who), look(*at)).await.expect("a look");
        cursors.push(page.next);
        found.push(page.people.len());
    }
    tell("first looks, which write and read faces", lookers.len() as u64, before);
    println!("people a page: {:.1}", found.iter().sum::<usize>() as f64 / found.len() as f64);

    let picked = || (0..looks).map(|n| n as usize % lookers.len());
    let before = cpu();
    for n in picked() {
        let (who, at) = lookers[n];
        room.look(&cx(who), look(at)).await.expect("a look");
    }
    tell("a look", looks, before);
    let before = cpu();
    for n in picked() {
        let request = LookOnRequest { cursor: cursors[n].clone(), limit: 50 };
        room.look_on(&cx(lookers[n].0), request).await.expect("the next page");
    }
    tell("the next page", looks, before);

    let before = cpu();
    for n in picked() {
        contacts::apart(&foundation.store, lookers[n].0, foundation.clock.now()).await.expect("a scan");
    }
    tell("of it the scan of blocks", looks, before);
    let band = teahouse_proto::common::Band::Within1Km;
    let some: Vec<_> = lookers.iter().take(50).map(|(who, _)| (*who, band)).collect();
    let before = cpu();
    for n in picked() {
        let now = foundation.clock.now();
        strangers.cards(lookers[n].0, Way::LookAround, &some, now).await.expect("cards");
    }
    tell("of it cards", looks, before);
}
