//! HTTP clients who answer pings and otherwise hold what they do not use: a place, or an answer that they never take.
//! Frames are made by hand (RFC 9113), since no client library does this. Time is paused, so nobody waits for it.

use crate::grpc::{channel, register};
use crate::rig::*;
use std::time::Duration;
use teahouse_proto::SYNC_FOLLOW;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![len[1], len[2], len[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// What every client says first. The setting is `INITIAL_WINDOW_SIZE`: how much of an answer it takes at once.
fn greeting(window: u32) -> Vec<u8> {
    let setting = [&[0, 4][..], &window.to_be_bytes()].concat();
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &setting)].concat()
}

/// A header whose name has an index in HPACK's static table (RFC 7541, appendix A) and whose value is spelled out.
fn header(name: u8, value: &str) -> Vec<u8> {
    [&[0x40 | name, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat()
}

/// `SyncService/Follow` from the beginning.
fn follow(token: &str) -> Vec<u8> {
    // POST, http, :path, :authority, content-type, authorization.
    let path = header(4, &format!("/{}", SYNC_FOLLOW.path));
    let kind = header(31, "application/grpc");
    let token = header(23, &format!("Bearer {token}"));
    let headers = [&[0x83, 0x86][..], &path, &header(1, "a"), &kind, &token].concat();
    [frame(HEADERS, END_HEADERS, 1, &headers), frame(DATA, END_STREAM, 1, &[0; 5])].concat()
}

/// Reads frames and answers pings until a frame of this kind comes, or the server hangs up.
async fn until(stream: &mut TcpStream, wanted: Option<u8>) {
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            assert_eq!(wanted, None, "hung up");
            return;
        }
        let len = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; len as usize];
        if stream.read_exact(&mut payload).await.is_err() {
            return;
        }
        let (kind, flags) = (head[3], head[4]);
        assert!(kind != DATA || len == 0 || wanted.is_none(), "there is no room for it");
        let answer = match kind {
            PING if flags & ACK == 0 => frame(PING, ACK, 0, &payload),
            SETTINGS if flags & ACK == 0 => frame(SETTINGS, ACK, 0, &[]),
            _ if Some(kind) == wanted => return,
            _ => continue,
        };
        // It may hang up this moment.
        let _ = stream.write_all(&answer).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_only_answers_pings_loses_the_place() {
    let server = start(&[]).await;
    let mut stream = connect(&server).await;
    stream.write_all(&greeting(65_535)).await.unwrap();
    let begin = Instant::now();
    until(&mut stream, None).await;
    let after = begin.elapsed().as_secs();
    assert!((85..=120).contains(&after), "{after} s");
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_nobody_keeps_no_place() {
    let server = start(&[]).await;
    let mut stream = connect(&server).await;
    // Health/Watch, which needs no session and never ends.
    let headers = [
        &[0x83, 0x86][..],
        &header(4, "/grpc.health.v1.Health/Watch"),
        &header(1, "a"),
        &header(31, "application/grpc"),
    ];
    let watch =
        [frame(HEADERS, END_HEADERS, 1, &headers.concat()), frame(DATA, END_STREAM, 1, &[0; 5])].concat();
    stream.write_all(&[greeting(65_535), watch].concat()).await.unwrap();
    let begin = Instant::now();
    until(&mut stream, None).await;
    let after = begin.elapsed().as_secs();
    assert!((300..=400).contains(&after), "{after} s");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_kept_alive_for_nothing_ends() {
    let server = start(&[]).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let begin = Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    let after = begin.elapsed().as_secs();
    assert!((9..=12).contains(&after), "{after} s");
}

#[tokio::test]
async fn events_that_the_client_has_no_room_for_are_not_kept_for_ever() {
    let server = start(&[]).await;
    let anna = register(&channel(&server).await, "anna_held").await;
    let mut stream = connect(&server).await;
    stream.write_all(&[greeting(0), follow(&anna.token)].concat()).await.unwrap();
    until(&mut stream, Some(HEADERS)).await;
    tokio::time::pause();
    let begin = Instant::now();
    until(&mut stream, None).await;
    let after = begin.elapsed().as_secs();
    assert!((70..=120).contains(&after), "{after} s");
    // The device is told nothing more, though its client never said goodbye.
    tokio::time::resume();
    let gone = async {
        while server.foundation().delivery.connected() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, gone).await.expect("the stream is dropped");
}

#[tokio::test]
async fn who_follows_and_reads_stays() {
    let server = start(&[]).await;
    let anna = register(&channel(&server).await, "anna_stays").await;
    let mut stream = connect(&server).await;
    stream.write_all(&[greeting(65_535), follow(&anna.token)].concat()).await.unwrap();
    until(&mut stream, Some(HEADERS)).await;
    tokio::time::pause();
    let stays = tokio::time::timeout(Duration::from_secs(3600), until(&mut stream, None)).await;
    assert!(stays.is_err(), "an hour of silence is no reason to hang up");
}
