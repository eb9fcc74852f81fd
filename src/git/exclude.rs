//! Keeping our folder out of git without editing any file of the user's.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Component, Path};

use super::error::GitError;
use super::repository::Repository;

impl Repository {
    /// What the file holds that all worktrees share to tell git what to ignore; empty when it isn't there or can't be read.
    pub fn excluded(&self) -> Vec<u8> {
        fs::read(self.common_dir().join("info/exclude")).unwrap_or_default()
    }

    /// Makes sure that `pattern` (such as `/.docket/`) is a line of `info/exclude` in the folder that all worktrees share.
    /// Everything else in that file stays as it is. Says whether a line had to be added.
    pub fn exclude(&self, pattern: &str) -> Result<bool, GitError> {
        let folder = self.common_dir().join("info");
        let file = folder.join("exclude");
        let content = match fs::read(&file) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(GitError::io("read", &file)(error)),
        };
        let stands_there = content
            .split(|&byte| byte == b'\n')
            .any(|line| line.strip_suffix(b"\r").unwrap_or(line) == pattern.as_bytes());
        if stands_there {
            return Ok(false);
        }
        fs::create_dir_all(&folder).map_err(GitError::io("create the folder", &folder))?;
        // Appending, in one write, keeps links, permissions and what others append at the same time.
        let mut line = Vec::with_capacity(pattern.len() + 2);
        if content.last().is_some_and(|&byte| byte != b'\n') {
            line.push(b'\n');
        }
        line.extend_from_slice(pattern.as_bytes());
        line.push(b'\n');
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&file)
            .and_then(|mut open| open.write_all(&line))
            .map_err(GitError::io("write", &file))?;
        Ok(true)
    }
}

/// The line of an exclude file that means exactly this path of the repository, whatever characters are in it
/// (gitignore(5)).
pub fn pattern_of(path: &Path) -> String {
    let mut pattern = String::new();
    let named = |part: &Component<'_>| matches!(part, Component::Normal(_));
    for part in path.components().filter(named) {
        pattern.push('/');
        for character in part.as_os_str().to_string_lossy().chars() {
            if matches!(character, '*' | '?' | '[' | '\\' | ' ') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_name_and_nothing_else() {
        let pattern = |path: &str| pattern_of(Path::new(path));
        assert_eq!(pattern(".env"), "/.env");
        assert_eq!(pattern("./a/./b"), "/a/b");
        assert_eq!(pattern("a*[b]? "), "/a\\*\\[b]\\?\\ ");
    }
}
