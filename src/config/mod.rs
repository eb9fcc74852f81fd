//! Configuration: layers merged to one typed value, each with its origin; trust.
//!
//! [`merge()`] is pure: texts and variables in, a typed [`Config`] with its [`Origins`] out, or every error at once.
//! [`load`] reads the files and calls it. What a key is called, takes and means stands in one table, [`keys::KEYS`].
//!
//! Layers, later wins key by key (lists are replaced as a whole): built-in, the user's file, the repository's
//! `docket.toml`, `DOCKET_*` variables, flags. Nothing here ever writes to a configuration file.

pub mod approvals;
mod build;
mod document;
mod environment;
mod error;
mod files;
pub mod keys;
mod keys_help;
mod kind;
mod limit_keys;
mod merge;
mod model;
mod origin;
mod overrides;
mod path;
mod policy;
mod policy_keys;
pub mod preset;
pub mod resume;
mod suggest;
mod terminal;
pub mod trust;
mod ui_keys;
mod values;

pub use document::place_at;
pub use environment::{RESERVED, Variables};
pub use error::{ConfigError, ConfigErrors, Fault};
pub use files::{Directories, Loaded, REPOSITORY_FILE, RepositoryFile, load};
pub use keys_help::{keys_as_markdown, keys_as_text};
pub use kind::Kind;
pub use merge::{Source, merge};
pub use model::{
    Agent, BorderStyle, ClipboardWay, ColorMode, Config, Decoder, NotifyConfig, NotifyOsc,
    PaneLayout, Provision, Sandbox, SandboxConfig, SandboxMode, StopGraces, UiConfig,
};
pub use origin::{FilePlace, Layer, Origin, Origins, Sourced};
pub use overrides::Overrides;
pub use path::KeyPath;
pub use preset::{PRESETS, Preset};
pub use suggest::nearest;
pub use terminal::{OnTerminal, PromptBy};
pub use values::duration;
