//! EBML (RFC 8794), the form of WebM and Matroska: where an element begins and ends, what numbers are in it, and how
//! one becomes void. Knows no elements but the void one.

use super::super::Refusal;

/// An element that nobody reads.
const VOID: u8 = 0xEC;
/// Bytes of an element's id at most.
const MAX_ID_BYTES: usize = 4;
/// Bytes of a size, or of a number within an element, at most.
pub(super) const MAX_NUMBER_BYTES: usize = 8;
/// The longest header of an element.
pub(super) const MAX_HEAD_BYTES: usize = MAX_ID_BYTES + MAX_NUMBER_BYTES;
/// More elements than anything has that is held in memory: a cue for each of very many pictures.
const MAX_ELEMENTS: usize = 65_536;

/// The header of an element.
pub(super) struct Head {
    /// With the bits that say its length.
    pub(super) id: u32,
    /// Bytes of the header.
    pub(super) head: usize,
    /// Bytes behind the header; none where it is left open.
    pub(super) size: Option<u64>,
}

impl Head {
    /// The header at the front of `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Option<Head> {
        let id_bytes = bytes.first()?.leading_zeros() as usize + 1;
        if id_bytes > MAX_ID_BYTES {
            return None;
        }
        let id = bytes.get(..id_bytes)?.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
        let (size, size_bytes) = variable(&bytes[id_bytes..])?;
        Some(Head { id, head: id_bytes + size_bytes, size })
    }
}

/// The number at the front of `bytes` that says its own length, and that length. It is none where all bits are set.
pub(super) fn variable(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    if length > MAX_NUMBER_BYTES {
        return None;
    }
    let all = (1_u64 << (7 * length)) - 1;
    let value = bytes.get(..length)?.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)) & all;
    Some(((value != all).then_some(value), length))
}

/// Where an element is among its siblings.
#[derive(Clone, Copy)]
pub(super) struct Element {
    pub(super) id: u32,
    pub(super) start: usize,
    /// Where the header ends.
    pub(super) body: usize,
    pub(super) end: usize,
}

/// The elements that fill `bytes`, to the last byte.
pub(super) fn elements(bytes: &[u8]) -> Result<Vec<Element>, Refusal> {
    let (mut elements, mut start) = (Vec::new(), 0);
    while start < bytes.len() {
        let head = Head::read(&bytes[start..]).ok_or(Refusal::Damaged)?;
        let size = head.size.and_then(|size| usize::try_from(size).ok()).ok_or(Refusal::Damaged)?;
        let body = start + head.head;
        if size > bytes.len() - body || elements.len() == MAX_ELEMENTS {
            return Err(Refusal::Damaged);
        }
        elements.push(Element { id: head.id, start, body, end: body + size });
        start = body + size;
    }
    Ok(elements)
}

/// The first element that is reached by these ids, one within the other.
pub(super) fn find(bytes: &[u8], path: &[u32]) -> Option<Element> {
    let (id, deeper) = path.split_first()?;
    let element = elements(bytes).ok()?.into_iter().find(|element| element.id == *id)?;
    if deeper.is_empty() {
        return Some(element);
    }
    let within = find(&bytes[element.body..element.end], deeper)?;
    let [start, body, end] = [within.start, within.body, within.end].map(|at| at + element.body);
    Some(Element { id: within.id, start, body, end })
}

/// What is in that element.
pub(super) fn body<'a>(bytes: &'a [u8], path: &[u32]) -> Option<&'a [u8]> {
    find(bytes, path).map(|element| &bytes[element.body..element.end])
}

/// A whole number; 0 of no bytes.
pub(super) fn unsigned(body: &[u8]) -> Result<u64, Refusal> {
    if body.len() > MAX_NUMBER_BYTES {
        return Err(Refusal::Damaged);
    }
    Ok(body.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

/// A number with a fraction; 0 of no bytes.
pub(super) fn float(body: &[u8]) -> Result<f64, Refusal> {
    let value = match (body.first_chunk(), body.first_chunk()) {
        (_, Some(long)) if body.len() == 8 => f64::from_be_bytes(*long),
        (Some(short), _) if body.len() == 4 => f64::from(f32::from_be_bytes(*short)),
        _ if body.is_empty() => 0.0,
        _ => return Err(Refusal::Damaged),
    };
    if value.is_finite() { Ok(value) } else { Err(Refusal::Damaged) }
}

/// The header of a void element that takes `length` bytes, of which it has at least 2.
pub(super) fn void_head(length: u64) -> Vec<u8> {
    // The most that a size of one byte says, with the header.
    const MAX_SHORT: u64 = 128;
    if length <= MAX_SHORT {
        return vec![VOID, 0x80 | length.saturating_sub(2) as u8];
    }
    let size = 1 << 56 | (length - 9);
    [&[VOID][..], &size.to_be_bytes()].concat()
}

/// Makes an element one that nobody reads, of the same length so that nothing else moves.
pub(super) fn blank(bytes: &mut [u8], element: Element) {
    let head = void_head((element.end - element.start) as u64);
    let whole = &mut bytes[element.start..element.end];
    whole.fill(0);
    whole[..head.len()].copy_from_slice(&head);
}
