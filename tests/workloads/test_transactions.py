"""Workloads of transactions against own stores: what holds is shown, what a store without a disk loses is found."""

import pytest

from splitbrain import run
from splitbrain.harness.operation import EventType


@pytest.mark.parametrize("workload", ["list-append", "rw-register"])
@pytest.mark.parametrize("target", ["raft", "single"])
def test_a_log_of_transactions_is_strict_serializable(target, workload, tmp_path):
    result = run(target, workload=workload, seed=3, nemesis="partition", time_limit=4.0, out=tmp_path).result
    assert result.status == "valid", result.reason
    judged = result.verdict.children[0]
    assert judged.checker == workload and "strict-serializable" in judged.details["allowed"]
    assert judged.certificate


@pytest.mark.parametrize("workload", ["list-append", "rw-register"])
def test_what_was_not_synced_and_is_lost_is_found(workload, tmp_path):
    found = run("single:sync=off", workload=workload, seed=1, nemesis="kill", time_limit=6.0, out=tmp_path).result
    assert found.status == "invalid", found.reason


def test_transactions_are_as_the_options_say(tmp_path):
    history = run(
        "single", workload="rw-register", seed=5, nemesis="none", time_limit=2.0, out=tmp_path,
        settings={"length": 2, "keys": 3, "read_before_write": 1, "read_share": 0},
    ).history()  # fmt: skip
    values = history.pool.values
    operations = history.operations()
    main = [values[argument] for argument in operations.argument if any(f == "w" for f, _, _ in values[argument])]
    assert {len(steps) for steps in main} == {2, 4}
    assert all(
        before[0] == "r" and before[1] == write[1]
        for steps in main
        for before, write in zip(*[iter(steps)] * 2, strict=True)
    )
    written = [(key, value) for steps in main for f, key, value in steps if f == "w"]
    assert len(set(written)) == len(written)
    assert EventType.OK in operations.ended
