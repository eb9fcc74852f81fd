//! One agent: is it there, which version, is somebody logged in, does it answer.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Access, access};
use serde::Serialize;
use tokio::task::JoinSet;

use super::login::{self, Found};
use super::probe::{self, Came, Program};
use super::version::{self, Fit};
use super::{State, seconds};
use crate::agents::handshake::{Handshake, Introduction};
use crate::agents::home::{self, Home};
use crate::agents::{Capabilities, adapter};
use crate::config::preset::Preset;
use crate::config::{Agent, Config, Loaded};
use crate::domain::settings::AgentKind;
use crate::domain::ticket::AgentName;
use crate::proc::clock::{Clock as _, SystemClock};
use crate::proc::environment;
use crate::proc::supervise::Status;

/// What all agents are looked at with.
pub(super) struct Context {
    pub(super) config: Config,
    /// The repository, or the folder.
    pub(super) root: PathBuf,
    /// docket's own program.
    pub(super) program: PathBuf,
    /// Where agents are started.
    pub(super) scratch: PathBuf,
    /// How long one answer may take.
    pub(super) wait: Duration,
    /// Whether what the repository names may run.
    pub(super) is_trusted: bool,
}

/// What was found out.
#[derive(Debug, Serialize)]
pub(super) struct AgentReport {
    pub(super) name: AgentName,
    pub(super) kind: AgentKind,
    pub(super) state: State,
    /// Whether somebody counts on it: its problem is a problem of this repository.
    #[serde(rename = "used")]
    pub(super) is_wanted: bool,
    pub(super) command: Vec<String>,
    /// The program, once found.
    pub(super) path: Option<PathBuf>,
    pub(super) version: Option<String>,
    /// How that stands to the tested ones.
    pub(super) fit: Option<Fit>,
    pub(super) tested: &'static [&'static str],
    /// What shows that somebody is logged in; `None` also where nobody knows what to look for.
    pub(super) login: Option<Found>,
    /// How long the handshake took, in milliseconds.
    pub(super) handshake_ms: Option<u64>,
    pub(super) capabilities: Option<Abilities>,
    /// What is wrong or worth a look, the worst first.
    pub(super) findings: Vec<Finding>,
}

/// One thing about an agent that somebody should know, and what to do.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    pub(super) state: State,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// What docket can do with an agent.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Abilities {
    asks: bool,
    steers: bool,
    interrupts: bool,
    resumes: bool,
    keeps_process: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    terminal: bool,
}

impl Abilities {
    fn of(capabilities: Capabilities) -> Self {
        Self {
            asks: capabilities.requests,
            steers: capabilities.steer,
            interrupts: capabilities.interrupt,
            resumes: capabilities.resume,
            keeps_process: capabilities.keeps_process,
            terminal: capabilities.terminal,
        }
    }

    /// In words.
    pub(super) fn words(self) -> String {
        let all = [
            (self.asks, "asks", "can't ask: unsupervised"),
            (self.steers, "steers", ""),
            (self.interrupts, "interrupts", ""),
            (self.resumes, "resumes", ""),
            (self.keeps_process, "keeps its process", ""),
            (self.terminal, "has a terminal", ""),
        ];
        let words = all.map(|(can, yes, no)| if can { yes } else { no });
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        words.join(", ")
    }
}

impl AgentReport {
    fn finding(&mut self, state: State, text: impl Into<String>, next: Option<String>) {
        self.state = self.state.max(state);
        self.findings.push(Finding {
            state,
            text: text.into(),
            next,
        });
        self.findings
            .sort_by_key(|finding| std::cmp::Reverse(finding.state));
    }
}

/// The reports, in the order of the names. All agents are looked at side by side.
pub(super) async fn reports(
    context: Arc<Context>,
    names: Vec<(AgentName, bool)>,
    loaded: &Loaded,
) -> Vec<AgentReport> {
    let mut tasks = JoinSet::new();
    for (order, (name, is_wanted)) in names.into_iter().enumerate() {
        let context = Arc::clone(&context);
        let is_untouched = loaded.origins.is_untouched(&name);
        tasks.spawn(async move {
            let report = context.report(&name, is_wanted, is_untouched).await;
            (order, report)
        });
    }
    let mut reports = Vec::new();
    while let Some(done) = tasks.join_next().await {
        if let Ok((order, Some(report))) = done {
            reports.push((order, report));
        }
    }
    reports.sort_by_key(|(order, _)| *order);
    reports.into_iter().map(|(_, report)| report).collect()
}

