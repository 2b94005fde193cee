//! Positions stay out of whatever is written for people who operate the server, and out of what the caller is refused with.

use super::*;
use std::io::Write;
use std::sync::Mutex;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_and_no_error_has_a_position_a_cell_or_a_band() {
    let written = Written::default();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(written.clone());
    let _log = tracing::subscriber::set_default(log.finish());
    let world = World::of(3, HERE).await;
    let cell = world.rows().await[0].1.cell;
    let mut errors = Vec::new();
    world.pass(minutes(11));
    for (latitude, longitude, accuracy_m) in
        [(-30.2431, 120.1502, 20), (30.2431, 120.1502, 2431), (30.2431, 240.1502, 1)]
    {
        let position = Some(Position { latitude, longitude, accuracy_m });
        let request = LookRequest { position, ..Default::default() };
        errors.push(world.room.look(&world.cx(ANNA), request).await.unwrap_err());
    }
    world.clear(ANNA).await;
    errors.push(world.look(ANNA, HERE).await.unwrap_err());
    world.pass(HOUR * 25);
    world.room.sweep(world.now()).await.unwrap();
    tracing::info!("the log is heard");
    let mut text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("the log is heard"));
    for error in errors {
        text.push_str(&format!("{error} {error:?} {:?}\n", error.cause()));
    }
    for secret in ["0.243", "20.150", "2431", &cell.to_string(), &format!("{cell:x}"), "Km1", "KM"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
