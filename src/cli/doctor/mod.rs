//! `docket doctor`: whether docket and the agents can work here, and what to do about what can't. Asks no model anything.

mod agent;
mod login;
mod machine;
mod probe;
mod show;
mod terminal;
mod themes;
mod version;

use std::collections::BTreeSet;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use self::agent::AgentReport;
use super::arguments::{DoctorArguments, Global};
use super::drive;
use super::error::CliError;
use super::place::{self, Place};
use crate::config::trust::{TrustStore, Verdict};
use crate::config::{Config, Directories, PRESETS, Variables, nearest};
use crate::domain::ticket::AgentName;
use crate::exit::Exit;
use crate::output;
use crate::tickets::load;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It works.
    Ok,
    /// It works, but somebody should look.
    Warning,
    /// It doesn't work.
    Problem,
}

/// What was found out about one thing, and what to do.
#[derive(Debug, Clone, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Whether docket itself can't work here because of it.
    #[serde(skip)]
    is_fatal: bool,
}

impl Check {
    fn ok(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Ok,
            text: text.into(),
            next: None,
            is_fatal: false,
        }
    }

    fn warning(name: &'static str, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            state: State::Warning,
            next: Some(next.into()),
            ..Self::ok(name, text)
        }
    }

    /// docket itself can't work here.
    fn fatal(name: &'static str, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            state: State::Problem,
            is_fatal: true,
            ..Self::warning(name, text, next)
        }
    }
}

#[derive(Serialize)]
struct Document {
    version: &'static str,
    exit: u8,
    checks: Vec<Check>,
    agents: Vec<AgentReport>,
    /// Built-in agents that nobody uses here and that aren't there.
    not_installed: Vec<&'static str>,
}

pub(super) fn run(global: &Global, arguments: &DoctorArguments) -> Result<Exit, CliError> {
    let found = Place::of(global);
    let place = match &found {
        Ok(place) => Some(place),
        // What is wrong with the configuration is a finding too; everything else keeps doctor from looking at all.
        Err(CliError::Config(_)) => None,
        Err(_) => return found.map(|_| Exit::Done),
    };
    let start = place::start_folder(global.directory.as_ref())?;
    let scratch = Scratch::new()?;
    let mut checks = machine::checks(place, &start, &scratch.0);
    let mut exit = None;
    if let Err(error) = &found {
        exit = Some(Exit::Usage);
        checks.push(Check {
            state: State::Problem,
            ..Check::warning(
                "config",
                error.to_string(),
                "correct it, then call `docket doctor` again for the agents",
            )
        });
    }
    let (agents, not_installed) = match place {
        Some(place) => {
            let is_trusted = check_config(place, &mut checks)?;
            checks.push(themes::check(&place.loaded.config));
            agents(place, arguments, &scratch.0, is_trusted)?
        }
        None => (Vec::new(), Vec::new()),
    };
    let exit = exit.unwrap_or_else(|| exit_of(&checks, &agents));
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        exit: exit.code(),
        checks,
        agents,
        not_installed,
    };
    if global.json {
        output::document(&document)?;
    } else {
        show::document(&document)?;
    }
    Ok(exit)
}

/// 1 when docket itself can't work here, 4 when a human has to do something first, 0 otherwise.
fn exit_of(checks: &[Check], agents: &[AgentReport]) -> Exit {
    if checks.iter().any(|check| check.is_fatal) {
        Exit::Failed
    } else if checks.iter().any(|check| check.state == State::Problem)
        || agents
            .iter()
            .any(|agent| agent.is_wanted && agent.state == State::Problem)
    {
        Exit::NeedsHuman
    } else {
        Exit::Done
    }
}

/// Where the configuration comes from, and whether its commands may run.
fn check_config(place: &Place, checks: &mut Vec<Check>) -> Result<bool, CliError> {
    let directories = Directories::from_process();
    let mut files: Vec<String> = Vec::new();
    if let Some(path) = directories.as_ref().map(Directories::config_file)
        && path.exists()
    {
        files.push(path.display().to_string());
    }
    if let Some(file) = &place.loaded.repository_file {
        files.push(place.shown(&file.path));
    }
    let text = if files.is_empty() {
        "nothing configured: the built-in settings hold".to_owned()
    } else {
        files.join(", ")
    };
    let Some(directories) = directories else {
        checks.push(Check::warning(
            "config",
            "no home folder, so no settings of your own and no trust",
            "set HOME",
        ));
        return Ok(true);
    };
    let verdict = TrustStore::new(&directories).verdict(&place.places.root, &place.loaded)?;
    let check = match verdict {
        Verdict::NotNeeded => Check::ok("config", text),
        Verdict::Trusted => Check::ok("config", format!("{text}, trusted")),
        Verdict::Changed | Verdict::Never => Check {
            state: State::Problem,
            ..Check::warning(
                "config",
                format!("{text}: docket.toml names commands that you have not trusted"),
                "read docket.toml, then run `docket trust`",
            )
        },
    };
    checks.push(check);
    Ok(verdict.allows())
}

