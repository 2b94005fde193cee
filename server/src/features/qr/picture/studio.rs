//! Who may have a picture: so many are drawn at a time, off the threads that answer, so many wait for that, and few of
//! either are of one network. It does not know what is drawn.

use super::super::QrConfig;
use super::{Order, draw};
use crate::error::{Error, Kind, Result};
use crate::features::shares::{Share, Shares};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When somebody who was sent away may try again.
const RETRY: Duration = Duration::from_secs(1);

/// Places to draw at, and to wait for one.
pub(in super::super) struct Studio {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// Pictures of each network, until they are sent.
    pictures: Arc<Shares<IpAddr>>,
}

/// That somebody may wait for a picture.
pub(in super::super) struct Turn {
    waiting: OwnedSemaphorePermit,
    share: Share<IpAddr>,
}

/// A picture. It counts until it is dropped, so that nobody lets the server hold many by not taking them.
pub(in super::super) struct Picture {
    bytes: Vec<u8>,
    _share: Share<IpAddr>,
}

impl AsRef<[u8]> for Picture {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Studio {
    pub(in super::super) fn new(config: &QrConfig) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = match config.pictures_at_once {
            0 => (cores / 2).max(1),
            n => n as usize,
        };
        let in_all = at_once + config.pictures_waiting as usize;
        Self {
            places: Arc::new(Semaphore::new(at_once)),
            queue: Arc::new(Semaphore::new(in_all)),
            pictures: Arc::new(Shares::new(config.pictures_per_address)),
        }
    }

    /// To be asked before anything is done for a picture.
    ///
    /// # Errors
    /// `RATE_LIMITED` where this network has as many as it may, `OVERLOADED` where too many wait already.
    pub(in super::super) fn enter(&self, network: IpAddr) -> Result<Turn> {
        let share = self.pictures.take(network).ok_or_else(|| Error::rate_limited(RETRY))?;
        let waiting = self.queue.clone().try_acquire_owned().map_err(|_| overloaded())?;
        Ok(Turn { waiting, share })
    }

    /// Draws a picture.
    pub(in super::super) async fn draw(&self, turn: Turn, order: Order) -> Result<Picture> {
        let Turn { waiting, share } = turn;
        let place = self.places.clone().acquire_owned().await.map_err(Error::internal)?;
        let drawn = tokio::task::spawn_blocking(move || {
            // Given back when the drawing ends, also where nobody waits for it any more.
            let _places = (waiting, place);
            Ok(Picture { bytes: draw(order)?, _share: share })
        });
        drawn.await.map_err(Error::internal)?
    }
}

fn overloaded() -> Error {
    let message = "Too many pictures are being drawn. Try again in a moment.";
    Error::new(Kind::Unavailable, "OVERLOADED", message).retry_after(RETRY)
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use super::*;

    fn order() -> Order {
        Order { text: "tea".to_owned(), side: 128, logo: None, form: Form::Png }
    }

    fn studio(config: &QrConfig) -> Studio {
        Studio::new(&QrConfig { pictures_at_once: 1, ..config.clone() })
    }

    fn network(last: u8) -> IpAddr {
        [203, 0, 113, last].into()
    }

    async fn draw_for(studio: &Studio, network: IpAddr) -> Result<Picture> {
        studio.draw(studio.enter(network)?, order()).await
    }

    fn refused<T>(answer: Result<T>) -> (&'static str, u64) {
        let error = answer.err().expect("it is refused");
        (error.reason(), error.retry_after_ms())
    }

    #[tokio::test]
    async fn who_finds_no_place_to_wait_is_sent_away() {
        let studio = studio(&QrConfig { pictures_waiting: 1, ..QrConfig::default() });
        let drawing = studio.places.clone().acquire_owned().await.unwrap();
        let (first, second) = (draw_for(&studio, network(1)), draw_for(&studio, network(2)));
        tokio::pin!(first, second);
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        assert_eq!(refused(studio.enter(network(3))), ("OVERLOADED", 1000));
        drop(drawing);
        let (first, second) = futures::join!(first, second);
        assert_eq!(first.unwrap().as_ref(), second.unwrap().as_ref());
        assert!(draw_for(&studio, network(3)).await.is_ok());
    }

    #[tokio::test]
    async fn a_network_has_few_pictures_until_it_has_taken_them() {
        let studio = studio(&QrConfig::default());
        let drawing = studio.places.clone().acquire_owned().await.unwrap();
        let waiting: Vec<_> = (0..4).map(|_| studio.enter(network(1)).unwrap()).collect();
        assert_eq!(refused(studio.enter(network(1))), ("RATE_LIMITED", 1000), "while they wait");
        let other = studio.enter(network(2)).expect("others are not in the way");
        drop((drawing, other));
        let mut drawn = Vec::new();
        for turn in waiting {
            drawn.push(studio.draw(turn, order()).await.unwrap());
        }
        assert_eq!(refused(studio.enter(network(1))), ("RATE_LIMITED", 1000), "while nobody takes them");
        drawn.pop();
        assert!(draw_for(&studio, network(1)).await.is_ok());
    }
}
