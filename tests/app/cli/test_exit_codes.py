"""Every way in which a command can end, and its exit code: the rows of docs/exit-codes.md, each brought about.

The rows about classifications and claims that have no command here are in `../classification/test_classify.py` and
`../textbook/test_measure.py`, those about output and signals in `test_output_that_fails.py` and `test_interrupt.py`.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from splitbrain import cli, targets
from splitbrain.cli.exits import INFRASTRUCTURE
from splitbrain.cli.zoo import exit_code
from splitbrain.harness.environments.linux import namespaces

DOCS = Path(__file__).parents[3] / "docs" / "exit-codes.md"
KEPT = Path(__file__).parents[2] / "data" / "runs" / "format-1"
VALID = "run single --time-limit 1 --seed 1"
INVALID = "run raft:reads=local --nemesis partition --time-limit 12 --seed 1"
HISTORY = '{"index":0,"time":0,"process":0,"type":"invoke","f":"read","value":null}\n' + (
    '{"index":1,"time":1,"process":0,"type":"ok","f":"read","value":null}\n'
)
DIES = """
import os, signal
from splitbrain.targets.stores import Single
class Dies(Single):
    def client(self, node):
        os.kill(os.getpid(), signal.SIGKILL)
class Fails(Single):
    def client(self, node):
        raise ValueError("mine")
class Late(Single):
    async def roles(self, nodes):
        return {}[0]
