//! A lock of the operating system on a file, which Node has not: Python's `fcntl.flock` takes the same.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;

use napi::bindgen_prelude::{Error, Result, Status};
use napi_derive::napi;

/// Held until `release`; where the process dies, the operating system releases it.
#[napi]
pub struct FileLock {
    held: Option<File>,
}

#[napi]
impl FileLock {
    /// The lock on the file at `path`, which is made if it is not there; nothing while another holds it.
    ///
    /// The error is the operating system's code, such as `ENOENT`, and names no path.
    #[napi(ts_return_type = "FileLock | null")]
    pub fn attempt(path: String) -> Result<Option<Self>> {
        match locked(&path) {
            Ok(file) => Ok(Some(Self { held: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(named(&error)),
        }
    }

    /// Lets the next one in.
    #[napi]
    pub fn release(&mut self) {
        // Closed, it is unlocked, also where this says that it was not.
        if let Some(file) = self.held.take() {
            let _ = file.unlock();
        }
    }
}

fn locked(path: &str) -> std::result::Result<File, TryLockError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

fn named(error: &io::Error) -> Error {
    let name = match error.kind() {
        io::ErrorKind::NotFound => "ENOENT",
        io::ErrorKind::PermissionDenied => "EACCES",
        io::ErrorKind::ReadOnlyFilesystem => "EROFS",
        io::ErrorKind::StorageFull => "ENOSPC",
        io::ErrorKind::NotADirectory => "ENOTDIR",
        _ => "EIO",
    };
    Error::new(Status::GenericFailure, name)
}
