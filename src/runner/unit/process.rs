//! The process side of an attempt: the holder that stands ready, and what a program of the attempt is started with.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use super::{Prepared, Unit, on_terminal};
use crate::agents::recording::Hearing;
use crate::domain::attempt::ProcessRecord;
use crate::proc::environment;
use crate::proc::supervise::{Ladder, LaunchSpec, Output, Shim, Supervised};
use crate::redact::Redactor;
use crate::runner::context::Context;

/// A process holder that waits for a program.
pub(super) struct Holder {
    shim: Shim,
    /// Whether the ledger knows it: nothing starts in it before.
    pub(super) journaled: bool,
}

impl Holder {
    /// Starts a holder for the agent. `None` when the system gives no process: the turn then says so.
    pub(super) fn start(context: &Arc<Context>, on_a_terminal: bool) -> Option<Self> {
        let program = &context.places.program;
        let shim = if on_a_terminal {
            Shim::start_on_terminal(program, on_terminal::SIZE)
        } else {
            Shim::start(program, Output::Separate)
        };
        match shim {
            Ok(shim) => Some(Self {
                shim,
                journaled: false,
            }),
            Err(error) => {
                tracing::warn!(%error, "no process holder");
                None
            }
        }
    }

    pub(super) fn record(&self) -> ProcessRecord {
        self.shim.record().clone()
    }

    pub(super) fn launch(self, spec: LaunchSpec) -> Supervised {
        self.shim.launch(spec)
    }
}

impl Unit {
    /// The start of a process in the form of the recordings: with the decoder that understands what follows.
    pub(super) fn start_in_a_recording(&self, argv: &[OsString]) -> serde_json::Value {
        let agent = self.context.config.agents.get(&self.spec.agent);
        agent
            .map_or_else(Hearing::default, Hearing::of)
            .start_of(argv)
    }

    /// What a program of this attempt is started with.
    pub(super) fn launch_spec(
        &self,
        prepared: &Prepared,
        argv: Vec<OsString>,
        turn: u32,
        extra: Vec<(OsString, OsString)>,
        stdin: bool,
    ) -> LaunchSpec {
        let stop = self.context.config.stop;
        let mut environment = self.environment(prepared, turn, extra);
        let (argv, confinement) = match &prepared.sandbox {
            Some(sandbox) => sandbox.around(argv, &mut environment),
            None => (argv, None),
        };
        LaunchSpec {
            argv,
            directory: prepared.workspace.path.clone(),
            environment,
            marker: self.spec.marker.clone(),
            stdin,
            ladder: Ladder {
                interrupt: stop.interrupt,
                terminate: stop.terminate,
            },
            confinement,
        }
    }

    /// Takes the secrets of this attempt's environment out of texts, and what looks like a key.
    pub(super) fn redactor(&self) -> Result<Redactor, String> {
        let agent = self.context.config.agents.get(&self.spec.agent);
        let named = agent
            .map(|agent| agent.pass_env.as_slice())
            .unwrap_or_default();
        let own = agent.into_iter().flat_map(|agent| &agent.env);
        let inherited = environment::allowed(std::env::vars_os(), named);
        let all = inherited
            .into_iter()
            .chain(own.map(|(name, value)| (name.into(), value.into())));
        Redactor::new(all).map_err(|error| error.to_string())
    }

    /// The allow-listed environment, what the agent's configuration adds, and where everything is.
    fn environment(
        &self,
        prepared: &Prepared,
        turn: u32,
        extra: Vec<(OsString, OsString)>,
    ) -> Vec<(OsString, OsString)> {
        let named = self
            .context
            .config
            .agents
            .get(&self.spec.agent)
            .map(|agent| agent.pass_env.as_slice())
            .unwrap_or_default();
        let mut environment = environment::allowed(std::env::vars_os(), named);
        environment.extend(extra);
        let path = |path: &Path| path.as_os_str().to_owned();
        environment.extend([
            // Should an agent delete the `.git` file of its tree, git must not climb to the user's repository.
            (
                "GIT_CEILING_DIRECTORIES".into(),
                path(&self.context.places.worktrees()),
            ),
            ("DOCKET_RUN".into(), self.spec.run.to_string().into()),
            ("DOCKET_TURN".into(), turn.to_string().into()),
            ("DOCKET_TICKET".into(), path(&prepared.desk.ticket())),
            ("DOCKET_PROMPT".into(), path(&prepared.desk.prompt())),
            ("DOCKET_DESK".into(), path(prepared.desk.path())),
        ]);
        environment
    }
}
