//! Small WebM and Matroska files as browsers write them, with everything planted in them that says who, when and where.

use super::SECRET;

/// A size that is left open.
const OPEN: [u8; 8] = [1, 255, 255, 255, 255, 255, 255, 255];

fn id(id: u32) -> Vec<u8> {
    id.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

/// An element whose size takes `bytes` bytes.
pub(super) fn sized(number: u32, bytes: u32, body: &[u8]) -> Vec<u8> {
    let size = (1_u64 << (7 * bytes) | body.len() as u64).to_be_bytes();
    [&id(number)[..], &size[8 - bytes as usize..], body].concat()
}

/// An element.
pub(super) fn element(number: u32, body: &[u8]) -> Vec<u8> {
    sized(number, 2, body)
}

fn open(number: u32, body: &[u8]) -> Vec<u8> {
    [&id(number)[..], &OPEN, body].concat()
}

/// A whole number in an element.
pub(super) fn number(id: u32, value: u64) -> Vec<u8> {
    let bytes: Vec<u8> = value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    element(id, &bytes)
}

/// A track to write, with its frames.
#[derive(Clone)]
pub(super) struct Take {
    pub(super) number: u8,
    /// What stands in its entry, beside its number.
    pub(super) entry: Vec<u8>,
    pub(super) frames: Vec<Vec<u8>>,
    /// Between two frames.
    pub(super) every_ms: u64,
    /// Each frame in a group, rather than alone.
    pub(super) in_groups: bool,
}

impl Take {
    pub(super) fn new(kind: u64, codec: &[u8], setup: &[u8], specific: Vec<u8>) -> Take {
        let entry = [number(0x83, kind), element(0x86, codec), element(0x63A2, setup), specific].concat();
        Take { number: kind as u8, entry, frames: Vec::new(), every_ms: 20, in_groups: false }
    }

    /// Frames of 60 bytes, all different.
    pub(super) fn with_frames(self, count: usize, every_ms: u64) -> Take {
        let frame = |n: usize| [&[0xF8, n as u8, (n >> 8) as u8, self.number][..], &[0x5A; 56]].concat();
        Take { frames: (0..count).map(frame).collect(), every_ms, ..self }
    }

    /// Opus in packets of 20 ms.
    pub(super) fn opus(count: usize) -> Take {
        let specific =
            element(0xE1, &[&element(0xB5, &48_000_f32.to_be_bytes())[..], &number(0x9F, 1)].concat());
        let head = b"OpusHead\x01\x01\x38\x01\x80\xBB\0\0\0\0\0";
        Take::new(2, b"A_OPUS", head, specific).with_frames(count, 20)
    }

    /// VP8 of 640 × 360 pixels.
    pub(super) fn vp8(count: usize) -> Take {
        Take::picture(&[number(0xB0, 640), number(0xBA, 360)].concat()).with_frames(count, 40)
    }

    /// VP8 with this for its pictures.
    pub(super) fn picture(video: &[u8]) -> Take {
        Take::new(1, b"V_VP8", SECRET, element(0xE0, video))
    }

    fn written(&self, plant: bool) -> Vec<u8> {
        let mut entry = [number(0xD7, self.number.into()), element(0x73C5, b"\x12\x34\x56\x78\x9A")].concat();
        entry.extend_from_slice(&self.entry);
        if plant {
            entry.extend(element(0x22_B59C, b"zho-secret"));
            for id in [0x536E, 0x22_B59D, 0x25_8688, 0x3A_9697, 0x41E4, 0x7FF1] {
                entry.extend(element(id, SECRET));
            }
        }
        element(0xAE, &entry)
    }

    fn block(&self, n: usize, time: i16, plant: bool) -> Vec<u8> {
        let block = [&[0x80 | self.number][..], &time.to_be_bytes(), &[0], &self.frames[n]].concat();
        if !self.in_groups {
            return element(0xA3, &block);
        }
        let mut group = [element(0xA1, &block), number(0x9B, self.every_ms)].concat();
        if plant {
            let more = element(0xA6, &[number(0xEE, 4), element(0xA5, SECRET)].concat());
            group.extend([element(0x75A1, &more), element(0xA4, SECRET), element(0xEC, SECRET)].concat());
        }
        element(0xA0, &group)
    }
}

/// How a file is written.
#[derive(Clone, Copy)]
pub(super) struct Form {
    pub(super) doc: &'static [u8],
    /// The secret is wherever something may stand that nobody needs.
    pub(super) plant: bool,
    /// Sizes of the segment and of clusters are left open.
    pub(super) open: bool,
}

/// As browsers write it.
pub(super) const LIVE: Form = Form { doc: b"webm", plant: false, open: true };

/// Everywhere in a segment where nothing needs to be.
fn planted() -> Vec<u8> {
    let tag = element(0x7373, &element(0x67C8, &[element(0x45A3, SECRET), element(0x4487, SECRET)].concat()));
    let file = element(0x61A7, &[element(0x466E, SECRET), element(0x465C, SECRET)].concat());
    let chapter = element(0x45B9, &element(0xB6, &element(0x80, &element(0x85, SECRET))));
    let parts =
        [element(0x1254_C367, &tag), element(0x1941_A469, &file), element(0x1043_A770, &chapter)].concat();
    // Long and short voids, a checksum that is none, what nobody knows.
    [
        parts,
        element(0xEC, &SECRET.repeat(9)),
        sized(0xEC, 1, SECRET),
        element(0xBF, SECRET),
        element(0x7FF2, SECRET),
    ]
    .concat()
}

pub(super) fn header(doc: &[u8], plant: bool) -> Vec<u8> {
    let mut header = [number(0x4286, 1), number(0x42F7, 1), number(0x42F2, 4), number(0x42F3, 8)].concat();
    header.extend([element(0x4282, doc), number(0x4287, 4), number(0x4285, 2)].concat());
    if plant {
        header.extend([element(0x4281, SECRET), element(0xEC, SECRET)].concat());
    }
    element(0x1A45_DFA3, &header)
}

/// What a file says of itself, with more that it says.
pub(super) fn info(more: &[u8], plant: bool) -> Vec<u8> {
    let app = if plant { SECRET } else { b"Chrome" };
    let mut info = [number(0x2A_D7B1, 1_000_000), element(0x4D80, app), element(0x5741, app)].concat();
    info.extend_from_slice(more);
    if plant {
        for id in [0x7BA9, 0x73A4, 0x7384, 0x3C_B923, 0x3C_83AB, 0x3E_B923, 0x3E_83BB, 0x4444, 0x6924] {
            info.extend(element(id, SECRET));
        }
        info.extend(element(0x4461, b"\x12\x34\x56\x78\x9A\xBC\xDE\xF0"));
    }
    element(0x1549_A966, &info)
}

pub(super) fn tracks(takes: &[Take], plant: bool) -> Vec<u8> {
    let mut tracks: Vec<u8> = takes.iter().flat_map(|take| take.written(plant)).collect();
    if plant {
        // Places along the way, as texts that are shown one after another.
        let texts =
            [number(0xD7, 9), number(0x83, 0x11), element(0x86, b"S_TEXT/UTF8"), element(0x536E, SECRET)];
        tracks.extend([element(0xAE, &texts.concat()), element(0xEC, SECRET)].concat());
    }
    element(0x1654_AE6B, &tracks)
}

/// Clusters of a second with the frames of all tracks by their times.
pub(super) fn clusters(takes: &[Take], form: Form) -> Vec<u8> {
    let frames = |take: &Take| (0..take.frames.len()).map(|n| n as u64 * take.every_ms).collect::<Vec<_>>();
    let last = takes.iter().flat_map(frames).max().unwrap_or(0);
    let mut out = Vec::new();
    for second in 0..=last / 1000 {
        let mut cluster = number(0xE7, second * 1000);
        if form.plant {
            let text = element(0xA3, &[b"\x89\0\0\0", SECRET].concat());
            cluster.extend([element(0x5854, SECRET), element(0xEC, SECRET), text, number(0xA7, 77)].concat());
        }
        for take in takes {
            for (n, time) in frames(take).into_iter().enumerate().filter(|(_, time)| time / 1000 == second) {
                cluster.extend(take.block(n, (time % 1000) as i16, form.plant));
            }
        }
        out.extend(if form.open { open(0x1F43_B675, &cluster) } else { sized(0x1F43_B675, 8, &cluster) });
        if form.plant {
            out.extend(planted());
        }
    }
    out
}

/// A file of these parts, one after the other in its segment.
pub(super) fn file(form: Form, parts: &[Vec<u8>]) -> Vec<u8> {
    let header = header(form.doc, form.plant);
    let body = parts.concat();
    let segment = if form.open { open(0x1853_8067, &body) } else { sized(0x1853_8067, 8, &body) };
    [header, segment].concat()
}

/// A recording of these tracks.
pub(super) fn recording(form: Form, takes: &[Take]) -> Vec<u8> {
    let between = if form.plant { planted() } else { Vec::new() };
    let seek = [element(0x53AB, b"\x15\x49\xA9\x66"), number(0x53AC, 99)].concat();
    let seek = element(0x114D_9B74, &[element(0x4DBB, &seek), element(0x7FF3, b"")].concat());
    let place = element(0xB7, &[number(0xF7, 1), number(0xF1, 400)].concat());
    let mut point = [number(0xB3, 0), place].concat();
    if form.plant {
        point.extend(element(0x7FF4, SECRET));
    }
    let cues = element(0x1C53_BB6B, &element(0xBB, &point));
    let parts = [between.clone(), info(&[], form.plant), between, tracks(takes, form.plant)];
    file(form, &[vec![seek], parts.to_vec(), vec![clusters(takes, form), cues]].concat())
}
