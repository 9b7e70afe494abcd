//! Valid frames, spoilt a little.

use crate::dice::Dice;

/// The frame with one to four faults; mostly its length is made right again, so that more than the length is read.
pub fn spoilt(frame: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut frame = frame.to_vec();
    for _ in 0..=dice.below(4) {
        // Behind length, key and version, or nothing would come to be decoded.
        let at = 8 + dice.at(frame.len().saturating_sub(8));
        match dice.below(8) {
            0 | 1 => put(&mut frame, at, &[dice.roll().to_le_bytes()[0]]),
            2 => put(&mut frame, at, &[-1, i32::MIN, i32::MAX, 1 << 24, 0x00ff_ffff][dice.at(5)].to_be_bytes()),
            3 => put(&mut frame, at, &[-1, -2, i16::MIN, i16::MAX][dice.at(4)].to_be_bytes()),
            4 => put(&mut frame, at, &[0xff, 0xff, 0xff, 0xff, [0x07, 0x0f, 0xff][dice.at(3)]]),
            5 => frame.truncate(at),
            6 => {
                let extra = dice.at(64);
                frame.extend(dice.bytes(extra));
            }
            _ => {
                let copy: Vec<u8> = frame.get(at..).unwrap_or_default().iter().copied().take(dice.at(32)).collect();
                let at = at.min(frame.len());
                frame.splice(at..at, copy);
            }
        }
    }
    if dice.below(10) > 0 {
        let length = i32::try_from(frame.len().saturating_sub(4)).unwrap_or_default();
        put(&mut frame, 0, &length.to_be_bytes());
    }
    frame
}

fn put(frame: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in frame.iter_mut().skip(at).zip(bytes) {
        *to = *from;
    }
}
