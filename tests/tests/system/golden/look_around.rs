//! Look Around on the wire: two people who find each other, and leave.

use super::Examples;
use serde_json::json;
use teahouse_proto as method;
use teahouse_tests::person::Person;

pub(super) async fn look_around(examples: &mut Examples, [anna, boris]: [&Person; 2]) {
    let position = json!({"latitude": 30.2431, "longitude": 120.1502, "accuracyM": 15});
    let look = json!({"position": position, "limit": 1});
    for (name, who, method, body) in [
        ("anna", anna, &method::LOOK_AROUND_LOOK, look.clone()),
        ("anna", anna, &method::LOOK_AROUND_UPDATE_LOOK_AROUND, json!({"enabled": true})),
        ("anna", anna, &method::LOOK_AROUND_UPDATE_LOOK_AROUND, json!({"enabled": true, "isAdult": true})),
        ("boris", boris, &method::LOOK_AROUND_UPDATE_LOOK_AROUND, json!({"enabled": true, "isAdult": true})),
        ("anna", anna, &method::LOOK_AROUND_LOOK, json!({"position": {"latitude": 91, "accuracyM": 15}})),
        ("anna", anna, &method::LOOK_AROUND_LOOK, look.clone()),
        ("boris", boris, &method::LOOK_AROUND_LOOK, look.clone()),
        ("anna", anna, &method::LOOK_AROUND_LOOK_ON, json!({"cursor": "AAAA"})),
        ("anna", anna, &method::LOOK_AROUND_GET_LOOK_AROUND, json!({})),
        ("anna", anna, &method::LOOK_AROUND_CLEAR_LOCATION, json!({})),
        ("anna", anna, &method::LOOK_AROUND_LOOK, look.clone()),
        ("boris", boris, &method::LOOK_AROUND_LOOK, look),
        ("boris", boris, &method::LOOK_AROUND_FORGET, json!({})),
    ] {
        examples.call(name, who, method, body).await;
    }
}
