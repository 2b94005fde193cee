//! Transfers against a server in this process.

use super::*;
use crate::{Connector, Kind, Transport};
use std::sync::Mutex;
use teahouse_proto::AccountsClient;
use teahouse_proto::accounts::RegisterRequest;
use teahouse_server::app::{App, Overrides, Running};
use teahouse_server::config::{Config, Sources};

/// A server that forgets everything, and a session of somebody there.
async fn signed_in(transport: Transport) -> (Running, Session) {
    let flags = [("listen", "127.0.0.1:0"), ("store.engine", "memory")];
    let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let (config, _) = Config::load(&Sources { flags, ..Sources::default() }).expect("the settings are good");
    let server = App::start(config, Overrides::default()).await.expect("the server starts");
    let connector = Connector::new(server.url()).unwrap().transport(transport);
    let request = RegisterRequest {
        username: "uploader".to_owned(),
        password: "correct horse 1".to_owned(),
        display_name: "Anna".to_owned(),
        ..RegisterRequest::default()
    };
    let stranger = connector.connect().await.unwrap();
    let token = AccountsClient(stranger).register(request).await.unwrap().token;
    (server, Session::new(connector.token(&token)))
}

/// How far a transfer said it was.
type Noted = Arc<Mutex<Vec<(u64, u64)>>>;

fn noting() -> (Progress, Noted) {
    let noted = Noted::default();
    let notes = noted.clone();
    (Arc::new(move |at, of| notes.lock().unwrap().push((at, of))), noted)
}

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 % 251) as u8).collect()
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down() {
    for transport in Transport::ALL {
        let (server, session) = signed_in(transport).await;
        let dir = tempfile::tempdir().unwrap();
        let (there, here) = (dir.path().join("report.bin"), dir.path().join("copy.bin"));
        let bytes = content(700_001);
        std::fs::write(&there, &bytes).unwrap();

        let (progress, noted) = noting();
        let media = session.upload(&there, MediaKind::File, "report.bin", progress).await.unwrap();
        assert_eq!((media.size, media.file_name.as_str()), (700_001, "report.bin"));
        assert_eq!(noted.lock().unwrap().last(), Some(&(700_001, 700_001)));
        let (progress, noted) = noting();
        let again = session.upload(&there, MediaKind::File, "report.bin", progress).await.unwrap();
        assert_eq!(again.media_id, media.media_id, "what is complete is not sent again");
        assert_eq!(noted.lock().unwrap().len(), 1);

        let (progress, noted) = noting();
        let fetched = session.download(&media.media_id, false, &here, progress).await.unwrap();
        assert_eq!(fetched.size, 700_001);
        assert!(std::fs::read(&here).unwrap() == bytes, "the same bytes over {transport}");
        assert!(noted.lock().unwrap().iter().all(|(_, of)| *of == 700_001));
        let (progress, _) = noting();
        let twice = session.download(&media.media_id, false, &here, progress).await.unwrap_err();
        assert_eq!((twice.kind(), twice.reason()), (Kind::Misuse, "FILE_EXISTS"));
        server.shutdown().await;
    }
}

