//! The floor: what a machine must at least do. Reads the same frames, checks each CRC-32C, writes a file; sends it back by sendfile.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, Bytes};
use kafka_protocol::messages::{FetchRequest, RequestHeader};
use kafka_protocol::protocol::Decodable;

use crate::raw::batch::put_unsigned;
use crate::raw::frames::FETCH;

/// One partition: its file, and where each batch starts (offset, position).
struct Log {
    file: File,
    starts: Vec<(i64, u64)>,
    end: (i64, u64),
}

/// Bytes of a file: whose, from where, how many.
type Piece = (Arc<Mutex<Log>>, u64, usize);

type Logs = Arc<Mutex<BTreeMap<(String, i32), Arc<Mutex<Log>>>>>;

/// `judge floor PORT DIR`; runs until it is killed.
///
/// # Errors
/// Where it cannot listen.
pub fn serve(words: &[String]) -> Result<bool> {
    let [port, dir] = words else { bail!("floor PORT DIR") };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
    let (logs, dir) = (Logs::default(), PathBuf::from(dir));
    loop {
        let (stream, _) = listener.accept()?;
        let (logs, dir) = (Arc::clone(&logs), dir.clone());
        // A connection that ends badly is the bench's to notice.
        std::thread::spawn(move || drop(connection(stream, &logs, &dir)));
    }
}

fn connection(mut stream: TcpStream, logs: &Logs, dir: &Path) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut frame = Vec::new();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        frame.resize(usize::try_from(i32::from_be_bytes(length))?, 0);
        stream.read_exact(&mut frame)?;
        match frame.get(1) {
            Some(0) => {
                let answer = produce(&mut frame, logs, dir)?;
                stream.write_all(&answer)?;
            }
            Some(1) => fetch(&mut stream, Bytes::copy_from_slice(&frame), logs)?,
            // ApiVersions, asked to see whether it lives: no rows.
            Some(18) => {
                let id = frame.get(4..8).context("short")?;
                stream.write_all(&[&[0, 0, 0, 10], id, &[0, 0, 0, 0, 0, 0]].concat())?;
            }
            key => bail!("the floor does not know API {key:?}"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log(logs: &Logs, topic: &str, partition: i32, dir: &Path) -> Result<Arc<Mutex<Log>>> {
    let mut logs = lock(logs);
    if let Some(log) = logs.get(&(topic.to_owned(), partition)) {
        return Ok(Arc::clone(log));
    }
    let path = dir.join(format!("{topic}-{partition}.log"));
    let file = File::options().create(true).truncate(true).read(true).write(true).open(path)?;
    let log = Arc::new(Mutex::new(Log { file, starts: Vec::new(), end: (0, 0) }));
    logs.insert((topic.to_owned(), partition), Arc::clone(&log));
    Ok(log)
}

/// A place in a frame.
struct At(usize);

impl At {
    fn take<'a>(&mut self, frame: &'a [u8], n: usize) -> Result<&'a [u8]> {
        let bytes = frame.get(self.0..self.0 + n).context("short")?;
        self.0 += n;
        Ok(bytes)
    }

    fn unsigned(&mut self, frame: &[u8]) -> Result<usize> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = usize::from(*self.take(frame, 1)?.first().context("short")?);
            value |= (byte & 0x7f) << shift;
            if byte < 0x80 || shift > 28 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn int(&mut self, frame: &[u8]) -> Result<i32> {
        Ok(i32::from_be_bytes(self.take(frame, 4)?.try_into()?))
    }
}

/// Header v2 and Produce v9, read in place; the answer is a whole frame.
fn produce(frame: &mut [u8], logs: &Logs, dir: &Path) -> Result<Vec<u8>> {
    let mut at = At(4);
    let mut answer = vec![0; 4];
    answer.extend_from_slice(at.take(frame, 4)?);
    answer.push(0);
    let client = i16::from_be_bytes(at.take(frame, 2)?.try_into()?);
    at.take(frame, usize::try_from(client)?)?;
    // Tags of the header, no transactional id, acks, timeout.
    at.take(frame, 8)?;
    let topics = at.unsigned(frame)?;
    put_unsigned(&mut answer, topics as u64);
    for _ in 1..topics {
        let length = at.unsigned(frame)? - 1;
        let name = at.take(frame, length)?;
        put_unsigned(&mut answer, length as u64 + 1);
        answer.extend_from_slice(name);
        let name = String::from_utf8(name.to_vec())?;
        let partitions = at.unsigned(frame)?;
        put_unsigned(&mut answer, partitions as u64);
        for _ in 1..partitions {
            let index = at.int(frame)?;
            let length = at.unsigned(frame)? - 1;
            let batch = frame.get_mut(at.0..at.0 + length).context("short")?;
            at.0 += length + 1;
            let log = log(logs, &name, index, dir)?;
            let base = append(&log, batch)?;
            answer.extend(index.to_be_bytes());
            answer.extend([0; 2]);
            answer.extend(base.to_be_bytes());
            answer.extend((-1i64).to_be_bytes());
            answer.extend([0; 8]);
            // No record errors, no message, no tags.
            answer.extend([1, 0, 0]);
        }
        at.take(frame, 1)?;
        answer.push(0);
    }
    answer.extend([0; 5]);
    let length = i32::try_from(answer.len() - 4)?;
    answer.splice(..4, length.to_be_bytes());
    Ok(answer)
}

