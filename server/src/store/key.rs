//! Keys that sort as their values do: numbers big-endian, strings escaped and terminated, tuples one after another.
//! So the encoding of the first parts of a key is a prefix of the key, and prefix scans need nothing more.

use std::ops::Bound;

/// Something with an order-preserving encoding that can be read back without knowing its length.
pub trait Key: Sized + Send + 'static {
    /// Appends the encoding.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads one value and moves `input` behind it; `None` where the bytes are not such an encoding.
    fn decode(input: &mut &[u8]) -> Option<Self>;

    /// The encoding alone.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

macro_rules! number_keys {
    ($($t:ty),*) => {$(
        impl Key for $t {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_be_bytes());
            }
            fn decode(input: &mut &[u8]) -> Option<Self> {
                let (head, rest) = input.split_first_chunk()?;
                *input = rest;
                Some(Self::from_be_bytes(*head))
            }
        }
    )*};
}
number_keys!(u8, u16, u32, u64);

impl<const N: usize> Key for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn decode(input: &mut &[u8]) -> Option<Self> {
        let (head, rest) = input.split_first_chunk()?;
        *input = rest;
        Some(*head)
    }
}

/// 0 is written as 0 255; the end as 0 0. So "a" < "a\0" < "ab", and no string's end is hidden in another.
impl Key for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        for &b in self {
            out.push(b);
            if b == 0 {
                out.push(255);
            }
        }
        out.extend_from_slice(&[0, 0]);
    }
    fn decode(input: &mut &[u8]) -> Option<Self> {
        let mut out = Self::new();
        loop {
            let (&b, rest) = input.split_first()?;
            *input = rest;
            if b == 0 {
                let (&next, rest) = input.split_first()?;
                *input = rest;
                match next {
                    0 => return Some(out),
                    255 => {}
                    _ => return None,
                }
            }
            out.push(b);
        }
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_bytes().to_vec().encode(out);
    }
    fn decode(input: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::decode(input)?).ok()
    }
}

impl Key for () {
    fn encode(&self, _: &mut Vec<u8>) {}
    fn decode(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

macro_rules! tuple_keys {
    ($($name:ident $i:tt),*) => {
        impl<$($name: Key),*> Key for ($($name,)*) {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$i.encode(out);)*
            }
            fn decode(input: &mut &[u8]) -> Option<Self> {
                Some(($($name::decode(input)?,)*))
            }
        }
    };
}
tuple_keys!(A 0);
tuple_keys!(A 0, B 1);
tuple_keys!(A 0, B 1, C 2);
tuple_keys!(A 0, B 1, C 2, D 3);

/// The first parts of a key `K`, as a tuple: `(a,)` or `(a, b)`.
pub trait PrefixOf<K>: Key {}
impl<K> PrefixOf<K> for () where (): Key {}
impl<A: Key, B: Key> PrefixOf<(A, B)> for (A,) {}
impl<A: Key, B: Key, C: Key> PrefixOf<(A, B, C)> for (A,) {}
impl<A: Key, B: Key, C: Key> PrefixOf<(A, B, C)> for (A, B) {}
impl<A: Key, B: Key, C: Key, D: Key> PrefixOf<(A, B, C, D)> for (A,) {}
impl<A: Key, B: Key, C: Key, D: Key> PrefixOf<(A, B, C, D)> for (A, B) {}
impl<A: Key, B: Key, C: Key, D: Key> PrefixOf<(A, B, C, D)> for (A, B, C) {}

/// Which keys of a table a scan visits.
#[derive(Debug)]
pub struct KeyRange<K> {
    pub(super) prefix: Vec<u8>,
    pub(super) from: Bound<Vec<u8>>,
    pub(super) to: Bound<Vec<u8>>,
    of: std::marker::PhantomData<fn() -> K>,
}

impl<K> Clone for KeyRange<K> {
    fn clone(&self) -> Self {
        Self {
            prefix: self.prefix.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            of: std::marker::PhantomData,
        }
    }
}

impl<K: Key> KeyRange<K> {
    /// All keys.
    pub fn all() -> Self {
        Self {
            prefix: Vec::new(),
            from: Bound::Unbounded,
            to: Bound::Unbounded,
            of: std::marker::PhantomData,
        }
    }

    /// All keys that begin with these parts.
    pub fn prefix<P: PrefixOf<K>>(prefix: &P) -> Self {
        Self { prefix: prefix.to_bytes(), ..Self::all() }
    }

    /// Of those, the keys from this one on.
    #[must_use]
    pub fn from(mut self, key: &K) -> Self {
        self.from = Bound::Included(key.to_bytes());
        self
    }

    /// Of those, the keys after this one.
    #[must_use]
    pub fn after(mut self, key: &K) -> Self {
        self.from = Bound::Excluded(key.to_bytes());
        self
    }

    /// Of those, the keys before this one.
    #[must_use]
    pub fn before(mut self, key: &K) -> Self {
        self.to = Bound::Excluded(key.to_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn order_and_identity_survive(a: (u64, String, u32), b: (u64, String, u32)) {
            let (ea, eb) = (a.to_bytes(), b.to_bytes());
            prop_assert_eq!(ea.cmp(&eb), a.cmp(&b));
            prop_assert_eq!(<(u64, String, u32)>::decode(&mut &ea[..]), Some(a));
        }

        #[test]
        fn garbage_is_refused_not_panicked_on(bytes: Vec<u8>) {
            let _ = <(String, u64, Vec<u8>)>::decode(&mut &bytes[..]);
        }
    }
}
