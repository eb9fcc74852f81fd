"""What stands behind the programs that are recorded or tried: a folder with something to look at, a model for the agents, a
terminal. Plain Python, Linux."""
import fcntl, json, os, pty, re, select, shutil, signal, struct, subprocess, sys, termios, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "agents"))
from box import KEY, Model, check, wait_for, Failed, Skipped  # noqa: E402,F401

COLUMNS, ROWS = 120, 40

# What programs ask of a terminal, and what one answers; without answers codex and opencode don't begin.
ANSWERS = [
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>1;10;0c"),
    (re.compile(rb"\x1b\[\?u"), b"\x1b[?0u"),
    (re.compile(rb"\x1b\]10;\?(\x07|\x1b\\)"), b"\x1b]10;rgb:d5d5/d9d9/e0e0\x1b\\"),
    (re.compile(rb"\x1b\]11;\?(\x07|\x1b\\)"), b"\x1b]11;rgb:1616/1818/1d1d\x1b\\"),
]


class Stage:
    """A folder with files, a repository in it, a home, and the environment of a user who has nothing else."""

    def __init__(self, folder):
        self.folder, self.home, self.work = folder, folder / "home", folder / "demo"
        for made in (self.home, self.work, folder / "config", folder / "tmp"):
            made.mkdir(parents=True)
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "SHELL": "/bin/sh", "USER": "docket", "PS1": "$ ", "TMPDIR": str(folder / "tmp"), "SCREENDIR": str(folder / "tmp/screens"), "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.env |= {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        (folder / "tmp/screens").mkdir(mode=0o700)
        self.files()
        self.repository()

    def files(self):
        text = [f"def function_{n}(argument, other={n}):  # größer, 漢字, 🚀\n    return \"text {n}\" if argument > {n * 7} else other\n\n" for n in range(120)]
        (self.work / "code.py").write_text("".join(text))
        (self.work / "long.txt").write_text("".join(f"{n:4} " + "the quick brown fox jumps over the lazy dog " * (n % 6) + "\n" for n in range(400)))
        (self.work / "empty").touch()
        os.symlink("code.py", self.work / "link")
        for name in ("run.sh", "tool"):
            (self.work / name).write_text("#!/bin/sh\necho hello\n")
            (self.work / name).chmod(0o755)
        for n in range(12):
            (self.work / f"folder-{n}").mkdir()
            for m in range(6):
                (self.work / f"folder-{n}" / f"file-{m}.{('txt', 'tar.gz', 'png', 'mp3', 'c', 'zip')[m]}").touch()

    def git(self, *words):
        at = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost"]
        subprocess.run(["git", *who, *words], cwd=self.work, env=self.env | at, check=True, capture_output=True)

    def repository(self):
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-qm", "begin")
        for n in range(6):
            self.git("checkout", "-qb", f"side-{n}")
            (self.work / f"folder-{n}" / "file-0.txt").write_text(f"line {n}\n")
            self.git("commit", "-qam", f"side work {n}")
            self.git("checkout", "-q", "main")
            (self.work / "run.sh").write_text(f"#!/bin/sh\necho hello {n}\n")
            self.git("commit", "-qam", f"main work {n}")
            self.git("merge", "-q", "--no-ff", "-m", f"bring side {n}", f"side-{n}")
        (self.work / "code.py").write_text((self.work / "code.py").read_text().replace("return", "yield").replace("text 3", "text three"))

    def agent(self, name, program, base):
        """Points an agent's own screen at the model: its words, and what its environment has more."""
        path = os.pathsep.join([str(program.parent), self.env["PATH"]])
        if name == "claude":
            projects = {str(self.work): {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}}
            (self.home / ".claude.json").write_text(json.dumps({
                "hasCompletedOnboarding": True, "theme": "dark", "numStartups": 5, "projects": projects,
                "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []}}))
            return [str(program)], {"PATH": path, "ANTHROPIC_BASE_URL": base, "ANTHROPIC_API_KEY": KEY, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
        if name == "codex":
            home = self.folder / "codex"
            home.mkdir(exist_ok=True)
            quiet = "".join(f"[{part}]\nenabled = false\n" for part in ("analytics", "feedback"))
            (home / "config.toml").write_text(
                f'model = "gpt-5.5"\nmodel_provider = "here"\ncheck_for_update_on_startup = false\n[features]\nplugins = false\n{quiet}'
                f'[projects."{self.work}"]\ntrust_level = "trusted"\n'
                f'[model_providers.here]\nname = "Here"\nbase_url = "{base}/v1"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"\nsupports_websockets = false\n')
            return [str(program), "--no-daemon"], {"PATH": path, "OPENAI_API_KEY": KEY, "CODEX_HOME": str(home)}
        model = {"limit": {"context": 200000, "output": 32000}}
        provider = {"npm": "@ai-sdk/openai-compatible", "name": "Here", "options": {"baseURL": f"{base}/v1", "apiKey": KEY}, "models": {"model": model}}
        settings = Path(self.env["XDG_CONFIG_HOME"]) / "opencode/opencode.json"
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(
            {"share": "disabled", "autoupdate": False, "model": "here/model", "small_model": "here/model", "enabled_providers": ["here"], "provider": {"here": provider}}))
        return [str(program), "--pure"], {"PATH": path, "OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"}


class Recorder:
    """A program on a terminal that is nobody's: what it writes is kept, what it asks is answered."""

    def __init__(self, argv, env, folder, columns=COLUMNS, rows=ROWS):
        self.bytes, self.answered = bytearray(), 0
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(folder)
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds):
        """Takes in what comes until nothing came for so long. Whether the program is still there."""
        while select.select([self.terminal], [], [], seconds)[0]:
            try:
                part = os.read(self.terminal, 65536)
            except OSError:
                return False
            if not part:
                return False
            self.bytes += part
            self.answer()
        return True

    def answer(self):
        part = bytes(self.bytes[self.answered:])
        found = sorted((match.end(), reply) for asks, reply in ANSWERS for match in asks.finditer(part))
        for end, reply in found:
            os.write(self.terminal, reply)
        if found:
            self.answered += found[-1][0]

    def keys(self, keys, quiet=0.4):
        for key in keys:
            os.write(self.terminal, key.encode())
            if not self.read(quiet):
                return False
        return True

    def end(self):
        for how in (signal.SIGHUP, signal.SIGKILL):
            try:
                os.kill(self.pid, how)
            except ProcessLookupError:
                break
            self.read(0.3)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
        os.close(self.terminal)
        return bytes(self.bytes)
