//! Where the programs of an attempt may write. docket's own way is landlock; a program from the configuration may do it instead.

use std::ffi::OsString;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::context::Context;
use crate::agents::home::Home;
use crate::config::{self, Agent, Config, SandboxMode};
use crate::domain::hash::sha256;
use crate::domain::ids::RunId;
use crate::domain::settings::{AgentKind, Isolation};
use crate::git::Worktree;
use crate::proc::confine::Confinement;

/// What every program may write: devices that hold nothing.
const DEVICES: &[&str] = &[
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];

/// Variables that name the temporary folder.
const TEMPORARY: &[&str] = &["TMPDIR", "TMP", "TEMP", "CLAUDE_CODE_TMPDIR"];

/// Whether what the configuration says of the sandbox fits together. `Err` says what to do.
pub fn check(config: &Config) -> Result<(), String> {
    let sandbox = &config.sandbox;
    match (sandbox.mode, &sandbox.command) {
        (SandboxMode::None, Some(_)) => {
            return Err("`sandbox_command` is set, but `sandbox` is \"none\": set `sandbox = \"worktree\"`, or leave it out".to_owned());
        }
        (SandboxMode::None, None) => return Ok(()),
        (SandboxMode::Worktree, _) if config.isolation == Isolation::None => {
            return Err("`sandbox = \"worktree\"` needs `isolation = \"worktree\"`: in place, the agent works where your own files are".to_owned());
        }
        (SandboxMode::Worktree, command) => {
            let program = command.as_ref().and_then(|command| command.first());
            if let Some(program) = program
                && program.contains('/')
                && !program.starts_with('/')
            {
                return Err(format!(
                    "`sandbox_command` begins with `{program}`, which would be looked up in the worktree: write an absolute path, or \
                     only a name"
                ));
            }
        }
    }
    let is_wrong = |path: &&String| !path.starts_with('/') && !path.starts_with("~/");
    match sandbox.write.iter().find(is_wrong) {
        Some(path) => Err(format!(
            "`sandbox_write` names `{path}`: write an absolute path, or one that begins with `~/`"
        )),
        None => Ok(()),
    }
}

/// The sandbox of one attempt. Its temporary folder goes with it.
#[derive(Debug)]
pub(super) struct Sandbox {
    temporary: PathBuf,
    /// What is put before every command; empty for none.
    wrapper: Vec<OsString>,
    /// What the kernel holds them to; `None` when the wrapper does.
    confinement: Option<Confinement>,
}

/// What a sandbox is made for.
pub(super) struct Inmate<'a> {
    pub(super) agent: Option<&'a Agent>,
    pub(super) run: RunId,
    pub(super) worktree: &'a Worktree,
    pub(super) desk: &'a Path,
    /// The attempt's marker: nobody else's temporary folder has it in its name.
    pub(super) marker: &'a str,
}

impl Sandbox {
    /// Makes it; `None` when none is wanted.
    pub(super) fn make(context: &Context, inmate: &Inmate<'_>) -> Result<Option<Self>, String> {
        let config = &context.config.sandbox;
        if config.mode == SandboxMode::None {
            return Ok(None);
        }
        if let Some(agent) = inmate.agent.filter(|_| config.command.is_none()) {
            nests(agent)?;
        }
        // Short: paths of sockets are.
        let mut name = sha256(inmate.marker.as_bytes()).to_string();
        name.truncate(20);
        // An empty TMPDIR would mean the folder that somebody happens to be in.
        let temporary = Some(std::env::temp_dir()).filter(|folder| folder.is_absolute());
        let temporary = temporary.unwrap_or_else(|| PathBuf::from("/tmp"));
        let temporary = temporary.join(format!("docket-{name}"));
        make_folder(&temporary)?;
        let mut sandbox = Self {
            temporary,
            wrapper: Vec::new(),
            confinement: None,
        };
        let git = inmate.worktree.repository().common_dir();
        if let Some(command) = &config.command {
            let folders = [
                ("{worktree}", inmate.worktree.path()),
                ("{desk}", inmate.desk),
                ("{git}", git),
                ("{temporary}", sandbox.temporary.as_path()),
            ];
            sandbox.wrapper = command
                .iter()
                .map(|argument| {
                    let put = |argument: String, (name, path): &(&str, &Path)| {
                        argument.replace(name, &path.to_string_lossy())
                    };
                    folders.iter().fold(argument.clone(), put).into()
                })
                .collect();
            return Ok(Some(sandbox));
        }
        let mut writable = vec![inmate.worktree.path().to_owned(), sandbox.temporary.clone()];
        writable.extend(DEVICES.iter().map(PathBuf::from));
        writable.extend(for_git(git, inmate)?);
        writable.extend(config.write.iter().filter_map(|path| expand(path)));
        if let Some(agent) = inmate.agent {
            writable.extend(for_agent(context, agent)?);
        }
        sandbox.confinement = Some(Confinement { writable });
        Ok(Some(sandbox))
    }

