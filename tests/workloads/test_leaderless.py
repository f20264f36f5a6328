"""The workloads for stores without compare-and-set, and for what was removed: what they ask, pass and refute."""

from collections import Counter
from pathlib import Path

import pytest

from splitbrain import registry, run
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Moment, simulate
from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import EventType, Operation
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.workloads.workload import Size

SIZE = Size(concurrency=10, nodes=5, rate=100.0)


def moments(name: str, **settings: str) -> list[Moment]:
    story = registry.workload(name)
    main = story.main(SIZE, settle(story.options, settings, name))
    return simulate(main, concurrency=SIZE.concurrency, latency_ms=20.0, seconds=5.0, operations=2000)


@pytest.mark.parametrize(("name", "f"), [("unique-register", "write"), ("deletes", "add")])
def test_what_is_written_is_unique(name: str, f: str) -> None:
    written = Counter(moment.operation.value for moment in moments(name) if moment.operation.f == f)
    assert len(written) > 100
    assert max(written.values()) == 1


@pytest.mark.parametrize(
    ("target", "verdict"), [("raft", "valid"), ("single", "valid"), ("primary-backup:failover=timeout", "invalid")]
)
def test_registers_that_are_only_read_and_written(target: str, verdict: str, tmp_path: Path) -> None:
    result = run(target, seed=1, workload="unique-register", nemesis="partition", time_limit=12.0, out=tmp_path).result
    assert result.status.value == verdict, result.reason


def test_an_element_is_removed_by_its_thread_and_not_at_once() -> None:
    added: dict[int, list[int]] = {}
    removed = 0
    for moment in moments("deletes", lag="4", kept_every="3"):
        mine = added.setdefault(moment.thread, [])
        if moment.operation.f == "add":
            mine.append(moment.operation.value)
        else:
            removed += 1
            assert moment.operation.value in mine[:-4]
    assert removed > 100
    everything = Counter(moment.operation.f for moment in moments("deletes", lag="1", kept_every="0"))
    assert everything["add"] - everything["remove"] <= 2 * SIZE.concurrency


@pytest.mark.parametrize("settings", [{"lag": "0"}, {"kept_every": "-1"}])
def test_wrong_settings_are_said(settings: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="is a whole number of at least"):
        moments("deletes", **settings)


@pytest.mark.parametrize(("rises", "verdict"), [(False, Validity.VALID), (True, Validity.INVALID)])
def test_an_element_that_rises_again_is_found_by_the_final_reads(rises: bool, verdict: Validity) -> None:
    story = registry.workload("deletes")
    settings = settle(story.options, {}, "deletes")
    there: set[int] = set()
    lines: list[tuple[int, str, Operation, object]] = []
    last = -1
    for moment in moments("deletes"):
        operation = moment.operation
        (there.add if operation.f == "add" else there.discard)(operation.value)
        last = operation.value if operation.f == "remove" else last
        lines += [
            (moment.thread, "invoke", operation, operation.value),
            (moment.thread, "ok", operation, operation.value),
        ]
    if rises:
        there.add(last)
    final = story.final(SIZE, settings, History())
    assert final is not None
    for moment in simulate(final, concurrency=10, ends=lambda _: EventType.OK):
        lines += [
            (moment.thread, "invoke", moment.operation, None),
            (moment.thread, "ok", moment.operation, tuple(there)),
        ]
    history = History.of(
        Event(index=at, time=at, process=process, type=kind, f=operation.f, value=value)
        for at, (process, kind, operation, value) in enumerate(lines)
    )
    (checker,) = story.checkers(settings)
    found = checker.check(history, Budget())
    assert found.value is verdict, found.reason
