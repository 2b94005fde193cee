//! What the server leaves behind: neither its log at its most talkative, nor its metrics, nor a byte of what it stores may
//! hold a position.

use super::{Point, look, shake, switch_on, unlimited};
use crate::outside::Server;
use std::path::Path;
use teahouse_client::Transport;
use teahouse_proto::LookAroundClient;
use teahouse_proto::common::{Band, Position};
use teahouse_proto::look_around::LookRequest;
use teahouse_tests::http::request;
use teahouse_tests::plain::refusal;
use teahouse_tests::world::{Setup, World};

/// A point that nothing else looks like.
const HERE: Point = (39.912_345_678_9, 116.456_789_123_4);

/// Where `text` or the bytes of a coordinate stand in `hay`.
fn traces(hay: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for degrees in [HERE.0, HERE.1] {
        let mut needles = vec![degrees.to_le_bytes().to_vec(), degrees.to_be_bytes().to_vec()];
        // Fewer digits, which stand for more than 10 m, come up by chance in times and ids.
        for digits in 5..=10 {
            needles.push(format!("{degrees:.digits$}").into_bytes());
            needles.push(((degrees * 10_f64.powi(digits as i32)) as u64).to_string().into_bytes());
        }
        needles.retain(|needle| needle.len() >= 8);
        let holds = |needle: &Vec<u8>| hay.windows(needle.len()).any(|window| window == needle.as_slice());
        found.extend(
            needles.into_iter().filter(holds).map(|needle| String::from_utf8_lossy(&needle).into_owned()),
        );
    }
    found
}

/// All bytes of the files in a directory.
fn bytes_in(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the data can be read") {
        let path = entry.expect("the data can be read").path();
        if path.is_dir() {
            all.extend(bytes_in(&path));
        } else if path.is_file() {
            all.extend(std::fs::read(&path).expect("the data can be read"));
        }
    }
    all
}

#[test]
fn a_trace_is_found_in_every_form() {
    assert!(traces(b"nothing").is_empty());
    for text in ["lat=39.91235", "3991234567", "at 116.456789", "11645678"] {
        assert!(!traces(text.as_bytes()).is_empty(), "{text}");
    }
    assert!(!traces(&[&[0; 5][..], &HERE.1.to_be_bytes()].concat()).is_empty());
}

#[tokio::test]
async fn no_position_stays_behind() {
    for transport in Transport::ALL {
        let setup =
            unlimited(Setup::over(transport)).on_disk().set("log.level", "info,teahouse_server=trace");
        let server = Server::start(&[], &setup).await;
        let world = World::at(server.url(), transport);
        let (anna, boris) = (world.person("anna").await, world.person("boris").await);
        for person in [&anna, &boris] {
            switch_on(person).await;
            look(person, HERE, Band::Unspecified).await.expect("a look");
        }
        let mut said = Vec::new();
        for wrong in [(HERE.0 + 90.0, HERE.1), (HERE.0, HERE.1 + 180.0), (f64::NAN, HERE.1)] {
            let refused = look(&anna, wrong, Band::Unspecified).await;
            said.push(refusal(&refused.expect_err("no point on the globe")));
            let refused = shake(&anna, Some(wrong)).await;
            said.push(refusal(&refused.expect_err("no point on the globe")));
        }
        let inaccurate = LookRequest {
            position: Some(Position { latitude: HERE.0, longitude: HERE.1, accuracy_m: 2001 }),
            ..LookRequest::default()
        };
        let refused = LookAroundClient(anna.device.clone()).look(inaccurate).await;
        said.push(refusal(&refused.expect_err("too inaccurate")));
        shake(&boris, Some(HERE)).await.expect("shaken");
        let metrics = request(server.url(), "GET /metrics", &[], b"").await;
        assert_eq!(metrics.status, 200);
        let log = server.log();
        assert!(log.contains("LookAround"), "the log says nothing of looks:\n{log}");
        let data = server.stop_and_keep().await;
        for (what, hay) in [
            ("answers", said.join("\n").into_bytes()),
            ("metrics", metrics.body),
            ("log", log.into_bytes()),
            ("data", bytes_in(data.path())),
        ] {
            assert!(!hay.is_empty());
            assert_eq!(traces(&hay), Vec::<String>::new(), "in the {what}, over {transport}");
        }
    }
}
