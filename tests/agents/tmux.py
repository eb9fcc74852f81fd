"""A terminal for an agent's own TUI: tmux answers what it asks of one."""
import json, shutil, subprocess, time
from pathlib import Path

from box import KEY, Failed, Skipped

# What ends each TUI: keys, one after the other.
QUITS = {"claude": ["C-c", "C-c"], "codex": ["C-c", "C-c"], "opencode": ["C-c", "C-c"]}


class Tmux:
    """docket on a terminal of its own."""

    def __init__(self, box):
        if not shutil.which("tmux"):
            raise Skipped("tmux isn't here")
        self.box, self.socket = box, str(box.folder / "tmux")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *words], env=self.box.env | {"TERM": "xterm-256color"}, cwd=self.box.repository, capture_output=True, text=True)
        return done.stdout

    def no_questions(self):
        """claude's TUI asks a new user a lot, and wants its maker's servers for that: this one has answered it all."""
        if self.box.agent != "claude":
            return
        path = Path(self.box.env["HOME"]) / ".claude.json"
        said = json.loads(path.read_text()) if path.exists() else {}
        said |= {"hasCompletedOnboarding": True, "theme": "dark", "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []}}
        trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        projects = said.setdefault("projects", {})
        for folder in (self.box.worktree(), self.box.repository):
            projects[str(folder)] = projects.get(str(folder), {}) | trusted
        path.write_text(json.dumps(said))

    def start(self, *words):
        self.no_questions()
        self.tmux("new-session", "-d", "-x", "120", "-y", "40", str(self.box.docket), *words)
        self.tmux("set-option", "-g", "remain-on-exit", "on")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def says(self, words, is_heard, seconds=60):
        """Types a prompt until the model has heard it: TUIs begin with questions and news, which take the first keys."""
        until, typed = time.monotonic() + seconds, 0.0
        last = ""
        while time.monotonic() < until:
            if is_heard():
                return
            seen = self.screen()
            # A screen that stands still waits for keys.
            if seen == last and seen.strip() and time.monotonic() - typed > 3:
                if words not in seen:
                    self.tmux("send-keys", "-l", words)
                    time.sleep(0.5)
                self.tmux("send-keys", "Enter")
                typed = time.monotonic()
            last = seen
            time.sleep(0.3)
        raise Failed(f"the model did not hear {words!r}; the screen:\n{self.screen()}")

    def is_over(self):
        return self.tmux("list-panes", "-F", "#{pane_dead}").strip() in ("1", "")

    def quit(self, seconds=30):
        """Ends the TUI by its keys, and waits until docket has ended too."""
        until = time.monotonic() + seconds
        while not self.is_over():
            if time.monotonic() > until:
                raise Failed(f"the TUI does not end; the screen:\n{self.screen()}")
            for key in QUITS[self.box.agent]:
                self.tmux("send-keys", key)
                time.sleep(0.3)
            time.sleep(1)

    def end(self):
        self.tmux("kill-server")