    /// What a program is started with in it.
    pub(super) fn around(
        &self,
        argv: Vec<OsString>,
        environment: &mut Vec<(OsString, OsString)>,
    ) -> (Vec<OsString>, Option<Confinement>) {
        environment.retain(|(name, _)| !TEMPORARY.iter().any(|temporary| name == temporary));
        let temporary = TEMPORARY
            .iter()
            .map(|name| (name.into(), self.temporary.clone().into()));
        environment.extend(temporary);
        let argv = self.wrapper.iter().cloned().chain(argv).collect();
        (argv, self.confinement.clone())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What stays lies in the system's temporary folder.
        let _best_effort = std::fs::remove_dir_all(&self.temporary);
    }
}

/// codex confines each command with bubblewrap, which mounts: nothing in landlock may.
fn nests(agent: &Agent) -> Result<(), String> {
    let is_codex = matches!(
        agent.kind,
        AgentKind::CodexAppServer | AgentKind::CodexExecJson
    );
    if is_codex && agent.sandbox != config::Sandbox::DangerFullAccess {
        return Err(format!(
            "codex's own sandbox can't be made inside of docket's: set `sandbox = \"danger-full-access\"` in [agents.{name}] (docket's \
             confines all of it then), or `sandbox = \"none\"` at the top to leave it to codex",
            name = agent.name
        ));
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), String> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| format!("can't make {}: {error}", path.display()))
}

/// What a commit in the worktree writes: objects, the attempt's branch (beside the run's other ones) with its log, and the
/// worktree's own folder. Not: `config`, `hooks`, `info`, the user's branches.
fn for_git(git: &Path, inmate: &Inmate<'_>) -> Result<Vec<PathBuf>, String> {
    let branches = format!("refs/heads/docket/{}", inmate.run);
    let logs = git.join("logs").join(&branches);
    let branches = git.join(branches);
    // The kernel wants to see them.
    for folder in [&logs, &branches] {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("can't make {}: {error}", folder.display()))?;
    }
    Ok(vec![
        git.join("objects"),
        branches,
        logs,
        inmate.worktree.git_dir(),
    ])
}

/// Where an agent keeps its conversations and its settings. A folder that isn't there yet is made: the agent would.
fn for_agent(context: &Context, agent: &Agent) -> Result<Vec<PathBuf>, String> {
    if agent.private_home {
        return Ok(vec![Home::of(&agent.name, &context.places.root).folder]);
    }
    let variable = |name: &str| {
        let configured = agent.env.get(name).map(OsString::from);
        let passed = || {
            let passed = name.starts_with("XDG_") || agent.pass_env.iter().any(|one| one == name);
            passed.then(|| std::env::var_os(name)).flatten()
        };
        configured.or_else(passed).map(PathBuf::from)
    };
    let Some(home) = variable("HOME").or_else(home) else {
        return Ok(Vec::new());
    };
    let or = |name: &str, folder: &str| variable(name).unwrap_or_else(|| home.join(folder));
    let opencode = || {
        [
            ("XDG_DATA_HOME", ".local/share"),
            ("XDG_STATE_HOME", ".local/state"),
            ("XDG_CONFIG_HOME", ".config"),
            ("XDG_CACHE_HOME", ".cache"),
        ]
        .map(|(name, folder)| or(name, folder).join("opencode"))
        .to_vec()
    };
    let program = agent.command.first().map(Path::new);
    let program = program.and_then(Path::file_name).unwrap_or_default();
    let program = program.to_string_lossy();
    let folders = match agent.kind {
        AgentKind::CodexAppServer | AgentKind::CodexExecJson => vec![or("CODEX_HOME", ".codex")],
        AgentKind::ClaudeStreamJson => vec![or("CLAUDE_CONFIG_DIR", ".claude")],
        AgentKind::OpencodeRunJson => opencode(),
        AgentKind::Acp if program == "opencode" => opencode(),
        AgentKind::Acp if program == "gemini" => vec![home.join(".gemini")],
        AgentKind::Acp if program == "qwen" => vec![or("QWEN_HOME", ".qwen")],
        AgentKind::Acp if program.starts_with("codex") => vec![or("CODEX_HOME", ".codex")],
        AgentKind::Acp
        | AgentKind::User
        | AgentKind::Shell
        | AgentKind::Command
        | AgentKind::Replay
        | AgentKind::Terminal => Vec::new(),
    };
    for folder in &folders {
        make_folder(folder)?;
    }
    let mut writable = folders;
    if agent.kind == AgentKind::ClaudeStreamJson {
        writable.push(home.join(".claude.json"));
    }
    Ok(writable)
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

fn expand(path: &str) -> Option<PathBuf> {
    match path.strip_prefix("~/") {
        Some(rest) => Some(home()?.join(rest)),
        None => Some(path.into()),
    }
}
