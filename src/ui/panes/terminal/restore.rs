//! What of the terminals is kept for the next time: places, names, splits. The shells themselves are new ones then.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tab::{self, Split, Tab};
use super::{MOST, Place, TerminalPane};
use crate::ui::effect::{Effect, Load};
use crate::ui::terminals::Launch;

/// The form of the file that this docket writes, and reads.
const VERSION: u32 = 1;
/// Longer names are no names.
pub(super) const LONGEST: usize = 60;

/// The terminals as the file has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    version: u32,
    /// Which tab was shown.
    #[serde(default)]
    current: usize,
    #[serde(default, rename = "tab", skip_serializing_if = "Vec::is_empty")]
    tabs: Vec<KeptTab>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptTab {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default)]
    split: Split,
    #[serde(default)]
    current: usize,
    #[serde(rename = "program")]
    programs: Vec<KeptProgram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptProgram {
    /// Relative to the repository where it is inside of it.
    folder: String,
    label: String,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            version: VERSION,
            current: 0,
            tabs: Vec::new(),
        }
    }
}

impl Kept {
    /// Whether there is nothing to open.
    pub(crate) fn is_empty(&self) -> bool {
        self.tabs.is_empty()
    }

    /// Reads the file's text.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let kept: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if kept.version != VERSION {
            return Err(format!("its version is {}, not {VERSION}", kept.version));
        }
        Ok(kept)
    }

    /// The file's text.
    pub(crate) fn text(&self) -> Result<String, toml::ser::Error> {
        let head =
            "# The terminals of the screen, opened again at the next start. Written by docket.\n";
        Ok(format!("{head}{}", toml::to_string(self)?))
    }

    /// Leaves out the programs whose folders are gone, and names them.
    pub(crate) fn leave_out(&mut self, is_there: impl Fn(&Path) -> bool) -> Vec<String> {
        let mut gone = Vec::new();
        for tab in &mut self.tabs {
            tab.programs.retain(|program| {
                let stays = is_there(Path::new(&program.folder));
                if !stays {
                    gone.push(program.label.clone());
                }
                stays
            });
        }
        self.tabs.retain(|tab| !tab.programs.is_empty());
        gone
    }
}

/// What was found at the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Restored {
    /// What can be opened again.
    pub(crate) kept: Kept,
    /// What can't, since its place is gone.
    pub(crate) gone: Vec<String>,
    /// What is wrong with the file, and where it is now.
    pub(crate) trouble: Option<String>,
    /// Whether the file may not be written, since what is in it could not be put aside.
    pub(crate) is_locked: bool,
}

/// Terminals to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keeping {
    pub(crate) path: PathBuf,
    pub(crate) kept: Kept,
}

/// How far it is with the file.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    /// It was asked for.
    is_asked: bool,
    /// Where it is, when it may be written.
    path: Option<PathBuf>,
    /// The repository.
    root: PathBuf,
    /// What is in it, as far as known.
    written: Kept,
    /// It is being written.
    is_writing: bool,
    /// It may not be what it should.
    is_old: bool,
}

impl Keeper {
    /// Something changed of what is kept.
    pub(super) fn outdate(&mut self) {
        self.is_old = true;
    }
}

impl TerminalPane {
    /// Asks for the file, or has it written when that is due.
    pub(crate) fn keep(&mut self, root: &Path, docket: &Path) -> Option<Effect> {
        if !self.keeper.is_asked {
            self.keeper.is_asked = true;
            root.clone_into(&mut self.keeper.root);
            return Some(Effect::Load(Load::Terminals {
                path: docket.join("terminals.toml"),
                root: root.to_owned(),
            }));
        }
        if self.keeper.is_writing {
            return None;
        }
        let keeping = self.unkept()?;
        self.keeper.is_writing = true;
        Some(Effect::KeepTerminals(keeping))
    }

    /// What is not written yet.
    pub(crate) fn unkept(&mut self) -> Option<Keeping> {
        let path = self.keeper.path.clone()?;
        if !std::mem::take(&mut self.keeper.is_old) {
            return None;
        }
        let kept = self.kept();
        if kept == self.keeper.written {
            return None;
        }
        self.keeper.written.clone_from(&kept);
        Some(Keeping { path, kept })
    }

