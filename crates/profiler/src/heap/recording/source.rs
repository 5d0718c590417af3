//! Where the bytes are.

use std::borrow::Cow;
use std::fs::File;

use super::error::RecordingError;

#[derive(Debug)]
pub(super) enum Source {
    Bytes(Vec<u8>),
    #[cfg(unix)]
    File {
        file: File,
        length: u64,
    },
}

impl Source {
    pub(super) const fn bytes(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }

    /// As it is now: what is appended later is not read.
    #[cfg(unix)]
    pub(super) fn file(file: File) -> Result<Self, RecordingError> {
        let length = file.metadata().map_err(|error| RecordingError::io(0, &error))?.len();
        Ok(Self::File { file, length })
    }

    #[cfg(not(unix))]
    pub(super) fn file(mut file: File) -> Result<Self, RecordingError> {
        let mut bytes = Vec::new();
        let read = std::io::Read::read_to_end(&mut file, &mut bytes);
        read.map_err(|error| RecordingError::io(bytes.len() as u64, &error))?;
        Ok(Self::Bytes(bytes))
    }

    pub(super) const fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            #[cfg(unix)]
            Self::File { length, .. } => *length,
        }
    }

    /// So many bytes; at most those of a block.
    pub(super) fn read(&self, offset: u64, length: usize) -> Result<Cow<'_, [u8]>, RecordingError> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.length());
        if end.is_none() {
            return Err(RecordingError::damaged(offset, "a block is cut short"));
        }
        match self {
            Self::Bytes(bytes) => Ok(Cow::Borrowed(&bytes[offset as usize..][..length])),
            #[cfg(unix)]
            Self::File { file, .. } => {
                let mut bytes = vec![0; length];
                let read = std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, offset);
                read.map_err(|error| RecordingError::io(offset, &error))?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}
