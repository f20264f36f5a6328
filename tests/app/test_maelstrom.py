"""Node programs of Maelstrom's protocol from the command line: names, exit codes, and what a wrong program is told."""

import re
from pathlib import Path

import pytest

from splitbrain import registry, run

from .conftest import Command

EXAMPLE = Path(__file__).parents[2] / "examples" / "maelstrom" / "node.py"
ECHO = """#!/bin/sh
read init
echo '{"src":"n1","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}'
echo "started" >&2
while read line; do
    %s
done
"""
ARGUMENTS = ("--workload", "echo", "--nodes", 1, "--concurrency", 1, "--time-limit", 1, "--rate", 20, "--seed", 1)


def script(tmp_path: Path, answer: str) -> Path:
    """A program that comes up, and then answers like this."""
    path = tmp_path / "node"
    path.write_text(ECHO % answer)
    path.chmod(0o755)
    return path


def test_maelstroms_names_are_understood_and_told(splitbrain: Command) -> None:
    for name, ours in registry.MAELSTROM_WORKLOADS.items():
        assert registry.workload(name) is registry.workload(ours)
    said = splitbrain("list", "lin-kv")
    assert said.out.startswith("register:")
    assert "other names: lin-kv" in said.out
    assert "stdio" in splitbrain("list", "maelstrom").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "maelstrom:bin=./not-there", "--workload", "echo"), "there is no program ./not-there"),
        (("run", "maelstrom", "--workload", "echo"), "needs the program of a node"),
        (("run", "maelstrom:bin=cat"), "name it with --workload, as lin-kv"),
        (("run", "maelstrom:bin=cat", "--workload", "bank"), "needs transfer"),
        (("run", "maelstrom:bin=cat", "--workload", "echo", "--nemesis", "clock"), "processes and their messages only"),
        (("run", "maelstrom:bin=cat", "--workload", "echo", "--world", "slow-disk"), "only the network is simulated"),
        (("run", "maelstrom:topology=star,bin=cat", "--workload", "broadcast"), "grid, line, total"),
    ],
)
def test_wrong_use_is_one_sentence(words: tuple[str, ...], told: str, splitbrain: Command) -> None:
    said = splitbrain(*words)
    assert said.code == 254
    assert told in said.err


def test_a_program_that_never_comes_up_is_infrastructure(splitbrain: Command, tmp_path: Path) -> None:
    said = splitbrain("run", "maelstrom:bin=sh -c 'echo gone >&2'", *ARGUMENTS, "--out", tmp_path)
    assert said.code == 3
    assert "n1 exited with code 0 before it was ready" in said.out
    assert "gone" in said.out


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("echo debugging", "n1 printed 'debugging' on standard output, which is no message"),
        (
            """echo '{"src":"n1","dest":"c1","body":{"type":"ekho_ok","in_reply_to":2}}'; sleep 9""",
            "n1 answered echo with a message of type 'ekho_ok'; due is echo_ok, or error",
        ),
    ],
)
def test_a_program_that_breaks_the_protocol_is_unknown(
    answer: str, told: str, splitbrain: Command, tmp_path: Path
) -> None:
    # The first client sets up, the second one works.
    said = splitbrain(
        "run", f"maelstrom:bin={script(tmp_path, answer.replace('c1', 'c2'))}", *ARGUMENTS, "--out", tmp_path
    )
    assert said.code == 2
    assert told in said.out.splitlines()[0]
    assert "started" in next(tmp_path.rglob("n1.log")).read_text()


def test_latencies_of_the_world_are_felt(tmp_path: Path) -> None:
    finished = run(
        f"maelstrom:bin={EXAMPLE}", workload="echo", nodes=1, time_limit=0.5, rate=10, world="net.latency=200ms",
        out=tmp_path,
    )  # fmt: skip
    history = finished.history()
    operations = history.operations()
    took = [
        history.time[end] - history.time[begin]
        for begin, end in zip(operations.invoke, operations.complete, strict=True)
        if end >= 0
    ]
    assert took and min(took) >= 2 * 40_000_000, "there and back, a fifth of the longest at least"


def test_messages_are_counted_in_all_and_for_each_operation(tmp_path: Path) -> None:
    finished = run(f"maelstrom:bin={EXAMPLE}", workload="unique-ids", nodes=1, time_limit=0.5, rate=10, out=tmp_path)
    told = re.search(r"sent: (\d+) to services \(", finished.told())
    assert told is not None
    assert int(told[1]) >= finished.result.summary.operations > 0, "one for each identifier"
