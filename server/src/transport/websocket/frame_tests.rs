//! The codec against hand-made bytes, and against frames cut and fragmented at random.

use super::*;
use proptest::prelude::*;

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(&mut out, Opcode::Text, payload.len());
    out[0] = first;
    out[1] |= 0x80;
    let mask = [7, 200, 33, 4];
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
    out
}

fn decode(bytes: &[u8]) -> Result<Option<Incoming>, Violation> {
    Decoder::new(1000).next(&mut BytesMut::from(bytes))
}

fn refused(bytes: &[u8]) -> u16 {
    decode(bytes).unwrap_err().code
}

#[test]
fn reads_each_kind() {
    assert_eq!(decode(&frame(0x81, b"tea")), Ok(Some(Incoming::Text(Bytes::from_static(b"tea")))));
    assert_eq!(decode(&frame(0x82, b"")), Ok(Some(Incoming::Binary(Bytes::new()))));
    assert_eq!(decode(&frame(0x89, b"x")), Ok(Some(Incoming::Ping(Bytes::from_static(b"x")))));
    assert_eq!(decode(&frame(0x8a, b"x")), Ok(Some(Incoming::Pong)));
    assert_eq!(decode(&frame(0x88, b"")), Ok(Some(Incoming::Close(None))));
    assert_eq!(decode(&frame(0x88, b"\x03\xe8bye")), Ok(Some(Incoming::Close(Some(1000)))));
    let long = vec![b'x'; 900];
    assert_eq!(decode(&frame(0x82, &long)), Ok(Some(Incoming::Binary(long.into()))));
}

#[test]
fn refuses_what_the_standard_forbids() {
    assert_eq!(refused(&frame(0xc1, b"")), close::PROTOCOL, "reserved bit");
    assert_eq!(refused(&[0x81, 0x01, b'a']), close::PROTOCOL, "not masked, shorter than a mask");
    assert_eq!(refused(&[0x81, 0x05, 1, 2, 3, 4, 5]), close::PROTOCOL, "not masked");
    assert_eq!(refused(&frame(0x83, b"")), close::PROTOCOL, "unknown data opcode");
    assert_eq!(refused(&frame(0x8b, b"")), close::PROTOCOL, "unknown control opcode");
    assert_eq!(refused(&frame(0x80, b"")), close::PROTOCOL, "nothing to continue");
    assert_eq!(refused(&frame(0x09, b"")), close::PROTOCOL, "fragmented ping");
    assert_eq!(refused(&frame(0x89, &[0; 126])), close::PROTOCOL, "long ping");
    assert_eq!(refused(&frame(0x88, b"\x03")), close::PROTOCOL, "half a close code");
    assert_eq!(refused(&frame(0x88, b"\x03\xed")), close::PROTOCOL, "1005 is never sent");
    assert_eq!(refused(&frame(0x88, b"\x03\xe8\xff")), close::NOT_CONSISTENT, "reason not UTF-8");
    let two = [frame(0x01, b"a"), frame(0x81, b"b")].concat();
    assert_eq!(refused(&two), close::PROTOCOL, "a message inside a message");
}

#[test]
fn refuses_long_messages_by_their_head_alone() {
    assert_eq!(refused(&frame(0x82, &[0; 1001])[..10]), close::TOO_BIG);
    let huge = [0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    assert_eq!(refused(&huge), close::TOO_BIG);
    let parts = [frame(0x02, &[0; 600]), frame(0x80, &[0; 401])].concat();
    assert_eq!(refused(&parts), close::TOO_BIG, "the fragments together");
}

#[test]
fn control_frames_come_between_fragments() {
    let bytes = [frame(0x01, b"a"), frame(0x89, b"p"), frame(0x80, b"b")].concat();
    let (mut decoder, mut input) = (Decoder::new(10), BytesMut::from(&bytes[..]));
    assert_eq!(decoder.next(&mut input), Ok(Some(Incoming::Ping(Bytes::from_static(b"p")))));
    assert!(decoder.begun.is_some());
    assert_eq!(decoder.next(&mut input), Ok(Some(Incoming::Text(Bytes::from_static(b"ab")))));
    assert!(decoder.begun.is_none() && decoder.head.is_none() && input.is_empty());
}

proptest! {
    #[test]
    fn cuts_and_fragments_change_nothing(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6),
        fragment in 1usize..200,
        cut in 1usize..50,
    ) {
        let mut bytes = Vec::new();
        for message in &messages {
            let count = message.chunks(fragment).count().max(1);
            for i in 0..count {
                let part = message.chunks(fragment).nth(i).unwrap_or_default();
                let first = if i == 0 { 2 } else { 0 } | if i + 1 == count { 0x80 } else { 0 };
                bytes.extend(frame(first, part));
            }
        }
        let (mut decoder, mut input, mut read) = (Decoder::new(1000), BytesMut::new(), Vec::new());
        for piece in bytes.chunks(cut) {
            input.extend_from_slice(piece);
            while let Some(message) = decoder.next(&mut input).unwrap() {
                let Incoming::Binary(payload) = message else { panic!("{message:?}") };
                read.push(payload.to_vec());
            }
        }
        prop_assert_eq!(read, messages);
        prop_assert!(input.is_empty());
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut input = BytesMut::from(&bytes[..]);
        let mut decoder = Decoder::new(100);
        while let Ok(Some(_)) = decoder.next(&mut input) {}
    }
}
