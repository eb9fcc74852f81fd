#!/usr/bin/env python3
"""Runs real programs in docket's terminal pane, inside tmux, and beside that by themselves in a tmux window of the pane's size; presses
the same keys in both, changes the size of both, and compares what both show. Prints a table. See README.md beside this.

A program that isn't there is skipped, with a word. Exit code: 0 when everything that ran is ok, 1 when something failed."""
import argparse, difflib, os, re, shlex, shutil, subprocess, sys, tempfile, time
from pathlib import Path

from stage import HERE, Failed, Model, Stage, check

DOWN, PAGE, END, ESC, ENTER = "\x1b[B", "\x1b[6~", "\x1b[F", "\x1b", "\r"
LEAVE = "\x1d\x1d"  # The chord, also where it has to be pressed twice.
LONG = 15.0
FIRST = 300.0  # An agent that starts anew and answers, on a busy machine: opencode took a minute.
SIZES = "sizes"  # A step: the outer terminal shrinks and grows.
AGAIN = "again"  # In a step: the keys are pressed until that is seen, as codex doesn't hear the first ones while its news move.
NO_NEWS = r"(?s)\A(?!.*Use existing model)"
ZOOM = "zoom"  # A step: the pane becomes one of several and is alone again.

# What changes by itself: clocks, loads, process numbers, sizes in memory.
NUMBERS = [(re.compile(r"[0-9][0-9.,:KMG%]*"), "0"), (re.compile(r"[|#]+"), ""), (re.compile(r" +"), " "), (re.compile(r"0 day(, | )"), "")]
TIMES = [(re.compile(r"[0-9]+(\.[0-9]+)?m?s\b"), "0s"), (re.compile(r"\b[0-9]+ ?(tokens|tok|chars?)"), "0"), (re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|ses_\w+"), "id")]

# Name: words, steps (keys, or keys and what must be seen after them, or AGAIN beside both), what may differ, the share of lines that must be the same.
PROGRAMS = {
    "vim": (["vim", "-n", "-u", "NONE", "-N", "--cmd", "syntax on", "-c", "set number hlsearch", "code.py"],
            [("", "function_0"), "/function_7\r", "n", "G", ":vsplit long.txt\r", SIZES, "\x17w", "\x16", "5j3l", "Iinserted ", ESC, ZOOM, "u", ":set paste\r", "ggOhello 漢字 🚀" + ESC], [], 1.0),
    "less": (["less", "-R", "-N", "long.txt"], [("", "quick brown"), PAGE, "/fox\r", "n", SIZES, "G", "g", ZOOM], [], 1.0),
    "htop": (["htop"], [("", "F1Help"), DOWN, "t", SIZES, "\x1bOQ", ESC, "h", "q", ZOOM], NUMBERS, 0.6),
    "nano": (["nano", "--ignorercfiles", "code.py"], [("", "GNU nano"), DOWN, END, " # typed", "\x17", "yield\r", SIZES, PAGE, "\x0b", "\x15", "\x07", "\x18", ZOOM], [], 1.0),
    "screen": (["screen", "-s", "/bin/sh"], [("", r"\$"), "ls --color\r", "\x01S", "\x01\t", "\x01c", "seq 50\r", SIZES, "\x01\t", "\x01[", "k", ESC, ZOOM], [], 1.0),
    "shell": (["sh"], [("", r"\$"), "ls --color=always -C\r", "printf '\\033[31mred\\033[0m 漢字 🚀\\n'\r", "seq 100\r", "clear\r", "cat code.py\r", ZOOM], [], 1.0),
    "git": (["git", "-c", "core.pager=less -R", "log", "--graph", "--stat", "--color=always"], [("", "commit"), PAGE, "/side\r", SIZES, "g", ZOOM], [], 1.0),
    "claude": ("claude", [("", "for shortcuts|❯|>"), ("hello", "hello"), (ENTER, "fake|Fake|Hello|hello.*\n.*hello"), SIZES, "/help", ESC, ZOOM], TIMES, 0.8),
    "codex": ("codex", [("", "Use existing model|Ask Codex"), (DOWN, "› 2", AGAIN), (ENTER, NO_NEWS, AGAIN), ("hello", "hello"), (ENTER, "fake|Fake|Hello"), SIZES, "/", ESC, ZOOM], TIMES, 0.8),
    "opencode": ("opencode", [("", "Ask anything"), ("hello", "hello"), (ENTER, "fake|Fake|Hello"), SIZES, "\x10", ESC, ZOOM], TIMES, 0.8),
}


class Tmux:
    """A server of this script's own."""

    def __init__(self, folder):
        self.socket = str(folder / "tmux")
        (folder / "tmux.conf").write_text("set -g status off\nset -s escape-time 0\nset -g default-terminal xterm-256color\nset -g history-limit 2000\nset -g focus-events on\n")
        self.conf = str(folder / "tmux.conf")

    def run(self, *words, fails=False):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, "-f", self.conf, *words], capture_output=True, text=True, env={**os.environ, "TMUX": "", "LANG": "C.UTF-8", "TERM": "xterm-256color"})
        check(fails or done.returncode == 0, f"tmux {words}: {done.stderr}")
        return done.stdout

    def start(self, name, words, folder, size):
        env = ["env", "-i", *(f"{key}={value}" for key, value in folder.env.items())]
        self.run("new", "-d", "-s", name, "-x", str(size[0]), "-y", str(size[1]), "-c", str(folder.work), shlex.join([*env, "TERM=xterm-256color", *words]))

    def press(self, name, keys):
        """In one piece: the parts of an arrow that come apart are Escape and two letters, on a busy machine."""
        if keys:
            self.run("send-keys", "-t", name, "-H", *(f"{byte:02x}" for byte in keys.encode()), fails=True)

    def text(self, name):
        return self.run("capture-pane", "-p", "-t", name, fails=True).split("\n")[:-1]

    def resize(self, name, size):
        self.run("resize-window", "-t", name, "-x", str(size[0]), "-y", str(size[1]))

    def end(self):
        self.run("kill-server", fails=True)


