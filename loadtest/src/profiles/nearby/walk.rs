//! Where somebody who looks around is next, so that the server publishes a new cell for them: the same rule on the same
//! state, tried before anything is sent. It does not know who sees them.

use teahouse_proto::common::Position;
use teahouse_server::geo::{self, Published, Rules, State};
use teahouse_server::seed::city::{Point, moved};
use teahouse_server::time::Time;

/// People walk around this many stations: more than the anchors that are remembered, so that one comes again as a new
/// one.
const STATIONS: usize = 14;
/// Kilometres between stations: more than two sides of either size of cell, so that a station touches none before.
const STEPS_KM: [f64; 2] = [1.1, 4.1];
/// Metres within which the devices know where they are.
const ACCURACY_M: u32 = 12;

/// Somebody on their way.
pub(super) struct Walker {
    /// Where the ring of stations begins.
    from: Point,
    at: Point,
    next: usize,
    state: State,
}

impl Walker {
    /// Somebody of whom the server remembers `state`.
    pub(super) fn new(from: Point, state: State) -> Self {
        Self { from, at: from, next: 1, state }
    }

    /// What their device says.
    pub(super) fn position(&self) -> Position {
        Position { latitude: self.at.0, longitude: self.at.1, accuracy_m: ACCURACY_M }
    }

    /// Goes on to a station for which a new cell will be published, near by if there is one; else to another on the way
    /// there.
    pub(super) fn go_on(&mut self, now: Time, rules: &Rules) {
        let (near, wide) = (STEPS_KM.into_iter(), STEPS_KM.into_iter().rev());
        let new = near.map(|step| (step, true)).chain(wide.map(|step| (step, false)));
        let all = new.flat_map(|(step, new)| (0..STATIONS).map(move |n| (step, new, n)));
        for (step, new, n) in all {
            let n = (self.next + n) % STATIONS;
            let to = self.station(n, step);
            let published = publish(&self.state, to, now, rules).map(|(_, published)| published);
            let here = self.state.published();
            if published.is_some_and(|to| if new { to.is_new } else { Some(to.cell) != here }) {
                (self.at, self.next) = (to, (n + 1) % STATIONS);
                return;
            }
        }
    }

    /// The server has read the position: what it publishes.
    pub(super) fn was_read(&mut self, at: Time, rules: &Rules) -> Option<Published> {
        let (state, published) = publish(&self.state, self.at, at, rules)?;
        self.state = state;
        Some(published)
    }

    /// One side of a street up, and the other side down.
    fn station(&self, n: usize, step_km: f64) -> Point {
        const NORTH: f64 = 0.0;
        const EAST: f64 = std::f64::consts::FRAC_PI_2;
        let (up, across) = if n < STATIONS / 2 { (n, 0.0) } else { (STATIONS - 1 - n, step_km) };
        moved(moved(self.from, up as f64 * step_km, NORTH), across, EAST)
    }
}

/// What the server makes of a position.
fn publish(state: &State, at: Point, now: Time, rules: &Rules) -> Option<(State, Published)> {
    let fix = geo::fix(at.0, at.1, f64::from(ACCURACY_M), now).ok()?;
    geo::publish(state, fix, rules).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use teahouse_server::seed::city::World;

    #[test]
    fn each_step_is_a_new_cell() {
        let (world, mut now) = (World::new("tea"), Time(1_800_000_000_000));
        let rules = Rules { read_every: Duration::from_secs(5), change_every: Duration::ZERO };
        let (mut steps, mut new) = (0, 0);
        for index in 0..100 {
            let life = world.life(index);
            let (state, _) = life.remembered(now);
            let mut walker = Walker::new(life.evening, state);
            for _ in 0..3 * STATIONS {
                now = now + rules.read_every;
                walker.go_on(now, &rules);
                let published = walker.was_read(now, &rules).expect("nobody is too fast or closed");
                new += usize::from(published.is_new);
                steps += 1;
            }
        }
        assert!(new * 100 >= steps * 97, "{new} of {steps} are new");
    }
}
