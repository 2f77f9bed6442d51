//! Randomness that a seed determines.

use std::collections::BTreeMap;

/// Streams of random numbers, one for each thing that needs some.
///
/// What happens in one corner of the account does not shift the latencies and ids of another, so that two
/// runs of which one has the guard in it differ only in what the guard does.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    seed: u64,
    streams: BTreeMap<String, Rng>,
}

impl Streams {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, streams: BTreeMap::new() }
    }

    /// Returns the stream of that name.
    pub(crate) fn of(&mut self, name: &str) -> &mut Rng {
        let seed = self.seed;
        self.streams.entry(name.to_owned()).or_insert_with(|| Rng::new(seed ^ fnv(name)))
    }
}

/// Returns the FNV-1a hash of a text: no secret depends on it, it only has to stay the same.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Sebastiano Vigna's splitmix64: small, good enough for latencies and ids, the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number of the range, both ends included; the low end where the range is empty.
    pub(crate) fn within(&mut self, (low, high): (u64, u64)) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.next() % width.max(1))
    }

    /// Returns an id in the form of a UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        let (c, d) = (b >> 48 & 0x0fff | 0x8000, b & 0xffff_ffff_ffff);
        format!("{:08x}-{:04x}-4{:03x}-{c:04x}-{d:012x}", a >> 32, a >> 16 & 0xffff, a & 0xfff)
    }

    /// Returns an id of 32 hexadecimal digits, as EventBridge names its role sessions.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    /// Returns 32 letters, as Step Functions names its role sessions.
    pub(crate) fn letters(&mut self) -> String {
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let pick = |rng: &mut Self| {
            let at = usize::try_from(rng.next() % 52).unwrap_or_default();
            char::from(letters.get(at).copied().unwrap_or(b'A'))
        };
        (0..32).map(|_| pick(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Rng, Streams};

    #[test]
    fn streams_do_not_disturb_each_other() {
        let (mut a, mut b) = (Streams::new(7), Streams::new(7));
        b.of("other").next();
        assert_eq!(a.of("one").next(), b.of("one").next());
        assert_ne!(Streams::new(7).of("one").next(), Streams::new(7).of("other").next());
    }

    #[test]
    fn one_seed_one_sequence() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        assert_eq!((a.uuid(), a.hex(), a.letters()), (b.uuid(), b.hex(), b.letters()));
        assert_ne!(Rng::new(7).uuid(), Rng::new(8).uuid());
    }

    #[test]
    fn ids_have_their_forms() {
        let mut rng = Rng::new(1);
        let id = rng.uuid();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(rng.hex().len(), 32);
        assert_eq!(rng.letters().len(), 32);
    }

    #[test]
    fn numbers_stay_within_their_range() {
        let mut rng = Rng::new(3);
        assert!((0..1000).all(|_| (5..=9).contains(&rng.within((5, 9)))));
        assert_eq!(rng.within((5, 5)), 5);
    }
}
