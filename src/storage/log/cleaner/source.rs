//! Reads a segment's whole batches, some at a time.

use std::io;
use std::sync::Arc;

use host::fs::File;
use model::batch::{Batches, LOG_OVERHEAD};

/// The batches of one segment, from a position on.
pub(super) struct Source {
    file: Arc<File>,
    position: u64,
    /// Where the segment ends.
    size: u64,
}

impl Source {
    pub(super) fn new(file: Arc<File>, position: u64, size: u64) -> Self {
        Self { file, position, size }
    }

    /// Whether all has been read.
    pub(super) fn is_over(&self) -> bool {
        self.position >= self.size
    }

    /// The next whole batches, of about `most` bytes; one that is larger comes alone, and takes as much of `buffer` as it
    /// needs. No bytes at the end.
    ///
    /// # Errors
    /// `InvalidData` where there is no batch, or the segment ends in the middle of one.
    pub(super) fn next<'b>(&mut self, buffer: &'b mut Vec<u8>, most: usize) -> io::Result<&'b [u8]> {
        let mut wanted = (most.max(LOG_OVERHEAD) as u64).min(self.size - self.position);
        loop {
            buffer.resize(usize::try_from(wanted).map_err(io::Error::other)?, 0);
            self.file.read_exact_at(buffer, self.position)?;
            let whole = whole(buffer);
            if whole > 0 || wanted == 0 {
                self.position += whole as u64;
                return Ok(buffer.get(..whole).unwrap_or_default());
            }
            let length = buffer.get(8..LOG_OVERHEAD).and_then(|bytes| bytes.first_chunk()).copied();
            let length = length.and_then(|bytes| u64::try_from(i32::from_be_bytes(bytes)).ok());
            match length.map(|length| length + LOG_OVERHEAD as u64) {
                Some(length) if length > wanted && length <= self.size - self.position => wanted = length,
                _ => {
                    let message = format!("no whole batch at position {} of a segment", self.position);
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
            }
        }
    }
}

/// Bytes of the whole batches at the start of `bytes`.
fn whole(bytes: &[u8]) -> usize {
    Batches::new(bytes).map_while(Result::ok).map(|batch| batch.len()).sum()
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use model::batch::{BatchBuilder, BatchSettings};

    use super::*;

    #[test]
    fn batches_come_whole_whatever_the_buffer_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = Arc::new(File::create_new(dir.path().join("x.log")).unwrap());
        let mut all = Vec::new();
        for len in [10usize, 10, 500, 10, 2000, 10] {
            let mut builder = BatchBuilder::new(BatchSettings::default());
            builder.append(None, Some(&vec![7; len]), &[], Timestamp(1));
            all.extend_from_slice(&builder.build().unwrap());
        }
        file.write_all_at(&all, 0).unwrap();
        for most in [0, 1, 61, 100, 700, 10_000] {
            let (mut source, mut buffer, mut read) =
                (Source::new(file.clone(), 0, all.len() as u64), Vec::new(), Vec::new());
            while !source.is_over() {
                read.extend_from_slice(source.next(&mut buffer, most).unwrap());
            }
            assert_eq!(read, all, "{most}");
            assert!(source.next(&mut buffer, most).unwrap().is_empty());
        }
        let mut torn = Source::new(file, 0, all.len() as u64 - 1);
        let mut buffer = Vec::new();
        assert!(!torn.next(&mut buffer, 10_000).unwrap().is_empty());
        assert_eq!(torn.next(&mut buffer, 10_000).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
