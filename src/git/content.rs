//! What a file holds in a tree.

use std::path::Path;

use super::error::GitError;
use super::ids::TreeId;
use super::repository::Repository;

impl Repository {
    /// The bytes of the file at `path` (relative to the repository) in `tree`; `None` when it holds no file there.
    pub fn content_in(&self, tree: TreeId, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        let failed = || GitError::failed(format!("read {} of {tree}", path.display()));
        let local = self.local();
        let tree = local.find_tree(tree.0).map_err(failed())?;
        let Some(entry) = tree.lookup_entry_by_path(path).map_err(failed())? else {
            return Ok(None);
        };
        if !entry.mode().is_blob() {
            return Ok(None);
        }
        let object = entry.object().map_err(failed())?;
        Ok(Some(object.detach().data))
    }
}
