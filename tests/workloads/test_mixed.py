"""The default workload: what it asks, and what it refutes that `register` lets through."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import pytest

from splitbrain.harness.errors import UsageError
from splitbrain.harness.generator import Moment, simulate
from splitbrain.harness.options import settle
from splitbrain.workloads.mixed import ADD, APPEND, CAS, MIXED, READ, WRITE
from splitbrain.workloads.workload import Size

SIZE = Size(concurrency=10, nodes=5, rate=100.0)
NO_SETTINGS: Mapping[str, str] = {}


def moments(given: Mapping[str, str] = NO_SETTINGS, size: Size = SIZE, seconds: float = 60.0) -> list[Moment]:
    main = MIXED.main(size, settle(MIXED.options, given, "workload mixed"))
    return simulate(main, concurrency=size.concurrency, latency_ms=90.0, seconds=seconds, operations=6000)


def test_no_value_is_written_twice() -> None:
    written: Counter[object] = Counter()
    for moment in moments():
        if moment.operation.f != READ:
            value = moment.operation.value
            written[value[1] if moment.operation.f == CAS else value] += 1
    assert len(written) > 2000
    assert max(written.values()) == 1


def test_a_key_holds_one_kind_of_object() -> None:
    kinds = defaultdict(set)
    for moment in moments():
        kinds[str(moment.operation.key)[0]].add(moment.operation.f)
    assert kinds == {"r": {READ, WRITE, CAS}, "l": {READ, APPEND}, "s": {READ, ADD}}


def test_some_keys_live_for_the_whole_run_and_some_for_a_while() -> None:
    times: dict[str, list[int]] = defaultdict(list)
    for moment in moments():
        times[str(moment.operation.key)].append(moment.time)
    end = max(map(max, times.values()))
    spans = {key: (max(at) - min(at)) / end for key, at in times.items()}
    assert all(spans[f"{kind}-run0"] > 0.9 for kind in "rls")
    hot = [span for key, span in spans.items() if "-" not in key]
    assert len(hot) > 20
    assert max(hot) < 0.25


def test_in_a_long_run_the_oldest_keys_end_too_so_that_their_lists_stay_short() -> None:
    numbers = [str(m.operation.key) for m in moments({"operations_per_key": "10"}) if "-run" in str(m.operation.key)]
    assert {key[1:] for key in numbers} == {f"-run{number}" for number in range(6)}


def test_a_compare_and_set_expects_what_somebody_wrote_to_that_key() -> None:
    written: dict[object, object] = {}
    expected: list[tuple[object, object]] = []
    for moment in moments():
        operation = moment.operation
        if operation.f == CAS:
            expected.append((operation.key, operation.value[0]))
        if operation.f != READ:
            written[operation.value[1] if operation.f == CAS else operation.value] = operation.key
    known = [old for key, old in expected if old is not None and written.get(old) == key]
    assert len(known) > 0.7 * len(expected)


@pytest.mark.parametrize("given", [{"operations_per_key": "0"}, {"operations_per_key": "-1"}, {"aged": "2"}])
def test_settings_that_make_no_sense_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="workload mixed"):
        moments(given, seconds=1.0)


def test_the_mix_of_operations_can_be_chosen() -> None:
    def share(given: dict[str, str], kind: str) -> float:
        kinds = Counter(moment.operation.f for moment in moments(given))
        return kinds[kind] / kinds.total()

    assert share({"read_share": "0"}, READ) < share({}, READ) - 0.05 < share({"read_share": "0.5"}, READ) - 0.1
    assert share({"cas_share": "0"}, CAS) == 0 < share({}, CAS) < share({"cas_share": "0.9"}, CAS) - 0.05


def test_one_client_on_one_node_works_too() -> None:
    kinds = {moment.operation.f for moment in moments(size=Size(1, 1, 0.0))}
    assert kinds == {READ, WRITE, CAS, APPEND, ADD}
