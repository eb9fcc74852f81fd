//! Zstandard. The encoder can't pass errors on (it would panic), so they are kept aside and told afterwards.

use std::io::{self, Read, Write};

use ruzstd::encoding::{CompressionLevel, compress};

struct Source<'a, R> {
    inner: R,
    error: &'a mut Option<io::Error>,
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    *self.error = Some(error);
                    return Ok(0);
                }
            }
        }
    }
}

struct Target<'a, W> {
    inner: W,
    error: &'a mut Option<io::Error>,
}

impl<W: Write> Write for Target<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.error.is_none()
            && let Err(error) = self.inner.write_all(bytes)
        {
            *self.error = Some(error);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.error.is_none()
            && let Err(error) = self.inner.flush()
        {
            *self.error = Some(error);
        }
        Ok(())
    }
}

/// Compresses all of `source` into `target`.
pub(super) fn zstd(source: impl Read, target: impl Write) -> io::Result<()> {
    let (mut reading, mut writing) = (None, None);
    let mut drain = Target {
        inner: target,
        error: &mut writing,
    };
    compress(
        Source {
            inner: source,
            error: &mut reading,
        },
        &mut drain,
        CompressionLevel::Fastest,
    );
    drain.flush()?;
    match reading.or(writing) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}
