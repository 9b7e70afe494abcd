//! What one hostile connection does.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};

use super::bombs::{self, Bomb};
use super::{TOPIC, batches, mutate, seeds};
use crate::dice::Dice;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::frames;

/// A play, and how often of 100.
const PLAYS: [(&str, u64); 10] = [
    ("random", 12),
    ("lengths", 12),
    ("unknown", 8),
    ("bytewise", 4),
    ("announced", 8),
    ("unread", 8),
    ("spoilt", 26),
    ("lying", 18),
    ("flood", 3),
    ("half", 1),
];

/// What plays need, made once.
pub struct Stage {
    address: String,
    only: Option<String>,
    seeds: Vec<Vec<u8>>,
    bombs: Vec<Bomb>,
    counts: [AtomicU64; PLAYS.len()],
}

impl Stage {
    /// # Errors
    /// Where there is no such play.
    pub fn new(address: &str, only: Option<&str>) -> Result<Self> {
        if let Some(only) = only
            && !PLAYS.iter().any(|(name, _)| *name == only)
        {
            bail!("there is no play {only}; there are {:?}", PLAYS.map(|(name, _)| name));
        }
        let seeds = seeds::frames()?.into_iter().map(|(_, frame)| frame).collect();
        let (address, only) = (address.to_owned(), only.map(str::to_owned));
        Ok(Self { address, only, seeds, bombs: bombs::all()?, counts: Default::default() })
    }

    /// One play on a new connection; how it ends does not matter.
    pub fn play(&self, dice: &mut Dice, stop: &AtomicBool) {
        let mut throw = dice.below(100);
        for ((name, of), count) in PLAYS.iter().zip(&self.counts) {
            let chosen = self.only.as_ref().map_or(throw < *of, |only| only == name);
            if chosen {
                count.fetch_add(1, Ordering::Relaxed);
                // A broker that closes on us is within its rights.
                let _ = self.run(name, dice, stop);
                return;
            }
            throw = throw.saturating_sub(*of);
        }
    }

    /// How often each was played.
    pub fn tally(&self) -> String {
        let one = |((name, _), count): (&(&str, u64), &AtomicU64)| format!("{name} {}", count.load(Ordering::Relaxed));
        PLAYS.iter().zip(&self.counts).map(one).collect::<Vec<_>>().join(", ")
    }

    fn run(&self, name: &str, dice: &mut Dice, stop: &AtomicBool) -> Result<()> {
        let mut stream = connect(&self.address)?;
        match name {
            "random" => {
                let length = 1 + dice.at(4000);
                stream.write_all(&dice.bytes(length))?;
                listen(&mut stream);
            }
            // Frames whose length is negative, zero, too short for a header, or more than there will ever be.
            "lengths" => {
                let length = [-1, i32::MIN, 0, 1, 7, i32::MAX, (100 << 20) + 1][dice.at(7)];
                stream.write_all(&length.to_be_bytes())?;
                let length = dice.at(64);
                stream.write_all(&dice.bytes(length))?;
                listen(&mut stream);
            }
            // Keys and versions that nobody has.
            "unknown" => {
                let key = [dice.below(100), 9999, 65_535, 24][dice.at(4)];
                let version = [dice.below(30), 99, 32_767, 65_535][dice.at(4)];
                let mut frame =
                    [&key.to_be_bytes()[6..], &version.to_be_bytes()[6..], &[0, 0, 0, 7, 0xff, 0xff, 0]].concat();
                let length = dice.at(40);
                frame.extend(dice.bytes(length));
                stream.write_all(&i32::try_from(frame.len())?.to_be_bytes())?;
                stream.write_all(&frame)?;
                listen(&mut stream);
            }
            "bytewise" => {
                for byte in &self.seeds[dice.at(self.seeds.len())] {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    stream.write_all(&[*byte])?;
                    pause::short();
                }
                listen(&mut stream);
            }
            // A hundred megabytes are announced; some of them may come.
            "announced" => {
                stream.write_all(&(100i32 << 20).to_be_bytes())?;
                stream.write_all(&[0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0, 0])?;
                let some = dice.at(1 << 18);
                stream.write_all(&vec![0; some])?;
                hold(dice, stop);
            }
            // Much is asked for, and nothing is read.
            "unread" => {
                let parts: Vec<(i32, i64)> = (0..4).map(|n| (n, 0)).collect();
                let frame = frames::fetch(TOPIC, &parts, 16 << 20, 0)?;
                for _ in 0..50 {
                    stream.write_all(&frame)?;
                }
                hold(dice, stop);
            }
            "spoilt" => {
                for _ in 0..=dice.below(8) {
                    stream.write_all(&mutate::spoilt(&self.seeds[dice.at(self.seeds.len())], dice))?;
                }
                listen(&mut stream);
            }
            "lying" => {
                let batch = batches::lying(dice, &self.bombs)?;
                let partition = i32::try_from(dice.below(4))?;
                stream.write_all(&frames::produce(TOPIC, -1, &[(partition, &batch)])?)?;
                listen(&mut stream);
            }
            // Thousands of small requests at once, their answers unread.
            "flood" => {
                let frame = &self.seeds[dice.at(self.seeds.len())];
                let many: Vec<u8> = frame.iter().copied().cycle().take(frame.len() * 2000).collect();
                stream.write_all(&many)?;
                hold(dice, stop);
            }
            // One side is closed at once.
            _ => {
                stream.write_all(&self.seeds[dice.at(self.seeds.len())])?;
                stream.shutdown(std::net::Shutdown::Write)?;
                listen(&mut stream);
            }
        }
        Ok(())
    }
}

/// Connections that say nothing, held to the end.
pub fn idle(address: &str, count: u64, stop: &AtomicBool) {
    let mut held = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if (held.len() as u64) < count {
            held.extend(TcpStream::connect(address));
        } else {
            pause::short();
        }
    }
}

fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    stream.set_write_timeout(Some(Duration::from_millis(500)))?;
    Ok(stream)
}

/// Reads what comes, for a moment.
fn listen(stream: &mut TcpStream) {
    let since = Stopwatch::start();
    let mut buffer = [0; 4096];
    while since.left_of(Duration::from_millis(300)).is_some() && matches!(stream.read(&mut buffer), Ok(1..)) {}
}

/// Stays for one to five seconds.
fn hold(dice: &mut Dice, stop: &AtomicBool) {
    let (since, limit) = (Stopwatch::start(), Duration::from_millis(1000 + dice.below(4000)));
    while since.left_of(limit).is_some() && !stop.load(Ordering::Relaxed) {
        pause::until(Stopwatch::start(), Duration::from_millis(50));
    }
}
