//! tmux on the same machine, with a server of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::screen::on_terminal::OnTerminal;

/// A server; it ends with this.
pub(super) struct Tmux {
    folder: tempfile::TempDir,
}

impl Tmux {
    /// A session of 120×40 with this in its first window, if tmux is here.
    pub(super) fn start(words: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(
            folder.path().join("conf"),
            "set -g history-limit 10000\nset -s escape-time 0\n",
        )
        .expect("its settings");
        let tmux = Self { folder };
        tmux.run(&["new", "-d", "-x", "120", "-y", "40", words])
            .then_some(tmux)
    }

    /// The words of a client.
    fn words<'a>(socket: &'a str, conf: &'a str) -> [&'a str; 6] {
        ["tmux", "-u", "-S", socket, "-f", conf]
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let (socket, conf) = self.paths();
        let words = Self::words(&socket, &conf);
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .args(arguments)
            .env_remove("TMUX")
            .env("LANG", "C.UTF-8")
            .env("SHELL", "/bin/sh")
            .env("PS1", "$ ")
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs a command of tmux's to its end; whether it did what it should.
    pub(super) fn run(&self, arguments: &[&str]) -> bool {
        let status = self.command(arguments).stdout(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// The server's process.
    pub(super) fn server(&self) -> Option<u32> {
        let said = self.command(&["display-message", "-p", "#{pid}"]).output();
        String::from_utf8(said.ok()?.stdout)
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// A client on a terminal.
    pub(super) fn attach(&self) -> OnTerminal {
        let (socket, conf) = self.paths();
        let words = Self::words(&socket, &conf);
        OnTerminal::start(self.folder.path(), &[&words[..], &["attach"]].concat())
    }

    fn paths(&self) -> (String, String) {
        let path = |name: &str| shown(&self.folder.path().join(name));
        (path("socket"), path("conf"))
    }
}

fn shown(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}
