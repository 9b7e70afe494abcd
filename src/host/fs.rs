//! Files and directories. Errors name the path they happened on.

mod dir;
mod file;

pub use dir::{
    DirEntryInfo, absolute, create_dir_all, exists, list_dir, metadata_len, read, read_to_string, remove_dir_all,
    remove_file, rename, replace, sync_dir, total_and_usable_space, write_atomically,
};
pub use file::File;

/// The error with the path in front; its kind stays.
fn at(path: &std::path::Path, error: std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn since_epoch(time: std::time::SystemTime) -> model::Timestamp {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    model::Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
