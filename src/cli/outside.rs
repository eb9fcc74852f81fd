//! The user's own programs: which editor and pager, how they are called, and what to say when they fail.

use std::ffi::{OsStr, OsString};
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;

use super::error::CliError;
use crate::proc::foreground;
use crate::ui::{Multiplexer, Outside, RunOutside};

/// Editors that take `+LINE` before the file.
const TAKE_A_LINE: &[&str] = &[
    "vi",
    "vim",
    "nvim",
    "view",
    "ex",
    "elvis",
    "nano",
    "pico",
    "micro",
    "kak",
    "joe",
    "ne",
    "mg",
    "emacs",
    "emacsclient",
    "hx",
    "helix",
    "ed",
    "jed",
    "zile",
];

/// How long tmux may take.
const TMUX: Duration = Duration::from_secs(2);

/// What the shell says when there is no such program (POSIX, 2.8.2).
const NOT_FOUND: i32 = 127;

fn first_set(names: &[&str]) -> Option<OsString> {
    let mut values = names.iter().filter_map(std::env::var_os);
    values.find(|value| !value.is_empty())
}

/// Opens a file in `$VISUAL` or `$EDITOR` and waits for its end; `line` is from 1.
pub(super) fn edit(path: &Path, line: Option<usize>) -> Result<(), CliError> {
    let Some(editor) = first_set(&["VISUAL", "EDITOR"]) else {
        return Err(CliError::Usage(format!(
            "no editor: set VISUAL or EDITOR; the file is {}",
            path.display()
        )));
    };
    let status = foreground::command_line(&at_line(&editor, line), path);
    told(&editor, status, "VISUAL or EDITOR")
        .map_err(|why| CliError::Failed(format!("{why}; the file is {}", path.display())))
}

/// The command line of an editor that begins at a line, if it is one that is known to take it.
fn at_line(editor: &OsStr, line: Option<usize>) -> OsString {
    let mut command = editor.to_owned();
    if let Some(line) = line.filter(|_| is_one_of(editor, TAKE_A_LINE)) {
        command.push(format!(" +{line}"));
    }
    command
}

/// The command line of a pager that shows the end first, if it is one that is known to do that. `more` and `most` know no such word.
fn at_end(pager: &OsStr) -> OsString {
    let mut command = pager.to_owned();
    // Behind a pipe or the like the word would be another program's.
    let is_one_command = pager
        .to_str()
        .is_some_and(|pager| !pager.contains(['|', '&', ';', '<', '>', '(', '#', '\n']));
    if is_one_command && is_one_of(pager, &["less"]) {
        command.push(" +G");
    }
    command
}

/// Whether a command line begins with one of these programs.
fn is_one_of(command: &OsStr, known: &[&str]) -> bool {
    let words = command.to_str().and_then(shlex::split);
    let program = words.and_then(|words| words.into_iter().next());
    program.is_some_and(|program| {
        let name = Path::new(&program).file_name();
        name.is_some_and(|name| known.iter().any(|known| name == *known))
    })
}

/// What came of a program, in words.
fn told(command: &OsStr, status: io::Result<ExitStatus>, variables: &str) -> Result<(), String> {
    let name = command.to_string_lossy();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) if status.code() == Some(NOT_FOUND) => {
            Err(format!("there is no `{name}`: set {variables}"))
        }
        Ok(status) => Err(format!("`{name}` ended with {status}")),
        Err(error) => Err(format!("can't start `{name}`: {error}")),
    }
}

/// Runs the user's pager and editor for the screen.
pub(super) struct Foreground;

impl RunOutside for Foreground {
    fn run(
        &mut self,
        outside: &Outside,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> {
        let (named, command, path, variables) = match outside {
            Outside::Pager { path, from_end } => {
                let pager = first_set(&["PAGER"]).unwrap_or_else(|| "less".into());
                let command = if *from_end {
                    at_end(&pager)
                } else {
                    pager.clone()
                };
                (pager, command, path.clone(), "PAGER")
            }
            Outside::Editor { path, line } => {
                let editor = first_set(&["VISUAL", "EDITOR"]).unwrap_or_else(|| "vi".into());
                let command = at_line(&editor, *line);
                (editor, command, path.clone(), "VISUAL or EDITOR")
            }
        };
        Box::pin(async move {
            let status = foreground::beside(&command, &path).await;
            told(&named, status, variables)
        })
    }
}

/// Gives texts to the tmux that docket runs in.
///
/// As it comes (`set-clipboard external`) tmux takes texts from its own commands alone, and passes them on to the terminal around it
/// (tmux(1), `load-buffer -w`, since 3.2); what a program inside of it sends is dropped.
pub(super) struct Tmux;

impl Multiplexer for Tmux {
    fn load(&self, text: String) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
        Box::pin(async move {
            let status = foreground::fed("tmux", &["load-buffer", "-w", "-"], text.as_bytes());
            match tokio::time::timeout(TMUX, status).await?? {
                status if status.success() => Ok(()),
                status => Err(io::Error::other(format!("tmux ended with {status}"))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_editors_that_know_it_get_a_line() {
        let line = |editor: &str| {
            at_line(OsStr::new(editor), Some(7))
                .into_string()
                .expect("text")
        };
        assert_eq!(line("vi"), "vi +7");
        assert_eq!(line("/usr/bin/nvim -u NONE"), "/usr/bin/nvim -u NONE +7");
        assert_eq!(line("'/opt/my editors/hx'"), "'/opt/my editors/hx' +7");
        assert_eq!(line("code --wait"), "code --wait");
        assert_eq!(line("vi 'unclosed"), "vi 'unclosed");
        assert_eq!(at_line(OsStr::new("vi"), None), "vi");
    }

    #[test]
    fn less_alone_is_told_to_begin_at_the_end() {
        let line = |pager: &str| at_end(OsStr::new(pager)).into_string().expect("text");
        assert_eq!(line("less"), "less +G");
        assert_eq!(line("/usr/bin/less -R"), "/usr/bin/less -R +G");
        for pager in [
            "more",
            "most -s",
            "bat --paging=always",
            "less | cat",
            "lesspipe",
        ] {
            assert_eq!(line(pager), pager);
        }
    }
}