def wide(char):
    return 2 if "\u1100" <= char <= "\u115f" or "\u2e80" <= char <= "\ua4cf" or "\uac00" <= char <= "\ud7a3" or "\uff00" <= char <= "\uff60" or "\U0001f300" <= char <= "\U0001faff" else 1


def cut(line, begin, end):
    """The columns of a line from `begin` to before `end`."""
    at, found = 0, ""
    for char in line:
        if begin <= at < end:
            found += char
        at += wide(char)
    return found


class Pane:
    """docket's terminal pane, in a window of tmux."""

    def __init__(self, tmux, stage, docket, size):
        self.tmux, self.size, self.less = tmux, size, 0
        tmux.start("docket", [str(docket)], stage, size)
        self.sees("TICKET|001", "docket")
        self.press("t")
        self.press("echo rea''dy\r")
        self.sees("ready", "a shell")
        self.zoom()
        # There may be a line of tabs above the terminal. A program is told its size a moment after the frame has it.
        self.press("clear; while stty size; do sleep 0.2; done\r")
        wait(self.measured, "the size of the pane", lambda: f"its frame is {self.frame()}\n" + "\n".join(tmux.text("docket")))
        self.press("\x03")

    def measured(self):
        """Whether what the shell says of its size fits the frame; the rest of the frame's rows is the line of tabs."""
        sizes = [found.groups() for line in self.inside() if (found := re.search(r"^([0-9]+) ([0-9]+)\s*$", line))]
        left, top, right, bottom = self.frame()
        if sizes:
            rows, columns = map(int, sizes[-1])
            self.less = (bottom - top - 1) - rows
        fits = sizes and columns == right - left - 1 and 0 <= self.less <= 2
        self.less = self.less if fits else 0
        return fits

    def press(self, keys):
        self.tmux.press("docket", keys)

    def zoom(self):
        self.press(LEAVE)
        self.press("z")
        self.press("t")

    def frame(self):
        """Columns and rows of the frame around the terminal. (tmux 3.3 shows a frame of docket's while it comes.)"""
        return wait(self.frame_now, "a terminal pane", lambda: "\n".join(self.tmux.text("docket")), 5)

    def frame_now(self):
        for top, line in enumerate(self.tmux.text("docket")):
            if found := re.search(r"┌[^┌┐┬]*Terminal", line):
                left = sum(map(wide, line[:found.start()]))
                lines = self.tmux.text("docket")
                right = left + 1 + len(re.match(r"[^┐┬┤]*", line[found.start() + 1:])[0])
                bottom = max((row for row in range(top + 1, len(lines)) if cut(lines[row], left, left + 1) in "└┴├"), default=len(lines) - 1)
                return left, top, right, bottom
        return None

    def inside(self):
        left, top, right, bottom = self.frame()
        return [cut(line, left + 1, right).rstrip() for line in self.tmux.text("docket")[top + 1 + self.less:bottom]]

    def room(self):
        left, top, right, bottom = self.frame()
        return right - left - 1, bottom - top - 1 - self.less

    def sees(self, pattern, what):
        wait(lambda: re.search(pattern, "\n".join(self.tmux.text("docket"))), what, lambda: "\n".join(self.tmux.text("docket")))


