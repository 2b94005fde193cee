//! Shake on the wire: two people who shake at the same time.

use super::Examples;
use serde_json::json;
use teahouse_proto as method;
use teahouse_tests::world::World;

pub(super) async fn shake(examples: &mut Examples, world: &World) {
    let [greta, henri] = [world.person("greta").await, world.person("henri").await];
    let shake = json!({"position": {"latitude": 30.2431, "longitude": 120.1502, "accuracyM": 15}});
    for (name, who, method, body) in [
        ("greta", &greta, &method::SHAKE_SHAKE, shake.clone()),
        ("greta", &greta, &method::SHAKE_UPDATE_SHAKE, json!({"enabled": true, "isAdult": true})),
        ("henri", &henri, &method::SHAKE_UPDATE_SHAKE, json!({"enabled": true, "isAdult": true})),
        ("greta", &greta, &method::SHAKE_SHAKE, json!({})),
        ("henri", &henri, &method::SHAKE_LIST_SHAKEN, json!({})),
        ("greta", &greta, &method::SHAKE_GET_SHAKE, json!({})),
        ("greta", &greta, &method::SHAKE_CLEAR_SHAKEN, json!({})),
        ("henri", &henri, &method::SHAKE_FORGET, json!({})),
        ("henri", &henri, &method::SHAKE_SHAKE, json!({})),
    ] {
        examples.call(name, who, method, body).await;
    }
}