impl Context {
    /// Whether an agent's program is where it would be looked for.
    pub(super) fn is_installed(&self, agent: &Agent) -> bool {
        self.find(agent, &Self::environment(agent)).is_ok()
    }

    async fn report(
        &self,
        name: &AgentName,
        is_wanted: bool,
        is_untouched: bool,
    ) -> Option<AgentReport> {
        let agent = self.config.agents.get(name)?;
        let program = agent.command.first().map(String::as_str);
        let preset = program.and_then(|program| Preset::of_program(program, agent.kind));
        let mut report = AgentReport {
            name: name.clone(),
            kind: agent.kind,
            state: State::Ok,
            is_wanted,
            command: agent.command.clone(),
            path: None,
            version: None,
            fit: None,
            tested: preset.map_or(&[], |preset| preset.tested),
            login: None,
            handshake_ms: None,
            capabilities: None,
            findings: Vec::new(),
        };
        self.check_adapter(agent, &mut report);
        if agent.command.is_empty() {
            return Some(report);
        }
        if !is_untouched && !self.is_trusted {
            report.finding(
                State::Problem,
                "not looked at: docket.toml is not trusted",
                Some("read docket.toml, then run `docket trust`".to_owned()),
            );
            return Some(report);
        }
        let agent = match home::settled(agent, &self.root) {
            Ok(agent) => agent.into_owned(),
            Err(error) => {
                report.finding(State::Problem, error.to_string(), None);
                return Some(report);
            }
        };
        let environment = Self::environment(&agent);
        let path = match self.find(&agent, &environment) {
            Ok(path) => path,
            Err(why) => {
                let install = preset.map(|preset| preset.install.to_owned());
                let next = install
                    .unwrap_or_else(|| format!("install it, or correct `agents.{name}.command`"));
                report.finding(State::Problem, why, Some(next));
                return Some(report);
            }
        };
        report.path = Some(path.clone());
        if let Some(preset) = preset {
            if let Some(arguments) = preset.version {
                self.ask_version(&path, arguments, &environment, &mut report)
                    .await;
            }
            self.check_login(&agent, preset, &environment, &mut report);
        }
        if let Some(handshake) = Handshake::of(agent.kind) {
            self.shake_hands(handshake, &agent, &path, &environment, &mut report)
                .await;
        }
        judge_version(preset, &mut report);
        Some(report)
    }

    /// Whether this version of docket can drive it at all, and what it can do then.
    fn check_adapter(&self, agent: &Agent, report: &mut AgentReport) {
        // The session is only asked what it could do: nothing starts, and no home is made for it.
        let mut config = self.config.clone();
        if let Some(agent) = config.agents.get_mut(&agent.name) {
            agent.private_home = false;
        }
        match adapter::session(&config, &agent.name, &self.root, &self.program, "doctor") {
            Ok(session) => report.capabilities = Some(Abilities::of(session.capabilities())),
            Err(error) => report.finding(State::Problem, error.to_string(), None),
        }
    }

    /// What the agent's program gets, but for what only an attempt has.
    fn environment(agent: &Agent) -> Vec<(OsString, OsString)> {
        let mut variables = environment::allowed(std::env::vars_os(), &agent.pass_env);
        let own = agent.env.iter();
        variables.extend(own.map(|(name, value)| (name.into(), value.into())));
        variables
    }

    /// The agent's program: by its path in the repository, or by its name in PATH.
    fn find(&self, agent: &Agent, environment: &[(OsString, OsString)]) -> Result<PathBuf, String> {
        let name = agent.command.first().map_or("", String::as_str);
        let program = Path::new(name);
        if program.components().count() > 1 || program.is_absolute() {
            let path = self.root.join(program);
            return if !path.is_file() {
                Err(format!("`{name}` is not there"))
            } else if access(&path, Access::EXEC_OK).is_err() {
                Err(format!("`{name}` is not executable (chmod +x)"))
            } else {
                Ok(path)
            };
        }
        let places = login::value(environment, "PATH").unwrap_or_default();
        std::env::split_paths(places)
            .map(|place| self.root.join(place).join(program))
            .find(|path| path.is_file() && access(path, Access::EXEC_OK).is_ok())
            .ok_or_else(|| format!("`{name}` is not in PATH"))
    }

