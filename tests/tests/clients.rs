//! Clients that share no code with the server: the examples of docs/PROTOCOL.md, a stock gRPC client and a JSON client in
//! Python. What they need to know stands on that page and in the .proto files.

use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use teahouse_server::app::{App, Overrides, Running};
use teahouse_server::config::{Config, Sources};
use teahouse_tests::page::{Line, Meanings, Talker, examples};
use teahouse_tests::{curl, needs};
use tokio::process::Command;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// How long a client in Python may take, its stubs included.
const CLIENT_DEADLINE: Duration = Duration::from_secs(120);

/// A server on a port of its own that forgets everything.
async fn server() -> Running {
    let flags = [("listen", "127.0.0.1:0"), ("store.engine", "memory")];
    let flags = flags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let (config, _) = Config::load(&Sources { flags, ..Sources::default() }).expect("the settings are good");
    App::start(config, Overrides::default()).await.expect("the server starts")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_owned()
}

/// Opens a socket, signed in by its header where there is a token.
async fn talker(server: &Running, token: Option<&str>) -> Talker {
    let mut request = format!("ws://{}/v1/ws", server.address()).into_client_request().expect("a URL");
    if let Some(token) = token {
        request
            .headers_mut()
            .insert("authorization", format!("Bearer {token}").parse().expect("a token is ASCII"));
    }
    Talker::new(connect_async(request).await.expect("the server answers").0)
}

/// The page begins with Anna's registration; others are there already, and signed in by their header.
async fn registered(server: &Running, username: &str, display_name: &str) -> Talker {
    let mut socket = talker(server, None).await;
    let body = json!({"username": username, "password": "correct horse 2", "displayName": display_name});
    socket
        .send(&json!({"id": 1, "method": "teahouse.accounts.v1.AccountsService/Register", "body": body}))
        .await;
    let answer = socket.next(&json!(1)).await;
    talker(server, answer["body"]["token"].as_str()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_page_are_what_the_server_says() {
    let page = std::fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let server = server().await;
    let mut sockets = BTreeMap::from([
        ("anna".to_owned(), talker(&server, None).await),
        ("boris".to_owned(), registered(&server, "boris7", "Boris").await),
        ("clara".to_owned(), registered(&server, "clara8", "Clara").await),
    ]);
    let mut meanings = Meanings::default();
    let lines = examples(&page);
    assert!(lines.len() > 20, "{} lines", lines.len());
    let mut printed = String::new();
    for Line { who, sent, frame } in &lines {
        if let Some(command) = frame["curl"].as_str() {
            let command = meanings.translate_within(command);
            printed = curl::run(&command, &format!("http://{}", server.address())).await;
            continue;
        }
        if let Some(said) = frame["said"].as_str() {
            assert_eq!(printed, said);
            continue;
        }
        if !sockets.contains_key(who.as_str()) {
            // Whoever comes later on the page, comes signed out.
            sockets.insert(who.clone(), talker(&server, None).await);
        }
        let socket = sockets.get_mut(who.as_str()).unwrap();
        if *sent {
            socket.send(&meanings.translate(frame)).await;
        } else {
            let came = socket.next(&frame["id"]).await;
            let same = meanings.compare(frame, &came);
            assert!(same.is_ok(), "{}\nthe page: {who} < {frame}\nthere came: {came}", same.unwrap_err());
        }
    }
    server.shutdown().await;
}

/// Runs a client of tests/python, which must end with 0.
async fn run_python(script: &str, arguments: &[&str]) {
    let script = root().join("tests/python").join(script);
    let client = Command::new(needs::python())
        .arg("-B")
        .arg(&script)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output();
    let client = tokio::time::timeout(CLIENT_DEADLINE, client).await;
    let output = client.expect("the client ends in time").expect("Python starts");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}:\n{}", script.display(), String::from_utf8_lossy(&said));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_grpc_client_in_python_is_content() {
    if !needs::has_python_modules(&["grpc", "grpc_tools"]) {
        return needs::skip("grpcio");
    }
    let server = server().await;
    let protos = root().join("proto");
    run_python("grpc_client.py", &[&server.address().to_string(), protos.to_str().unwrap()]).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_client_in_python_is_content() {
    if !needs::has_python_modules(&["websockets"]) {
        return needs::skip("websockets");
    }
    let server = server().await;
    run_python("ws_json_client.py", &[&server.address().to_string()]).await;
    server.shutdown().await;
}
