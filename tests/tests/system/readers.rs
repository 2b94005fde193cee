//! Readers who are slow, or frozen: the server's memory stays bounded, others notice nothing, and when they read again
//! they lack nothing.

use crate::outside::Server;
use bytes::Bytes;
use futures::future::join_all;
use prost::Message;
use rustix::process::Signal;
use std::sync::Arc;
use std::time::Duration;
use teahouse_client::Transport;
use teahouse_proto::SYNC_FOLLOW;
use teahouse_proto::gateway::{ClientFrame, ServerFrame, server_frame};
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{FollowRequest, FollowResponse};
use teahouse_tests::device::Device;
use teahouse_tests::mirror::Mirror;
use teahouse_tests::person::Person;
use teahouse_tests::process::Process;
use teahouse_tests::raw::{BINARY, Raw, Said};
use teahouse_tests::verbs::{message, text};
use teahouse_tests::world::{PATIENCE, Setup, World};
use tokio::process::Command;
use tokio::sync::Mutex;

/// Devices that follow and do not read.
const FROZEN: usize = 24;
/// What is sent meanwhile: more than any buffer between here and there holds.
const MESSAGES: u32 = 2000;
const MESSAGE_BYTES: usize = 4000;
/// Messages under way at once.
const SIDE_BY_SIDE: u32 = 50;
/// What the frozen devices may cost: a socket's buffer and an outbox each, and what allocators keep.
const COST_MIB: u64 = 64;
/// As little as the system lets a client take in.
const RECEIVE_BUFFER: u32 = 4096;

