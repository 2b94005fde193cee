//! A file of elements that is read while a copy of it is changed in place, with little of it in memory and no more
//! elements looked at than a recording has. Knows EBML, no elements.

use super::super::Refusal;
use super::ebml::{Head, MAX_HEAD_BYTES, MAX_NUMBER_BYTES, unsigned, void_head};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Elements of a file that are not held in memory: 5 min of 240 pictures and 400 packets of sound a second, each in a
/// group with its duration and what it refers to.
const MAX_ELEMENTS: usize = 1_000_000;
/// Bytes that are read at once.
const WINDOW_BYTES: usize = 16 * 1024;
/// Bytes of an element that is held in memory.
const MAX_HELD_BYTES: u64 = 1024 * 1024;

/// An element of a file.
pub(super) struct Part {
    pub(super) id: u32,
    pub(super) start: u64,
    /// Where the header ends.
    pub(super) body: u64,
    /// None where its size is left open.
    pub(super) open_end: Option<u64>,
}

impl Part {
    /// Where it ends, which it has to say.
    pub(super) fn end(&self) -> Result<u64, Refusal> {
        self.open_end.ok_or(Refusal::Damaged)
    }
}

/// See the module.
pub(super) struct Editing {
    input: File,
    output: File,
    /// Bytes of the input.
    pub(super) size: u64,
    window: Vec<u8>,
    /// Where the window begins.
    at: u64,
    elements_left: usize,
}

impl Editing {
    /// Copies `input` to `output`, to change that.
    pub(super) fn begin(input: &Path, output: &Path) -> Result<Editing, Refusal> {
        std::fs::copy(input, output)?;
        let (input, output) = (File::open(input)?, OpenOptions::new().write(true).open(output)?);
        let size = input.metadata()?.len();
        Ok(Editing { input, output, size, window: Vec::new(), at: 0, elements_left: MAX_ELEMENTS })
    }

    /// The bytes from `at` on, at most `length` and as many as there are before `end`.
    pub(super) fn peek(&mut self, at: u64, end: u64, length: usize) -> Result<&[u8], Refusal> {
        let length = end.min(self.size).saturating_sub(at).min(length as u64);
        if at < self.at || at + length > self.at + self.window.len() as u64 {
            self.window.clear();
            self.input.seek(SeekFrom::Start(at))?;
            let wanted = length.max(WINDOW_BYTES as u64);
            (&self.input).take(wanted).read_to_end(&mut self.window)?;
            self.at = at;
        }
        let from = (at - self.at) as usize;
        self.window.get(from..from + length as usize).ok_or(Refusal::Damaged)
    }

    /// The element that begins at `at` and ends by `end`.
    pub(super) fn part(&mut self, at: u64, end: u64) -> Result<Part, Refusal> {
        self.elements_left = self.elements_left.checked_sub(1).ok_or(Refusal::Damaged)?;
        let head = Head::read(self.peek(at, end, MAX_HEAD_BYTES)?).ok_or(Refusal::Damaged)?;
        let body = at + head.head as u64;
        // A size has no more than 56 bits, so sums of it with a place in a file are numbers.
        let open_end = head.size.map(|size| body + size);
        if open_end.unwrap_or(body) > end {
            return Err(Refusal::Damaged);
        }
        Ok(Part { id: head.id, start: at, body, open_end })
    }

    /// The number in an element.
    pub(super) fn number(&mut self, part: &Part) -> Result<u64, Refusal> {
        let end = part.end()?;
        if end - part.body > MAX_NUMBER_BYTES as u64 {
            return Err(Refusal::Damaged);
        }
        unsigned(self.peek(part.body, end, MAX_NUMBER_BYTES)?)
    }

    /// Changes what is in an element. The answer is the change's.
    pub(super) fn change<T>(
        &mut self,
        part: &Part,
        change: impl FnOnce(&mut [u8]) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let end = part.end()?;
        if end - part.body > MAX_HELD_BYTES {
            return Err(Refusal::Damaged);
        }
        let mut bytes = self.peek(part.body, end, MAX_HELD_BYTES as usize)?.to_vec();
        let answer = change(&mut bytes)?;
        self.output.seek(SeekFrom::Start(part.body))?;
        self.output.write_all(&bytes)?;
        Ok(answer)
    }

    /// Makes an element void.
    pub(super) fn blank(&mut self, part: &Part) -> Result<(), Refusal> {
        let length = part.end()? - part.start;
        let head = void_head(length);
        self.output.seek(SeekFrom::Start(part.start))?;
        self.output.write_all(&head)?;
        let zeros = std::io::repeat(0).take(length - head.len() as u64);
        std::io::copy(&mut { zeros }, &mut self.output)?;
        Ok(())
    }

    /// Cuts off what follows.
    pub(super) fn cut(&mut self, end: u64) -> Result<(), Refusal> {
        Ok(self.output.set_len(end)?)
    }
}
