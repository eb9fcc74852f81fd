"""A case's own world: the model server, a repository with tickets, a home, docket in it, and what is left of processes."""
import json, os, shutil, signal, subprocess, sys, time, urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
KEY = "sk-test-0123456789abcdefghijklmnopqrstuvwxyz"


class Failed(Exception):
    """docket did something else than it should."""


class Skipped(Exception):
    """The case can't be tried here; the word says why."""


def check(holds, what):
    if not holds:
        raise Failed(what)


def wait_for(condition, what, seconds=60.0):
    """Polls until `condition` gives something, and gives that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise Failed(f"waited {seconds:.0f} s for {what}")


class Model:
    """The scripted model, on a port of its own."""

    def __init__(self, folder):
        self.log = folder / "model.jsonl"
        command = [sys.executable, str(HERE / "fake_model.py"), "--port", "0", "--log", str(self.log), "--quiet"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.address = line.split()[-1].split("/s/")[0]

    def script(self, name, scenario, cwd):
        """Makes `scenario` known as `name`; gives the base address for it."""
        script = dict(json.loads((HERE / "scenarios" / f"{scenario}.json").read_text()), cwd=str(cwd))
        urllib.request.urlopen(f"{self.address}/_scenario/{name}", json.dumps(script).encode()).close()
        return f"{self.address}/s/{name}/1"

    def asked(self, name):
        """The requests of the main conversation, oldest first."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        calls = [call for call in map(json.loads, lines) if call["path"].startswith(f"/s/{name}/")]
        return [call for call in calls if isinstance(call.get("turn"), int) and "body" in call]

    def end(self):
        self.process.kill()
        self.process.wait()


def claude(box, base):
    retries = 'CLAUDE_CODE_MAX_RETRIES = "1"' if box.case.gives_up_soon else ""
    return f'env = {{ ANTHROPIC_BASE_URL = "{base}", {retries} }}', {"ANTHROPIC_API_KEY": KEY}


def codex(box, base):
    home = box.folder / "codex"
    home.mkdir()
    retries = "request_max_retries = 1\nstream_max_retries = 1" if box.case.gives_up_soon else ""
    quiet = "".join(f"[{name}]\nenabled = false\n" for name in ("analytics", "feedback"))
    (home / "config.toml").write_text(
        f'model = "gpt-5.5"\nmodel_provider = "here"\ncheck_for_update_on_startup = false\n[features]\nplugins = false\n{quiet}'
        f'[model_providers.here]\nname = "Here"\nbase_url = "{base}/v1"\nenv_key = "OPENAI_API_KEY"\n'
        f'wire_api = "responses"\nsupports_websockets = false\n{retries}\n')
    return "", {"OPENAI_API_KEY": KEY, "CODEX_HOME": str(home)}


def opencode(box, base):
    model = {"limit": {"context": 200000, "output": 32000}, "cost": {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}}
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "Here", "options": {"baseURL": f"{base}/v1", "apiKey": KEY}, "models": {"model": model}}
    config = {"share": "disabled", "model": "here/model", "small_model": "here/model", "enabled_providers": ["here"], "provider": {"here": provider}}
    (box.config / "opencode").mkdir()
    (box.config / "opencode" / "opencode.json").write_text(json.dumps(config))
    return 'env = { OPENCODE_DISABLE_MODELS_FETCH = "1", OPENCODE_DISABLE_DEFAULT_PLUGINS = "1" }', {}


# For each: how the agent is pointed at the model, and the words after its program.
# (opencode fetches a plugin of its own from a package registry unless it is told to be pure.)
AGENTS = {"claude": (claude, []), "codex": (codex, ["app-server"]), "opencode": (opencode, ["acp", "--pure"])}


