"""The cases of the matrix: what the model does, what docket is told, and what must come of it."""
import json, signal
from dataclasses import dataclass
from typing import Callable

from box import Box, check, wait_for
from tmux import Tmux

CASES = {}


@dataclass
class Case:
    check: Callable[[Box], None]
    scenario: str
    ticket: str = 'validate: ["true"]\n'
    config: str = "limits.attempts = 1"
    claim_by_exit: bool = True
    gives_up_soon: bool = False
    tickets: int = 1
    title: str = "A case"


def case(scenario, name=None, **settings):
    def add(function):
        called = name or function.__name__.replace("_", "-")
        CASES[called] = Case(function, scenario, title=called, **settings)
        return function
    return add


def used(box, output):
    """The last attempt's tokens: nothing is counted twice, nothing is left out."""
    usage = box.show()["attempts"][-1]["usage"]
    check(usage["output"] == output, f"the usage is {usage}")


def answers(box):
    """Who answered the agent's requests."""
    return [event["by"] for event in box.events("request_answered")]


@case("say")
def say(box):
    """a turn that ends well: message, reasoning, usage; done and proven, by --once"""
    show = box.proven(box.once())
    check("Hello from the model. Ünïcödé ✓ 漢字 🎉" in box.text(), f"the message is {box.text()!r}")
    check("I should greet" in box.text("reasoning"), f"the reasoning is {box.text('reasoning')!r}")
    used = show["attempts"][0]["usage"]
    check(used["output"] == 34 and used["cached"] == 1000, f"the usage is {used}")
    check(show["attempts"][0]["session"], "no session in the ledger")


@case("still", claim_by_exit=False, config="limits.attempts = 1\nlimits.turns = 2")
def no_claim(box):
    """turns that end well without a claim: one process, one session, exit 6 at the limit of turns"""
    code = box.run()
    check(code == 6, f"exit code {code} instead of 6")
    check(len(box.events("turn_finished")) == 2, "not two turns")
    check(len(box.events("process_started")) == 1, f"{len(box.events('process_started'))} processes for two turns")
    check(len(box.events("session_started")) == 1, f"sessions: {box.events('session_started')}")
    used(box, output=40)


@case("still", tickets=2)
def side_by_side(box):
    """two tickets at once by run --jobs 2, each with a session of its own"""
    box.first_start()
    code = box.run("--jobs", "2")
    box.proven(code, "TICKET-001")
    box.proven(code, "TICKET-002")
    check(len({event["session"] for event in box.events("session_started")}) == 2, "not two sessions")


@case("shell", claim_by_exit=False, ticket='approvals: auto\nvalidate: ["grep -qx hi out.txt"]\n')
def shell(box):
    """commands with output; the claim comes by a command that changes $DOCKET_TICKET"""
    box.proven(box.run())
    calls = box.items("tool_call", tool="execute")
    check([call["status"] for call in calls] == ["completed"] * 2, f"the calls are {calls}")
    check("echo hi" in calls[0]["title"], f"the title is {calls[0]['title']!r}")
    results = box.items("tool_result", parent=calls[0]["id"])
    check("hi" in "".join(result["output"] for result in results), f"the results are {results}")
    check("out.txt" in box.ask("diff", "TICKET-001"), "out.txt isn't in the diff")


@case("edit", claim_by_exit=False, ticket='approvals: auto\nvalidate: ["grep -qx \'hello agents\' hello.txt && test -f new.txt"]\n')
def edit(box):
    """files read, changed and made; the claim comes by an edit of the desk's ticket"""
    box.proven(box.run())
    check(box.items("tool_call", tool="edit", status="completed"), "no edit in the transcript")
    diffs = box.items("diff", path="hello.txt")
    check(any("+hello agents" in diff["patch"] for diff in diffs), f"the diffs are {diffs}")
    merged = box.git("show", f"{box.events('run_started')[0]['branch']}:hello.txt")
    check(merged == "hello agents\n", f"on the run's branch is {merged!r}")
    if box.agent != "opencode":  # Its protocol tells the tokens of the last step alone.
        used(box, output=120)


