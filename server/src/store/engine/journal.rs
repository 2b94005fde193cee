//! Repair of fjall's journal. A power cut can tear the batch that was being written: it was never acknowledged. Where
//! the tear shows in its structure, fjall drops the batch by itself; where only a checksum shows it, fjall refuses to
//! open, and the batch is cut off here. Knows the outer form of journal entries (fjall 3), not their meaning.

use super::Kept;
use crate::time::Time;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Tag of an entry that begins a batch, and its length with the tag: number of items, sequence number.
const START: (u8, usize) = (1, 1 + 4 + 8);
/// Tag of an item, and the length of what stands before key and value.
const ITEM: (u8, usize) = (2, 1 + 1 + 1 + 8 + 2 + 4 + 4);
/// Tag of an entry that ends a batch, and its length: checksum, magic.
const END: (u8, usize) = (3, 1 + 8 + 4);

/// Cuts the last batch off the newest journal in `dir`. `None` where there is none.
pub(super) fn cut_last_batch(dir: &Path, now: Time) -> io::Result<Option<Kept>> {
    let Some(journal) = newest_journal(dir)? else { return Ok(None) };
    let Some(at) = last_batch(&fs::read(&journal)?) else { return Ok(None) };
    let kept = Kept::begin(dir, now)?;
    kept.copy(&journal)?;
    let kept = kept.done()?;
    let file = File::options().write(true).open(&journal)?;
    file.set_len(at as u64)?;
    file.sync_all()?;
    Ok(Some(kept))
}

fn newest_journal(dir: &Path) -> io::Result<Option<PathBuf>> {
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "jnl") {
            continue;
        }
        let number = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if let Some(number) = number
            && newest.as_ref().is_none_or(|(most, _)| number > *most)
        {
            newest = Some((number, path));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// Where the last batch begins.
fn last_batch(journal: &[u8]) -> Option<usize> {
    let mut last = None;
    let mut rest = journal;
    while let Some(&tag) = rest.first() {
        let at = journal.len() - rest.len();
        let len = match tag {
            _ if tag == START.0 => {
                last = Some(at);
                START.1
            }
            _ if tag == ITEM.0 => item_len(rest)?,
            _ if tag == END.0 => END.1,
            _ => break,
        };
        let Some(next) = rest.get(len..) else { break };
        rest = next;
    }
    last
}

fn item_len(item: &[u8]) -> Option<usize> {
    let key = item.get(11..13).map(|b| u16::from_le_bytes([b[0], b[1]]))?;
    let value = item.get(17..ITEM.1).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))?;
    Some(ITEM.1 + usize::from(key) + value as usize)
}
