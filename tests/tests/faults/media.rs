//! Media under `kill -9` and power cuts: what was finished is there, whole; what was not goes on from where the server
//! says. With bytes that are not forced to the disk, the same test finds media that are missing or torn.

use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use teahouse_client::{Error, Transport};
use teahouse_proto::media::{
    CreateUploadRequest, FinishUploadRequest, GetUploadRequest, MediaKind, PutChunkRequest,
};
use teahouse_tests::device::Device;
use teahouse_tests::dice::{Dice, from_environment};
use teahouse_tests::disk::{Disk, PowerSwitch};
use teahouse_tests::http::request;
use teahouse_tests::server::{Options, Server};
use teahouse_tests::server_program;
use teahouse_tests::world::World;
use tokio::sync::watch;

/// Cuts or kills of a series; `TEAHOUSE_CUTS` overrides it.
const CUTS: u32 = 6;
/// A defect may go unnoticed in so many times the cuts that a sound server must survive.
const PATIENCE: u32 = 5;
const DISK_MIB: u64 = 256;
/// People who send at the same time.
const SENDERS: usize = 3;
/// Media finished before a cut, at most.
const MEDIA: u64 = 12;
/// The longest medium, in bytes.
const LONGEST: u64 = 300_000;
const CHUNK: usize = 100_000;
const LONG: Duration = Duration::from_secs(60);

/// Something that was sent, as it must be found again.
#[derive(Clone, Debug)]
struct Sent {
    id: String,
    seed: u64,
    length: usize,
}

impl Sent {
    fn content(&self) -> Vec<u8> {
        let mut dice = Dice::new(self.seed);
        std::iter::repeat_with(|| dice.throw().to_be_bytes()).flatten().take(self.length).collect()
    }
}

/// What one sender was told, as long as it counts.
#[derive(Default)]
struct Told {
    over: bool,
    finished: Vec<Sent>,
    /// The upload under way, and how many bytes of it were acknowledged.
    under_way: Option<(Sent, u64)>,
}

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Told>>);