#[tokio::test]
async fn many_files_go_up_at_once() {
    let (server, session) = signed_in(Transport::Ws).await;
    let dir = tempfile::tempdir().unwrap();
    let uploads = (0..6).map(|number| {
        let (file, session) = (dir.path().join(number.to_string()), session.clone());
        std::fs::write(&file, content(50_000 + number)).unwrap();
        async move { session.upload(&file, MediaKind::File, "report.bin", noting().0).await }
    });
    for (number, media) in futures::future::join_all(uploads).await.into_iter().enumerate() {
        assert_eq!(media.expect("finished").size, 50_000 + number as u64, "more than are examined at once");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn an_upload_goes_on_where_it_stopped() {
    let (server, session) = signed_in(Transport::Ws).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("half.bin");
    let bytes = content(300_000);
    std::fs::write(&file, &bytes).unwrap();
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    let request = CreateUploadRequest {
        client_message_id: resumable_id(MediaKind::File, "half.bin", &sha256),
        kind: MediaKind::File.into(),
        size: 300_000,
        file_name: "half.bin".to_owned(),
        sha256: sha256.to_vec().into(),
    };
    let upload = MediaClient(session.clone()).create_upload(request).await.unwrap().upload.unwrap();
    let chunk = teahouse_proto::media::PutChunkRequest {
        upload_id: upload.upload_id,
        offset: 0,
        data: Bytes::copy_from_slice(&bytes[..200_000]),
    };
    MediaClient(session.clone()).put_chunk(chunk).await.unwrap();

    let (progress, noted) = noting();
    let media = session.upload(&file, MediaKind::File, "half.bin", progress).await.unwrap();
    assert_eq!(media.size, 300_000);
    let first = *noted.lock().unwrap().first().unwrap();
    assert!(first.0 > 200_000, "it began at {first:?}");
    server.shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_download_leaves_alone_what_lies_where_its_part_would() {
    let (server, session) = signed_in(Transport::Ws).await;
    let dir = tempfile::tempdir().unwrap();
    let (there, here) = (dir.path().join("report.bin"), dir.path().join("copy.bin"));
    std::fs::write(&there, content(1000)).unwrap();
    let media = session.upload(&there, MediaKind::File, "report.bin", noting().0).await.unwrap();
    let (part, precious) = (dir.path().join("copy.bin.part"), dir.path().join("precious"));
    std::fs::write(&precious, "diary").unwrap();
    std::os::unix::fs::symlink(&precious, &part).unwrap();
    let fails = session.download(&media.media_id, false, &here, noting().0).await.unwrap_err();
    assert_eq!((fails.kind(), fails.reason()), (Kind::Misuse, "FILE_EXISTS"));
    assert_eq!(check_target(&here).unwrap_err().reason(), "FILE_EXISTS");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "diary");
    assert!(part.is_symlink() && !here.exists());
    std::fs::remove_file(&part).unwrap();
    check_target(&here).unwrap();
    session.download(&media.media_id, false, &here, noting().0).await.unwrap();
    assert!(!part.exists(), "nothing is left beside it");
    assert_eq!(check_target(&dir.path().join("no/where")).unwrap_err().reason(), "FILE_UNWRITABLE");
    server.shutdown().await;
}

#[tokio::test]
async fn a_part_goes_on_where_it_stopped_or_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let mut part = Part { path: dir.path().join("a.part"), file: None, len: 0 };
    for (at, data) in [(0, b"abcd"), (4, b"efgh"), (0, b"wxyz"), (2, b"1234")] {
        part.begin(at).await.unwrap();
        part.write(data).await.unwrap();
        part.flush().await.unwrap();
    }
    assert_eq!((std::fs::read(&part.path).unwrap().as_slice(), part.len), (&b"wx1234"[..], 6));
}

#[tokio::test]
async fn refusals_come_as_the_server_worded_them() {
    let (server, session) = signed_in(Transport::Ws).await;
    let dir = tempfile::tempdir().unwrap();
    let (progress, _) = noting();
    let nothing = dir.path().join("nothing");
    let missing = session.upload(&nothing, MediaKind::File, "x", progress.clone()).await.unwrap_err();
    assert_eq!((missing.kind(), missing.reason()), (Kind::Misuse, "FILE_UNREADABLE"));
    std::fs::write(&nothing, "no picture").unwrap();
    let no_picture = session.upload(&nothing, MediaKind::Picture, "x", progress.clone()).await.unwrap_err();
    assert_eq!((no_picture.kind(), no_picture.reason()), (Kind::Invalid, "MEDIA_UNSUPPORTED"));
    let to = dir.path().join("to");
    for id in ["AAAAAAAAAAAAAAAAAAAAAA", "nonsense"] {
        let unknown = session.download(id, false, &to, progress.clone()).await.unwrap_err();
        assert_eq!((unknown.kind(), unknown.reason()), (Kind::NotFound, "MEDIA_NOT_FOUND"), "{id}");
    }
    let malformed = session.download("a b", false, &to, progress).await.unwrap_err();
    assert_eq!(malformed.kind(), Kind::Misuse);
    assert!(!to.exists());
    server.shutdown().await;
}