def wait(condition, what, shown=lambda: "", seconds=LONG):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds:.0f} s for {what}\n{shown()}")
        time.sleep(0.05)
    return found


def masked(lines, masks):
    found = []
    for line in lines:
        for pattern, word in masks:
            line = pattern.sub(word, line)
        found.append(line.rstrip())
    return found


class Both:
    """The same program in the pane and by itself."""

    def __init__(self, tmux, pane, words, masks, share, stages):
        self.tmux, self.pane, self.masks, self.share = tmux, pane, masks, share
        self.looks = 0
        pane.press(f"clear; exec sh {words[0]}\r")
        time.sleep(1.0)
        tmux.start("alone", ["sh", words[1]], stages, pane.room())

    def texts(self):
        return self.pane.inside(), [line.rstrip() for line in self.tmux.text("alone")]

    def alike(self):
        ours, theirs = self.texts()
        if len(ours) != len(theirs):
            return 0.0
        ours, theirs = masked(ours, self.masks), masked(theirs, self.masks)
        return sum(one == other for one, other in zip(ours, theirs)) / len(ours)

    def compare(self, what):
        self.looks += 1
        try:
            # Twice, a moment apart: what is only passing by doesn't count.
            wait(lambda: self.alike() >= self.share and not time.sleep(0.15) and self.alike() >= self.share, what, seconds=12)
        except Failed:
            ours, theirs = self.texts()
            sizes = f"{len(ours)} and {len(theirs)} rows"
            lines = difflib.unified_diff(masked(theirs, self.masks), masked(ours, self.masks), "alone", "in docket", lineterm="", n=0)
            raise Failed(f"{what}: {sizes}, {self.alike():.0%} alike\n" + "\n".join(list(lines)[:40])) from None

    def step(self, number, step):
        if step == SIZES:
            before = self.pane.size
            for size in ((100, 30), (62, 20), before):
                self.tmux.resize("docket", size)
                wait(lambda: self.settled(size), f"docket in {size}")
                self.tmux.resize("alone", self.pane.room())
                self.compare(f"step {number}, {size[0]}x{size[1]}")
            return
        if step == ZOOM:
            for what in ("one of several", "alone again"):
                room = self.pane.room()
                self.pane.zoom()
                wait(lambda: self.pane.room() != room, f"another room, {what}")
                self.tmux.resize("alone", self.pane.room())
                self.compare(f"step {number}, {what}")
            return
        keys, sees, *again = step if isinstance(step, tuple) else (step, None)
        self.pane.press(keys)
        self.tmux.press("alone", keys)
        if again:
            self.insist(keys, sees)
        if sees:
            wait(lambda: all(re.search(sees, "\n".join(text)) for text in self.texts()), f"{sees!r} in both", lambda: "\n".join([*self.texts()[0], "--- alone", *self.texts()[1]]), FIRST)
        self.compare(f"step {number}, after {keys!r}")

    def insist(self, keys, sees):
        """Presses the keys where what they do isn't seen, now and then."""
        presses = (self.pane.press, lambda keys: self.tmux.press("alone", keys))
        for _ in range(10):
            time.sleep(2)
            blind = [press for press, text in zip(presses, self.texts()) if not re.search(sees, "\n".join(text))]
            if not blind:
                return
            for press in blind:
                press(keys)

    def settled(self, size):
        try:
            lines = self.tmux.text("docket")
            return len(lines) == size[1] and self.pane.frame()[2] <= size[0] and all(self.pane.room()[n] > 0 for n in (0, 1)) and lines[-1].strip()
        except Failed:
            return False