"""

FOUND = "raft:bug=half-is-a-majority"
"""A bug that is found at once."""
CAMPAIGNS = {
    "expected": ("single", "valid", ""),
    "surprise": ("single", "invalid", ""),
    "unknown": ("raft", "valid", 'nemesis = "partition,kill"\ntime-limit = 0.9\n'),
    "never": ("a_store:NeverUp", "valid", ""),
    "wrong": ("sngle", "valid", ""),
}
"""Of each file: the target of its one test, what is expected, and more lines."""

ENDINGS: dict[str, tuple[int, list[str]]] = {
    "a run whose verdict is valid": (0, [VALID]),
    "a run whose verdict is invalid": (1, [INVALID]),
    "a run whose verdict is unknown": (2, ["run raft --nemesis partition,kill --time-limit 0.9 --seed 1"]),
    "nodes that do not come up": (3, ["run a_store:NeverUp --time-limit 1"]),
    "a store of one's own that crashes during a run": (2, ["run a_store:Crashes --workload register --time-limit 2"]),
    "a store of one's own that crashes while it is set up": (3, ["run a_store:CrashesAtOnce --time-limit 2"]),
    "a replay that is the same, whatever its verdict": (
        0, [f"$SB {VALID} && $SB replay runs/latest", f"$SB {INVALID}; $SB replay runs/latest"]
    ),
    "a replay that differs": (
        1, [f"$SB {VALID} && H=$(echo runs/single/*/*/history.jsonl.gz) && zcat $H | head -n -1 | gzip >some && "
            "mv some $H && $SB replay runs/latest"],
    ),
    "a replay of no run, or of a damaged token": (
        254, ["replay nothing", "replay sb1-xxx", "replay valid.jsonl"]
    ),
    "a refuted run that shrinks": (0, [f"$SB {INVALID}; $SB shrink --budget 1s"]),
    "a refuted run that is not refuted when it is repeated": (
        2, [f"$SB {INVALID}; sed -i s/reads=local/reads=log/ runs/raft*/*/*/test.toml && $SB shrink"]
    ),
    "a run that cannot be shrunk, for it is not refuted": (254, [f"$SB {VALID} && $SB shrink"]),
    "a list of runs, whatever their verdicts": (0, [f"$SB {INVALID}; $SB runs", f"$SB {INVALID}; $SB runs | true"]),
    "a campaign in which every test came out as expected": (
        0, ["campaign expected.toml --out c", "campaign expected.toml --out c | true"]
    ),
    "a campaign with a surprise": (
        1, [f"campaign surprise.toml --out c {into}" for into in
            ("", ">/dev/full", "2>/dev/full", "2>&-", "--json | true")]
    ),
    "a campaign with an unknown test and no surprise": (2, ["campaign unknown.toml --out c"]),
    "a campaign with a test that could not be carried out, and no surprise": (3, ["campaign never.toml --out c"]),
    "a campaign whose file has a mistake": (254, ["campaign wrong.toml", "campaign nothing.toml"]),
    "a campaign with nothing new since its baseline": (
        0, ["$SB campaign expected.toml --write-baseline b.toml && $SB campaign expected.toml --baseline b.toml"]
    ),
    "a campaign with a baseline that is none": (254, ["campaign expected.toml --baseline valid.jsonl"]),
    "two sides that chance explains": (0, [f"$SB {VALID} && $SB compare runs/latest runs/latest"]),
    "two sides that differ beyond chance": (
        1, [f"$SB {INVALID}; $SB {VALID}; $SB compare runs/raft-*/*/2* runs/single/*/2*"]
    ),
    "two sides of which one is nothing to compare": (254, [f"$SB {VALID} && $SB compare runs/latest valid.jsonl"]),
    "a zoo whose every bug is found": (0, [f"zoo {FOUND} --aimed --cpu-limit 6"]),
    "a zoo in which a correct store is refuted": (1, []),
    "a zoo in which a bug is missed": (2, ["zoo raft:bug=vote-by-length --cpu-limit 0.01 --time-limit 0.1"]),
    "a classification whose every claim held": (0, []),
    "a classification that refutes a claim": (1, []),
    "a classification that leaves a claim open": (2, []),
    "a classification that is undetermined": (2, ["classify single --seeds 1 --jobs 1"]),
    "a classification of nothing that could be run": (3, []),
    "a classification of a folder that has none": (254, ["classify no/such"]),
    "claims whose findings are those on record": (0, ["claims partitions-few-keys --seeds 1 --jobs 1"]),
    "claims with another finding": (1, []),
    "claims that are unsettled": (2, []),
    "several histories, one of them invalid and one unreadable": (1, ["check kept nothing.edn -m cas-register"]),
    "several histories, one of them valid and one unreadable": (254, ["check valid.jsonl nothing.edn -m register"]),
    "nobody reads the output of a run that is valid": (0, [f"{VALID} | true", f"{VALID} --json | true"]),
    "nobody reads the output of a run that is invalid": (1, [f"{INVALID} | true"]),
    "nobody reads a list or a help": (0, ["list | true", "--help | true", "run --help | true", "--version | true"]),
    "nobody reads the output of any other command that is valid": (0, []),
    "nobody reads the output of any other command that is invalid": (1, []),
    "nobody reads the output of any other command that is unknown": (2, []),
    "the disk is full below the output of a run that is valid": (3, [f"{VALID} >/dev/full"]),
    "the disk is full below the output of a run that is invalid": (1, [f"{INVALID} >/dev/full"]),
    "the disk is full below the output of any other command that is valid or unknown": (3, []),
    "the disk is full below the output of any other command that is invalid": (1, []),
    "the disk is full below a list or a help": (
        3, ["list >/dev/full", "--help >/dev/full", "--version >/dev/full", "completion bash >/dev/full",
            f"$SB {VALID} && $SB runs >/dev/full", f"$SB {VALID} && $SB replay runs/latest >/dev/full"]
    ),
    "the disk is full below the messages of wrong use": (254, ["check nothing 2>/dev/full", "rn 2>/dev/full"]),
    "the disk is full below the run's folder": (3, []),
    "standard output, input and error are closed": (
        0, [f"{VALID} >&- <&- 2>&-", "list >&- 2>&-", "--help >&- 2>&-", "demo >&- 2>&-"]
    ),
    "standard input is closed and was to be read": (254, ["check - -m register <&-"]),
    "the process that carries out a local run is killed": (3, ["run a_store:Dies --env local --nodes 1"]),
    "a tool is missing": (3, ["run raft --env local"]),
    "Ctrl-C, SIGTERM or SIGHUP during a run": (130, []),
    "Ctrl-C, SIGTERM or SIGHUP during any other command": (130, []),
    "Ctrl-C or SIGTERM that became another error on its way": (130, []),
    "Ctrl-C while splitbrain starts": (130, []),
    "too little memory": (3, []),
    "too little memory for the runs of a campaign": (3, ["campaign expected.toml --memory 1"]),
    "too few files may be open": (3, []),
    "a command, option, name or value that does not exist": (
        254,
        ["", "rn", "run", "run raft --no", "run rft", "run raft:", "run raft:reads=x", "run raft --nodes 0",
         "run raft --time-limit 1e300", "run raft --timeout 1e300", "run raft --nemesis x", "run raft -w x",
         "run raft --set values=0", "run raft --set operations_per_key=-1", "run raft --env moon", "list x",
         "check valid.jsonl -m x", "check valid.jsonl -m register --set x=1", "run raft --nemesis kill:size=x"],
    ),
    "a file that does not exist or may not be read": (
        254, ["check nothing.edn", "report nothing", "runs", "run ./nothing.py:Store"]
    ),
    "a target of one's own that fails": (
        254, ["run a_store:Fails --time-limit 1", "run a_store:Late --nemesis kill --time-limit 6",
              "run a_store:Nothing"],
    ),
    "a folder that cannot be written to": (254, [f"{VALID} --out /proc/nothing", f"{VALID} --out valid.jsonl"]),
    "an error that nobody foresaw": (255, []),
}  # fmt: skip
CASES = [(name, code, words) for name, (code, every) in ENDINGS.items() for words in every]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a history, a kept run, and stores of one's own."""
    (tmp_path / "valid.jsonl").write_text(HISTORY)
    shutil.copytree(KEPT, tmp_path / "kept")
    (tmp_path / "a_store.py").write_text(DIES + NEVER_UP)
    for name, (target, expected, more) in CAMPAIGNS.items():
        test = f'[[test]]\ntarget = "{target}"\nexpect = "{expected}"\n{more}'
        (tmp_path / f"{name}.toml").write_text(test if "time-limit" in more else test + "time-limit = 1\n")
    return tmp_path