    /// It was written. What went wrong is told once, and it is not tried again.
    pub(crate) fn written(&mut self, result: Result<(), String>) -> Option<String> {
        self.keeper.is_writing = false;
        let why = result.err()?;
        self.keeper.path = None;
        Some(format!(
            "the terminals are not kept for the next start: {why}"
        ))
    }

    /// The file came: its terminals are opened when they are to be seen. What to tell the user.
    pub(crate) fn restored(&mut self, path: PathBuf, restored: Restored) -> Option<String> {
        if !restored.is_locked {
            self.keeper.path = Some(path);
        }
        // What is gone is left out of the file, too.
        self.keeper.is_old = !restored.gone.is_empty() || !self.tabs.is_empty();
        self.keeper.written.clone_from(&restored.kept);
        let opened = std::mem::take(&mut self.tabs);
        let before = self.current;
        self.current = restored.kept.current;
        let mut room = MOST.saturating_sub(opened.iter().map(|tab| tab.programs.len()).sum());
        for kept in restored.kept.tabs {
            let programs = kept.programs.into_iter().take(tab::MOST);
            let mut tab: Option<Tab> = None;
            for program in programs.take(room) {
                room -= 1;
                let place = Place {
                    folder: in_repository(&self.keeper.root, Path::new(&program.folder)),
                    label: named(&program.label).unwrap_or_else(|| "terminal".to_owned()),
                };
                let program = self.program(Launch::Shell, place);
                match &mut tab {
                    Some(tab) => tab.programs.push(program),
                    None => tab = Some(Tab::new(program)),
                }
            }
            if let Some(mut tab) = tab {
                tab.current = kept.current.min(tab.programs.len() - 1);
                tab.split = kept.split;
                tab.name = kept.name.as_deref().and_then(named);
                self.tabs.push(tab);
            }
        }
        if !opened.is_empty() {
            self.current = self.tabs.len() + before;
            self.tabs.extend(opened);
        }
        self.current = self.current.min(self.tabs.len().saturating_sub(1));
        if restored.trouble.is_some() {
            return restored.trouble;
        }
        (!restored.gone.is_empty()).then(|| {
            let names = restored.gone.join(", ");
            format!("not opened again, the place is gone: {names}")
        })
    }

    /// What the next start is to open again: shells that have not ended.
    fn kept(&self) -> Kept {
        let mut kept = Kept::default();
        for (index, tab) in self.tabs.iter().enumerate() {
            if index == self.current {
                kept.current = kept.tabs.len();
            }
            let mut of_tab = KeptTab {
                name: tab.name.clone(),
                split: tab.split,
                current: 0,
                programs: Vec::new(),
            };
            for (index, program) in tab.programs.iter().enumerate() {
                let folder = &program.request.folder;
                let folder = folder.strip_prefix(&self.keeper.root).unwrap_or(folder);
                let is_kept = program.request.launch == Launch::Shell && program.ended.is_none();
                let Some(folder) = folder.to_str().filter(|_| is_kept) else {
                    continue;
                };
                if index == tab.current {
                    of_tab.current = of_tab.programs.len();
                }
                of_tab.programs.push(KeptProgram {
                    folder: if folder.is_empty() { HERE } else { folder }.to_owned(),
                    label: program.label.clone(),
                });
            }
            if !of_tab.programs.is_empty() {
                kept.tabs.push(of_tab);
            }
        }
        kept.current = kept.current.min(kept.tabs.len().saturating_sub(1));
        kept
    }
}

/// The repository itself, as the file has it.
const HERE: &str = ".";

/// Where a folder of the file is.
pub(crate) fn in_repository(root: &Path, folder: &Path) -> PathBuf {
    if folder == Path::new(HERE) {
        return root.to_owned();
    }
    root.join(folder)
}

/// A name as it may stand in a frame; `None` when nothing is left of it.
pub(super) fn named(text: &str) -> Option<String> {
    let name = crate::ui::text::clean(text);
    let name: String = name.trim().chars().take(LONGEST).collect();
    (!name.is_empty()).then_some(name)
}
