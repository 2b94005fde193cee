//! Clusters: the blocks of the tracks that are kept stay, with the times that say when and for how long each is shown;
//! all else in a cluster becomes void. Reads of a block no more than the start of its frame.

use super::super::Refusal;
use super::super::bytes::array;
use super::ebml::{MAX_NUMBER_BYTES, variable};
use super::editing::{Editing, Part};
use super::elements::BESIDE_CLUSTERS;
use super::tracks::Track;

const TIMESTAMP: u32 = 0xE7;
/// Where the cluster is, and how long the one before it was.
const PLACES: [u32; 2] = [0xA7, 0xAB];
const SIMPLE_BLOCK: u32 = 0xA3;
const ENCRYPTED_BLOCK: u32 = 0xAF;
const BLOCK_GROUP: u32 = 0xA0;
const BLOCK: u32 = 0xA1;
const BLOCK_DURATION: u32 = 0x9B;
/// What a block refers to, how much that matters, and how much of its end is not played.
const OF_BLOCKS: [u32; 3] = [0xFB, 0xFA, 0x75A2];
/// Several frames in a block.
const LACING: u8 = 0x06;
/// The longest header of a block, and of a frame as much as tells how long it plays.
const PEEK_BYTES: usize = MAX_NUMBER_BYTES + 3 + 2;

/// What all times in a file are counted in, and whose they are.
pub(super) struct Timeline {
    /// Nanoseconds of a unit.
    pub(super) scale_ns: u64,
    /// The tracks that are kept.
    pub(super) tracks: Vec<Track>,
}

impl Timeline {
    /// Goes over a cluster, which ends with the segment at the latest. Where it ends.
    pub(super) fn cluster(
        &mut self,
        file: &mut Editing,
        cluster: &Part,
        segment_end: u64,
    ) -> Result<u64, Refusal> {
        let end = cluster.open_end.unwrap_or(segment_end);
        let (mut at, mut time) = (cluster.body, None);
        while at < end {
            let part = file.part(at, end)?;
            if cluster.open_end.is_none() && BESIDE_CLUSTERS.contains(&part.id) {
                break;
            }
            at = part.end()?;
            let is_kept = match part.id {
                // Players would differ in which one they believe.
                TIMESTAMP if time.is_some() => return Err(Refusal::Damaged),
                TIMESTAMP => {
                    time = Some(file.number(&part)?);
                    true
                }
                SIMPLE_BLOCK => {
                    let block = Block::read(file, &part)?;
                    self.play(&block, time.ok_or(Refusal::Damaged)?, None)
                }
                BLOCK_GROUP => self.group(file, &part, time.ok_or(Refusal::Damaged)?)?,
                ENCRYPTED_BLOCK => return Err(Refusal::Metadata),
                id => PLACES.contains(&id) && file.number(&part).is_ok(),
            };
            if !is_kept {
                file.blank(&part)?;
            }
        }
        Ok(at)
    }

    /// Whether the group is kept.
    fn group(&mut self, file: &mut Editing, group: &Part, time: u64) -> Result<bool, Refusal> {
        let end = group.end()?;
        let (mut at, mut block, mut duration) = (group.body, None, None);
        while at < end {
            let part = file.part(at, end)?;
            at = part.end()?;
            match part.id {
                BLOCK if block.is_none() => block = Some(Block::read(file, &part)?),
                BLOCK_DURATION if duration.is_none() => duration = Some(file.number(&part)?),
                BLOCK | BLOCK_DURATION => return Err(Refusal::Damaged),
                id if OF_BLOCKS.contains(&id) => _ = file.number(&part)?,
                _ => file.blank(&part)?,
            }
        }
        Ok(self.play(&block.ok_or(Refusal::Damaged)?, time, duration))
    }

    /// Notes when a block of the cluster with this time ends, of a track that is kept; else false.
    fn play(&mut self, block: &Block, time: u64, duration: Option<u64>) -> bool {
        let Some(track) = self.tracks.iter_mut().find(|track| track.number == block.track) else {
            return false;
        };
        let start = time.saturating_add_signed(block.time.into()).saturating_mul(self.scale_ns);
        track.play(start, duration.unwrap_or(0).saturating_mul(self.scale_ns), block.frame, block.length);
        true
    }
}

/// The header of a block, and how its frame begins.
struct Block {
    track: u64,
    /// Behind the cluster's.
    time: i16,
    /// As many of its first bytes as there are, or 0.
    frame: [u8; 2],
    /// Bytes of the frame.
    length: u64,
}

impl Block {
    fn read(file: &mut Editing, part: &Part) -> Result<Block, Refusal> {
        let end = part.end()?;
        let bytes = file.peek(part.body, end, PEEK_BYTES)?;
        let (Some(track), head) = variable(bytes).ok_or(Refusal::Damaged)? else {
            return Err(Refusal::Damaged);
        };
        let [high, low, flags] = array(bytes, head).ok_or(Refusal::Damaged)?;
        if flags & LACING != 0 {
            return Err(Refusal::Unsupported);
        }
        let frame = &bytes[head + 3..];
        let first = [0, 1].map(|n| frame.get(n).copied().unwrap_or(0));
        let length = end - part.body - (head as u64 + 3);
        Ok(Block { track, time: i16::from_be_bytes([high, low]), frame: first, length })
    }
}
