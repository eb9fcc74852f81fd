//! What programs wrote on a terminal of 120×40: `fixtures/terminal/NAME.raw.zst`, made by `tests/terminal/record.py` (claude,
//! codex, less and vim by a recorder that answered queries in the same way).

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// Columns and rows of every recording.
pub(crate) const SIZE: (u16, u16) = (120, 40);

/// What one program wrote.
pub(crate) struct Recording {
    /// `vim-split`
    pub(crate) name: String,
    /// All of it.
    pub(crate) bytes: Vec<u8>,
}

/// Every recording, by name.
pub(crate) fn all() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/terminal");
    let mut found: Vec<_> = fs::read_dir(folder)
        .expect("the recordings")
        .flatten()
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let packed = File::open(entry.path()).expect("a recording");
            let mut bytes = Vec::new();
            ruzstd::decoding::StreamingDecoder::new(packed)
                .expect("zstd")
                .read_to_end(&mut bytes)
                .expect("a recording unpacks");
            Recording {
                name: name.trim_end_matches(".raw.zst").to_owned(),
                bytes,
            }
        })
        .collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(found.len() >= 15, "recordings are missing");
    found
}

/// The recording of this name.
pub(crate) fn named(name: &str) -> Recording {
    all()
        .into_iter()
        .find(|recording| recording.name == name)
        .expect("a recording of this name")
}

impl Recording {
    /// About `count` places where it can be cut: between two sequences, and in no synchronized update (2026). The last is
    /// its end.
    pub(crate) fn cuts(&self, count: usize) -> Vec<usize> {
        let step = self.bytes.len() / count + 1;
        let (mut cuts, mut is_update) = (Vec::new(), false);
        for at in 0..self.bytes.len() {
            let rest = &self.bytes[at..];
            if !rest.starts_with(b"\x1b[") {
                continue;
            }
            if rest.starts_with(b"\x1b[?2026") {
                is_update = rest.get(7) == Some(&b'h');
            }
            let end = rest[2..].iter().find(|byte| byte.is_ascii_alphabetic());
            // REP belongs to what stands before it.
            let is_apart = end.is_some_and(|end| *end != b'b');
            if !is_update && is_apart && at >= cuts.last().copied().unwrap_or(0) + step {
                cuts.push(at);
            }
        }
        cuts.push(self.bytes.len());
        cuts
    }
}
