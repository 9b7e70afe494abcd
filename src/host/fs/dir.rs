//! Directories, whole small files, and disk space.

use std::io;
use std::path::{Path, PathBuf};

use super::at;

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntryInfo {
    /// The last part of the path; bytes that are no UTF-8 are replaced, so only use it to recognise names.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a directory, after following a link.
    pub is_dir: bool,
    /// The length in bytes; of no meaning for a directory.
    pub len: u64,
}

/// Makes a directory and those above it; nothing happens if it is there.
pub fn create_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    std::fs::create_dir_all(path).map_err(|e| at(path, e))
}

/// A whole file.
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    std::fs::read(path).map_err(|e| at(path, e))
}

/// A whole file as text; `InvalidData` if it is not UTF-8.
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    std::fs::read_to_string(path).map_err(|e| at(path, e))
}

/// Puts a file in place so that a crash leaves the old content or the new one, never a mixture
/// (`Utils.atomicMoveWithFallback`): written beside as `NAME.tmp`, synced, renamed, and the directory synced.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    let path = path.as_ref();
    put(path, bytes, true)?;
    sync_dir(parent(path))
}

/// As [`write_atomically`], but without waiting for the disk: the process may die at any moment, the machine may not
/// until the file is synced.
pub fn replace(path: impl AsRef<Path>, bytes: &[u8]) -> io::Result<()> {
    put(path.as_ref(), bytes, false)
}

fn put(path: &Path, bytes: &[u8], sync: bool) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let beside = PathBuf::from(beside);
    (|| {
        let mut file = std::fs::File::create(&beside)?;
        io::Write::write_all(&mut file, bytes)?;
        if sync { file.sync_all() } else { Ok(()) }
    })()
    .map_err(|e| at(&beside, e))?;
    rename(&beside, path)
}

/// Renames a file or directory, replacing a file that is there. Durable only after [`sync_dir`] of the parent.
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    let (from, to) = (from.as_ref(), to.as_ref());
    std::fs::rename(from, to)
        .map_err(|e| io::Error::new(e.kind(), format!("{} -> {}: {e}", from.display(), to.display())))
}

/// Removes a file; `NotFound` if there is none.
pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    std::fs::remove_file(path).map_err(|e| at(path, e))
}

/// Removes a directory with all that is in it; `NotFound` if there is none.
pub fn remove_dir_all(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    std::fs::remove_dir_all(path).map_err(|e| at(path, e))
}

/// The entries of a directory, sorted by name. Entries that vanish meanwhile are left out.
pub fn list_dir(path: impl AsRef<Path>) -> io::Result<Vec<DirEntryInfo>> {
    let path = path.as_ref();
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|e| at(path, e))? {
        let entry = entry.map_err(|e| at(path, e))?;
        let place = entry.path();
        match std::fs::metadata(&place) {
            Ok(meta) => entries.push(DirEntryInfo {
                name: entry.file_name().to_string_lossy().into_owned(),
                path: place,
                is_dir: meta.is_dir(),
                len: meta.len(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(at(&place, error)),
        }
    }
    entries.sort();
    Ok(entries)
}

/// Makes creations, renames and removals in a directory durable.
pub fn sync_dir(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    std::fs::File::open(path).and_then(|dir| dir.sync_all()).map_err(|e| at(path, e))
}

/// The path from the root on, without asking whether it exists.
pub fn absolute(path: impl AsRef<Path>) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// Whether something is there; false if it cannot be told.
pub fn exists(path: impl AsRef<Path>) -> bool {
    path.as_ref().exists()
}

/// The length of a file in bytes.
pub fn metadata_len(path: impl AsRef<Path>) -> io::Result<u64> {
    let path = path.as_ref();
    std::fs::metadata(path).map(|m| m.len()).map_err(|e| at(path, e))
}

/// Bytes of the volume that holds a path: all, and those a plain user may still fill (KIP-827).
pub fn total_and_usable_space(path: impl AsRef<Path>) -> io::Result<(u64, u64)> {
    let path = path.as_ref();
    let volume = rustix::fs::statvfs(path).map_err(|e| at(path, e.into()))?;
    Ok((volume.f_blocks.saturating_mul(volume.f_frsize), volume.f_bavail.saturating_mul(volume.f_frsize)))
}

/// The directory that holds a path; the current one for a bare name.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(read_to_string(&path).unwrap(), "two");
        let names: Vec<_> = list_dir(dir.path()).unwrap().into_iter().map(|e| (e.name, e.is_dir, e.len)).collect();
        assert_eq!(names, [("checkpoint".to_owned(), false, 3)]);
        assert!(exists(&path) && metadata_len(&path).unwrap() == 3);
        assert_eq!(read(dir.path().join("no")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn space_is_known() {
        let (total, usable) = total_and_usable_space("/").unwrap();
        assert!(total > 0 && usable <= total);
        assert_eq!(parent(Path::new("a")), Path::new("."));
    }
}
