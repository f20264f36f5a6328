"""Workloads whose sessions and tokens move between nodes: who carries on what, and what stores make of it."""

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from splitbrain import run
from splitbrain.checkers.lattice import spectrum_in
from splitbrain.harness.generator import Moment, simulate
from splitbrain.harness.generator.scripted import ScriptedOperation
from splitbrain.harness.operation import EventType
from splitbrain.harness.options import settle
from splitbrain.registry import workload
from splitbrain.runner.script import Script
from splitbrain.shrinking.candidate import operations_of
from splitbrain.workloads.workload import Size

SIZE = Size(concurrency=6, nodes=3, rate=100.0)


def moments(
    name: str, ends: Callable[[Moment], EventType] = lambda moment: EventType.OK, **settings: str
) -> list[Moment]:
    found = workload(name)
    return simulate(
        found.main(SIZE, settle(found.options, settings, name)), concurrency=SIZE.concurrency, latency_ms=20.0,
        seconds=3.0, operations=800, ends=ends,
    )  # fmt: skip


def test_sessions_move_to_another_node_and_are_carried_on_by_one_client_at_a_time() -> None:
    holders: dict[str, list[int]] = defaultdict(list)
    for moment in moments("session", steps="2"):
        assert moment.operation.session == moment.operation.takes == moment.operation.gives
        holders[str(moment.operation.session)].append(moment.thread)
    assert SIZE.concurrency < len(holders) <= SIZE.concurrency + SIZE.nodes
    moves = 0
    for threads in holders.values():
        pairs = [threads[place : place + 2] for place in range(0, len(threads) - 1, 2)]
        assert all(first == second for first, second in pairs)
        nodes = [pair[0] % SIZE.nodes for pair in pairs]
        moved = sum(before != after for before, after in pairwise(nodes))
        assert moved >= 0.8 * (len(nodes) - 1)
        moves += moved
    assert moves > 50


def test_sticky_sessions_stay_and_may_leave_their_token() -> None:
    found = moments("session", sticky="on", token="off")
    assert {(moment.operation.session, moment.thread) for moment in found} == {(f"s{n}", n) for n in range(6)}
    assert {moment.operation.takes for moment in found} == {None}


def test_tokens_go_to_a_client_on_another_node_before_it_reads_and_only_from_what_succeeded() -> None:
    def ends(moment: Moment) -> EventType:
        return EventType.FAIL if moment.thread == 0 else EventType.OK

    given: dict[str, int] = {}
    givers: Counter[str] = Counter()
    taken = 0
    for moment in moments("causal", ends):
        operation = moment.operation
        if operation.gives is not None:
            assert operation.gives not in given
            given[operation.gives] = moment.thread
            givers[operation.f] += 1
        if operation.takes is not None:
            taken += 1
            assert operation.f == "read" and given[operation.takes] != 0
            assert given[operation.takes] % SIZE.nodes != moment.thread % SIZE.nodes
    assert givers["write"] > givers["read"] > 20
    assert taken > 50 and not any(moment.operation.gives for moment in moments("causal", tokens="off"))


def statuses(target: str, name: str, out: Path, **settings: str) -> dict[str, str]:
    found = run(
        target, workload=name, nemesis="partition", time_limit=10, seed=1, settings=settings, out=out,
    ).result  # fmt: skip
    return {str(check["name"]): str(check["verdict"]) for check in found.headline()["checks"]}


def test_read_your_writes_and_monotonic_reads_hold_with_the_token_of_a_session_that_moves(tmp_path: Path) -> None:
    held = statuses("primary-backup:reads=session", "session", tmp_path)
    assert held["read-your-writes"] == held["monotonic-reads"] == "valid"


@pytest.mark.parametrize(("target", "settings"), [("session", {"token": "off"}), ("any", {})])
def test_both_fail_without_the_token(target: str, settings: dict[str, str], tmp_path: Path) -> None:
    failed = statuses(f"primary-backup:reads={target}", "session", tmp_path, **settings)
    assert failed["read-your-writes"] == failed["monotonic-reads"] == "invalid"


