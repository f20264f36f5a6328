"""Histories of the benchmarks, which are what they are said to be: by the checker, and by counting."""

from collections import Counter
from pathlib import Path

import histories
import logs
import pytest
from histories import HistoryShape

from splitbrain.checkers import porcupine
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read
from splitbrain.harness.operation import EventType

CAS = porcupine.MODELS["cas-register"].make()
KV = porcupine.MODELS["kv"].make()
NOWHERE = Path("/nonexistent")
KINDS = [
    HistoryShape(300, 5),
    HistoryShape(300, 5, reads=0.4, cas=0.3),
    HistoryShape(300, 5, values=0),
    HistoryShape(300, 5, values=0, cas=0.3),
    HistoryShape(300, 4, crashed=4),
    HistoryShape(300, 4, values=0, crashed=3),
    HistoryShape(600, 6, reads=0.4, cas=0.3, keys=5),
]


def verdict(model, history):
    return porcupine.check(model, history, Budget(seconds=20), explain=False).value.value


@pytest.mark.parametrize("shape", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_a_valid_history_is_valid_and_a_wrong_read_makes_it_invalid(shape, seed):
    words = {}
    for invalid in (False, True):
        given = HistoryShape(**{name: getattr(shape, name) for name in shape.__dataclass_fields__} | {"seed": seed})
        history = histories.register(HistoryShape(**vars(given) | {"invalid": invalid}))
        words[invalid] = verdict(CAS, history)
    assert words == {False: "valid", True: "invalid"}


def test_the_same_seed_gives_the_same_history_and_another_seed_another():
    first, again, other = (list(histories.register(HistoryShape(200, 5, cas=0.2, seed=seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_history_has_the_shape_that_was_asked_for():
    history = histories.register(HistoryShape(5000, 10, reads=0.4, cas=0.3, crashed=12, keys=7))
    operations, values = history.operations(), history.pool.values
    shares = Counter(values[f] for f in operations.f)
    assert len(operations) == 5000
    assert shares["read"] / 5000 == pytest.approx(0.4, abs=0.05)
    assert shares["cas"] / 5000 == pytest.approx(0.3, abs=0.05)
    assert list(operations.ended).count(EventType.INFO) == 12
    assert {values[key] for key in operations.key} == {f"k{key}" for key in range(7)}
    assert max(operations.process) > 10
    assert {process % 10 for process in operations.process} == set(range(10))


def test_an_invalid_history_differs_in_one_read_near_the_end():
    valid, invalid = (
        list(histories.register(HistoryShape(1000, 10, values=0, invalid=wrong))) for wrong in (False, True)
    )
    different = [index for index, (one, other) in enumerate(zip(valid, invalid, strict=True)) if one != other]
    assert len(different) == 1
    assert different[0] > 0.9 * len(valid)
    assert invalid[different[0]].f == "read"


def test_a_history_that_cannot_be_made_wrong_is_refused():
    with pytest.raises(ValueError, match="no read that can be made wrong"):
        histories.register(HistoryShape(20, 10, values=1, invalid=True))


def test_json_lines_are_read_back_as_they_were(tmp_path):
    history = histories.register(HistoryShape(300, 5, cas=0.3, crashed=5, keys=3))
    histories.write_jsonl(history, tmp_path / "history.jsonl")
    back = read(tmp_path / "history.jsonl")
    assert list(back) == list(history)
    assert not back.warnings


def test_a_small_bomb_is_valid():
    history = histories.bomb(waves=3, clients=6)
    assert len(history.operations()) == 3 * 7
    assert verdict(CAS, history) == "valid"


def test_generated_etcd_logs_look_like_recorded_ones_and_are_read_back(tmp_path):
    found = logs.etcd(NOWHERE)
    assert len(found) == logs.ETCD_LOGS
    assert not any(log.recorded for log in found)
    assert all(60 <= len(log.history.operations()) < 90 for log in found)
    words = [verdict(CAS, log.history) for log in found]
    assert 60 <= words.count("invalid") <= 80
    assert "unknown" not in words
    logs.write_logs(found, tmp_path)
    assert [verdict(CAS, read(tmp_path / f"{log.name}.log")) for log in found] == words


@pytest.mark.parametrize("clients", [1, 10])
def test_generated_kv_logs_are_valid_and_invalid(clients):
    fine, wrong = logs.kv(clients, NOWHERE)
    assert verdict(KV, fine.history) == "valid"
    assert verdict(KV, wrong.history) == "invalid"
