//! Pictures made by hand, so that each test has as large a one as it needs. It knows PNG (RFC 2083) and nothing else.

/// The longest uncompressed block of deflate.
const BLOCK: usize = 65_535;

/// A grey PNG of this size, not compressed. Each pixel is `shade`.
pub fn png(width: u32, height: u32, shade: u8) -> Vec<u8> {
    let mut row = vec![shade; width as usize + 1];
    row[0] = 0;
    png_of(width, height, &row.repeat(height as usize))
}

/// A PNG that says it has 60 000 × 60 000 pixels, and is small.
pub fn bomb() -> Vec<u8> {
    png_of(60_000, 60_000, &[0; 100])
}

fn png_of(width: u32, height: u32, rows: &[u8]) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // Eight bits of grey, no filter beyond the usual, not interlaced.
    chunk(&mut out, b"IHDR", &[&size[..], &[8, 0, 0, 0, 0]].concat());
    chunk(&mut out, b"IDAT", &zlib(rows));
    chunk(&mut out, b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let named = [name, data].concat();
    out.extend(&named);
    out.extend(crc(&named).to_be_bytes());
}

/// Uncompressed blocks in a zlib stream (RFC 1950, RFC 1951).
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = data.len().div_ceil(BLOCK).max(1);
    for (i, block) in data.chunks(BLOCK).enumerate() {
        let length = block.len() as u16;
        out.push(u8::from(i + 1 == blocks));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for byte in data {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn crc(data: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !data.iter().fold(!0, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_is_as_others_make_it() {
        assert_eq!(crc(b"IEND"), 0xae42_6082);
        let small = png(1, 1, 7);
        assert_eq!(&small[small.len() - 12..small.len() - 4], b"\0\0\0\0IEND");
    }
}
