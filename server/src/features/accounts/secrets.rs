//! Random secrets that are shown once and stored as a hash: device tokens, recovery codes and invitation codes. They
//! are long enough that one round of SHA-256 protects them; passwords, which people choose, are elsewhere.

use super::tables::SecretHash;
use crate::random::Random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Characters of a token.
const TOKEN_CHARS: usize = 43;
/// Characters of a code: 5 bits each, 80 in all.
const CODE_CHARS: usize = 16;
/// Characters between two hyphens of a code.
const CODE_GROUP: usize = 4;
/// Crockford's base 32, in lower case: no letters that look like digits.
const CODE_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A secret as its owner sees it, this once, and the hash that is kept of it.
pub(super) struct Secret {
    pub(super) shown: Zeroizing<String>,
    pub(super) hash: SecretHash,
}

/// A device's token: 32 random bytes in base64url.
pub(super) fn new_token(random: &Random) -> Secret {
    let bytes = Zeroizing::new(random.bytes::<TOKEN_BYTES>());
    Secret { shown: Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)), hash: hash("token", &*bytes) }
}

/// The stored hash of a token; `None` for what cannot be one.
pub(super) fn token_hash(token: &str) -> Option<SecretHash> {
    if token.len() != TOKEN_CHARS {
        return None;
    }
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(token).ok()?);
    Some(hash("token", &bytes))
}

/// What a code is good for; a code of one use is unknown in the other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Code {
    Recovery,
    Invitation,
}

impl Code {
    /// A new code, as "k3vq-8m2t-x9pd-4hcw".
    pub(super) fn generate(self, random: &Random) -> Secret {
        let digits = Zeroizing::new(random.bytes::<CODE_CHARS>());
        let digits = Zeroizing::new(digits.map(|b| CODE_ALPHABET[usize::from(b % 32)]));
        let mut shown = Zeroizing::new(String::with_capacity(CODE_CHARS + CODE_CHARS / CODE_GROUP));
        for (i, &digit) in digits.iter().enumerate() {
            if i > 0 && i % CODE_GROUP == 0 {
                shown.push('-');
            }
            shown.push(char::from(digit));
        }
        Secret { shown, hash: hash(self.name(), &*digits) }
    }

    /// The stored hash of a code as somebody typed it: case, spaces and hyphens do not matter, and letters that look
    /// like digits are read as those. `None` for what cannot be a code.
    pub(super) fn hash(self, typed: &str) -> Option<SecretHash> {
        let mut digits = Zeroizing::new([0; CODE_CHARS]);
        let mut length = 0;
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            *digits.get_mut(length)? = match c.to_ascii_lowercase() {
                'o' => b'0',
                'i' | 'l' => b'1',
                c => CODE_ALPHABET.iter().copied().find(|d| char::from(*d) == c)?,
            };
            length += 1;
        }
        (length == CODE_CHARS).then(|| hash(self.name(), &*digits))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Invitation => "invitation",
        }
    }
}

fn hash(kind: &str, secret: &[u8]) -> SecretHash {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(secret);
    hash.finalize().into()
}