def script(stage, path, words, more):
    lines = [f"export {key}={shlex.quote(value)}" for key, value in {**stage.env, "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}.items()]
    path.write_text("\n".join([*lines, "unset NCURSES_NO_UTF8_ACS", f"cd {shlex.quote(str(stage.work))}", f"exec {shlex.join(words)}"]) + "\n")
    return str(path)


def run_program(name, options, folder, model):
    words, steps, masks, share = PROGRAMS[name]
    program = shutil.which(words if isinstance(words, str) else words[0])
    if not program:
        return "skipped", f"{name} isn't here", 0
    stage = Stage(folder / name)
    (stage.work / "tickets").mkdir()
    (stage.work / "tickets/TICKET-001.md").write_text("---\nticket_id: tkt_000001\nagent: shell\ndone: false\ntitle: A ticket\n---\n\n```sh\ntrue\n```\n")
    stage.git("add", "-A")
    stage.git("commit", "-qm", "tickets")
    scripts = []
    for number in (1, 2):
        argv, more = words, {}
        if isinstance(words, str):
            base = model.script(f"try-{name}-{number}", "say", stage.work)
            stage.env["XDG_CONFIG_HOME"] = str(stage.folder / f"config-{number}")  # opencode's model's address is there.
            argv, more = stage.agent(name, Path(program).absolute(), base)
            if name == "codex":  # Its model's address is in its home.
                home = Path(more["CODEX_HOME"])
                more["CODEX_HOME"] = str(shutil.copytree(home, home.with_name(f"codex-{number}")))
        scripts.append(script(stage, stage.folder / f"go-{number}.sh", argv, more))
        if name == "opencode":  # Two of them break each other over a new database.
            more = more | {f"XDG_{part}_HOME": str(stage.folder / f"{part.lower()}-{number}") for part in ("DATA", "STATE", "CACHE")}
            scripts[-1] = script(stage, stage.folder / f"go-{number}.sh", argv, more)
    (stage.home / ".screenrc").write_text("startup_message off\n")
    (stage.folder / "data").mkdir(exist_ok=True)
    tmux, both = Tmux(stage.folder), None
    try:
        pane = Pane(tmux, stage, options.docket, (120, 40))
        both = Both(tmux, pane, scripts, masks, share, stage)
        for number, step in enumerate(steps, 1):
            both.step(number, step)
        tmux.press("alone", "")
        pane.press(LEAVE)
        pane.press("q")
        began = time.monotonic()
        while tmux.run("has-session", "-t", "docket", fails=True) is not None and "docket" in tmux.run("ls", "-F", "#S", fails=True):
            check(time.monotonic() - began < LONG, "docket doesn't end:\n" + "\n".join(tmux.text("docket")))
            if any("Leave docket" in line for line in tmux.text("docket")):
                pane.press("y")
            time.sleep(0.2)
        return "ok", "", both.looks
    except Failed as failure:
        return "FAILED", str(failure), both.looks if both else 0
    finally:
        tmux.end()
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docket", type=Path, default=HERE.parents[1] / "target/debug/docket")
    parser.add_argument("--only", default="", help="only these programs, with commas: " + ", ".join(PROGRAMS))
    parser.add_argument("--keep", action="store_true", help="keep the folders and say where they are")
    options = parser.parse_args()
    options.docket = options.docket.resolve()
    names = [name for name in options.only.split(",") if name] or list(PROGRAMS)
    if strange := [name for name in names if name not in PROGRAMS]:
        parser.error(f"no program is called {', '.join(strange)}")
    if not shutil.which("tmux"):
        print("skipped: tmux is not in PATH")
        return 0
    folder = Path(tempfile.mkdtemp(prefix="docket-try-"))
    model, results = None, []
    try:
        if any(isinstance(PROGRAMS[name][0], str) for name in names):
            model = Model(folder)
        for name in names:
            began = time.monotonic()
            state, why, looks = run_program(name, options, folder, model)
            results.append((name, state, why, looks, time.monotonic() - began))
            first = "  " + why.split("\n")[0] if why else ""
            print(f"{name:10} {state:8} {looks:3} looks alike  {results[-1][-1]:.0f} s{first}", file=sys.stderr, flush=True)
    finally:
        if model:
            model.end()
        if options.keep:
            print(f"kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{'program':10} {'state':8} looks")
    for name, state, why, looks, _ in results:
        print(f"{name:10} {state:8} {looks:3}" + (f"  {why}" if why else ""))
    return 1 if any(state == "FAILED" for _, state, *_ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
