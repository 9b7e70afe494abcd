//! An open file, read and written at positions, so that one handle serves many threads.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{Advice, FallocateFlags, FlockOperation};
use rustix::io::{Errno, ReadWriteFlags};

use model::Timestamp;

use super::{at, since_epoch};

/// The most buffers that one call may carry (`IOV_MAX`).
const MOST_SLICES: usize = 1024;

/// An open file. All calls take a position and `&self`; they block, on the disk at worst.
#[derive(Debug)]
pub struct File(std::fs::File);

impl File {
    /// Opens an existing file for reading.
    pub fn open_read(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        std::fs::File::open(path).map(Self).map_err(|e| at(path, e))
    }

    /// Opens a file for reading and writing; makes an empty one if there is none, and keeps what is there.
    pub fn open_append_rw(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(path).map(Self).map_err(|e| at(path, e))
    }

    /// Opens an existing file for reading and writing; `NotFound` if there is none.
    pub fn open_rw(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        std::fs::OpenOptions::new().read(true).write(true).open(path).map(Self).map_err(|e| at(path, e))
    }

    /// Makes a file for reading and writing; fails with `AlreadyExists` if there is one.
    pub fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        std::fs::File::create_new(path).map(Self).map_err(|e| at(path, e))
    }

    /// Reads some bytes at a position; returns how many, 0 at the end of the file.
    pub fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        loop {
            match self.0.read_at(buffer, position) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Fills the buffer from a position; `UnexpectedEof` if the file ends before.
    pub fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, position)
    }

    /// Writes all bytes at a position. After an error an unknown part of them is there.
    pub fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, position)
    }

    /// Writes all slices one after the other at a position, in as few system calls as possible.
    /// After an error an unknown part of them is there.
    pub fn write_vectored_at(&self, slices: &[IoSlice<'_>], mut position: u64) -> io::Result<()> {
        for some in slices.chunks(MOST_SLICES) {
            let mut copy: Vec<IoSlice<'_>> = some.to_vec();
            let mut rest = copy.as_mut_slice();
            // Empty slices first in line would make a call that writes nothing look like a full disk.
            IoSlice::advance_slices(&mut rest, 0);
            while !rest.is_empty() {
                match rustix::io::pwritev(&self.0, rest, position) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    Ok(written) => {
                        position += written as u64;
                        IoSlice::advance_slices(&mut rest, written);
                    }
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Makes the content durable, and what is needed to find it (fdatasync).
    pub fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    /// Makes the content and all its metadata durable (fsync).
    pub fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }

    /// Cuts or extends the file to a length; what is new reads as zeros.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    /// The length in bytes, asked of the file system.
    #[allow(clippy::len_without_is_empty, reason = "a file's emptiness is asked for nowhere")]
    pub fn len(&self) -> io::Result<u64> {
        self.0.metadata().map(|m| m.len())
    }

    /// When the content last changed, by the wall clock of then.
    pub fn modified(&self) -> io::Result<Timestamp> {
        self.0.metadata().and_then(|meta| meta.modified()).map(since_epoch)
    }

    /// Says when the content last changed, for a copy that is as old as what it replaces.
    pub fn set_modified(&self, at: Timestamp) -> io::Result<()> {
        let since = std::time::Duration::from_millis(u64::try_from(at.0).unwrap_or(0));
        self.0.set_modified(std::time::UNIX_EPOCH + since)
    }

    /// Reserves disk space up to a length and makes the file that long (`log.preallocate`); never shortens it.
    /// A file system that cannot reserve gets a sparse file instead.
    pub fn allocate(&self, len: u64) -> io::Result<()> {
        loop {
            match rustix::fs::fallocate(&self.0, FallocateFlags::empty(), 0, len) {
                Ok(()) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return self.set_len(len.max(self.len()?)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Locks the file for this handle until it is closed; false if somebody else holds it.
    ///
    /// Takes both kinds of lock: `flock` excludes a second handle of this process, and the POSIX record lock is
    /// what Apache Kafka's `FileLock` takes, so the two never share a directory. The record lock is dropped when
    /// the process closes *any* handle of the file, so open a lock file only once.
    pub fn try_lock_exclusive(&self) -> io::Result<bool> {
        match rustix::fs::flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        match rustix::fs::fcntl_lock(&self.0, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK | Errno::ACCESS) => {
                rustix::fs::flock(&self.0, FlockOperation::Unlock)?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads at a position only what lies in memory already; `None` if the disk would have to be asked.
    /// Where the file system cannot tell, it reads as [`File::read_at`] does.
    pub fn read_cached_at(&self, buffer: &mut [u8], position: u64) -> io::Result<Option<usize>> {
        loop {
            let mut slices = [IoSliceMut::new(buffer)];
            match rustix::io::preadv2(&self.0, &mut slices, position, ReadWriteFlags::NOWAIT) {
                Ok(read) => return Ok(Some(read)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return self.read_at(buffer, position).map(Some),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether a range seems to lie in memory, told by its first and its last byte; a guess, for deciding whether
    /// sending it would make the caller wait for the disk.
    pub fn is_cached(&self, position: u64, len: u64) -> bool {
        let mut byte = [0];
        let mut there = |at| !matches!(self.read_cached_at(&mut byte, at), Ok(None));
        there(position) && (len < 2 || there(position + len - 1))
    }

    /// Brings a range into memory and waits for the disk meanwhile; stops without a word where it cannot be read.
    pub fn load(&self, position: u64, len: u64) {
        let mut page = vec![0; 64 << 10];
        let mut at = position;
        while at < position + len {
            match self.read_at(&mut page, at) {
                Ok(read @ 1..) => at += read as u64,
                _ => return,
            }
        }
    }

    /// Asks the system to bring a range into memory soon; only a hint.
    pub fn will_need(&self, position: u64, len: u64) {
        let _ = rustix::fs::fadvise(&self.0, position, std::num::NonZeroU64::new(len), Advice::WillNeed);
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_land_whole_at_their_positions() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::open_append_rw(dir.path().join("log")).unwrap();
        let parts: Vec<Vec<u8>> = (0..3000u32).map(|i| vec![i as u8; (i % 7) as usize]).collect();
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|p| IoSlice::new(p)).collect();
        file.write_vectored_at(&slices, 5).unwrap();
        let whole = parts.concat();
        assert_eq!(file.len().unwrap(), 5 + whole.len() as u64);
        let mut back = vec![0; whole.len()];
        file.read_exact_at(&mut back, 5).unwrap();
        assert!(back == whole);
        file.write_vectored_at(&[IoSlice::new(b"")], 0).unwrap();
        assert_eq!(file.read_at(&mut [0; 4], 1 << 20).unwrap(), 0);
        file.set_len(5).unwrap();
        assert_eq!(file.read_exact_at(&mut [0; 6], 0).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        file.allocate(4096).unwrap();
        assert_eq!(file.len().unwrap(), 4096);
        file.allocate(16).unwrap();
        assert_eq!(file.len().unwrap(), 4096, "allocating never shortens");
    }

    #[test]
    fn what_was_just_written_is_cached() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::open_append_rw(dir.path().join("log")).unwrap();
        file.write_all_at(&[7; 10_000], 0).unwrap();
        file.load(0, 20_000);
        assert!(file.is_cached(100, 9_900));
        let mut some = [0; 4];
        assert_eq!(file.read_cached_at(&mut some, 9_998).unwrap(), Some(2));
        assert_eq!(some, [7, 7, 0, 0]);
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed).unwrap();
        file.load(0, 10_000);
        assert!(file.is_cached(0, 10_000));
    }

    #[test]
    fn a_lock_has_one_holder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".lock");
        let (one, two) = (File::open_append_rw(&path).unwrap(), File::open_append_rw(&path).unwrap());
        assert!(one.try_lock_exclusive().unwrap());
        assert!(!two.try_lock_exclusive().unwrap());
        drop(one);
        assert!(two.try_lock_exclusive().unwrap());
    }

    #[test]
    fn errors_name_the_path() {
        let error = File::open_read("/nowhere/at/all").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().starts_with("/nowhere/at/all: "), "{error}");
    }
}
