"""The same test of etcd, with one flag changed: as processes here, in containers, and on machines of their own."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.generator.schedule import schedule
from splitbrain.harness.histories import read
from splitbrain.nemeses.catalogue import parse

from .machines import Machines, needs_machines

pytestmark = [
    needs_machines,
    pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or ""),
]

LIMIT_SECONDS, SEED = 10, 6
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
    history = read(Path(told["run"]) / "history.jsonl.gz")
    begun = [(event.f, event.value) for event in history if event.f.startswith("start-")]
    return told["verdict"], told["faults"], begun


def test_the_same_seed_gives_the_same_faults_and_the_same_verdict(five: Machines, tmp_path: Path) -> None:
    runs = {
        "local": ran("local", tmp_path),
        "docker": ran("docker", tmp_path),
        "ssh": ran("ssh", tmp_path, "--hosts", str(five.file())),
    }
    assert {name: verdict for name, (verdict, _, _) in runs.items()} == dict.fromkeys(runs, "valid")
    slots = schedule(parse(FAULTS), ["n1", "n2", "n3"], LIMIT_SECONDS, SEED).slots
    cycle = [f"start-{slot.fault.name}" for slot in slots[:4]]
    assert sorted(cycle) == ["start-clock", "start-kill", "start-partition", "start-pause"]
    assert [name for name, _ in runs["ssh"][2][:4]] == cycle
    assert runs["local"][2][:4] == runs["docker"][2][:4] == runs["ssh"][2][:4]
    # In storms some wait for a moment, which comes when it comes; what they are and whom they hit is the seed's.
    storms = [Counter(f"{name} {value}" for name, value in begun[4:]) for _, _, begun in runs.values()]
    common = storms[0] & storms[1] & storms[2]
    assert all(common.total() > storm.total() / 2 for storm in storms), storms
    for name, (_, faults, _) in runs.items():
        assert all(faults.values()), f"each fault bit on {name}"
    assert [machine.leftovers() for machine in five.all] == [""] * 5