    fn program<'a>(
        &'a self,
        path: &Path,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
        environment: &[(OsString, OsString)],
    ) -> Program<'a> {
        let mut argv = vec![path.as_os_str().to_owned()];
        argv.extend(arguments.into_iter().map(Into::into));
        Program {
            docket: &self.program,
            argv,
            folder: &self.scratch,
            environment: environment.to_vec(),
        }
    }

    async fn ask_version(
        &self,
        path: &Path,
        arguments: &[&str],
        environment: &[(OsString, OsString)],
        report: &mut AgentReport,
    ) {
        let program = self.program(path, arguments, environment);
        let listen = |line: &str| version::find(line).map(str::to_owned);
        let call = arguments.join(" ");
        match probe::ask(program, None, self.wait, listen).await {
            Came::Heard(version) => report.version = Some(version),
            Came::Ended(status, words) => {
                let text = format!("`{call}` says no version: {}", ending(&status, &words));
                report.finding(State::Warning, text, None);
            }
            Came::Silence => {
                let text = format!("`{call}` said nothing for {}", seconds(self.wait));
                let next = "start it by hand to see what it waits for".to_owned();
                report.finding(State::Warning, text, Some(next));
            }
        }
    }

    fn check_login(
        &self,
        agent: &Agent,
        preset: &Preset,
        environment: &[(OsString, OsString)],
        report: &mut AgentReport,
    ) {
        report.login = login::find(&preset.login, environment);
        if report.login.is_some() {
            return;
        }
        let variables = preset.login.variables.first();
        let mut ways: Vec<String> = Vec::new();
        if let Some(command) = preset.login.command {
            ways.push(if agent.private_home {
                let home = Home::of(&agent.name, &self.root);
                format!("run `{}`", in_home(&home, preset, command))
            } else {
                format!("run `{command}`")
            });
        }
        ways.extend(variables.map(|name| format!("set {name}")));
        report.finding(
            State::Warning,
            "no key and no login found (a key ring or the agent's own settings may have one)",
            (!ways.is_empty()).then(|| ways.join(", or ")),
        );
    }

    async fn shake_hands(
        &self,
        handshake: Handshake,
        agent: &Agent,
        path: &Path,
        environment: &[(OsString, OsString)],
        report: &mut AgentReport,
    ) {
        let configured = agent.command.iter().skip(1).map(String::as_str);
        let arguments = configured.chain(handshake.arguments().iter().copied());
        let program = self.program(path, arguments, environment);
        let clock = SystemClock::new();
        let listen = |line: &str| handshake.answer(line);
        let by_hand = || Some("start it by hand to see what it says".to_owned());
        match probe::ask(program, Some(handshake.line()), self.wait, listen).await {
            Came::Heard(Ok(Introduction { version, .. })) => {
                let took = clock.now().monotonic.0.as_millis();
                report.handshake_ms = u64::try_from(took).ok();
                // The protocol's word on the version is better than a guess from text.
                report.version = version.or(report.version.take());
            }
            Came::Heard(Err(why)) => {
                report.finding(State::Problem, format!("refused to talk: {why}"), by_hand());
            }
            Came::Ended(status, words) => {
                let text = format!("ended instead of answering: {}", ending(&status, &words));
                report.finding(State::Problem, text, by_hand());
            }
            Came::Silence => {
                let text = format!(
                    "no answer to the protocol's greeting for {}",
                    seconds(self.wait)
                );
                let next = "try again with `--wait 60s`, or start it by hand".to_owned();
                report.finding(State::Problem, text, Some(next));
            }
        }
    }
}

/// The command that logs in in a private home.
fn in_home(home: &Home, preset: &Preset, command: &str) -> String {
    let files = preset.login.files;
    let wanted = |name: &str| name == "HOME" || files.iter().any(|file| file.variable == name);
    let mut text = String::from("env");
    for (name, path) in home.variables() {
        if wanted(name) {
            // Writing to a text can't fail.
            let _ = write!(text, " {name}={}", path.display());
        }
    }
    format!("{text} {command}")
}

fn judge_version(preset: Option<&Preset>, report: &mut AgentReport) {
    let (Some(preset), Some(version)) = (preset, &report.version) else {
        return;
    };
    report.fit = version::fit(version, preset.tested);
    if report.fit == Some(Fit::Older) {
        let newest = preset.tested.last().unwrap_or(&"");
        let text = format!("{version} is older than what docket was tested with ({newest})");
        report.finding(State::Warning, text, Some(preset.install.to_owned()));
    }
}

/// How a program ended, with its last words.
fn ending(status: &Status, words: &str) -> String {
    let how = match status {
        Status::Exited(code) => format!("exit code {code}"),
        Status::Signalled(signal) => format!("ended by signal {signal}"),
        Status::NotStarted(why) | Status::Lost(why) => why.clone(),
    };
    if words.is_empty() {
        how
    } else {
        format!("{how}: {words}")
    }
}
