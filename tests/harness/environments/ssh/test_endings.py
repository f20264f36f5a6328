"""Ends of runs on machines: by Ctrl-C, by a kill (-9) of the harness, of the agents, and by somebody else."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .machines import Machines, needs_machines

pytestmark = needs_machines

OWNERS = "/var/tmp/splitbrain.host.*/owner.json"
SPLITBRAIN = [sys.executable, "-m", "splitbrain"]


@contextmanager
def under_way(five: Machines, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """A run with its first fault begun."""
    words = ["run", "etcd", "--env", "ssh", "--hosts", five.file(), "--nodes", "3", "--nemesis", "partition"]
    words += ["--nemesis-interval", "3", "--nemesis-duration", "2", "--time-limit", "60", "--out", folder]
    with subprocess.Popen(
        [*SPLITBRAIN, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not any("start-partition" in file.read_text() for file in folder.rglob("history.jsonl")):
                assert process.poll() is None and time.monotonic() < deadline, process.communicate()[1]
                time.sleep(0.1)
            assert all(machine.leftovers() for machine in five.all[:3]) and not five.all[3].leftovers()
            yield process
        finally:
            process.kill()


def clean(five: Machines, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [*SPLITBRAIN, "clean", "--hosts", str(five.file()), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def nothing_left(five: Machines, seconds: float) -> bool:
    """Whether all machines are as they were, within so many seconds."""
    deadline = time.monotonic() + seconds
    while any(machine.leftovers() for machine in five.all):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_an_interrupted_run_leaves_nothing(five: Machines, tmp_path: Path, number: signal.Signals) -> None:
    with under_way(five, tmp_path) as process:
        process.send_signal(number)
        said = process.communicate(timeout=200)[1]
        assert process.returncode == 130 and "healed and closed" in said
    assert nothing_left(five, 0)
    assert [file.name for file in tmp_path.rglob("n1.log")] == ["n1.log"]


def test_when_the_harness_is_killed_the_hosts_clean_up_themselves(five: Machines, tmp_path: Path) -> None:
    with under_way(five, tmp_path) as process:
        process.kill()
        process.wait()
        assert nothing_left(five, 30)


def test_what_killed_agents_leave_is_found_and_removed(five: Machines, tmp_path: Path) -> None:
    with under_way(five, tmp_path) as process:
        # Stopped first, all of them: else the harness has the others clean up as soon as it misses one.
        for number in ("STOP", "KILL"):
            for machine in five.all[:3]:
                pids = "$(grep -o '\"pid\": [0-9]*' /var/tmp/splitbrain.host.*/owner.json | cut -c8-)"
                machine.do("sh", "-c", f"kill -{number} {pids}")
        code = process.wait(timeout=300)
        said = process.communicate()
        assert code == 3 and "the agent there ended" in said[0] + said[1]
    assert all(machine.leftovers() for machine in five.all[:3])
    done = clean(five, "--json")
    gone = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert {one["host"] for one in gone} == {machine.address for machine in five.all[:3]}
    assert nothing_left(five, 0)
    assert clean(five).stdout == "nothing was left behind\n"


def test_a_host_in_use_is_left_alone_unless_everything_is_to_go(five: Machines, tmp_path: Path) -> None:
    with under_way(five, tmp_path) as process:
        done = clean(five)
        assert done.returncode == 3 and "in use by the run of" in done.stderr and done.stderr.count("\n") == 1
        assert process.poll() is None and five.all[0].leftovers()
        assert clean(five, "--all").returncode == 0
        assert process.wait(timeout=300) == 3
    assert nothing_left(five, 0)
