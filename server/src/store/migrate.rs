//! Numbered migrations: how a store made by an older version becomes what this one expects. Each moves the store from
//! one format to the next in steps; a step and how far it came are one durable group, so that a migration that was
//! interrupted goes on where it stopped. Knows the rows as bytes only.

use super::engine::{Change, Changes, Engine, EngineError};
use super::meta;
use bytes::Bytes;

/// How far a running migration came.
const PROGRESS: &[u8] = b"\0migration";

/// What one step of a migration does.
pub(super) struct Step {
    /// What to write.
    pub(super) changes: Changes,
    /// Where the next step begins; `None` after the last.
    pub(super) next: Option<Vec<u8>>,
}

/// One step, from where the step before said; from nowhere at first.
pub(super) type RunStep = fn(&dyn Engine, from: Option<&[u8]>) -> Result<Step, EngineError>;

/// From one format to the next.
pub(super) struct Migration {
    /// What it does, for the log.
    pub(super) name: &'static str,
    /// Does it.
    pub(super) step: RunStep,
}

/// All migrations. The first leads from format 1 to format 2. Never changed, only added to.
pub(super) const MIGRATIONS: &[Migration] = &[];

/// The format that this version reads and writes.
pub(super) const NEWEST_FORMAT: u32 = 1 + MIGRATIONS.len() as u32;

/// Why a store cannot be brought to the newest format.
#[derive(Debug)]
pub(super) enum MigrateError {
    /// A later version wrote it.
    FromTheFuture { found: u32, newest: u32 },
    /// Reading or writing failed.
    Engine(EngineError),
}

impl From<EngineError> for MigrateError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// Brings a store to the newest format.
pub(super) fn migrate(engine: &dyn Engine, migrations: &[Migration]) -> Result<(), MigrateError> {
    let newest = 1 + u32::try_from(migrations.len()).expect("migrations are few");
    let found = meta::format(engine)?;
    if found > newest {
        return Err(MigrateError::FromTheFuture { found, newest });
    }
    for (format, migration) in (1..).zip(migrations).skip(found.saturating_sub(1) as usize) {
        tracing::info!(from = format, to = format + 1, migration.name, "migrating the store");
        run(engine, migration, format + 1)?;
    }
    Ok(())
}

fn run(engine: &dyn Engine, migration: &Migration, to: u32) -> Result<(), EngineError> {
    loop {
        let from = engine.get(PROGRESS)?;
        let Step { mut changes, next } = (migration.step)(engine, from.as_deref())?;
        let after = next.as_ref().map(|next| Bytes::copy_from_slice(next));
        changes.insert(PROGRESS.to_vec(), Change { before: None, after });
        if next.is_none() {
            meta::put_format(&mut changes, to);
        }
        engine.apply(&changes)?;
        if next.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::store::engine::MemoryEngine;

    fn engine() -> MemoryEngine {
        let engine = MemoryEngine::default();
        meta::create(&engine, &Random::seeded(1)).unwrap();
        engine
    }

    fn mark(changes: &mut Changes, key: &[u8]) {
        changes.insert(key.to_vec(), Change { before: None, after: Some(Bytes::from_static(b"x")) });
    }

    /// Steps 0, 1, 2; the third fails as long as there is no row "go on".
    fn in_three_steps(engine: &dyn Engine, from: Option<&[u8]>) -> Result<Step, EngineError> {
        let step = from.map_or(0, |from| from[0]);
        if step == 2 && engine.get(b"go on")?.is_none() {
            return Err("interrupted".into());
        }
        let mut changes = Changes::new();
        mark(&mut changes, &[b'a', step]);
        Ok(Step { changes, next: (step < 2).then(|| vec![step + 1]) })
    }

    fn after_the_first(engine: &dyn Engine, from: Option<&[u8]>) -> Result<Step, EngineError> {
        assert!(from.is_none(), "it begins at its own beginning");
        assert!(engine.get(&[b'a', 2])?.is_some(), "in their order");
        let mut changes = Changes::new();
        mark(&mut changes, b"second");
        Ok(Step { changes, next: None })
    }

    const TWO: &[Migration] = &[
        Migration { name: "in three steps", step: in_three_steps },
        Migration { name: "after the first", step: after_the_first },
    ];

    #[test]
    fn an_interrupted_migration_goes_on_where_it_stopped() {
        let engine = engine();
        assert!(matches!(migrate(&engine, TWO), Err(MigrateError::Engine(_))));
        assert_eq!(meta::format(&engine).unwrap(), 1);
        let mut changes = Changes::new();
        mark(&mut changes, b"go on");
        // What the finished steps wrote must not be written again.
        changes.insert(vec![b'a', 0], Change { before: None, after: None });
        engine.apply(&changes).unwrap();
        migrate(&engine, TWO).unwrap();
        assert_eq!(meta::format(&engine).unwrap(), 3);
        assert!(engine.get(&[b'a', 0]).unwrap().is_none());
        assert!(engine.get(b"second").unwrap().is_some());
        migrate(&engine, TWO).unwrap();
    }

    #[test]
    fn a_later_format_is_refused() {
        let engine = engine();
        let mut changes = Changes::new();
        meta::put_format(&mut changes, 4);
        engine.apply(&changes).unwrap();
        let refused = migrate(&engine, TWO);
        assert!(matches!(refused, Err(MigrateError::FromTheFuture { found: 4, newest: 3 })));
    }
}
