//! What the plug-ins tell of where somebody is, tried from outside: by those who probe from hundreds of points, compare
//! orders, or read what the server leaves behind. It knows the grid, which is public, and nothing else of the server.

mod crowd;
mod globe;
mod moved;
mod traces;

pub(crate) use crowd::{looks_sorted, one_sided, sorted_by_distance};

use teahouse_client::Error;
use teahouse_proto::common::{Band, Position};
use teahouse_proto::look_around::{LookRequest, LookResponse, UpdateLookAroundRequest};
use teahouse_proto::shake::{ShakeRequest, ShakeResponse, UpdateShakeRequest};
use teahouse_proto::{LookAroundClient, ShakeClient};
use teahouse_tests::person::Person;
use teahouse_tests::world::Setup;

/// Degrees north and east.
pub(crate) type Point = (f64, f64);

/// How well the devices of these tests know where they are, in metres.
const ACCURACY_M: u32 = 20;

/// Limits out of the way: whoever probes is at their best.
pub(crate) fn unlimited(setup: Setup) -> Setup {
    setup
        .set("place.looks_per_hour", "3600")
        .set("place.new_cells_per_day", "1000000")
        .set("shake.shakes_per_day", "1000000")
}

fn position(at: Point) -> Option<Position> {
    Some(Position { latitude: at.0, longitude: at.1, accuracy_m: ACCURACY_M })
}

/// Switches both plug-ins on.
async fn switch_on(person: &Person) {
    let on = UpdateLookAroundRequest { enabled: Some(true), is_adult: true, ..Default::default() };
    LookAroundClient(person.device.clone()).update_look_around(on).await.expect("switched on");
    let on = UpdateShakeRequest { enabled: Some(true), is_adult: true };
    ShakeClient(person.device.clone()).update_shake(on).await.expect("switched on");
}

async fn look(person: &Person, at: Point, within: Band) -> Result<LookResponse, Error> {
    let request = LookRequest { position: position(at), within: within.into(), ..LookRequest::default() };
    LookAroundClient(person.device.clone()).look(request).await
}

async fn shake(person: &Person, at: Option<Point>) -> Result<ShakeResponse, Error> {
    ShakeClient(person.device.clone()).shake(ShakeRequest { position: at.and_then(position) }).await
}
