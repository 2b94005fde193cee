//! Sealed handles: bytes that only this server can make and read. They stand for a person found, a page of a list,
//! a place in a stream, without telling an id; each kind is sealed under its own name, so one never passes for
//! another.

use crate::random::Random;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

const NONCE_LEN: usize = 24;
/// Bytes by which sealing lengthens what is sealed: nonce and tag.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// Seals and opens. Keyed by the store's secret.
#[derive(Clone)]
pub struct Seal {
    cipher: XChaCha20Poly1305,
    random: Random,
}

impl Seal {
    /// From the store's secret.
    pub fn new(secret: &[u8; 32], random: Random) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(*secret)), random }
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
}
