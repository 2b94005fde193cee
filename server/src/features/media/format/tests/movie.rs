//! Small MP4 and QuickTime files, with everything planted in them that says who, when and where.

use super::SECRET;

/// A box.
pub(super) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = (body.len() as u32 + 8).to_be_bytes().to_vec();
    out.extend_from_slice(kind);
    out.extend_from_slice(body);
    out
}

pub(super) fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

/// A track to write.
#[derive(Clone)]
pub(super) struct Track {
    pub(super) number: u32,
    pub(super) handler: [u8; 4],
    pub(super) entry: Vec<u8>,
    pub(super) samples: Vec<Vec<u8>>,
    /// Of each sample, in units of 1/1000 s.
    pub(super) delta: u32,
    pub(super) turned: bool,
    /// Width and height.
    pub(super) size: (u32, u32),
}

impl Track {
    /// `count` samples that differ.
    pub(super) fn new(handler: &[u8; 4], entry: Vec<u8>, count: u8, delta: u32) -> Track {
        let samples = (0..count).map(|n| vec![n.wrapping_mul(7) | 1; 20 + usize::from(n)]).collect();
        Track { number: 1, handler: *handler, entry, samples, delta, turned: false, size: (0, 0) }
    }

    pub(super) fn video(count: u8, delta: u32) -> Track {
        Track { size: (640, 360), ..Track::new(b"vide", video_entry(), count, delta) }
    }

    pub(super) fn audio(count: u8, delta: u32) -> Track {
        Track { number: 2, ..Track::new(b"soun", audio_entry(), count, delta) }
    }

    /// Positions along the way, as cameras write them.
    pub(super) fn places() -> Track {
        let mut track =
            Track { number: 3, ..Track::new(b"meta", boxed(b"mebx", &[&[0; 8], SECRET].concat()), 3, 500) };
        track.samples.iter_mut().for_each(|sample| *sample = SECRET.to_vec());
        track
    }

    pub(super) fn written(&self, offset: u32, is_long: bool) -> Vec<u8> {
        let count = self.samples.len() as u32;
        let mut stsz = vec![0, 0, count];
        stsz.extend(self.samples.iter().map(|s| s.len() as u32));
        let offsets = if is_long {
            boxed(b"co64", &numbers(&[0, 1, 0, offset]))
        } else {
            boxed(b"stco", &numbers(&[0, 1, offset]))
        };
        let tables = [
            boxed(b"stsd", &[&numbers(&[0, 1])[..], &self.entry].concat()),
            // Behind the end of its rows.
            boxed(b"stts", &[&numbers(&[0, 1, count, self.delta])[..], SECRET].concat()),
            boxed(b"stsc", &numbers(&[0, 1, 1, count, 1])),
            boxed(b"stsz", &numbers(&stsz)),
            offsets,
            boxed(b"uuid", SECRET),
        ];
        let url = [&numbers(&[1])[..], SECRET].concat();
        let references = boxed(b"dref", &[&numbers(&[0, 1])[..], &boxed(b"url ", &url)].concat());
        let information = [boxed(b"dinf", &references), boxed(b"stbl", &tables.concat())].concat();
        let length = count * self.delta;
        let handler = [&numbers(&[0, 0])[..], &self.handler, b"mfgr\0\0\0\0\0\0\0\0", SECRET, b"\0"].concat();
        let media = [
            boxed(b"mdhd", &numbers(&[0, 0x1234_5678, 0x1234_5678, 1000, length, 0x15C7_0000])),
            boxed(b"hdlr", &handler),
            boxed(b"minf", &information),
            boxed(b"udta", SECRET),
        ];
        let (a, b) = if self.turned { (0, 0x10000) } else { (0x10000, 0) };
        let matrix = [a, b, 0, 0_u32.wrapping_sub(b), a, 0, 0, 0, 0x4000_0000];
        let mut header = vec![7, 0x1234_5678, 0x1234_5678, self.number, 0, length, 0, 0, 0, 0];
        header.extend(matrix);
        header.extend([self.size.0 << 16, self.size.1 << 16]);
        let parts = [
            boxed(b"tkhd", &numbers(&header)),
            boxed(b"edts", &boxed(b"elst", &numbers(&[0, 1, length, 0, 0x10000]))),
            boxed(b"meta", SECRET),
            boxed(b"mdia", &media.concat()),
        ];
        boxed(b"trak", &parts.concat())
    }
}

fn video_entry() -> Vec<u8> {
    let mut entry = vec![0; 78];
    entry[7] = 1;
    entry[12..16].copy_from_slice(b"secr");
    entry[24..28].copy_from_slice(&[2, 128, 1, 104]);
    entry[42] = SECRET.len() as u8;
    entry[43..43 + SECRET.len()].copy_from_slice(SECRET);
    entry.extend(boxed(b"avcC", b"\x01\x42\xC0\x1E\xFF\xE0\0"));
    entry.extend(boxed(b"pasp", &numbers(&[1, 1])));
    entry.extend(boxed(b"uuid", SECRET));
    boxed(b"avc1", &entry)
}

/// AAC, 44 100 Hz, one channel.
fn audio_entry() -> Vec<u8> {
    let mut entry = vec![0; 28];
    entry[7] = 1;
    entry[17] = 1;
    entry[19] = 16;
    entry[24..26].copy_from_slice(&44_100_u16.to_be_bytes());
    let setup =
        [&[0, 0, 0, 0, 3, 25, 0, 1, 0, 4, 17, 0x40, 0x15][..], &[0; 11], &[5, 2, 0x12, 8, 6, 1, 2]].concat();
    entry.extend(boxed(b"esds", &setup));
    boxed(b"mp4a", &entry)
}

/// A file of these tracks, their samples one track after the other. `plant`: among them, and in boxes that a file can
/// do without, is the secret.
pub(super) fn movie(brand: &[u8; 4], tracks: &[Track], plant: bool, is_long: bool) -> Vec<u8> {
    let mut out = boxed(b"ftyp", &[&brand[..], &[0, 0, 2, 0], b"isom"].concat());
    if plant {
        out.extend(boxed(b"uuid", SECRET));
        out.extend(boxed(b"free", SECRET));
    }
    let mut samples = if plant { SECRET.to_vec() } else { Vec::new() };
    let before = out.len() + 8;
    let mut moov = boxed(b"mvhd", &mvhd(tracks));
    for track in tracks {
        moov.extend(track.written((before + samples.len()) as u32, is_long));
        samples.extend(track.samples.concat());
    }
    if plant {
        samples.extend_from_slice(SECRET);
        let place = [boxed(b"\xA9xyz", SECRET), boxed(b"loci", SECRET), boxed(b"meta", SECRET)].concat();
        moov.extend(boxed(b"udta", &place));
        moov.extend(boxed(b"meta", SECRET));
    }
    out.extend(boxed(b"mdat", &samples));
    out.extend(boxed(b"moov", &moov));
    if plant {
        out.extend(boxed(b"meta", SECRET));
    }
    out
}

pub(super) fn mvhd(tracks: &[Track]) -> Vec<u8> {
    let longest = tracks.iter().map(|t| t.delta * t.samples.len() as u32).max().unwrap_or(0);
    let mut header = vec![0, 0x1234_5678, 0x1234_5678, 1000, longest, 0x10000, 0x0100_0000, 0, 0];
    header.extend([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000]);
    header.extend([1, 2, 3, 4, 5, 6, 9]);
    numbers(&header)
}