/// The reports of the agents that matter, and the names of built-in ones that aren't there.
fn agents(
    place: &Place,
    arguments: &DoctorArguments,
    scratch: &Path,
    is_trusted: bool,
) -> Result<(Vec<AgentReport>, Vec<&'static str>), CliError> {
    let config = &place.loaded.config;
    for name in &arguments.agents {
        if !config.agents.contains_key(name) {
            return Err(unknown(name, config));
        }
    }
    let used = used(place);
    let is_named = |name: &AgentName| arguments.agents.contains(name);
    let candidates = config.agents.values().filter(|agent| {
        if !arguments.agents.is_empty() {
            return is_named(&agent.name);
        }
        let preset = PRESETS
            .iter()
            .find(|preset| preset.name == agent.name.as_str());
        match preset {
            // Another way to drive an agent that is looked at anyway.
            Some(preset) if !used.contains(&agent.name) => {
                arguments.all || preset.instead_of.is_none()
            }
            Some(_) => true,
            // `shell`, `user` and `replay` need nothing.
            None => !place.loaded.origins.is_untouched(&agent.name),
        }
    });
    let context = Arc::new(agent::Context {
        config: config.clone(),
        root: place.places.root.clone(),
        program: place.places.program.clone(),
        scratch: scratch.to_owned(),
        wait: arguments.wait,
        is_trusted,
    });
    let mut looked_at = Vec::new();
    let mut not_installed = Vec::new();
    for agent in candidates {
        let is_wanted = used.contains(&agent.name) || is_named(&agent.name);
        let preset = PRESETS
            .iter()
            .find(|preset| preset.name == agent.name.as_str());
        match preset {
            Some(preset) if !is_wanted && !arguments.all && !context.is_installed(agent) => {
                not_installed.push(preset.name);
            }
            _ => looked_at.push((agent.name.clone(), is_wanted)),
        }
    }
    let reports = drive::runtime()?.block_on(agent::reports(context, looked_at, &place.loaded));
    Ok((reports, not_installed))
}

/// The agents that work in this repository would go to: those that somebody configured, the one of new tickets, those of
/// tickets that are to be done, and who takes over from them.
fn used(place: &Place) -> BTreeSet<AgentName> {
    let loaded = &place.loaded;
    let scan = load::scan(&place.places.root, &place.places.tickets);
    let tickets = scan
        .entries
        .iter()
        .filter_map(|entry| entry.ticket.as_ref());
    let mut used: BTreeSet<AgentName> = tickets
        .filter(|ticket| !ticket.done)
        .map(|ticket| ticket.agent.clone())
        .filter(|name| loaded.config.agents.contains_key(name))
        .collect();
    used.insert(loaded.config.agent.clone());
    let agents = loaded.config.agents.keys();
    used.extend(
        agents
            .filter(|name| !loaded.origins.is_untouched(name))
            .cloned(),
    );
    let fallbacks: Vec<AgentName> = used
        .iter()
        .filter_map(|name| loaded.config.agents.get(name))
        .flat_map(|agent| agent.fallback.iter().cloned())
        .collect();
    used.extend(fallbacks);
    used
}

fn unknown(name: &AgentName, config: &Config) -> CliError {
    let known: Vec<&str> = config.agents.keys().map(AgentName::as_str).collect();
    let hint = nearest(name.as_str(), known.iter().copied()).map_or_else(
        || format!("there are {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    CliError::Usage(format!("there is no agent `{name}`; {hint}"))
}

/// An empty folder of our own for what is started: an agent reads whatever lies in its folder. Gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, CliError> {
        // An empty TMPDIR would mean the folder that somebody happens to be in.
        let temporary = Some(std::env::temp_dir()).filter(|folder| folder.is_absolute());
        let temporary = temporary.unwrap_or_else(|| PathBuf::from("/tmp"));
        let path = temporary.join(format!("docket-doctor-{}", std::process::id()));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|source| CliError::folder(&path, source))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is an empty folder in the system's temporary one.
        let _best_effort = std::fs::remove_dir_all(&self.0);
    }
}

/// A variable of docket's own environment.
fn variable(name: &str) -> Option<String> {
    Variables::from_process().get(name).map(str::to_owned)
}

/// A duration for people: `0.2 s`.
fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
