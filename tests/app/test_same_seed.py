"""Effects of a seed on a real network: which fault comes when and on which nodes, and the operations of each client.

How operations end is not fixed, and so neither is how far a client gets: the common prefix of two runs is compared."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.generator.core import SECOND
from splitbrain.harness.generator.schedule import schedule
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event
from splitbrain.nemeses.catalogue import parse

pytestmark = pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")

NODES, CLIENTS, LIMIT_SECONDS, INTERVAL_SECONDS = 3, 6, 8, 2.5
# Whom these hit does not depend on who leads, which a seed does not fix.
FAULTS = "partition:topology=halves,kill:aim=anyone,pause:aim=anyone"


def events(seed: int, folder: Path) -> list[Event]:
    """The history of a local run."""
    words = ["raft", "--env", "local", "--nodes", NODES, "--concurrency", CLIENTS, "--time-limit", LIMIT_SECONDS]
    words += ["--nemesis", FAULTS, "--nemesis-interval", INTERVAL_SECONDS, "--seed", seed, "--out", folder]
    command = [sys.executable, "-m", "splitbrain", "run", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 2), done.stdout + done.stderr
    (history,) = folder.glob("*/*/*/history.jsonl.gz")
    return list(read(history))


def faults(history: list[Event]) -> list[Event]:
    """The beginnings of faults."""
    return [event for event in history if event.process == "nemesis" and event.f.startswith("start-")]


def asked(history: list[Event], thread: int) -> list[tuple[object, ...]]:
    """The operations of a client in the main phase, in its order; the final reads depend on the history."""
    invoked = [event for event in history if event.type == "invoke" and event.process != "nemesis"]
    ends = invoked[0].time + (LIMIT_SECONDS - 1) * SECOND
    main = takewhile(lambda event: event.time < ends, invoked)
    return [(event.f, event.key, event.value) for event in main if int(event.process) % CLIENTS == thread]


def test_the_same_seed_gives_the_same_faults_and_the_same_operations(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as threads:  # at once, as each of them mostly waits
        first, second = threads.map(lambda name: events(7, tmp_path / name), ("first", "second"))
    plan = schedule(
        parse(FAULTS), [f"n{i + 1}" for i in range(NODES)], LIMIT_SECONDS, 7, interval_s=INTERVAL_SECONDS
    ).slots
    # Behind the schedule, whoever leads by then is deposed once.
    scheduled = [faults(history)[: len(plan)] for history in (first, second)]
    assert [(event.f, event.value) for event in scheduled[0]] == [(event.f, event.value) for event in scheduled[1]]
    for history, came in zip((first, second), scheduled, strict=True):
        began = history[0].time
        assert [event.f for event in came] == [f"start-{slot.fault.name}" for slot in plan]
        for event, slot in zip(came, plan, strict=True):
            assert (event.time - began - slot.start) / SECOND > -0.2, "late where injecting takes long, never early"
    for thread in range(CLIENTS):
        ours, theirs = asked(first, thread), asked(second, thread)
        both = min(len(ours), len(theirs))
        assert both > 20 and ours[:both] == theirs[:both], thread


def test_another_seed_gives_other_faults() -> None:
    names = [f"n{i + 1}" for i in range(NODES)]
    plans = [
        [(slot.start, slot.fault.name, slot.variant) for slot in schedule(parse(FAULTS), names, 60, seed).slots]
        for seed in range(5)
    ]
    assert all(plan not in plans[:number] for number, plan in enumerate(plans))