class Box:
    """One case of one agent: made, run, looked into, ended."""

    def __init__(self, folder, agent, program, docket, model, case):
        self.folder, self.agent, self.program, self.model, self.case = folder, agent, program, model, case
        self.name, self.runs, self.docket = folder.name, 0, folder / "docket"
        self.repository, self.config, home = folder / "repository", folder / "config", folder / "home"
        for made in (self.repository / "tickets", self.config / "docket", home, folder / "tmp"):
            made.mkdir(parents=True)
        # A name of docket's own for this box: docket's process holders have nothing else that tells whose they are.
        try:
            os.link(docket, self.docket)
        except OSError:
            shutil.copy2(docket, self.docket)
        points, arguments = AGENTS[agent]
        base = model.script(self.name, case.scenario, self.worktree())
        setting, env = points(self, base)
        table = [f"[agents.{agent}]", f"command = {json.dumps([str(program), *arguments])}", setting]
        table += ['claim = "exit"'] if case.claim_by_exit else []
        (self.config / "docket" / "config.toml").write_text("\n".join([case.config, *table]) + "\n")
        path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
        self.env = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(folder / "tmp"), "SHELL": "/bin/sh", "USER": "docket", **env}
        self.env |= {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        self.started = []
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Matrix")
        self.git("config", "user.email", "matrix@localhost")
        (self.repository / "hello.txt").write_text("hello world\n")
        for number in range(1, case.tickets + 1):
            front = f"ticket_id: matrix-{number:03}\nagent: {agent}\ndone: false\ntitle: {case.title}\n{case.ticket}"
            (self.repository / "tickets" / f"TICKET-{number:03}.md").write_text(f"---\n{front}---\n\nA case of the matrix.\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "begin")

    def git(self, *words):
        done = subprocess.run(["git", *words], cwd=self.repository, env=self.env, capture_output=True, text=True)
        check(done.returncode == 0, f"git {' '.join(words)}: {done.stderr}")
        return done.stdout

    def worktree(self, attempt="TICKET-001.1"):
        return self.repository / ".docket" / "worktrees" / attempt

    # Running docket.

    def start(self, *words):
        """Starts `docket WORDS…` and gives the process; its output goes to files."""
        self.runs += 1
        out, err = (open(self.folder / f"{self.runs}.{end}", "wb") for end in ("out", "err"))
        with out, err:
            process = subprocess.Popen([self.docket, *words], cwd=self.repository, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.started.append(process)
        return process

    def ended(self, process, seconds=120):
        """The exit code, once docket has ended."""
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"docket still runs after {seconds} s") from None

    def run(self, *words, seconds=120):
        """The queue to its end: gives the exit code."""
        return self.ended(self.start("run", "--json", *words), seconds)

    def once(self, *words, seconds=120):
        return self.ended(self.start("--once", *words), seconds)

    def ask(self, *words):
        """What a command of docket's says, as JSON lines."""
        done = subprocess.run([self.docket, *words, "--json"], cwd=self.repository, env=self.env, capture_output=True, text=True, timeout=60)
        check(done.returncode == 0, f"docket {' '.join(words)}: exit {done.returncode}: {done.stderr}")
        return done.stdout

    # What came of it.

    def events(self, kind):
        """The events of this kind that the runs of `run` told of so far."""
        found = []
        for number in range(1, self.runs + 1):
            for line in (self.folder / f"{number}.out").read_text(errors="replace").splitlines():
                if line.startswith('{"type":"event"') and line.endswith("}"):
                    found.append(json.loads(line)["event"])
        return [event for event in found if event["kind"] == kind]

    def show(self, ticket="TICKET-001"):
        return json.loads(self.ask("show", ticket))

    def items(self, kind, ticket="TICKET-001", **where):
        """The items of this type in the transcript, each as it was in the end."""
        whole = {}
        for line in self.ask("log", ticket).splitlines():
            entry = json.loads(line)
            if entry["type"] != "entry":
                continue
            item, before = entry["item"], whole.get(entry["id"])
            if entry.get("append") and before:
                key = "output" if "output" in item else "text"
                item = dict(before, **{key: before[key] + item[key]})
            whole[entry["id"]] = dict(item, id=entry["id"], parent=entry.get("parent"))
        found = [item for item in whole.values() if item["type"] == kind]
        return [item for item in found if all(item.get(key) == value for key, value in where.items())]

    def text(self, kind="message"):
        return "\n".join(item["text"] for item in self.items(kind))

    def proven(self, code, ticket="TICKET-001"):
        check(code == 0, f"exit code {code} instead of 0")
        show = self.show(ticket)
        check(show["proof"] == "proven", f"the proof is {show['proof']}")
        check("done: true" in (self.repository / "tickets" / f"{ticket}.md").read_text(), "the ticket doesn't say done: true")
        return show

    def judge(self):
        """What holds after every case: nothing is left alive, and everything is as docket left it."""
        self.nothing_left()
        verified = json.loads(self.ask("evidence", "verify"))
        check(verified["intact"], f"evidence verify: {verified['problems']}")
        for attempt in self.show()["attempts"]:
            check(attempt["outcome"], f"{attempt['attempt']} has no outcome")

    # Processes.

    def alive(self):
        """Every process of this box, by what is in its environment, its folder or its words."""
        mark, found = os.fsencode(self.folder), []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                words = (entry / "cmdline").read_bytes()
                traces = (entry / "environ").read_bytes() + os.fsencode(os.readlink(entry / "cwd")) + words
            except OSError:
                continue
            # What has ended and was not collected yet has no words.
            if words and mark in traces:
                found.append((int(entry.name), words.replace(b"\0", b" ").decode(errors="replace").strip()[:100]))
        return found

    def nothing_left(self, seconds=1.0):
        try:
            wait_for(lambda: not self.alive(), "the end of what docket started", seconds)
        except Failed:
            raise Failed(f"still alive after {seconds} s: {self.alive()}") from None

    def first_start(self):
        """Two at once must find what the first start of an agent makes: opencodes break each other over a new database."""
        if self.agent == "opencode":
            subprocess.run([self.program, "session", "list"], cwd=self.repository, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    def end(self):
        """Ends what is left, whatever happened: by pid, and only what is this box's."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        time.sleep(0.3 if self.alive() else 0)
        for pid, _ in self.alive():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def last_words(self):
        """The ends of what docket said, for people."""
        said = []
        for number in range(1, self.runs + 1):
            for end in ("err", "out"):
                lines = (self.folder / f"{number}.{end}").read_text(errors="replace").splitlines()
                said += [f"  {number}.{end}: {line[:300]}" for line in lines[-6:]]
        return "\n".join(said)