ASKED = 'validate: ["test -f asked.txt"]\n'
NOT_ASKED = 'validate: ["test ! -e asked.txt"]\n'


@case("touch", ticket=ASKED + "approvals: auto\n")
def approve_auto(box):
    """a request is answered by `approvals: auto`"""
    box.proven(box.run())
    check({"by": "policy"} in answers(box), f"answered by {answers(box)}")


@case("touch", ticket=ASKED + 'approvals: {policy: ask, allow: ["touch *"]}\n')
def approve_rule(box):
    """a request is answered by an allow rule of the ticket"""
    box.proven(box.run())
    check({"by": "rule", "rule": "touch *"} in answers(box), f"answered by {answers(box)}")


def watched(box):
    """A run that waits for people, once its agent asks."""
    process = box.start("run", "--watch", "--json")
    wait_for(lambda: box.events("request_opened") or process.poll() is not None, "a request")
    asked = json.loads(box.ask("requests"))["requests"]
    check([one["request"]["title"] for one in asked] == ["$ touch asked.txt"], f"docket requests says {asked}")
    return process


def stopped(box, process):
    wait_for(lambda: box.events("step_finished"), "the end of the ticket")
    box.ask("stop")
    box.ended(process, 15)
    box.proven(0)


@case("touch", ticket=ASKED + "approvals: ask\n")
def approve_human(box):
    """a request is answered by `docket approve`, from another process"""
    process = watched(box)
    box.ask("approve", "1")
    stopped(box, process)
    check(answers(box) == [{"by": "human"}], f"answered by {answers(box)}")


def refused(box, by):
    box.proven(box.run())
    check(by in answers(box), f"answered by {answers(box)}")
    check(box.items("tool_call", status="declined"), f"no declined call: {box.items('tool_call')}")
    check("That was the answer." in box.text(), "the turn did not go on")


@case("touch", ticket=NOT_ASKED + 'approvals: {policy: auto, deny: ["touch *"]}\n')
def deny_rule(box):
    """a deny rule wins over `approvals: auto`; the turn goes on"""
    refused(box, {"by": "rule", "rule": "touch *"})


@case("touch", ticket=NOT_ASKED + "approvals: deny\n")
def deny_policy(box):
    """`approvals: deny` refuses; the turn goes on"""
    refused(box, {"by": "policy"})


@case("touch", ticket=NOT_ASKED + "approvals: ask\n", config='limits.attempts = 1\nrequests = "deny"')
def deny_nobody(box):
    """nobody is there and `requests = "deny"`; the turn goes on"""
    refused(box, {"by": "nobody_there"})


@case("touch", ticket=NOT_ASKED + "approvals: ask\n")
def reject_human(box):
    """a request is refused by `docket reject`, with a reason; the agent goes on"""
    process = watched(box)
    box.ask("reject", "1", "--reason", "herons only")
    stopped(box, process)
    check(answers(box) == [{"by": "human"}], f"answered by {answers(box)}")
    check("That was the answer." in box.text(), "the agent did not go on")
    check("herons only" in str([call["body"] for call in box.model.asked(box.name)]), "the agent was not told why")


@case("touch_twice", ticket=ASKED + "approvals: ask\n")
def pause(box):
    """nobody is there: exit 4; `docket approve` later, and the next run goes on with the same session"""
    code = box.once()
    check(code == 4, f"exit code {code} instead of 4")
    outcome = box.show()["attempts"][0]["outcome"]
    check(outcome["outcome"] == "needs_human" and "touch asked.txt" in outcome["need"]["title"], f"the outcome is {outcome}")
    check(not box.worktree().joinpath("asked.txt").exists(), "it ran without an answer")
    box.nothing_left()
    box.ask("approve", "1")
    attempts = box.proven(box.run())["attempts"]
    check(answers(box) == [{"by": "human"}], f"answered by {answers(box)}")
    check(len({attempt["session"] for attempt in attempts}) == 1, f"the sessions are {[attempt['session'] for attempt in attempts]}")


