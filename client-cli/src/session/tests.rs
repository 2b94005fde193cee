//! The session against a scripted server: what is repeated, with what, and what is not.

use super::*;
use crate::fake::{Fake, body, failure};
use teahouse_proto::accounts::{ChangePasswordRequest, GetAccountRequest};
use teahouse_proto::gateway::FailureKind;
use teahouse_proto::{AccountsClient, gateway::server_frame};

fn session(fake: &Fake) -> Session {
    Session::with_random(Connector::new(&fake.url()).unwrap(), Random::seeded_for_short_waits())
}

fn answer<M: Message>(message: &M) -> server_frame::Kind {
    body(message.encode_to_vec().into())
}

#[tokio::test]
async fn a_message_is_repeated_with_its_id_until_the_answer_is_definite() {
    let fake = Fake::start().await;
    let session = session(&fake);
    let serve = async {
        let mut ids = Vec::new();
        let mut peer = fake.accept().await;
        let call = peer.next().await;
        ids.push(SendMessageRequest::decode(call.body).unwrap().client_message_id);
        drop(peer);
        let mut peer = fake.accept().await;
        for _ in 0..2 {
            let call = peer.next().await;
            ids.push(SendMessageRequest::decode(call.body).unwrap().client_message_id);
            let word = match ids.len() {
                2 => failure(FailureKind::Unavailable, "DISK_FULL", "m", 1),
                _ => answer(&SendMessageResponse { seq: 9, ..Default::default() }),
            };
            peer.send(call.id, word).await;
        }
        (ids, peer)
    };
    let (sent, (ids, _peer)) = tokio::join!(session.send_text(Recipient::Account(5), "hello"), serve);
    assert_eq!(sent.unwrap().seq, 9);
    assert!(ids[0].len() == 16 && ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
}

#[tokio::test]
async fn a_definite_refusal_is_not_repeated() {
    let fake = Fake::start().await;
    let session = session(&fake);
    let serve = async {
        let mut peer = fake.accept().await;
        let call = peer.next().await;
        peer.send(call.id, failure(FailureKind::Precondition, "NOT_FRIENDS", "m", 0)).await;
        peer
    };
    let (sent, _peer) = tokio::join!(session.send_text(Recipient::Account(5), "hello"), serve);
    assert_eq!(sent.expect_err("refused").reason(), "NOT_FRIENDS");
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_not_repeated_and_a_read_is() {
    let fake = Fake::start().await;
    let accounts = AccountsClient(session(&fake));
    let serve = async {
        let mut peer = fake.accept().await;
        peer.next().await;
        drop(peer);
    };
    let (changed, ()) = tokio::join!(accounts.change_password(ChangePasswordRequest::default()), serve);
    assert_eq!(changed.expect_err("lost").kind(), Kind::Lost);

    let serve = async {
        let mut peer = fake.accept().await;
        peer.next().await;
        drop(peer);
        let mut peer = fake.accept().await;
        let call = peer.next().await;
        peer.send(call.id, body(peer.empty())).await;
        peer
    };
    let (read, _peer) = tokio::join!(accounts.get_account(GetAccountRequest::default()), serve);
    read.unwrap();
}

#[tokio::test]
async fn patience_ends() {
    let fake = Fake::start().await;
    let url = fake.url();
    // Nobody listens there any more.
    drop(fake);
    let connector = Connector::new(&url).unwrap();
    let session = Session::with_random(connector, Random::seeded_for_short_waits());
    let session = session.with_patience(Duration::from_millis(300));
    let error = session.send_text(Recipient::Account(5), "hello").await.expect_err("nobody there");
    assert_eq!((error.kind(), error.is_passing()), (Kind::Unreachable, true));
}

#[tokio::test]
async fn a_wait_beyond_patience_is_not_begun() {
    let fake = Fake::start().await;
    let session = session(&fake);
    let serve = async {
        let mut peer = fake.accept().await;
        let call = peer.next().await;
        peer.send(call.id, failure(FailureKind::RateLimited, "RATE_LIMITED", "m", 3_600_000)).await;
        peer
    };
    let (sent, _peer) = tokio::join!(session.send_text(Recipient::Account(5), "hello"), serve);
    assert_eq!(sent.expect_err("an hour").retry_after(), Some(Duration::from_secs(3600)));
}
