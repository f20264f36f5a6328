"""Every workload of Maelstrom on nodes that are right and on nodes with a mistake, as real processes, in Python and
Perl: the mistake is found, and the right twin is valid under the same faults."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import splitbrain

EXAMPLES = Path(__file__).parents[3] / "examples" / "maelstrom"
PYTHON = EXAMPLES / "node.py"
PERL = EXAMPLES / "node.pl"
BROKEN = Path(__file__).with_name("broken.py")

CUT = """
[[fault]]
fault = "partition:mode=lose"
start = 0.1
duration = 0.8
nodes = ["n1"]
"""
KILL = """
[[fault]]
fault = "kill"
start = 0.5
duration = 0.2
nodes = ["n1"]
"""
BOTH = CUT + KILL.replace("0.5", "1.0")


def no_perl() -> str:
    """The reason that the node in Perl cannot run; empty if it can."""
    if shutil.which("perl") is None:
        return "there is no perl"
    tried = subprocess.run(["perl", "-MJSON::PP", "-MTime::HiRes", "-e1"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "perl is here without its core modules JSON::PP and Time::HiRes"


def run(tmp_path: Path, words: object, workload: str, faults: str = "", seed: int = 1, **fields: Any):
    """A run of some seconds with 3 nodes."""
    schedule = None
    if faults:
        schedule = tmp_path / "schedule.toml"
        schedule.write_text(faults)
    if workload in ("broadcast", "g-set", "g-counter", "pn-counter"):
        fields["settings"] = {"converge_seconds": "1"}
    return splitbrain.run(
        f"maelstrom:bin={words}",
        workload=workload,
        nodes=3,
        time_limit=1.5,
        schedule=str(schedule) if schedule else None,
        seed=seed,
        out=tmp_path / "runs",
        **fields,
    )


RIGHT = (
    ("", "echo", ""),
    ("", "unique-ids", ""),
    ("", "lin-kv", KILL),
    ("", "broadcast", CUT),
    ("", "g-set", BOTH),
    ("counter", "pn-counter", BOTH),
    ("", "txn-list-append", KILL),
    ("", "txn-rw-register", ""),
    ("", "kafka", ""),
)
"""Argument of the program, workload and faults."""


@pytest.mark.parametrize(("argument", "workload", "faults"), RIGHT, ids=[row[1] for row in RIGHT])
def test_a_right_node_is_valid(argument: str, workload: str, faults: str, tmp_path: Path) -> None:
    finished = run(tmp_path, f"{PYTHON} {argument}".strip(), workload, faults)
    assert finished.status == "valid", finished.reason


@pytest.mark.skipif(bool(no_perl()), reason=no_perl())
@pytest.mark.parametrize(
    ("workload", "faults"), [("unique-ids", ""), ("broadcast", CUT)], ids=["unique-ids", "broadcast"]
)
def test_a_right_node_in_perl_is_valid(workload: str, faults: str, tmp_path: Path) -> None:
    finished = run(tmp_path, PERL, workload, faults)
    assert finished.status == "valid", finished.reason


WRONG = (
    ("echo", "echo", "", "echo/unexpected"),
    ("ids", "unique-ids", "", "unique-ids/duplicated"),
    ("local", "lin-kv", "", "porcupine"),
    ("no-retry", "broadcast", CUT, "set/lost"),
    ("forgets", "g-set", CUT, "set/lost"),
    ("shared", "pn-counter", "", "pn-counter"),
    ("no-cas", "txn-list-append", "", "list-append"),
    ("no-cas", "txn-rw-register", "", "rw-register"),
    ("no-cas", "kafka", "", "log"),
)
"""Mistake, workload, faults, and the beginning of a kind of anomaly that is found."""
TRIES = 5


@pytest.mark.parametrize(("mistake", "workload", "faults", "kind"), WRONG, ids=[row[1] for row in WRONG])
def test_a_mistake_is_found(mistake: str, workload: str, faults: str, kind: str, tmp_path: Path) -> None:
    for seed in range(1, TRIES + 1):  # what races does not do so in every run of a second or two
        finished = run(tmp_path, f"{BROKEN} {mistake}", workload, faults, seed, concurrency=6)
        if finished.status == "invalid":
            break
    assert finished.status == "invalid", finished.reason
    assert any(found.startswith(kind) for found in finished.result.kinds), finished.result.kinds


def test_a_broadcast_that_does_not_retry_is_right_without_faults(tmp_path: Path) -> None:
    assert run(tmp_path, f"{BROKEN} no-retry", "broadcast").status == "valid"


@pytest.mark.parametrize(
    ("service", "model", "verdict"),
    [
        ("lin-kv", "linearizable", "valid"),
        ("seq-kv", "linearizable", "invalid"),
        ("seq-kv", "sequential", "valid"),
        ("lww-kv", "sequential", "invalid"),
    ],
)
def test_services_promise_what_their_names_say_and_no_more(
    service: str, model: str, verdict: str, tmp_path: Path
) -> None:
    proxy = Path(__file__).with_name("proxy.py")
    finished = run(tmp_path, f"{proxy} {service}", "unique-register", concurrency=6, model=model)
    assert finished.status == verdict, finished.reason
