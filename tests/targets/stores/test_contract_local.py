"""The contract of the own stores on real processes: the same tests, played inside the namespaces of `--env local`.

A few of them here, one per store and kind of trouble; all of them are `long`.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import namespaces

pytestmark = [
    pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or ""),
    pytest.mark.skipif(namespaces.inside(), reason="this is the outside"),
]

CONTRACT = Path(__file__).with_name("test_contract.py")
WITHOUT_LEADER = tuple(Path(__file__).with_name(f"test_{name}.py") for name in ("leaderless", "peers", "crdt"))
SERVICES = tuple(
    Path(__file__).with_name(f"test_{name}.py") for name in ("lock", "broker", "queue", "truetime", "cache", "gossip")
)
RUN = (
    "import sys; from splitbrain.harness.environments.linux import namespaces; "
    "sys.exit(namespaces.reexecute([sys.executable, '-m', 'pytest', *sys.argv[1:]]))"
)
SOME = (
    "(acknowledged_writes and (single or sync or index or truetime or through or sharded)) or (dead_leader and lease) "
    "or (away and raft) or (minority and index) or (forgets and raft) or (broken_disk and raft) "
    "or (dead_leader and paxos and not quorum) or unsynced or (members_leave and not version)"
)


def play_inside(*words: str, files: Sequence[Path] = (CONTRACT,)) -> None:
    command = [sys.executable, "-c", RUN, "-q", "-x", "-p", "no:xdist", *map(str, files), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "passed" in done.stdout


def test_some_of_the_contract_holds_for_processes() -> None:
    play_inside("-k", SOME)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_contract_holds_for_processes() -> None:
    play_inside()


def test_some_of_what_stores_without_a_leader_do_holds_for_processes() -> None:
    some = "local and ((survive and (abd or sloppy or siblings)) or stand_in or (moves and token) or rga)"
    play_inside("-k", some, files=WITHOUT_LEADER)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_what_stores_without_a_leader_do_holds_for_processes() -> None:
    play_inside("-k", "local", files=WITHOUT_LEADER)


def test_some_of_what_services_do_holds_for_processes() -> None:
    some = "greater_token or (paused and on) or restart_of_all or in_its_place or twice_the_bound or writes_back"
    play_inside("-k", f"local and ({some} or taken_back)", files=SERVICES)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_what_services_do_holds_for_processes() -> None:
    play_inside("-k", "local", files=SERVICES)
