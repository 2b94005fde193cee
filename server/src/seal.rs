//! Sealed handles: bytes that only this server can make and read. They stand for a person found, a page of a list,
//! a place in a stream, without telling an id; each kind is sealed under its own name, so one never passes for
//! another.

use crate::random::Random;
use bytes::{Bytes, BytesMut};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
/// Bytes by which sealing lengthens what is sealed: nonce and tag.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// Random bytes that the handles of one page share: they make its key.
const PAGE_LEN: usize = 16;
const INDEX_LEN: usize = 4;
/// Bytes by which [`Seal::seal_page`] lengthens each thing.
pub const PAGE_OVERHEAD: usize = PAGE_LEN + INDEX_LEN + TAG_LEN;

/// Seals and opens. Keyed by the store's secret.
#[derive(Clone)]
pub struct Seal {
    cipher: XChaCha20Poly1305,
    pages: hmac::Key,
    random: Random,
}

impl Seal {
    /// From the store's secret.
    pub fn new(secret: &[u8; 32], random: Random) -> Self {
        let pages = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self { cipher: XChaCha20Poly1305::new(&Key::from(*secret)), pages, random }
    }

    /// Seals `plain` as a `kind`, bound to `context` (who may use it, for what), which is not contained in it.
    ///
    /// # Panics
    /// Never: sealing fails only for messages of many gigabytes.
    pub fn seal(&self, kind: &str, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = self.random.bytes::<NONCE_LEN>();
        let bound = bound(kind, context);
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &bound });
        [&nonce[..], &sealed.expect("handles are short")].concat()
    }

    /// What was sealed as this kind for this context; `None` for anything else.
    pub fn open(&self, kind: &str, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let bound = bound(kind, context);
        self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &bound }).ok()
    }

    /// Seals many short things of one length at once, each to be opened alone with [`Seal::open_one`]. Much cheaper than
    /// one by one: the page has a key of its own, made from random bytes, and they lie in one piece of memory.
    ///
    /// # Panics
    /// Never: sealing fails only for messages of many gigabytes, and nobody has four thousand million things.
    pub fn seal_page<const N: usize>(&self, kind: &str, context: &[u8], things: &[[u8; N]]) -> Vec<Bytes> {
        let page = self.random.bytes::<PAGE_LEN>();
        let key = self.page_key(kind, context, &page);
        let mut sealed = BytesMut::with_capacity(things.len() * (N + PAGE_OVERHEAD));
        for (index, thing) in (0_u32..).zip(things) {
            let mut thing = *thing;
            let tag = key.seal_in_place_separate_tag(page_nonce(index), Aad::empty(), &mut thing);
            sealed.extend_from_slice(&page);
            sealed.extend_from_slice(&index.to_be_bytes());
            sealed.extend_from_slice(&thing);
            sealed.extend_from_slice(tag.expect("handles are short").as_ref());
        }
        let all = sealed.freeze();
        let each = N + PAGE_OVERHEAD;
        (0..things.len()).map(|at| all.slice(at * each..(at + 1) * each)).collect()
    }

    /// One thing of [`Seal::seal_page`], of this kind and for this context; `None` for anything else.
    pub fn open_one<const N: usize>(&self, kind: &str, context: &[u8], sealed: &[u8]) -> Option<[u8; N]> {
        let (page, rest) = sealed.split_first_chunk::<PAGE_LEN>()?;
        let (index, rest) = rest.split_first_chunk::<INDEX_LEN>()?;
        // Before anything is computed or copied: nobody has a megabyte opened.
        if rest.len() != N + TAG_LEN {
            return None;
        }
        let key = self.page_key(kind, context, page);
        let mut rest = rest.to_vec();
        let nonce = page_nonce(u32::from_be_bytes(*index));
        let plain = key.open_in_place(nonce, Aad::empty(), &mut rest).ok()?;
        (&*plain).try_into().ok()
    }

    fn page_key(&self, kind: &str, context: &[u8], page: &[u8; PAGE_LEN]) -> LessSafeKey {
        let mut made = hmac::Context::with_key(&self.pages);
        for part in [&b"seal.page\0"[..], &page[..], kind.as_bytes(), &[0], context] {
            made.update(part);
        }
        let key = UnboundKey::new(&AES_256_GCM, made.sign().as_ref()).expect("a hash is as long as a key");
        LessSafeKey::new(key)
    }
}

/// The number of a thing on its page, under whose key nothing else has it.
fn page_nonce(index: u32) -> Nonce {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&index.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn bound(kind: &str, context: &[u8]) -> Vec<u8> {
    [kind.as_bytes(), &[0], context].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_as_what_it_was_sealed() {
        let seal = Seal::new(&[1; 32], Random::seeded(1));
        let sealed = seal.seal("ticket", b"anna", b"42");
        assert_eq!(seal.open("ticket", b"anna", &sealed).as_deref(), Some(&b"42"[..]));
        assert_eq!(seal.open("ticket", b"boris", &sealed), None);
        assert_eq!(seal.open("page", b"anna", &sealed), None);
        for i in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[i] ^= 1;
            assert_eq!(seal.open("ticket", b"anna", &flipped), None);
        }
        assert_eq!(seal.open("ticket", b"anna", b""), None);
    }

    #[test]
    fn things_of_a_page_are_opened_one_by_one() {
        let seal = Seal::new(&[1; 32], Random::seeded(1));
        let things = [[1, 2, 3], [1, 2, 3], [4, 5, 6]];
        let page = seal.seal_page("card", b"anna", &things);
        assert_ne!(page[0], page[1], "the same thing twice does not look it");
        let again = Seal::new(&[1; 32], Random::seeded(2));
        for (thing, sealed) in things.iter().zip(&page) {
            assert_eq!(sealed.len(), 3 + PAGE_OVERHEAD);
            assert_eq!(again.open_one("card", b"anna", sealed).as_ref(), Some(thing));
            assert_eq!(seal.open_one::<3>("card", b"boris", sealed), None);
            assert_eq!(seal.open_one::<3>("page", b"anna", sealed), None);
            assert_eq!(seal.open_one::<4>("card", b"anna", sealed), None);
            assert_eq!(seal.open("card", b"anna", sealed), None);
            for i in 0..sealed.len() {
                let mut flipped = sealed.to_vec();
                flipped[i] ^= 1;
                assert_eq!(seal.open_one::<3>("card", b"anna", &flipped), None);
            }
        }
        assert!(seal.seal_page::<3>("card", b"anna", &[]).is_empty());
        assert_ne!(seal.seal_page("card", b"anna", &things), page, "nor on two pages");
    }
}