NEVER_UP = """
from splitbrain.harness.deployment import Simulated
class Dead:
    message_type = request_type = reply_type = type(None)
    def __init__(self, name, nodes, random):
        raise RuntimeError("not today")
class NeverUp(Single):
    deployments = (Simulated(Dead),)
from splitbrain.harness.program import Reply
from splitbrain.targets.stores import Request, Response, StoreTarget, shapes
class Crashing:
    message_type, request_type, reply_type = type(None), Request, Response
    def __init__(self, name, nodes, random):
        self.left = 20
    def on_start(self, now, disk):
        return []
    def on_request(self, now, request, message):
        self.left -= 1
        return [Reply(request, Response(None, error="precondition", text=str(1 / self.left)))]
class CrashingAtOnce(Crashing):
    def on_request(self, now, request, message):
        raise ValueError("mine")
class Crashes(StoreTarget):
    name, summary, options, claims, program = "crashes", "a store", (), (), Crashing
    operations = shapes("read", "write", "cas")
class CrashesAtOnce(Crashes):
    program = CrashingAtOnce
"""


def ended(place: Path, words: str, before: str = "", **more: str) -> tuple[int, str]:
    """The code of `splitbrain WORDS`, or of a script that calls it $SB, as a shell has it, and what was said on
    standard error."""
    line = words if "$SB" in words else f"{before} $SB {words}"
    script = f"{line}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=place, capture_output=True, text=True, timeout=500, check=False,
        env={**os.environ, "SB": f"{sys.executable} -m splitbrain", **more},
    )  # fmt: skip
    return done.returncode, done.stderr


def test_the_table_has_every_row():
    rows = re.findall(r"(?m)^\| (.+) \| (\d+) \|$", DOCS.read_text())
    assert {name: int(code) for name, code in rows} == {name: code for name, (code, _) in ENDINGS.items()}


