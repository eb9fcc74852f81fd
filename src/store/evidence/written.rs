//! What docket itself wrote into an attempt's folder: whoever else writes there, such as an agent that reaches it by path, is found
//! out before the seal.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::error::EvidenceError;
use crate::domain::attempt::Artifact;
use crate::domain::ids::Sha256;

/// The files of a folder, each with the hash of what was written; `None` while it grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Written(Arc<Mutex<BTreeMap<String, Option<Sha256>>>>);

impl Written {
    /// Notes what a file holds now, or that it grows.
    pub(super) fn note(&self, name: &str, hash: Option<Sha256>) {
        // A panic elsewhere leaves the map whole: each change is one insert.
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(name.to_owned(), hash);
    }

    /// Compares what is in the folder with what was written.
    pub(super) fn check(&self, folder: &Path, found: &[Artifact]) -> Result<(), EvidenceError> {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found: BTreeMap<&str, Sha256> = found
            .iter()
            .map(|artifact| (artifact.path.as_str(), artifact.sha256))
            .collect();
        let changed = |name: &str| EvidenceError::Changed {
            path: folder.join(name),
        };
        for (name, hash) in files.iter() {
            match (found.get(name.as_str()), hash) {
                (None, _) => return Err(changed(name)),
                (Some(found), Some(hash)) if found != hash => return Err(changed(name)),
                (Some(_), _) => {}
            }
        }
        match found.keys().find(|name| !files.contains_key(**name)) {
            Some(stranger) => Err(changed(stranger)),
            None => Ok(()),
        }
    }
}