impl Notes {
    fn change(&self, change: impl FnOnce(&mut Told)) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.over {
            change(&mut told);
        }
    }

    fn take(&self) -> Told {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sends one medium after another until the server is gone.
async fn send(
    device: Device,
    mut dice: Dice,
    notes: Notes,
    finished: watch::Sender<u64>,
) -> Result<(), Error> {
    let media = device.media();
    loop {
        let (seed, length) = (dice.throw(), 1 + dice.below(LONGEST) as usize);
        let create = CreateUploadRequest {
            client_message_id: [seed.to_be_bytes(), dice.throw().to_be_bytes()].concat().into(),
            kind: MediaKind::File.into(),
            size: length as u64,
            file_name: "x".to_owned(),
            ..Default::default()
        };
        let upload = media.create_upload(create).await?.upload.expect("an upload");
        let sent = Sent { id: upload.upload_id, seed, length };
        notes.change(|told| told.under_way = Some((sent.clone(), 0)));
        for (i, chunk) in sent.content().chunks(CHUNK).enumerate() {
            let data = Bytes::copy_from_slice(chunk);
            let offset = (i * CHUNK) as u64;
            let request = PutChunkRequest { upload_id: sent.id.clone(), offset, data };
            let offset = media.put_chunk(request).await?.offset;
            notes.change(|told| told.under_way = Some((sent.clone(), offset)));
        }
        let finish = FinishUploadRequest { upload_id: sent.id.clone() };
        let id = media.finish_upload(finish).await?.media.expect("a medium").media_id;
        notes.change(|told| {
            told.under_way = None;
            told.finished.push(Sent { id, ..sent });
        });
        finished.send_modify(|n| *n += 1);
    }
}

/// What is not as it was told, after a restart. `offsets` says whether acknowledged bytes must be there, too.
async fn look(
    url: &str,
    device: &Device,
    told: &[Sent],
    under_way: Option<(Sent, u64)>,
    offsets: bool,
) -> Vec<String> {
    let mut violations = Vec::new();
    let token = format!("Bearer {}", device.token());
    for sent in told {
        let line = format!("GET /v1/media/{}", sent.id);
        let got = request(url, &line, &[("Authorization", &token)], b"").await;
        if got.status != 200 {
            violations.push(format!("{} of {} bytes: {}", sent.id, sent.length, got.status));
        } else if got.body != sent.content() {
            violations.push(format!("{} of {} bytes is another", sent.id, sent.length));
        }
    }
    if let Some((sent, acknowledged)) = under_way {
        let upload = GetUploadRequest { upload_id: sent.id.clone() };
        match device.media().get_upload(upload).await {
            Ok(answer) => {
                let offset = answer.upload.expect("an upload").offset;
                if offsets && offset < acknowledged {
                    violations.push(format!("{acknowledged} bytes were acknowledged, {offset} are there"));
                }
                violations.extend(go_on(url, device, &sent, offset as usize).await);
            }
            Err(error) => violations.push(format!("an upload under way: {error}")),
        }
    }
    violations
}

/// Goes on with an upload, by PUT, and compares what comes of it.
async fn go_on(url: &str, device: &Device, sent: &Sent, offset: usize) -> Option<String> {
    let (token, content) = (format!("Bearer {}", device.token()), sent.content());
    let auth = ("Authorization", &*token);
    let from = offset.to_string();
    let line = format!("PUT /v1/uploads/{}", sent.id);
    let put = request(url, &line, &[auth, ("Upload-Offset", &from)], &content[offset..]).await;
    assert_eq!(put.status, 204, "the rest is taken: {}", String::from_utf8_lossy(&put.body));
    let finish = FinishUploadRequest { upload_id: sent.id.clone() };
    let media = device.media().finish_upload(finish).await.expect("finished").media.expect("a medium");
    let got = request(url, &format!("GET /v1/media/{}", media.media_id), &[auth], b"").await;
    (got.body != content).then(|| format!("what went on from {offset} of {} is another", sent.length))
}

/// How the server is taken down.
enum Blow {
    Kill,
    Cut(Box<PowerSwitch>, Disk),
}

struct Outcome {
    finished: usize,
    violations: Vec<String>,
}

async fn series(mut blow: Blow, data: &std::path::Path, fault: Option<&'static str>) -> Outcome {
    let mut dice = Dice::new(from_environment("TEAHOUSE_SEED", 1));
    let options = Options::new(server_program!(), data, "sled")
        .set("media.upload_mib_per_day", "100000")
        .set("media.unfinished_uploads", "1000")
        .fault(fault);
    let mut server = Server::start(&options).await;
    let mut people = Vec::new();
    for i in 0..SENDERS {
        let world = World::at(server.url(), Transport::Grpc);
        let person = world.person(&format!("sender{i}")).await;
        people.push((person.account_id, person.device_id, person.token().to_owned()));
    }
    let mut all: Vec<Vec<Sent>> = vec![Vec::new(); SENDERS];
    let mut outcome = Outcome { finished: 0, violations: Vec::new() };
    let cuts = from_environment("TEAHOUSE_CUTS", CUTS) * if fault.is_some() { PATIENCE } else { 1 };
    for _ in 0..cuts {
        let (finished, mut seen) = watch::channel(0);
        let their = devices(server.url(), &people);
        let notes: Vec<Notes> = (0..SENDERS).map(|_| Notes::default()).collect();
        let senders: Vec<_> = their
            .into_iter()
            .zip(&notes)
            .map(|(device, notes)| {
                tokio::spawn(send(device, Dice::new(dice.throw()), notes.clone(), finished.clone()))
            })
            .collect();
        let enough = 1 + dice.below(MEDIA);
        let wait = tokio::time::timeout(LONG, seen.wait_for(|n| *n >= enough)).await;
        wait.expect("media are finished in time").expect("somebody sends");
        notes.iter().for_each(|notes| notes.change(|told| told.over = true));
        if let Blow::Cut(switch, disk) = &mut blow {
            switch.cut(disk).await;
        }
        server.kill().await;
        for sender in senders {
            let ended = tokio::time::timeout(LONG, sender).await;
            assert!(ended.expect("a sender ends").expect("without panic").is_err(), "the server was killed");
        }
        if let Blow::Cut(_, disk) = &blow {
            disk.unmount();
            disk.mount();
        }
        server = Server::start(&options).await;
        for ((device, notes), all) in devices(server.url(), &people).iter().zip(notes).zip(&mut all) {
            let told = notes.take();
            all.extend(told.finished);
            let offsets = matches!(blow, Blow::Kill);
            outcome.violations.extend(look(server.url(), device, all, told.under_way, offsets).await);
        }
        if !outcome.violations.is_empty() {
            break;
        }
    }
    outcome.finished = all.iter().map(Vec::len).sum();
    outcome
}

fn devices(url: &str, people: &[(u64, u64, String)]) -> Vec<Device> {
    let world = World::at(url, Transport::Grpc);
    let device = |(account, device, token): &(u64, u64, String)| {
        world.device("a sender").signed_in(*account, *device, token)
    };
    people.iter().map(device).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_survive_kills() {
    let dir = tempfile::tempdir().expect("a directory is made");
    let Outcome { finished, violations } = series(Blow::Kill, &dir.path().join("data"), None).await;
    eprintln!("{finished} media finished");
    assert!(violations.is_empty(), "{violations:#?}");
    assert!(finished > 10, "too little was tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finished_media_survive_power_cuts() {
    if !Disk::available() {
        return;
    }
    let disk = Disk::new(DISK_MIB);
    let data = disk.path().join("data");
    let outcome = series(Blow::Cut(Box::new(PowerSwitch::new().await), disk), &data, None).await;
    eprintln!("{} media finished", outcome.finished);
    assert!(outcome.violations.is_empty(), "{:#?}", outcome.violations);
    assert!(outcome.finished > 10, "too little was tried");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_that_are_not_forced_to_the_disk_are_found_out() {
    if !Disk::available() {
        return;
    }
    let disk = Disk::new(DISK_MIB);
    let data = disk.path().join("data");
    let outcome =
        series(Blow::Cut(Box::new(PowerSwitch::new().await), disk), &data, Some("skip-media-sync")).await;
    eprintln!("after {} media: {:?}", outcome.finished, outcome.violations.first());
    assert!(!outcome.violations.is_empty(), "many cuts did not show it");
}
