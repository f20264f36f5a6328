"""The same test of etcd, with one flag changed: as processes here, in containers, and on machines of their own."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.fault import View
from splitbrain.harness.generator.schedule import ScheduledFault, schedule
from splitbrain.harness.generator.storm import REAL
from splitbrain.harness.histories import read
from splitbrain.harness.random_stream import RandomStream
from splitbrain.nemeses.catalogue import parse

from .machines import Machines, needs_machines

pytestmark = [
    needs_machines,
    pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or ""),
]

LIMIT_SECONDS, SEED = 10, 6
NODES = ("n1", "n2", "n3")
# Whom these hit does not depend on who leads, which a seed does not fix.
FAULTS = "partition:topology=halves,kill:aim=anyone,pause:aim=anyone,clock"


def ran(environment: str, folder: Path, *more: str) -> tuple[str, dict[str, object], list[tuple[str, object]]]:
    """The verdict of a run, its faults with their bites, and what each fault did to whom, in order."""
    words = ["etcd", "--env", environment, *more, "--nodes", "3", "--nemesis", FAULTS, "--json"]
    words += ["--time-limit", str(LIMIT_SECONDS), "--seed", str(SEED), "--out", str(folder / environment)]
    command = [sys.executable, "-m", "splitbrain", "run", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    assert told["verdict"] == "valid", f"{environment}: {told['reason']}; {told['checks']}"
    history = read(Path(told["run"]) / "history.jsonl.gz")
    faults = [event for event in history if event.f.startswith(("start-", "stop-"))]
    # After the schedule the last leader is taken away for a while, whoever that is: alone, and last.
    last = max(index for index, event in enumerate(faults) if event.f.startswith("start-"))
    alone = last % 2 == 0 and len(faults) == last + 2
    begun = [(event.f, event.value) for event in faults[: last if alone else None] if event.f.startswith("start-")]
    return told["verdict"], told["faults"], begun


def drawn(slots: Sequence[ScheduledFault], name: str, turn: int) -> list[str]:
    """Values that the fault may have when it comes for the `turn`-th time (from 0): one for each slot that it may be.

    In storms a slot waits for a moment, which comes when it comes or not at all, and where it comes somebody hits that
    node; all else is the seed's.
    """
    plans = [
        slot.fault.plan(slot.variant, View(NODES, {}, spot), RandomStream(SEED, "nemesis", name, turn))
        for slot in slots
        if slot.fault.name == name
        for spot in ((None, *NODES) if slot.moment else (None,))
    ]
    return [json.dumps(plan.value) for plan in plans if plan is not None]


@pytest.mark.long
def test_the_same_seed_gives_the_same_faults_and_the_same_verdict(five: Machines, tmp_path: Path) -> None:
    runs = {
        "local": ran("local", tmp_path),
        "docker": ran("docker", tmp_path),
        "ssh": ran("ssh", tmp_path, "--hosts", str(five.file())),
    }
    assert {name: verdict for name, (verdict, _, _) in runs.items()} == dict.fromkeys(runs, "valid")
    planned = schedule(parse(FAULTS), NODES, LIMIT_SECONDS, SEED, pace=REAL).planned
    cycle = [f"start-{slot.fault.name}" for slot in planned if not slot.storm]
    assert sorted(cycle) == ["start-clock", "start-kill", "start-partition", "start-pause"]
    assert [name for name, _ in runs["ssh"][2][:4]] == cycle
    assert runs["local"][2][:4] == runs["docker"][2][:4] == runs["ssh"][2][:4]
    for name, (_, faults, begun) in runs.items():
        assert len(begun) > len(cycle), f"no storm on {name}"
        turns: Counter[str] = Counter()
        for start, value in begun:
            fault = start.removeprefix("start-")
            assert json.dumps(value) in drawn(planned, fault, turns[fault]), (
                f"{start} {value} on {name} is not of this seed"
            )
            turns[fault] += 1
        assert turns <= Counter(slot.fault.name for slot in planned)
        assert all(faults.values()), f"each fault bit on {name}"
    assert [machine.leftovers() for machine in five.all] == [""] * 5