@case("wait", ticket='approvals: auto\nvalidate: ["true"]\n')
def steer(box):
    """`docket reply --now` while a command runs: the words reach the agent, in this turn or in the next"""
    process = box.start("run", "--json")
    wait_for(lambda: box.worktree().joinpath("started.txt").exists() or process.poll() is not None, "the agent's command")
    box.ask("reply", "1", "The word is heron.", "--now")
    box.worktree().joinpath("go.txt").touch()
    box.proven(box.ended(process))
    check("The word is heron." in str([call["body"] for call in box.model.asked(box.name)]), "the model never saw the words")


def mid_tool(box, *words):
    """docket, once the agent's command runs."""
    process = box.start(*words)
    runs = lambda: any(words == "sleep 97" for _, words in box.alive())
    wait_for(lambda: runs() or process.poll() is not None, "the agent's command")
    check(process.poll() is None, f"docket ended before the agent's command ran: exit {process.poll()}")
    return process


@case("sleep", ticket='approvals: auto\nvalidate: ["true"]\n')
def interrupt(box):
    """Ctrl-C while a command runs: exit 130, nothing is left alive"""
    process = mid_tool(box, "run", "--json")
    process.send_signal(signal.SIGINT)
    code = box.ended(process, 15)
    check(code == 130, f"exit code {code} instead of 130")
    box.nothing_left()
    outcome = box.show()["attempts"][0]["outcome"]
    check(outcome == {"outcome": "cancelled", "reason": "interrupt"}, f"the outcome is {outcome}")


@case("sleep", ticket='approvals: auto\nvalidate: ["true"]\n')
def take_over(box):
    """a running turn is taken over in the agent's own TUI (in tmux); the turn after it knows what was said there"""
    process = mid_tool(box, "run", "--watch", "--json")
    screen = Tmux(box)
    screen.start("term", "1", "--tui")
    try:
        words = "herons live at the lake"
        screen.says(words, lambda: words in str(box.model.asked(box.name)))
        before = len(box.model.asked(box.name))
        screen.quit()
        wait_for(lambda: box.events("session_handed_back"), "the hand-back", 30)
        wait_for(lambda: len(box.events("turn_started")) > 1, "another turn", 30)
        wait_for(lambda: len(box.model.asked(box.name)) > before, "the model", 30)
    finally:
        screen.end()
    check(words in str(box.model.asked(box.name)[-1]["body"]), "the next turn does not know what was said in the TUI")
    check(box.events("session_taken")[0]["by"] == "command_line", "who took it over is not told")
    sessions = {event["session"] for event in box.events("session_started") + box.events("session_taken")}
    check(len(sessions) == 1, f"sessions: {sessions}")
    stopped(box, process)


@case("sleep", ticket='approvals: auto\nvalidate: ["true"]\n')
def interrupt_turn(box):
    """`docket interrupt` ends the turn alone; a reply begins the next one, in the same session"""
    process = mid_tool(box, "run", "--watch", "--json")
    box.ask("interrupt", "1")
    wait_for(lambda: box.events("gate_reached"), "docket to wait for a reply")
    check(box.events("turn_finished")[0]["end"]["end"] == "cancelled", f"the turn ended {box.events('turn_finished')}")
    box.ask("reply", "1", "Go on.")
    stopped(box, process)
    check(len(box.events("session_started")) == 1, f"the sessions are {box.events('session_started')}")
    check("Went on." in box.text(), f"the last words are {box.text()!r}")


@case("sleep", ticket='approvals: auto\nvalidate: ["true"]\n')
def terminate(box):
    """SIGTERM while a command runs: exit 143, nothing is left alive"""
    process = mid_tool(box, "--once")
    process.send_signal(signal.SIGTERM)
    code = box.ended(process, 15)
    check(code == 143, f"exit code {code} instead of 143")
    box.nothing_left()


def kill(box):
    process = mid_tool(box, "--once")
    process.kill()
    process.wait()
    box.nothing_left()
    return len(box.model.asked(box.name))


