#!/usr/bin/env python3
"""Records what programs write on a terminal of 120x40, with scripted keys, for tests/it/fixtures/terminal. See README.md.

    record.py FOLDER [NAME…]        writes FOLDER/NAME.raw for each program that is here"""
import os, shutil, sys, tempfile, time
from pathlib import Path

from stage import Model, Recorder, Stage

DOWN, UP, RIGHT, PAGE, HOME, END, ESC, ENTER = "\x1b[B", "\x1b[A", "\x1b[C", "\x1b[6~", "\x1b[H", "\x1b[F", "\x1b", "\r"
# Processes of nobody else are shown: a namespace of their own.
ALONE = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--uts", "sh", "-c", 'hostname demo; exec "$@"', "sh"]
LINES = r"""printf '\033[2J\033[H\033(0lqqqqqqwqqqqqqk\r\nx      x      x\r\ntqqqqqqnqqqqqqu\r\nmqqqqqqvqqqqqqj\033(B\r\n'
printf '\033)0\016afghijklmnopqrstuvwxyz{|}~\017 plain\r\n\033[1;44;37m\033(0x\033(B Title \033(0x\033(B\033[0m\r\n'"""
STYLES = r"""for n in 1 2 3 4 5 7 8 9 21; do printf '\033[%sm style %s \033[0m ' $n $n; done; printf '\r\n'
for n in 1 2 3 4 5; do printf '\033[4:%sm line %s \033[0m ' $n $n; done; printf '\033[4;58:2::255:0:0mred line\033[0m \033[4;58;5;9mred line\033[0m\r\n'
n=0; while [ $n -lt 256 ]; do printf '\033[48;5;%sm%4s\033[0m' $n $n; n=$((n+1)); done; printf '\r\n'
n=0; while [ $n -lt 80 ]; do printf '\033[38;2;%s;%s;128m#\033[48:2::%s:10:20m.\033[0m' $((n*3)) $((255-n*3)) $n; n=$((n+1)); done; printf '\r\n'
printf '漢字かな한글 e\314\201 a\314\210 ß ø 🚀🎉 ➜ ✓ ─│┌┐ ▁▂▃▄▅▆▇█ ◐ … “quoted”\r\n'
printf 'tabs\there\tand\tthere\r\n\033[20Gcolumn 20\033[10Xerased\r\n'
printf '\033[5mblink\033[25m \033[9mstrike\033[29m \033[53mover\033[55m \033]8;;https://example.org/a;b\033\\link\033]8;;\033\\ after\r\n'
printf 'abc\033[2Dinsert\033[4hXY\033[4l\r\nwrap: '; n=0; while [ $n -lt 30 ]; do printf 'word%s ' $n; n=$((n+1)); done; printf '\r\n'"""

# Name: the words, the keys, and how long nothing must have come after each.
PROGRAMS = {
    "htop": (ALONE + ["htop"], [DOWN, DOWN, "t", "\x1bOQ", ESC, "\x1bOR", "s", "h", ESC, "q"], 0.5),
    "top": (ALONE + ["top"], ["z", "x", "1", "c", "q"], 0.5),
    "nano": (["nano", "code.py"], [DOWN, DOWN, END, " # typed", "\x17", "yield", ENTER, PAGE, "\x0b", "\x15", "\x07", PAGE, "\x18", "\x18", "n"], 0.3),
    "vim-split": (["vim", "-u", "NONE", "-N", "--cmd", "syntax on", "-c", "set number cursorline hlsearch", "code.py"],
                  [":vsplit long.txt\r", ":split +20\r", "/fox\r", "n", "\x16", "5j", "3l", "Iinserted ", ESC, "\x17w", "G", "gg", "\x06", "\x06", "\x02", "ddp", ":help\r", "\x04", ":qa!\r"], 0.3),
    "less-search": (["less", "-R", "-N", "long.txt"], [PAGE, PAGE, "/fox\r", "n", "N", "G", "g", "\x1bu", "-S\r", RIGHT, "q"], 0.3),
    "screen": (["screen", "-s", "/bin/sh"], [" ", "ls --color\r", "\x01S", "\x01\t", "\x01c", "seq 50\r", "\x01\t", "\x01[", "k", "k", ESC, "\x01Q", "exit\r", "exit\r"], 0.4),
    "git-graph": (["sh", "-c", "git --no-pager log --graph --oneline --decorate --color=always --all; git --no-pager diff --color=always | head -300"], [], 1.0),
    "ls": (["sh", "-c", "TERM=xterm-256color ls --color=always -lAR --time-style=+%F; ls --color=always -C"], [], 1.0),
    "lines": (["sh", "-c", LINES], [], 0.5),
    "styles": (["sh", "-c", STYLES], [], 0.8),
    "opencode": ("opencode", [], 2.0),
}


def agents(name, stage, model):
    program = shutil.which(name)
    if not program:
        return None
    base = model.script(f"record-{name}", "say", stage.work)
    return stage.agent(name, Path(program).absolute(), base)


def main():
    folder, names = Path(sys.argv[1]), sys.argv[2:] or list(PROGRAMS)
    world = Path(tempfile.mkdtemp(prefix="docket-record-"))
    model = Model(world) if "opencode" in names else None
    try:
        for name in names:
            words, keys, quiet = PROGRAMS[name]
            stage = Stage(world / name)
            env = stage.env
            if isinstance(words, str):
                made = agents(words, stage, model)
                if not made:
                    print(f"{name}: not here", file=sys.stderr)
                    continue
                words, env = made[0], env | made[1]
            elif not shutil.which(words[-1] if words[0] == "unshare" else words[0]):
                print(f"{name}: not here", file=sys.stderr)
                continue
            recorder = Recorder(words, env, stage.work)
            began = time.monotonic()
            lives = recorder.read(quiet if keys or quiet < 2 else 6)
            if name == "opencode":
                while lives and time.monotonic() - began < 60 and b"Ask anything" not in recorder.bytes:
                    lives = recorder.read(1)
                keys, quiet = ["hello", "\r", "\x10", DOWN, DOWN, ESC], 3
            if lives:
                recorder.keys(keys, quiet)
            recorder.read(0.3)
            written = recorder.end()
            written = written.replace(os.fsencode(world / name), b"/tmp")
            (folder / f"{name}.raw").write_bytes(written)
            print(f"{name}: {len(written)} bytes", file=sys.stderr)
    finally:
        if model:
            model.end()
        shutil.rmtree(world, ignore_errors=True)


if __name__ == "__main__":
    main()
