//! WebSocket frames as a server reads and writes them (RFC 6455, section 5). Pure: bytes in, messages out. It knows
//! neither sockets nor what messages mean, and keeps no buffer of its own while no message is half read.

use bytes::{Buf, Bytes, BytesMut};

/// What a message is, or what the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// A whole message of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// Not yet known to be UTF-8.
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    /// With its code, where one was given.
    Close(Option<u16>),
}

/// Why a client is not understood: the code of the close frame that it gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) code: u16,
    pub(super) why: &'static str,
}

/// Close codes (RFC 6455, section 7.4.1; 1012 is registered with IANA).
pub(super) mod close {
    pub(in super::super) const NORMAL: u16 = 1000;
    pub(in super::super) const PROTOCOL: u16 = 1002;
    pub(in super::super) const NOT_CONSISTENT: u16 = 1007;
    pub(in super::super) const POLICY: u16 = 1008;
    pub(in super::super) const TOO_BIG: u16 = 1009;
    pub(in super::super) const RESTART: u16 = 1012;
    pub(in super::super) const TRY_AGAIN: u16 = 1013;
}

/// The longest payload of a control frame.
const CONTROL_MAX: usize = 125;
const CONTINUATION: u8 = 0;

/// The head of a frame whose payload is still on its way.
#[derive(Debug)]
struct Head {
    last: bool,
    opcode: u8,
    len: usize,
    mask: [u8; 4],
}

/// Cuts a byte stream into messages.
#[derive(Debug)]
pub(super) struct Decoder {
    head: Option<Head>,
    /// The first fragments of a message that came in several.
    begun: Option<(Opcode, BytesMut)>,
    /// The longest message in bytes.
    pub(super) limit: usize,
}

impl Decoder {
    pub(super) fn new(limit: usize) -> Self {
        Self { head: None, begun: None, limit }
    }

    /// The next message of `input`, which loses what was understood; `None` where more bytes are needed.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Incoming>, Violation> {
        loop {
            let head = match self.head.take() {
                Some(head) => head,
                None => match self.read_head(input)? {
                    Some(head) => head,
                    None => return Ok(None),
                },
            };
            if input.len() < head.len {
                self.head = Some(head);
                return Ok(None);
            }
            let mut payload = input.split_to(head.len);
            unmask(&mut payload, head.mask);
            if let Some(message) = self.take_frame(&head, payload)? {
                return Ok(Some(message));
            }
        }
    }

    fn read_head(&self, input: &mut BytesMut) -> Result<Option<Head>, Violation> {
        let &[first, second, ..] = &input[..] else {
            return Ok(None);
        };
        let (len, at) = match second & 0x7f {
            126 => match input.get(2..4) {
                Some(b) => (u64::from(u16::from_be_bytes([b[0], b[1]])), 4),
                None => return Ok(None),
            },
            127 => match input.get(2..10).and_then(|b| b.try_into().ok()) {
                Some(b) => (u64::from_be_bytes(b), 10),
                None => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        let Some(mask) = input.get(at..at + 4).and_then(|m| m.try_into().ok()) else {
            // An unmasked frame may be complete without these four bytes, so it must be refused before they come.
            return if second & 0x80 == 0 {
                Err(protocol("frames of a client must be masked"))
            } else {
                Ok(None)
            };
        };
        let head = self.check(first, second, len, mask)?;
        input.advance(at + 4);
        Ok(Some(head))
    }

    fn check(&self, first: u8, second: u8, len: u64, mask: [u8; 4]) -> Result<Head, Violation> {
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        if first & 0x70 != 0 {
            return Err(protocol("no extension was agreed on"));
        }
        if second & 0x80 == 0 {
            return Err(protocol("frames of a client must be masked"));
        }
        let whole = usize::try_from(len).unwrap_or(usize::MAX);
        match opcode {
            CONTINUATION | 1 | 2 => {
                let before = self.begun.as_ref().map_or(0, |(_, b)| b.len());
                if whole.saturating_add(before) > self.limit {
                    return Err(Violation { code: close::TOO_BIG, why: "the message is too long" });
                }
            }
            8..=10 if !last || whole > CONTROL_MAX => {
                return Err(protocol("control frames are whole and at most 125 bytes long"));
            }
            8..=10 => {}
            _ => return Err(protocol("unknown opcode")),
        }
        Ok(Head { last, opcode, len: whole, mask })
    }

    fn take_frame(&mut self, head: &Head, payload: BytesMut) -> Result<Option<Incoming>, Violation> {
        let opcode = match head.opcode {
            8 => return close_code(&payload).map(|code| Some(Incoming::Close(code))),
            9 => return Ok(Some(Incoming::Ping(payload.freeze()))),
            10 => return Ok(Some(Incoming::Pong)),
            1 => Opcode::Text,
            2 => Opcode::Binary,
            _ => {
                let Some((opcode, mut begun)) = self.begun.take() else {
                    return Err(protocol("a continuation without a beginning"));
                };
                begun.extend_from_slice(&payload);
                return Ok(self.finish(head.last, opcode, begun));
            }
        };
        if self.begun.is_some() {
            return Err(protocol("a new message before the last one ended"));
        }
        // The first fragment is copied, so that it does not keep the read buffer alive.
        let payload = if head.last { payload } else { BytesMut::from(&payload[..]) };
        Ok(self.finish(head.last, opcode, payload))
    }

    fn finish(&mut self, last: bool, opcode: Opcode, payload: BytesMut) -> Option<Incoming> {
        if !last {
            self.begun = Some((opcode, payload));
            return None;
        }
        Some(if opcode == Opcode::Text {
            Incoming::Text(payload.freeze())
        } else {
            Incoming::Binary(payload.freeze())
        })
    }
}

fn protocol(why: &'static str) -> Violation {
    Violation { code: close::PROTOCOL, why }
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    match payload {
        [] => Ok(None),
        [high, low, reason @ ..] => match u16::from_be_bytes([*high, *low]) {
            // 1004–1006 and 1015 are never sent; 3000–4999 belong to libraries and applications.
            1004..=1006 | 1015 | 0..=999 | 1016..=2999 | 5000.. => Err(protocol("no such close code")),
            _ if std::str::from_utf8(reason).is_err() => {
                Err(Violation { code: close::NOT_CONSISTENT, why: "the reason is not UTF-8" })
            }
            code => Ok(Some(code)),
        },
        _ => Err(protocol("a close code has two bytes")),
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let word = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// Appends the head of a whole frame of the server with a payload of `len` bytes.
pub(super) fn write_head(out: &mut Vec<u8>, opcode: Opcode, len: usize) {
    out.push(0x80 | opcode as u8);
    match len {
        0..=125 => out.push(len as u8),
        126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
