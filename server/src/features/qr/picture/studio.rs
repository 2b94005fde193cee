//! Who may draw: so many at a time, off the threads that answer, and so many who wait for that.

use super::super::QrConfig;
use super::{Order, draw};
use crate::error::{Error, Kind, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// When somebody who was sent away may try again.
const RETRY: Duration = Duration::from_secs(1);

/// Places to draw at, and to wait for one.
pub(in super::super) struct Studio {
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Studio {
    pub(in super::super) fn new(config: &QrConfig) -> Self {
        let at_once = config.pictures_at_once as usize;
        let in_all = at_once + config.pictures_waiting as usize;
        Self { places: Arc::new(Semaphore::new(at_once)), queue: Arc::new(Semaphore::new(in_all)) }
    }

    /// Draws a picture.
    ///
    /// # Errors
    /// `OVERLOADED` where too many wait already.
    pub(in super::super) async fn draw(&self, order: Order) -> Result<Vec<u8>> {
        let _waiting = self.queue.try_acquire().map_err(|_| overloaded())?;
        let place = self.places.clone().acquire_owned().await.map_err(Error::internal)?;
        let drawn = tokio::task::spawn_blocking(move || {
            // Given back when the drawing ends, also where nobody waits for it any more.
            let _place = place;
            draw(order)
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

    #[tokio::test]
    async fn who_finds_no_place_to_wait_is_sent_away() {
        let studio =
            Studio::new(&QrConfig { pictures_at_once: 1, pictures_waiting: 1, ..QrConfig::default() });
        let drawing = studio.places.clone().acquire_owned().await.unwrap();
        let (first, second) = (studio.draw(order()), studio.draw(order()));
        tokio::pin!(first, second);
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        let refused = studio.draw(order()).await.unwrap_err();
        assert_eq!((refused.reason(), refused.retry_after_ms()), ("OVERLOADED", 1000));
        drop(drawing);
        let (first, second) = futures::join!(first, second);
        assert_eq!(first.unwrap(), second.unwrap());
        assert!(studio.draw(order()).await.is_ok());
    }
}
