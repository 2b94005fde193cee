//! Names of uploads, references and public pictures: random, so that they tell nothing, not even what is the same.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// The name of one reference to something that was uploaded. As text 22 characters of base64url.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaId(pub(super) [u8; 16]);

impl MediaId {
    /// From its text; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }
}

impl fmt::Display for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.0))
    }
}

impl fmt::Debug for MediaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MediaId({self})")
    }
}

impl crate::store::key::Key for MediaId {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }

    fn decode(input: &mut &[u8]) -> Option<Self> {
        <[u8; 16]>::decode(input).map(Self)
    }
}

/// 16 bytes as 22 characters.
pub fn text(id: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(id)
}

/// 16 bytes from 22 characters; there is one text for each.
pub fn parse(text: &str) -> Option<[u8; 16]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_text() {
        let id = [0xfb; 16];
        let told = text(id);
        assert_eq!((told.len(), parse(&told)), (22, Some(id)));
        for bad in
            ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAAAA==", "../../../../etc/passwd"]
        {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