def test_a_copy_that_is_behind_breaks_causality_and_a_primary_does_not(tmp_path: Path) -> None:
    assert statuses("primary-backup:reads=any", "causal", tmp_path)["causal-consistency"] == "invalid"
    assert statuses("primary-backup", "causal", tmp_path)["causal-consistency"] == "valid"


def test_what_is_shrunk_keeps_sessions_and_tokens(tmp_path: Path) -> None:
    kept = run("primary-backup", workload="causal", time_limit=1, seed=1, nodes=3, out=tmp_path)
    operations = [entry.operation for _, entry in operations_of(kept.history(), 0, 10)]
    given = {operation.gives for operation in operations} - {None}
    taken = {operation.takes for operation in operations} - {None}
    assert taken and taken <= given
    moved = run("primary-backup", workload="session", time_limit=1, seed=1, nodes=3, out=tmp_path)
    operations = [entry.operation for _, entry in operations_of(moved.history(), 0, 10)]
    assert len({operation.session for operation in operations} - {None}) > 5
    script = Script((), tuple(ScriptedOperation(0, place, operation) for place, operation in enumerate(operations)))
    assert Script.from_toml(script.to_toml(), "here") == script


@pytest.mark.parametrize(("token", "verdict"), [("on", "valid"), ("off", "invalid")])
def test_a_causal_store_is_causal_to_a_session_that_moves_if_it_takes_its_token_along(
    token: str, verdict: str, tmp_path: Path
) -> None:
    found = run(
        "causal", workload="session", settings={"token": token}, model="causal-consistency", nemesis="partition",
        time_limit=8, seed=1, out=tmp_path,
    ).result  # fmt: skip
    assert found.headline()["checks"][0]["name"] == "causal-consistency"
    assert found.status.value == verdict


DELAYED = "packet:kind=delay,delay_ms={},jitter_ms=0"


@pytest.mark.parametrize(("sticky", "verdict"), [("on", "valid"), ("off", "invalid")])
def test_a_session_reads_its_writes_from_one_copy_of_many_if_it_stays_there(
    sticky: str, verdict: str, tmp_path: Path
) -> None:
    result = run(
        "quorum:w=1,r=1", seed=1, workload="session", settings={"sticky": sticky}, nemesis=DELAYED.format(100),
        time_limit=8.0, out=tmp_path,
    ).result  # fmt: skip
    found = {check.checker: check.value.value for check in result.checks}
    assert (found["read-your-writes"], found["monotonic-reads"]) == (verdict, verdict)


def test_to_stay_is_not_enough_at_a_node_that_holds_no_copy(tmp_path: Path) -> None:
    result = run(
        "quorum:n=3,w=1,r=1,read_repair=off", seed=6, workload="session", settings={"sticky": "on"},
        nemesis="partition", time_limit=8.0, out=tmp_path,
    ).result  # fmt: skip
    found = {check.checker: check.value.value for check in result.checks}
    assert found["writes-follow-reads"] == "invalid"


def test_reads_of_one_copy_are_the_staler_the_later_writes_come_to_it(tmp_path: Path) -> None:
    shares, late = [], []
    for delay in (10, 100, 400):
        result = run(
            "quorum:w=1,r=1", seed=1, workload="unique-register", model="spectrum", nemesis=DELAYED.format(delay),
            time_limit=8.0, out=tmp_path,
        ).result  # fmt: skip
        staleness = spectrum_in(result.verdict)["staleness"]
        shares.append(staleness["share"])
        late.append(staleness["milliseconds"]["p99"])
    assert shares == sorted(shares) and shares[-1] > 3 * shares[0] > 0
    assert 5 < late[0] < 50 < late[1] < 250 < late[2]
