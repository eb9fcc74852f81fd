//! Which files are manifests, lockfiles and so on: by name and by folder, in any letter case, anywhere in the tree.

use std::path::Path;

use super::PolicyRule;

/// File names; one that begins with `*` stands for any beginning.
const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "package.json",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Pipfile",
    "requirements*.txt",
    "environment.yml",
    "go.mod",
    "Gemfile",
    "*.gemspec",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "libs.versions.toml",
    "*.csproj",
    "*.fsproj",
    "Directory.Packages.props",
    "Package.swift",
    "Podfile",
    "pubspec.yaml",
    "mix.exs",
    "deno.json",
    "conanfile.txt",
    "conanfile.py",
    "vcpkg.json",
    "build.sbt",
    "*.cabal",
];

const LOCKFILES: &[&str] = &[
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile.lock",
    "go.sum",
    "go.work.sum",
    "Gemfile.lock",
    "composer.lock",
    "gradle.lockfile",
    "packages.lock.json",
    "Package.resolved",
    "Podfile.lock",
    "pubspec.lock",
    "mix.lock",
    "flake.lock",
    "conan.lock",
];

/// Folders: a file anywhere below one of this name counts.
const MIGRATIONS: &[&str] = &["migrations", "migration", "db/migrate", "alembic/versions"];

const CI_FILES: &[&str] = &[
    ".gitlab-ci.yml",
    ".gitlab-ci.yaml",
    ".travis.yml",
    "Jenkinsfile",
    "azure-pipelines.yml",
    "appveyor.yml",
    ".appveyor.yml",
    "bitbucket-pipelines.yml",
    ".drone.yml",
    ".woodpecker.yml",
    ".cirrus.yml",
    ".pre-commit-config.yaml",
    "dependabot.yml",
    "renovate.json",
    "CODEOWNERS",
];

const CI_FOLDERS: &[&str] = &[
    ".github/workflows",
    ".github/actions",
    ".gitlab/ci",
    ".gitea/workflows",
    ".forgejo/workflows",
    ".circleci",
    ".buildkite",
    ".woodpecker",
    ".ci",
    ".husky",
];

const GIT_FILES: &[&str] = &[".gitignore", ".gitattributes", ".git/info/exclude"];

const MODULES_FILE: &str = ".gitmodules";

/// What a rule goes by, for people: the file names and folders; nothing for rules that go by something else.
pub fn examples(rule: PolicyRule) -> Vec<String> {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let folders = |folders: &[&str]| {
        let folder = |name: &&str| format!("{name}/");
        folders.iter().map(folder).collect::<Vec<_>>()
    };
    match rule {
        PolicyRule::Dependencies => names(MANIFESTS),
        PolicyRule::Lockfiles => names(LOCKFILES),
        PolicyRule::Migrations => folders(MIGRATIONS),
        PolicyRule::Ci => {
            let mut all: Vec<String> = names(CI_FILES);
            all.extend(folders(CI_FOLDERS));
            all
        }
        PolicyRule::GitFiles => names(GIT_FILES),
        PolicyRule::Submodules => names(&[MODULES_FILE]),
        PolicyRule::Binaries
        | PolicyRule::LargeFiles
        | PolicyRule::Deletions
        | PolicyRule::Secrets
        | PolicyRule::Symlinks
        | PolicyRule::Modes => Vec::new(),
    }
}

pub(super) fn is_manifest(path: &Path) -> bool {
    is_named(path, MANIFESTS)
}

pub(super) fn is_lockfile(path: &Path) -> bool {
    is_named(path, LOCKFILES)
}

pub(super) fn is_migration(path: &Path) -> bool {
    lies_in(path, MIGRATIONS)
}

pub(super) fn is_ci(path: &Path) -> bool {
    is_named(path, CI_FILES) || lies_in(path, CI_FOLDERS)
}

pub(super) fn is_git_file(path: &Path) -> bool {
    is_named(path, GIT_FILES) || lower(path) == ".git/info/exclude"
}

pub(super) fn is_modules_file(path: &Path) -> bool {
    is_named(path, &[MODULES_FILE])
}

fn lower(path: &Path) -> String {
    path.to_string_lossy().to_ascii_lowercase()
}

/// Whether the file's name is one of these. A `*` in a name stands for anything.
fn is_named(path: &Path, names: &[&str]) -> bool {
    let path = lower(path);
    let file = path.rsplit('/').next().unwrap_or(&path);
    names.iter().any(|name| {
        let name = name.to_ascii_lowercase();
        match name.split_once('*') {
            None => file == name,
            Some((start, end)) => {
                file.len() >= start.len() + end.len()
                    && file.starts_with(start)
                    && file.ends_with(end)
            }
        }
    })
}

/// Whether the file lies below a folder of one of these names, anywhere in the tree.
fn lies_in(path: &Path, folders: &[&str]) -> bool {
    let path = format!("/{}", lower(path));
    folders
        .iter()
        .any(|folder| path.contains(&format!("/{folder}/")))
}