@pytest.mark.parametrize(("name", "code", "words"), CASES, ids=[words or "nothing" for _, _, words in CASES])
def test_a_command_ends_with_the_code_of_its_row(place, name, code, words):
    if "local" in words and (reason := namespaces.unavailable()):
        pytest.skip(reason)
    more = {"PATH": f"{place}/bin"} if name == "a tool is missing" else {}
    if more:
        (place / "bin").mkdir()
        (place / "bin" / "bash").symlink_to(str(shutil.which("bash")))
    got, err = ended(place, words, **more)
    assert got == code, err
    assert "Traceback" not in err and "internal error" not in err and "\x1b" not in err


def test_an_error_that_nobody_foresaw(splitbrain, monkeypatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("splitbrain.cli.run.plan", broken)
    monkeypatch.setattr("splitbrain.own_targets.place", lambda error: "")
    assert splitbrain("run", "raft").code == 255


def test_an_import_that_fails_is_told_with_its_line(splitbrain, monkeypatch):
    """A clone in which somebody writes a target of their own: whose file it is cannot be told."""
    lacking = Path(targets.__file__).with_name("lacking_for_a_test.py")
    lacking.write_text("\n\nimport a_module_that_nobody_has\n")
    try:
        own = splitbrain("run", "splitbrain.targets.lacking_for_a_test:Store")
        monkeypatch.setitem(cli.COMMANDS, "run", ("splitbrain.targets.lacking_for_a_test:run", ""))
        said = splitbrain("run", "raft")
    finally:
        lacking.unlink()
    assert said.code == 3
    assert "No module named 'a_module_that_nobody_has', at " in said.err
    assert "lacking_for_a_test.py:3; mend it if that file is yours" in said.err
    assert own.code == 254 and "lacking_for_a_test.py:3" in own.err


def test_a_full_disk_below_the_folder(splitbrain, monkeypatch, tmp_path):
    opened = Path.open

    def full(self: Path, mode: str = "r", *more: object, **named: object) -> object:
        if mode == "x":
            raise OSError(28, "No space left on device")
        return opened(self, mode, *more, **named)

    monkeypatch.setattr(Path, "open", full)
    said = splitbrain(*VALID.split(), "--out", tmp_path)
    assert said.code == 3 and "the disk is full" in said.err


def test_a_correct_store_that_is_refuted_in_the_zoo():
    assert exit_code({"bugs": 1, "found": 1, "correct_runs": 2, "false_alarms": 1}) == 1


@pytest.mark.parametrize("kilobytes", [40_000, 50_000])
def test_too_little_memory(place, kilobytes):
    got, err = ended(place, "run raft --time-limit 1 --seed 1", f"ulimit -v {kilobytes};")
    assert got in (0, 2, 3) and "Traceback" not in err, err


@pytest.mark.parametrize("files", [6, 8, 12])
def test_too_few_open_files(place, files):
    got, err = ended(place, VALID, f"ulimit -n {files};")
    assert got in (0, 3) and "Traceback" not in err, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts(tmp_path, number):
    """Interrupts at moments all over the start: 130, or killed by the signal before any line of ours has run; no
    traceback."""
    for wait in (0.02, 0.05, 0.1, 0.15, 0.2):
        run = subprocess.Popen(
            [sys.executable, "-c", "from splitbrain.start import main; print('here', flush=True); main()", "run",
             "raft", "--time-limit", "100000", "--out", str(tmp_path)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(wait)
        run.send_signal(number)
        _, err = run.communicate(timeout=300)
        assert run.returncode == 130 or (run.returncode < 0 and not err), (run.returncode, err)
        assert "Traceback" not in err


def test_files_that_cannot_be_copied_are_the_machines_fault(monkeypatch, capsys):
    def fails(words):
        raise shutil.Error([("a/report.html", "b/report.html", "[Errno 28] No space left on device")])

    monkeypatch.setattr(cli, "_called", fails)
    assert cli.command(["zoo"]) == INFRASTRUCTURE
    assert capsys.readouterr().err == (
        "splitbrain: b/report.html: cannot be written: [Errno 28] No space left on device\n"
    )