fn append(log: &Mutex<Log>, batch: &mut [u8]) -> Result<i64> {
    let stored = u32::from_be_bytes(*batch.get(17..).and_then(<[u8]>::first_chunk).context("no CRC")?);
    ensure!(batch.get(21..).map(crc32c::crc32c) == Some(stored), "a wrong CRC");
    let last = i32::from_be_bytes(*batch.get(23..).and_then(<[u8]>::first_chunk).context("no offsets")?);
    let mut log = lock(log);
    let (base, position) = log.end;
    batch.get_mut(..8).context("short")?.copy_from_slice(&base.to_be_bytes());
    log.file.write_all_at(batch, position)?;
    log.starts.push((base, position));
    log.end = (base + i64::from(last) + 1, position + batch.len() as u64);
    Ok(base)
}

fn fetch(stream: &mut TcpStream, mut frame: Bytes, logs: &Logs) -> Result<()> {
    let header = RequestHeader::decode(&mut frame, 2)?;
    let request = FetchRequest::decode(&mut frame, FETCH)?;
    ensure!(!frame.has_remaining(), "bytes behind a Fetch");
    // Heads in memory, each followed by a piece of a file.
    let mut pieces: Vec<(Vec<u8>, Option<Piece>)> = Vec::new();
    let mut head = header.correlation_id.to_be_bytes().to_vec();
    head.extend([0; 11]);
    put_unsigned(&mut head, request.topics.len() as u64 + 1);
    for topic in &request.topics {
        put_unsigned(&mut head, topic.topic.len() as u64 + 1);
        head.extend(topic.topic.as_bytes());
        put_unsigned(&mut head, topic.partitions.len() as u64 + 1);
        for part in &topic.partitions {
            let log = log(logs, &topic.topic, part.partition, Path::new("."))?;
            let (end, position, length) = {
                let log = lock(&log);
                let first = log.starts.partition_point(|(offset, _)| *offset <= part.fetch_offset).saturating_sub(1);
                let (offset, position) = log.starts.get(first).copied().unwrap_or(log.end);
                let start = if part.fetch_offset >= log.end.0 { log.end.1 } else { position };
                ensure!(start == log.end.1 || offset == part.fetch_offset, "a Fetch from inside a batch");
                (log.end.0, start, (log.end.1 - start).min(u64::try_from(part.partition_max_bytes)?))
            };
            head.extend(part.partition.to_be_bytes());
            head.extend([0; 2]);
            head.extend(end.to_be_bytes());
            head.extend(end.to_be_bytes());
            head.extend([0; 8]);
            // Aborted transactions null, no preferred replica.
            head.push(0);
            head.extend((-1i32).to_be_bytes());
            put_unsigned(&mut head, length + 1);
            pieces.push((std::mem::take(&mut head), Some((log, position, usize::try_from(length)?))));
            head.push(0);
        }
        head.push(0);
    }
    head.push(0);
    pieces.push((head, None));
    let total: usize = pieces.iter().map(|(head, piece)| head.len() + piece.as_ref().map_or(0, |it| it.2)).sum();
    stream.write_all(&i32::try_from(total)?.to_be_bytes())?;
    for (head, piece) in pieces {
        stream.write_all(&head)?;
        if let Some((log, mut position, mut left)) = piece {
            let file = lock(&log).file.try_clone()?;
            while left > 0 {
                let sent = rustix::fs::sendfile(&*stream, &file, Some(&mut position), left)?;
                ensure!(sent > 0, "the file ends early");
                left -= sent;
            }
        }
    }
    Ok(())
}
