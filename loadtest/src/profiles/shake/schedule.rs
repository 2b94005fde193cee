//! Who shakes when: all within a few seconds, as when a presenter on television says so, then nobody but a few, then all again.
//! A function of numbers; it does not know where anybody is.

use std::time::Duration;

/// How long a wave takes to come together.
const WAVE: Duration = Duration::from_secs(3);
/// After a wave nobody but the trickle shakes for so many windows: all of the wave is over then.
const WINDOWS_BETWEEN: u32 = 2;
/// Nobody shakes again sooner.
const REST: Duration = Duration::from_secs(3);

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How many shake.
    pub people: usize,
    /// How long two shakes can be apart and match.
    pub window: Duration,
    /// Shakes per second apart from the waves.
    pub trickle: f64,
    /// How many waves.
    pub waves: u32,
}

impl Plan {
    /// From one wave to the next.
    fn period(&self) -> Duration {
        WAVE + self.window * WINDOWS_BETWEEN + REST
    }

    /// As many waves as come into a time, one at least.
    pub(super) fn fill(people: usize, window: Duration, trickle: f64, time: Duration) -> Self {
        let plan = Self { people, window, trickle, waves: 1 };
        let waves = time.as_secs_f64() / plan.period().as_secs_f64();
        Self { waves: (waves as u32).max(1), ..plan }
    }

    /// How long it takes until the last window is over.
    pub(super) fn time(&self) -> Duration {
        self.period() * self.waves
    }

    /// When who shakes, in order. A wave begins after a rest, so that some of the trickle are in its midst.
    pub(super) fn shakes(&self) -> Vec<(Duration, usize)> {
        let mut all: Vec<(Duration, usize)> = Vec::new();
        for wave in 0..self.waves {
            let begins = self.period() * wave + REST;
            // Scattered over the wave as evenly as can be, neighbours far apart.
            let share = |person: usize| (person as f64 * 0.618_033_988_749_895).fract();
            all.extend((0..self.people).map(|person| (begins + WAVE.mul_f64(share(person)), person)));
        }
        let last = self.time().saturating_sub(self.window);
        let trickling = (self.trickle * last.as_secs_f64()) as usize;
        // A step that has no divisor in common with most numbers goes through everybody.
        let somebody = |n: usize| n.wrapping_mul(7_919) % self.people;
        all.extend((0..trickling).map(|n| (Duration::from_secs_f64(n as f64 / self.trickle), somebody(n))));
        all.sort_unstable();
        let mut latest = vec![None; self.people];
        all.retain(|(at, person)| {
            let rested = latest[*person].is_none_or(|before| before + REST <= *at);
            if rested {
                latest[*person] = Some(*at);
            }
            rested
        });
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_shakes_in_every_wave_and_some_between() {
        let plan = Plan::fill(100, Duration::from_secs(5), 4.0, Duration::from_secs(40));
        assert_eq!((plan.waves, plan.time()), (2, Duration::from_secs(32)));
        let shakes = plan.shakes();
        assert!(shakes.is_sorted());
        let within = |from: u64, to: u64| {
            let span = Duration::from_secs(from)..Duration::from_secs(to);
            shakes.iter().filter(|(at, _)| span.contains(at)).count()
        };
        assert!((85..=112).contains(&within(3, 6)) && (85..=112).contains(&within(19, 22)));
        assert!((20..=40).contains(&within(6, 16)), "{}", within(6, 16));
        assert!(shakes.iter().all(|(at, _)| *at + plan.window <= plan.time()));
        for person in 0..100 {
            let times: Vec<Duration> =
                shakes.iter().filter(|(_, who)| *who == person).map(|(at, _)| *at).collect();
            assert!(times.len() >= 2 && times.windows(2).all(|pair| pair[0] + REST <= pair[1]));
        }
        assert_eq!(Plan::fill(2, Duration::from_secs(5), 1.0, Duration::ZERO).waves, 1);
    }
}
