//! What the screen has to live with: the terminal, tmux around it, the locale.

use std::path::Path;
use std::time::Duration;

use super::super::{drive, place};
use super::probe::{self, Came, Program};
use super::{Check, variable};
use crate::config::Variables;
use crate::output;
use crate::ui::theme::is_utf8;

/// The screen has room for everything from this size on.
const ROOM: (usize, usize) = (80, 24);

/// How long tmux may take to say one setting.
const TMUX_WAIT: Duration = Duration::from_secs(2);

pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![terminal(), locale()];
    checks.extend(keys());
    checks.extend(tmux());
    checks
}

fn terminal() -> Check {
    let name = "terminal";
    let term = variable("TERM").unwrap_or_default();
    if !output::is_interactive() {
        let text = "none here: commands, `docket run` and `docket --once` need none";
        return Check::ok(name, text);
    }
    if term.is_empty() || term == "dumb" {
        return Check::warning(
            name,
            "TERM names no terminal that the screen could be drawn on",
            "export TERM=xterm-256color (or what your terminal is)",
        );
    }
    let colours = match variable("COLORTERM").as_deref() {
        Some("truecolor" | "24bit") => "24-bit colours",
        _ if term.contains("direct") => "24-bit colours",
        _ if term.contains("256") => "256 colours (COLORTERM=truecolor says that there are more)",
        _ => "16 colours",
    };
    let Some((columns, rows)) = output::size() else {
        return Check::ok(name, format!("{term}, {colours}"));
    };
    let text = format!("{term}, {colours}, {columns}x{rows}");
    if columns < ROOM.0 || rows < ROOM.1 {
        let next = format!("make it {}x{} or larger to see everything", ROOM.0, ROOM.1);
        Check::warning(name, text, next)
    } else {
        Check::ok(name, text)
    }
}

fn locale() -> Check {
    let name = "locale";
    let of = ["LC_ALL", "LC_CTYPE", "LANG"];
    let set = of.iter().find_map(|name| variable(name));
    if is_utf8(&Variables::from_process()) {
        Check::ok(name, set.unwrap_or_else(|| "UTF-8".to_owned()))
    } else {
        Check::warning(
            name,
            format!(
                "{} is not UTF-8: borders and signs are drawn in ASCII",
                set.as_deref().unwrap_or("no locale is set, which")
            ),
            "export LANG=C.UTF-8",
        )
    }
}

/// Whether the user's own keys are sound, if there are any.
fn keys() -> Option<Check> {
    let name = "keys";
    let keys = super::super::keys::effective();
    let file = keys.file.as_ref()?.display().to_string();
    let faults = keys.told();
    Some(if faults.is_empty() {
        Check::ok(name, file)
    } else {
        let next = "correct it; `docket keys` shows what holds until then";
        Check::warning(name, faults.join("\n"), next)
    })
}

/// What tmux passes on, if docket runs in one.
fn tmux() -> Option<Check> {
    let name = "tmux";
    variable("TMUX")?;
    let version = tmux_says(&["-V"]).unwrap_or_else(|| "tmux".to_owned());
    let is_on = |arguments: &[&str]| {
        tmux_says(arguments).is_some_and(|value| !matches!(value.as_str(), "" | "off"))
    };
    let mut off = Vec::new();
    if !is_on(&["show-options", "-sv", "extended-keys"]) {
        off.push("set -s extended-keys on");
    }
    if !is_on(&["show-options", "-gwv", "allow-passthrough"]) {
        off.push("set -g allow-passthrough on");
    }
    if !is_on(&["show-options", "-sv", "set-clipboard"]) {
        off.push("set -s set-clipboard on");
    }
    Some(if off.is_empty() {
        Check::ok(name, version)
    } else {
        Check::warning(
            name,
            format!("{version}: some keys, links or copies don't get through"),
            format!("in ~/.tmux.conf: {}", off.join("; ")),
        )
    })
}

/// The first line that tmux answers.
fn tmux_says(arguments: &[&str]) -> Option<String> {
    let docket = place::own_program().ok()?;
    let mut argv = vec!["tmux".into()];
    argv.extend(arguments.iter().map(Into::into));
    let program = Program {
        docket: &docket,
        argv,
        folder: Path::new("/"),
        environment: std::env::vars_os().collect(),
    };
    let listen = |line: &str| Some(line.trim().to_owned());
    let came = drive::runtime()
        .ok()?
        .block_on(probe::ask(program, None, TMUX_WAIT, listen));
    match came {
        Came::Heard(line) => Some(line),
        Came::Ended(..) | Came::Silence => None,
    }
}
