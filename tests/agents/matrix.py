#!/usr/bin/env python3
"""Drives the real codex, claude and opencode through docket, against a scripted model on 127.0.0.1, and reports what came
of it: a table of agents and cases. An agent whose program isn't there is skipped, with a word. See README.md beside this.

Each case has a folder of its own: a repository with tickets, a home, an XDG tree, a user configuration of docket. What docket
did is judged by its exit code, by its own commands (`show`, `log`, `evidence verify`, `run --json`) and by the processes that
are left. Exit code: 0 when everything that ran is ok, 1 when something failed, 2 for wrong arguments."""
import argparse, json, os, shutil, signal, sys, tempfile, time, traceback
from dataclasses import dataclass
from pathlib import Path

import cases
from box import Box, Failed, Model, Skipped

HERE = Path(__file__).resolve().parent
AGENTS = ("claude", "codex", "opencode")


@dataclass
class Result:
    agent: str
    case: str
    state: str  # ok, FAILED or skipped
    seconds: float
    why: str = ""


def run_case(agent, program, name, options, model, folder):
    case, box, began = cases.CASES[name], None, time.monotonic()
    try:
        box = Box(folder / f"{agent}-{name}", agent, program, options.docket, model, case)
        case.check(box)
        box.judge()
        state, why = "ok", ""
    except Skipped as word:
        state, why = "skipped", str(word)
    except Failed as failure:
        state, why = "FAILED", f"{failure}\n{box.last_words() if box else ''}".strip()
    except Exception:  # A fault of the script's own must not hide the other cases.
        state, why = "FAILED", traceback.format_exc() + (box.last_words() if box else "")
    finally:
        if box:
            box.end()
            if not options.keep:
                shutil.rmtree(box.folder, ignore_errors=True)
    return Result(agent, name, state, round(time.monotonic() - began, 1), why)


def table(results):
    agents = list(dict.fromkeys(result.agent for result in results))
    names = list(dict.fromkeys(result.case for result in results))
    cell = {(result.agent, result.case): f"{result.state} {result.seconds:.1f} s" if result.state != "skipped" else "skipped" for result in results}
    wide = max([len(name) for name in names] + [4])
    lines = [" ".join(["case".ljust(wide)] + [agent.ljust(15) for agent in agents])]
    lines += [" ".join([name.ljust(wide)] + [cell.get((agent, name), "").ljust(15) for agent in agents]) for name in names]
    for result in results:
        if result.why:
            lines.append(f"\n{result.agent} {result.case}: {result.state}: {result.why}")
    return "\n".join(line.rstrip() for line in lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for agent in AGENTS:
        parser.add_argument(f"--{agent}", metavar="PATH", help=f"the program of {agent}; without it, the one in PATH")
    parser.add_argument("--docket", metavar="PATH", default=HERE.parents[1] / "target/debug/docket", type=Path)
    parser.add_argument("--only", metavar="WORDS", default="", help="only these agents and cases: `claude`, `say`, `claude/say`, several with commas")
    parser.add_argument("--list", action="store_true", help="print the cases and what each shows")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the folders and say where they are")
    return parser.parse_args()


def is_wanted(words, agent, case):
    return not words or any(word in (agent, case, f"{agent}/{case}") for word in words)


def main():
    options = arguments()
    if options.list:
        print("\n".join(f"{name:14} {case.check.__doc__}" for name, case in cases.CASES.items()))
        return 0
    words = [word for word in options.only.split(",") if word]
    known = {*AGENTS, *cases.CASES, *(f"{agent}/{case}" for agent in AGENTS for case in cases.CASES)}
    if strange := [word for word in words if word not in known]:
        print(f"no agent or case is called {', '.join(strange)}: see --list", file=sys.stderr)
        return 2
    options.docket = options.docket.resolve()
    if not os.access(options.docket, os.X_OK):
        print(f"{options.docket} isn't there: `cargo build`, or --docket PATH", file=sys.stderr)
        return 2
    results, model = [], None
    folder = Path(tempfile.mkdtemp(prefix="docket-agents-"))
    try:
        for agent in AGENTS:
            wanted = [name for name in cases.CASES if is_wanted(words, agent, name)]
            program = shutil.which(getattr(options, agent) or agent)
            model = model or (program and wanted and Model(folder))
            for name in wanted:
                result = Result(agent, name, "skipped", 0.0, f"{agent} isn't here")
                if program:
                    # Where the program is, not where a link points to: npm's links stand beside the node that they need.
                    result = run_case(agent, Path(program).absolute(), name, options, model, folder)
                    print(f"{agent:9} {name:14} {result.state} {result.seconds:.1f} s", file=sys.stderr, flush=True)
                results.append(result)
    finally:
        if model:
            model.end()
        if options.keep:
            print(f"kept in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps([vars(result) for result in results], indent=1) if options.json else table(results))
    return 1 if any(result.state == "FAILED" for result in results) else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