/// Sends a round of messages: the number of the last.
async fn talk(device: &Device, chat: u64, round: u8) -> u64 {
    let mut last = 0;
    for first in (0..MESSAGES).step_by(SIDE_BY_SIDE as usize) {
        let sends = (first..first + SIDE_BY_SIDE).map(|n| {
            let mut id = [round; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            let request = message(chat, id, text(&"x".repeat(MESSAGE_BYTES - 96)));
            async move { device.chat().send_message(request).await }
        });
        for sent in join_all(sends).await {
            last = last.max(sent.expect("others are not held up").seq);
        }
    }
    last
}

/// A device that follows on a raw socket, from a cursor on.
async fn follow_raw(url: &str, device: &Device, cursor: Bytes) -> Raw {
    let mut socket = Raw::websocket(url, Some(device.token()), Some(RECEIVE_BUFFER)).await;
    let body = FollowRequest { cursor }.encode_to_vec().into();
    let frame = ClientFrame { id: 1, method: SYNC_FOLLOW.path.to_owned(), body, ..Default::default() };
    socket.send_message(BINARY, &frame.encode_to_vec()).await.expect("the server reads");
    socket
}

/// Reads on as a client that had slept: nothing may be lacking between what it was told and the end. Whoever slept longer
/// than a minute, on a slow machine, was given up and follows anew.
async fn wakes(url: &str, device: &Device, socket: &mut Raw, chat: u64, end: u64) {
    let (mut head, mut cursor, mut anew) = (0, Bytes::new(), false);
    while head < end {
        let said = socket.next().await.expect("the server goes on");
        let frame = match &said {
            Said::Message(bytes) => ServerFrame::decode(&bytes[..]).expect("a frame").kind,
            Said::Close(_) | Said::Gone => None,
        };
        let event = match frame {
            Some(server_frame::Kind::Body(body)) => FollowResponse::decode(body).expect("an event"),
            Some(server_frame::Kind::GoAway(away)) if away.reason == "RESYNC" => continue,
            None if !anew => {
                anew = true;
                *socket = follow_raw(url, device, cursor.clone()).await;
                continue;
            }
            _ => panic!("{said:?} at {head}"),
        };
        match &event.event {
            Some(Event::Moved(moved)) if moved.conversation_id == chat => head = head.max(moved.head_seq),
            Some(Event::Entry(entry)) if entry.conversation_id == chat => {
                assert!(entry.seq <= head + 1, "{} came after {head}", entry.seq);
                head = head.max(entry.seq);
            }
            _ => {}
        }
        if !event.cursor.is_empty() {
            cursor = event.cursor;
        }
    }
}

/// Takes a byte a second.
async fn read_slowly(socket: Arc<Mutex<Raw>>) {
    while socket.lock().await.read_byte(Duration::from_secs(60)).await {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A client in a process that is stopped (SIGSTOP) as soon as it has caught up: the system goes on taking bytes for it
/// until its buffers are full.
async fn stop_reading(url: &str, transport: Transport, device: &Device, chat: u64, end: u32) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reader"));
    command.args([url, &transport.to_string(), device.token(), &chat.to_string(), &end.to_string()]);
    let process = Process::start("a reader", command);
    process.find("that it reads", PATIENCE, |line| (line == "reads").then_some(())).await;
    process.signal(Signal::STOP);
    process
}

/// Lets it go on; it must come to the end, with nothing missing.
async fn resumes(process: &mut Process, end: u64) {
    process.signal(Signal::CONT);
    process.find("that it has all", PATIENCE, |line| (line == format!("has {end}")).then_some(())).await;
    let violations = process.lines().into_iter().filter(|line| line.starts_with("violation"));
    assert_eq!(violations.collect::<Vec<_>>(), Vec::<String>::new());
    assert!(process.exit(PATIENCE).await.success());
}

async fn mirror_until(mut mirror: Mirror, chat: u64, end: u64) -> Mirror {
    mirror.until(chat, end).await.expect("others are not held up");
    assert!(mirror.violations().is_empty(), "{:#?}", mirror.violations());
    mirror
}

async fn devices(person: &Person) -> Vec<Device> {
    let mut devices = Vec::new();
    for n in 0..FROZEN {
        devices.push(person.sign_in(&format!("device {n}")).await);
    }
    devices
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_costs_little_and_loses_nothing() {
    let server = Server::start(&[], &Setup::over(Transport::Ws).on_disk()).await;
    let world = World::at(server.url(), Transport::Ws);
    let [anna, boris] = [world.person("anna").await, world.person("boris").await];
    let chat = anna.befriend(&boris).await;
    let frozen = devices(&boris).await;
    let reader = Mirror::new(boris.device.clone());

    // What the same costs with nobody frozen.
    let reading = tokio::spawn(mirror_until(reader, chat, u64::from(MESSAGES) + 1));
    talk(&anna, chat, 1).await;
    let reader = reading.await.expect("it read all");
    let before = server.resident_mib();

    let mut sockets = Vec::new();
    for device in &frozen {
        sockets.push(follow_raw(server.url(), device, Bytes::new()).await);
    }
    let slow_device = boris.sign_in("slow device").await;
    let slow = follow_raw(server.url(), &slow_device, Bytes::new()).await;
    let slow = Arc::new(Mutex::new(slow));
    let slowly = tokio::spawn(read_slowly(slow.clone()));
    let mut stopped = Vec::new();
    for transport in Transport::ALL {
        let device = boris.sign_in(&format!("{transport} in a process")).await;
        stopped.push(stop_reading(server.url(), transport, &device, chat, 2 * MESSAGES + 1).await);
    }
    let reading = tokio::spawn(mirror_until(reader, chat, 2 * u64::from(MESSAGES) + 1));
    let end = talk(&anna, chat, 2).await;
    let reader = reading.await.expect("it read all");
    let after = server.resident_mib();
    assert!(after <= before + COST_MIB, "{FROZEN} frozen devices: from {before} to {after} MiB");

    for (socket, device) in sockets.iter_mut().zip(&frozen).take(3) {
        wakes(server.url(), device, socket, chat, end).await;
    }
    for process in &mut stopped {
        resumes(process, end).await;
    }
    slowly.abort();
    // Aborted between two bytes: the socket is where it was.
    let mut slow = slow.lock().await;
    wakes(server.url(), &slow_device, &mut slow, chat, end).await;
    let returned = mirror_until(Mirror::new(frozen[5].clone()), chat, end).await;
    assert_eq!(returned.copy(chat), reader.copy(chat));
    assert_eq!(boris.unread(chat).await, 2 * u64::from(MESSAGES));
    drop((sockets, slow));
    server.stop().await;
}