def resumed(box, before):
    show = box.proven(box.once())
    *lost, last = show["attempts"]
    check(all(attempt["outcome"]["outcome"] == "lost" for attempt in lost), f"the outcomes are {[attempt['outcome'] for attempt in lost]}")
    sessions = {attempt["session"] for attempt in show["attempts"]}
    check("Went on." in box.text(), f"the last words are {box.text()!r}")
    later = box.model.asked(box.name)[before:]
    check(later and "This takes long." in str(later[0]["body"]), "the agent forgot what was said before")
    check(len(sessions) == 1 and None not in sessions, f"the sessions are {[attempt['session'] for attempt in show['attempts']]}")


@case("sleep", ticket='approvals: auto\nvalidate: ["true"]\n')
def kill_resume(box):
    """kill -9 of docket while a command runs: no orphan after 1 s; the next docket goes on with the same session"""
    resumed(box, kill(box))


@case("sleep_twice", ticket='approvals: auto\nvalidate: ["true"]\n')
def kill_twice(box):
    """kill -9 of docket, and of the docket that went on: the third still has the same session"""
    kill(box)
    resumed(box, kill(box))


@case("errors")
def rate_limit(box):
    """429, 529, 500, then an answer: ends well"""
    box.proven(box.run())
    check("Recovered after errors." in box.text(), f"the message is {box.text()!r}")


@case("always429", gives_up_soon=True, config='limits.attempts = 1\nlimits.wall = "20s"')
def always_429(box):
    """429 for ever: waits are told with their end, and the limit of time ends them: exit 6"""
    code = box.run(seconds=40)
    check(code == 6, f"exit code {code} instead of 6")
    waits = box.events("backed_off")
    # opencode itself tries again for ever, without a word: there only docket's clock helps.
    check(box.agent == "opencode" or waits, "no wait in the ledger")
    check(all(wait["fault"]["fault"] in ("rate_limit", "overload") and wait["until"] for wait in waits), f"the waits are {waits}")
    outcome = box.show()["attempts"][0]["outcome"]
    check(outcome == {"outcome": "limit", "limit": "wall"}, f"the outcome is {outcome}")


@case("cut")
def cut(box):
    """the stream is cut in the middle of an answer: ends well, with the whole answer"""
    box.proven(box.run())
    check("Whole answer after reconnect." in box.text(), f"the message is {box.text()!r}")


def failed(box, words):
    code = box.once()
    check(code == 5, f"exit code {code} instead of 5")
    outcome = box.show()["attempts"][0]["outcome"]
    check(outcome["outcome"] == "failed", f"the outcome is {outcome}")
    why = outcome["failure"]["why"]
    check(any(word in why for word in words), f"the reason is {why!r}")
    check("done: false" in (box.repository / "tickets" / "TICKET-001.md").read_text(), "the ticket was changed")


@case("fail400", gives_up_soon=True)
def fail_400(box):
    """HTTP 400: exit 5 with the provider's words, never a success"""
    failed(box, ["this request is no good"])


@case("fail401", gives_up_soon=True)
def fail_401(box):
    """HTTP 401: exit 5 with a clear reason"""
    failed(box, ["bad key", "401", "login", "logged in", "key"])


@case("long", ticket='approvals: auto\nvalidate: ["true"]\n')
def long(box):
    """a command with 20,000 lines and an answer of 20,000 lines: whole in the transcript"""
    box.proven(box.run())
    lines = box.text().splitlines()
    check(lines.count("line 1 of the long answer") == 1 and lines[-1] == "line 20000 of the long answer", f"{len(lines)} lines, the last {lines[-1:]}")
    check(sum(line.endswith("of the long answer") for line in lines) == 20000, f"{len(lines)} lines")


@case("utf8")
def utf8(box):
    """characters cut apart on the wire, escape sequences in the text: whole in the transcript"""
    box.proven(box.run())
    check("naïve 漢字 👩‍👩‍👧‍👦 \x1b[31mred\x1b[0m end" in box.text(), f"the message is {box.text()!r}")
