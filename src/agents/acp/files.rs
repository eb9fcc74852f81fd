//! `fs/read_text_file` and `fs/write_text_file`: the agent's files, inside the working tree and nowhere else.
//!
//! The one exception to sessions without I/O: an answer needs the file. Everything here is one short blocking access to a
//! local disk, with a limit on its size.
//!
//! Names are resolved before they are judged: a link that leads outside is outside. Between the judgement and the access
//! the agent could swap a folder for a link; that gains it nothing that its own tools don't have.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use super::wire::{INTERNAL_ERROR, INVALID_PARAMS, NOT_FOUND, RpcError, text};

/// Longer files are not for an agent to read or write in one piece.
const LONGEST: u64 = 16 << 20;

/// The files of one working tree.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    writes: u64,
}

impl Files {
    /// The files below `root`.
    pub(super) fn below(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            writes: 0,
        }
    }

    /// `fs/read_text_file`: the whole file, or `limit` lines from `line` on (from 1).
    pub(super) fn read(&self, params: &Value) -> Result<Value, RpcError> {
        let path = asked_path(params)?;
        let found = fs::canonicalize(&path).map_err(|error| refused(&path, &error))?;
        self.must_hold(&path, &found)?;
        let file = fs::File::open(&found).map_err(|error| refused(&path, &error))?;
        let about = file.metadata().map_err(|error| refused(&path, &error))?;
        if !about.is_file() {
            return Err(invalid(&path, "is no file"));
        }
        let mut bytes = Vec::new();
        file.take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| refused(&path, &error))?;
        if bytes.len() as u64 > LONGEST {
            return Err(invalid(&path, "is longer than 16 MiB"));
        }
        let content = String::from_utf8(bytes).map_err(|_not_text| invalid(&path, "is no text"))?;
        Ok(json!({ "content": lines_of(content, params) }))
    }

    /// `fs/write_text_file`: the file is there whole or as it was.
    pub(super) fn write(&mut self, params: &Value) -> Result<Value, RpcError> {
        let path = asked_path(params)?;
        let Some(content) = params["content"].as_str() else {
            return Err(invalid(&path, "comes without `content`"));
        };
        if content.len() as u64 > LONGEST {
            return Err(invalid(&path, "would be longer than 16 MiB"));
        }
        let target = self.target(&path)?;
        self.replace(&target, content.as_bytes())
            .map_err(|error| refused(&path, &error))?;
        Ok(json!({}))
    }

    /// Where a write goes: the file itself behind links, which must be inside.
    fn target(&self, path: &Path) -> Result<PathBuf, RpcError> {
        let name = path
            .file_name()
            .ok_or_else(|| invalid(path, "names no file"))?;
        match fs::symlink_metadata(path) {
            Ok(about) => {
                // A link that leads nowhere yet would be created wherever it points.
                let found = fs::canonicalize(path).map_err(|error| refused(path, &error))?;
                self.must_hold(path, &found)?;
                if about.is_symlink() || about.is_file() {
                    let target = fs::metadata(&found).map_err(|error| refused(path, &error))?;
                    if target.is_file() {
                        return Ok(found);
                    }
                }
                Err(invalid(path, "is no file"))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let parent = path.parent().unwrap_or(path);
                Ok(self.folder(path, parent)?.join(name))
            }
            Err(error) => Err(refused(path, &error)),
        }
    }

    /// The folder `wanted`, made where it is missing, resolved.
    fn folder(&self, path: &Path, wanted: &Path) -> Result<PathBuf, RpcError> {
        let there = wanted
            .ancestors()
            .find(|folder| fs::symlink_metadata(folder).is_ok())
            .ok_or_else(|| invalid(path, "is nowhere"))?;
        let found = fs::canonicalize(there).map_err(|error| refused(path, &error))?;
        self.must_hold(path, &found)?;
        let missing = wanted
            .strip_prefix(there)
            .map_err(|_elsewhere| invalid(path, "is nowhere"))?;
        let folder = found.join(missing);
        self.must_hold(path, &folder)?;
        fs::create_dir_all(&folder).map_err(|error| refused(path, &error))?;
        Ok(folder)
    }

    /// Whether a resolved path is inside, and not git's own: hooks and configuration there are run by git, outside of any
    /// permission.
    fn must_hold(&self, path: &Path, found: &Path) -> Result<(), RpcError> {
        let root = fs::canonicalize(&self.root).map_err(|error| refused(&self.root, &error))?;
        let Ok(inside) = found.strip_prefix(&root) else {
            return Err(invalid(path, "is outside of the working tree"));
        };
        if inside
            .components()
            .any(|part| part.as_os_str().eq_ignore_ascii_case(".git"))
        {
            return Err(invalid(path, "belongs to git"));
        }
        Ok(())
    }

    fn replace(&mut self, target: &Path, content: &[u8]) -> io::Result<()> {
        let folder = target.parent().unwrap_or(target);
        self.writes += 1;
        let temporary = folder.join(format!(
            ".docket-{}-{}.tmp",
            std::process::id(),
            self.writes
        ));
        let mut file = fs::File::create_new(&temporary)?;
        let written = (|| {
            file.write_all(content)?;
            if let Ok(about) = fs::metadata(target) {
                // An executable script stays one.
                file.set_permissions(about.permissions())?;
            }
            fs::rename(&temporary, target)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

/// The protocol's paths are absolute, and without tricks.
fn asked_path(params: &Value) -> Result<PathBuf, RpcError> {
    let Some(path) = text(&params["path"]) else {
        return Err(RpcError::new(INVALID_PARAMS, "`path` is missing"));
    };
    let path = PathBuf::from(path);
    if !path.is_absolute() {
        return Err(invalid(&path, "is not absolute"));
    }
    if path.components().any(|part| part == Component::ParentDir)
        || path.as_os_str().as_encoded_bytes().contains(&0)
    {
        return Err(invalid(&path, "has `..` or a zero byte in it"));
    }
    Ok(path)
}

fn lines_of(content: String, params: &Value) -> String {
    let line = params["line"].as_u64();
    let limit = params["limit"].as_u64();
    if line.is_none() && limit.is_none() {
        return content;
    }
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    content
        .split_inclusive('\n')
        .skip(count(line.unwrap_or(1).saturating_sub(1)))
        .take(limit.map_or(usize::MAX, count))
        .collect()
}

fn invalid(path: &Path, why: &str) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("{} {why}", path.display()))
}

/// Agents tell a file that isn't there, which they may create, by the code or by the word `ENOENT`.
fn refused(path: &Path, error: &io::Error) -> RpcError {
    if error.kind() == io::ErrorKind::NotFound {
        let words = format!("Resource not found: ENOENT: {}: {error}", path.display());
        RpcError::new(NOT_FOUND, words)
    } else {
        RpcError::new(INTERNAL_ERROR, format!("{}: {error}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    struct Scene {
        folder: tempfile::TempDir,
        files: Files,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let root = folder.path().join("tree");
            fs::create_dir_all(root.join("sub")).expect("folders");
            fs::create_dir_all(root.join(".git/hooks")).expect("folders");
            fs::create_dir_all(folder.path().join("outside")).expect("folders");
            fs::write(folder.path().join("outside/secret"), "secret").expect("a file");
            fs::write(root.join("a.txt"), "one\ntwo\r\nthree").expect("a file");
            let files = Files::below(&root);
            Self { folder, files }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join("tree").join(name)
        }

        fn read(&self, name: &str, more: Value) -> Result<String, i64> {
            let mut params = more;
            params["path"] = self.path(name).to_string_lossy().into_owned().into();
            self.files
                .read(&params)
                .map(|result| result["content"].as_str().unwrap_or("none").to_owned())
                .map_err(|error| error.code)
        }

        fn write(&mut self, name: &str, content: &str) -> Result<(), i64> {
            let path = self.path(name).to_string_lossy().into_owned();
            self.files
                .write(&json!({ "path": path, "content": content }))
                .map(|_empty| ())
                .map_err(|error| error.code)
        }
    }

    #[test]
    fn reads_all_or_some_lines() {
        let scene = Scene::new();
        let read = |more| scene.read("a.txt", more);
        assert_eq!(read(json!({})).as_deref(), Ok("one\ntwo\r\nthree"));
        assert_eq!(read(json!({"line": 2})).as_deref(), Ok("two\r\nthree"));
        assert_eq!(read(json!({"line": 1, "limit": 1})).as_deref(), Ok("one\n"));
        assert_eq!(read(json!({"line": 0, "limit": 0})).as_deref(), Ok(""));
        assert_eq!(read(json!({"line": u64::MAX})).as_deref(), Ok(""));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let scene = Scene::new();
        fs::write(scene.path("bytes"), [0xff, 0xfe]).expect("a file");
        let big = fs::File::create(scene.path("big")).expect("a file");
        big.set_len(LONGEST + 1).expect("a length");
        for (name, code) in [
            ("none.txt", NOT_FOUND),
            ("none/none.txt", NOT_FOUND),
            ("sub", INVALID_PARAMS),
            ("bytes", INVALID_PARAMS),
            ("big", INVALID_PARAMS),
            ("../outside/secret", INVALID_PARAMS),
            ("sub/../a.txt", INVALID_PARAMS),
            (".git/hooks", INVALID_PARAMS),
            ("a\0b", INVALID_PARAMS),
        ] {
            assert_eq!(scene.read(name, json!({})), Err(code), "{name}");
        }
        let error = scene.files.read(&json!({"path": "a.txt"}));
        assert_eq!(error.map_err(|error| error.code), Err(INVALID_PARAMS));
        let error = scene.files.read(&json!({}));
        assert_eq!(error.map_err(|error| error.code), Err(INVALID_PARAMS));
    }

    #[test]
    fn writes_new_files_and_over_old_ones() {
        let mut scene = Scene::new();
        fs::set_permissions(scene.path("a.txt"), fs::Permissions::from_mode(0o755))
            .expect("a mode");
        assert_eq!(scene.write("a.txt", "new"), Ok(()));
        assert_eq!(scene.write("deep/er/b.txt", "b"), Ok(()));
        assert_eq!(
            fs::read_to_string(scene.path("a.txt")).expect("a file"),
            "new"
        );
        let mode = fs::metadata(scene.path("a.txt")).expect("a file");
        assert_eq!(mode.permissions().mode() & 0o777, 0o755);
        assert_eq!(
            fs::read_to_string(scene.path("deep/er/b.txt")).expect("a file"),
            "b"
        );
        let left: Vec<_> = fs::read_dir(scene.path(""))
            .expect("a folder")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().contains("docket"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn links_that_lead_outside_are_outside() {
        let mut scene = Scene::new();
        let outside = scene.folder.path().join("outside");
        symlink(outside.join("secret"), scene.path("file")).expect("a link");
        symlink(&outside, scene.path("folder")).expect("a link");
        symlink(outside.join("new"), scene.path("dangling")).expect("a link");
        symlink("a.txt", scene.path("inside")).expect("a link");
        assert_eq!(scene.read("file", json!({})), Err(INVALID_PARAMS));
        assert_eq!(scene.read("folder/secret", json!({})), Err(INVALID_PARAMS));
        for name in ["file", "folder/secret", "folder/new", "folder/deep/new"] {
            assert_eq!(scene.write(name, "x"), Err(INVALID_PARAMS), "{name}");
        }
        assert_eq!(scene.write("dangling", "x"), Err(NOT_FOUND));
        assert_eq!(scene.write("inside", "through"), Ok(()));
        assert_eq!(
            fs::read_to_string(scene.path("a.txt")).expect("a file"),
            "through"
        );
        assert_eq!(
            fs::read_to_string(outside.join("secret")).expect("a file"),
            "secret"
        );
        assert_eq!(
            fs::read_dir(&outside).expect("a folder").count(),
            1,
            "nothing was made outside"
        );
    }

    #[test]
    fn git_keeps_what_is_its_own() {
        let mut scene = Scene::new();
        for name in [
            ".git/hooks/pre-commit",
            ".git/new/x",
            "sub/.GIT/config",
            "sub",
        ] {
            assert_eq!(scene.write(name, "x"), Err(INVALID_PARAMS), "{name}");
        }
    }
}
