"""Ctrl-C, SIGTERM, a closed terminal: healed, closed, exit code 130, and one sentence on standard error."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from splitbrain.cli.exits import INTERRUPTED
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.histories import read

BEGIN_SECONDS = 300.0

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("env", ["sim", "local"])
def test_a_signal_ends_a_run_in_order_and_quietly(tmp_path, env, number):
    assert interrupted(env, number, 0.0, tmp_path) > 10


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("env", ["sim", "local"])
def test_twenty_signals_at_random_moments(tmp_path, env):
    draws = random.Random(env)
    for turn in range(20):
        folder = tmp_path / str(turn)
        folder.mkdir()
        interrupted(env, SIGNALS[turn % 3], draws.uniform(0, 5), folder)


def heeding() -> None:
    """Heed all of these signals, as below a terminal; tests that run under nohup hand on that hang-ups are ignored."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def interrupted(env: str, number: int, after: float, folder: Path) -> int:
    """Interrupt a run so many seconds after its first fault; how many events its history has."""
    if env == "local" and (reason := namespaces.unavailable()):
        pytest.skip(reason)
    words = ["raft", "--env", env, "--nemesis", "all", "--time-limit", "10000", "--out", str(folder)]
    run = subprocess.Popen(
        [sys.executable, "-m", "splitbrain", "run", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeding,  # noqa: PLW1509 - no threads
    )  # fmt: skip
    try:
        deadline = time.monotonic() + BEGIN_SECONDS
        while not any(b'"nemesis"' in file.read_bytes() for file in folder.glob("*/*/*/history.jsonl")):
            assert run.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(after)
        run.send_signal(number)
        out, err = run.communicate(timeout=200)
    finally:
        run.kill()
    assert run.returncode == INTERRUPTED
    assert not out
    (history,) = folder.glob("*/*/*/history.jsonl*")
    told = (
        "splitbrain: interrupted; everything was healed and closed, nothing was judged; what happened until then is in "
    )
    assert err.strip() == told + str(history.parent)
    return len(read(history))


ENDLESS = """
from splitbrain.targets.stores import Request, Response, StoreTarget


class Loop:
    message_type, request_type, reply_type = type(None), Request, Response

    def __init__(self, name, nodes, random):
        pass

    def on_start(self, now, disk):
        return []

    def on_request(self, now, request, message):
        print("stuck", flush=True)
        while True:
            pass


class Endless(StoreTarget):
    name, summary, options, claims, program = "endless", "a handler that never returns", (), (), Loop
"""


def test_a_signal_ends_a_run_whose_node_never_returns(tmp_path):
    (tmp_path / "endless.py").write_text(ENDLESS)
    words = ["endless:Endless", "--time-limit", "5", "--out", str(tmp_path / "runs")]
    run = subprocess.Popen(
        [sys.executable, "-m", "splitbrain", "run", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        assert run.stderr is not None
        assert run.stderr.readline() == "stuck\n"
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=200)
    finally:
        run.kill()
    assert run.returncode == INTERRUPTED


SLOW = """
import sys, time
from splitbrain.checkers.porcupine import Model


def step(state, call):
    print("begun", file=sys.stderr, flush=True)
    time.sleep(60)
    return state


MODEL = Model("slow", "slow", ("read",), 0, step, frozenset({"read"}))
"""
HISTORY = """\
{"process": 0, "type": "invoke", "f": "read", "value": null}
{"process": 0, "type": "ok", "f": "read", "value": 1}
"""
LONG = """\
[[test]]
target = "raft"
expect = "valid"
time-limit = 100000
"""
OTHERS = {
    "check history.jsonl --model ./slow.py:MODEL": 0.2,
    "check - --model register": 1.0,
    "campaign long.toml --jobs 1": 2.0,
    "classify raft --jobs 1 --seeds 100": 4.0,
    "claims --jobs 1 --seeds 1000": 4.0,
    "zoo raft --cpu-limit 1000 --time-limit 1000": 3.0,
    "shrink bad --budget 1000s": 3.0,
    "replay bad": 1.5,
    "demo": 2.0,
}
"""The longest time until each is interrupted, from its start; of one that says when it has begun, from then."""


@pytest.fixture(scope="module")
def refuted(tmp_path_factory):
    """The folder of a run that is invalid, and long."""
    place = tmp_path_factory.mktemp("runs")
    words = ["run", "raft:reads=local", "--nemesis", "partition", "--time-limit", "100", "--seed", "1"]
    subprocess.run([sys.executable, "-m", "splitbrain", *words, "--out", place], capture_output=True, check=False)
    return (place / "latest").resolve()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("words", OTHERS)
def test_signals_at_random_moments_end_every_other_command(tmp_path, refuted, words):
    draws = random.Random(words)
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "history.jsonl").write_text(HISTORY)
    (tmp_path / "long.toml").write_text(LONG)
    (tmp_path / "bad").symlink_to(refuted)
    for number in (*SIGNALS, *SIGNALS):
        command = subprocess.Popen(
            [sys.executable, "-m", "splitbrain", *words.split()], cwd=tmp_path, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeding,  # noqa: PLW1509 - no threads
        )  # fmt: skip
        try:
            if "slow" in words:
                assert command.stderr is not None and command.stderr.readline() == "begun\n"
            time.sleep(draws.uniform(0, OTHERS[words]) if "slow" in words else draws.uniform(0.5, OTHERS[words]))
            command.send_signal(number)
            _, err = command.communicate(timeout=60)
        finally:
            command.kill()
        assert command.returncode == INTERRUPTED, err
        assert "Traceback" not in err and "internal error" not in err
        assert "interrupted" in err.splitlines()[-1] or ("campaign" in words and "not carried out; go on with" in err)


IN_TEXT = """
import contextlib, signal

with contextlib.suppress(KeyboardInterrupt):
    exec("signal.raise_signal(signal.SIGTERM)")
raise KeyboardInterrupt
"""


def test_an_interrupt_in_executed_text_ends_a_command_with_its_code(tmp_path):
    """A process that Python would have killed by SIGINT."""
    (tmp_path / "in_text.py").write_text(IN_TEXT)
    ended = subprocess.run(
        [sys.executable, "-m", "splitbrain", "run", "./in_text.py:Store"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == INTERRUPTED


CHANGED = """
import contextlib, signal

with contextlib.suppress(KeyboardInterrupt):
    signal.raise_signal(signal.SIGTERM)
raise SyntaxError("unknown Unicode character name")
"""


@pytest.mark.parametrize("words", [["run", "./changed.py:Store"], ["check", "none.jsonl", "--model", "changed:MODEL"]])
def test_an_interrupt_that_became_another_error_ends_a_command_all_the_same(tmp_path, words):
    (tmp_path / "changed.py").write_text(CHANGED)
    ended = subprocess.run(
        [sys.executable, "-m", "splitbrain", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == INTERRUPTED
    assert ended.stderr.startswith("splitbrain: interrupted") and ended.stderr.count("\n") == 1
