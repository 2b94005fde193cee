//! Every proof is tried the other way round: on a server with a defect switched on, it must fail.

use crate::access;
use crate::model::{Op, divergence};
use crate::outside::Server;
use crate::place;
use crate::temporary;
use futures::future::join_all;
use teahouse_client::Transport;
use teahouse_proto::accounts::LoginRequest;
use teahouse_tests::person::registration;
use teahouse_tests::world::{Setup, World};

/// How many register at once, and how often.
const PEOPLE: usize = 40;
const ROUNDS: usize = 20;

/// A world on a server with a defect.
async fn with_defect(fault: &str, setup: Setup) -> (Server, World) {
    let server = Server::start(&[fault], &setup).await;
    let world = World::at(server.url(), setup.transport());
    (server, world)
}

#[tokio::test]
async fn without_the_check_of_membership_the_access_matrix_fails() {
    let (server, world) = with_defect("skip-membership", Setup::over(Transport::Ws)).await;
    let found = access::violations(&world).await;
    let has = |what: &str| found.iter().any(|violation| violation.contains(what));
    assert!(has("ListEntries: granted"), "{found:#?}");
    assert!(has("ListEntries: reads “meet me at the pier”"), "{found:#?}");
    server.stop().await;
}

#[tokio::test]
async fn where_strangers_are_named_the_search_finds_it() {
    let (server, world) = with_defect("name-strangers", Setup::over(Transport::Ws)).await;
    let found = temporary::leaks(&world).await;
    for by in ["Follow", "ListEntries"] {
        assert!(found.iter().any(|leak| leak.ends_with(by)), "{by}: {found:#?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn without_remembered_client_ids_the_model_fails() {
    let (server, mut world) = with_defect("skip-dedupe", Setup::over(Transport::Ws)).await;
    let ops = [Op::Ask(0, 1), Op::Accept(1, 0), Op::Send(0, 1), Op::Send(1, 0), Op::Retry(1)];
    let found = divergence(&mut world, &ops).await.expect_err("a message was stored twice");
    assert!(found.starts_with("Retry(1): "), "{found}");
    server.stop().await;
}

/// People who register and sign in at once with what they were just told: how many find themselves unknown.
async fn unknown_to_the_server(world: &World, round: usize) -> usize {
    let tries = (0..PEOPLE).map(|n| async move {
        let request = registration(&format!("person{round}x{n}"));
        let (username, password) = (request.username.clone(), request.password.clone());
        let device = world.device("desk");
        device.accounts().register(request).await.expect("acknowledged");
        let login = LoginRequest { username, password, device: None };
        device.accounts().login(login).await.is_err()
    });
    join_all(tries).await.into_iter().filter(|unknown| *unknown).count()
}

#[tokio::test]
async fn what_is_acknowledged_before_it_is_written_is_not_there_to_read() {
    let setup = Setup::over(Transport::Ws).on_disk();
    let (server, world) = with_defect("ack-before-sync", setup.clone()).await;
    let mut round = 0;
    // A disk may be quick by chance, but not always.
    while unknown_to_the_server(&world, round).await == 0 {
        round += 1;
        assert!(round < ROUNDS, "the defect was not noticed");
    }
    server.stop().await;
    let mut world = World::start(setup).await;
    assert_eq!(unknown_to_the_server(&world, 0).await, 0);
    world.go_down().await;
}

#[tokio::test]
async fn sorted_by_distance_the_order_gives_people_away() {
    let (server, world) =
        with_defect("order-by-distance", place::unlimited(Setup::over(Transport::Ws))).await;
    let nearer_first = place::sorted_by_distance(&world).await;
    assert!(place::looks_sorted(nearer_first), "{nearer_first}");
    server.stop().await;
}

#[tokio::test]
async fn with_one_side_snapped_bands_differ() {
    let (server, world) = with_defect("snap-one-side", place::unlimited(Setup::over(Transport::Ws))).await;
    let wrong = place::one_sided(&world).await;
    assert!(!wrong.is_empty(), "the defect was not noticed");
    server.stop().await;
}
