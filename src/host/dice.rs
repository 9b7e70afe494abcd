//! Randomness from the operating system.

use model::Uuid;

/// `N` random bytes, fit for secrets.
///
/// Falls back to the clock and an address only if the system has no randomness at all, which Linux never lacks
/// once it has booted.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0u8; N];
    if getrandom::fill(&mut out).is_err() {
        weak(&mut out);
    }
    out
}

/// A random id that is neither reserved nor looks like a flag (`Uuid.randomUuid`).
pub fn uuid() -> Uuid {
    loop {
        if let Some(id) = Uuid::from_dice(bytes()) {
            return id;
        }
    }
}

/// A number from 0 to `n` - 1, all equally likely; 0 when `n` is 0.
pub fn below(n: u64) -> u64 {
    if n == 0 {
        return 0;
    }
    // Values past the last whole multiple of n would favour the low numbers: roll again.
    let usable = u64::MAX - u64::MAX % n;
    loop {
        let roll = u64::from_le_bytes(bytes());
        if roll < usable {
            return roll % n;
        }
    }
}

fn weak(out: &mut [u8]) {
    let mut state = (crate::clock::now().0 as u64) ^ (std::ptr::from_ref(out).addr() as u64).rotate_left(32) | 1;
    for byte in out {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_stay_in_range_and_differ() {
        assert_eq!((below(0), below(1)), (0, 0));
        let mut seen = [false; 6];
        for _ in 0..500 {
            seen[below(6) as usize] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_ne!(uuid(), uuid());
        assert_ne!(bytes::<16>(), [0; 16]);
    }
}
