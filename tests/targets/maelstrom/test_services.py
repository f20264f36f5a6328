"""Services that nodes ask: linearizable, sequential, last write wins, timestamps."""

import random

from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.maelstrom.services import GOSSIP_NS, SequentialService, services

NOW = 0


def made(seed: int = 1):
    """All services, with a clock that stands."""
    return services(seed, lambda: NOW)


def test_the_linearizable_store_reads_writes_and_compares() -> None:
    store = made()["lin-kv"]
    assert store("n1", {"type": "read", "key": 1})["code"] == 20
    assert store("n1", {"type": "cas", "key": 1, "from": 0, "to": 1})["code"] == 20
    assert store("n1", {"type": "cas", "key": 1, "from": 0, "to": 1, "create_if_not_exists": True}) == {
        "type": "cas_ok"
    }
    assert store("n2", {"type": "read", "key": 1}) == {"type": "read_ok", "value": 1}
    assert store("n2", {"type": "cas", "key": 1, "from": 2, "to": 3})["code"] == 22
    assert store("n2", {"type": "cas", "key": 1, "from": 1, "to": 3}) == {"type": "cas_ok"}
    assert store("n2", {"type": "write", "key": "1", "value": [9]}) == {"type": "write_ok"}
    assert store("n1", {"type": "read", "key": 1})["value"] == 3, "1 and '1' are two keys"
    assert store("n1", {"type": "read"})["code"] == 12
    assert store("n1", {"type": "sing"})["code"] == 10


def test_timestamps_rise() -> None:
    oracle = made()["lin-tso"]
    stamps = [oracle("n1", {"type": "ts"})["ts"] for _ in range(5)]
    assert stamps == sorted(set(stamps))
    assert oracle("n1", {"type": "read"})["code"] == 10


def test_the_sequential_store_shows_the_past_and_never_goes_back() -> None:
    stale = 0
    for seed in range(20):
        store = SequentialService(RandomStream(seed, "test"))
        newest, seen = 0, {"n1": 0, "n2": 0}
        draws = random.Random(seed)
        for _ in range(100):
            node = draws.choice(("n1", "n2"))
            if draws.random() < 0.3:
                newest += 1
                assert store(node, {"type": "write", "key": "x", "value": newest}) == {"type": "write_ok"}
                seen[node] = newest
            else:
                reply = store(node, {"type": "read", "key": "x"})
                value = reply.get("value", 0)
                assert seen[node] <= value <= newest, "a node sees its own writes, and time runs forwards"
                stale += value < newest
                seen[node] = value
    assert stale > 50


def test_a_comparison_in_the_sequential_store_changes_only_the_newest_state() -> None:
    store = SequentialService(RandomStream(3, "test"))
    store("n1", {"type": "write", "key": "x", "value": 0})
    done = 0
    for _ in range(300):
        for node in ("n1", "n2", "n3"):
            value = store(node, {"type": "read", "key": "x"}).get("value")
            if value is not None:
                done += store(node, {"type": "cas", "key": "x", "from": value, "to": value + 1})["type"] == "cas_ok"
    store("n4", {"type": "write", "key": "y", "value": 0})
    assert store("n4", {"type": "read", "key": "x"})["value"] == done, "no update was lost"


def test_the_last_write_wins_in_the_end_and_not_before() -> None:
    now = 0
    store = services(2, lambda: now)["lww-kv"]
    store("n1", {"type": "write", "key": "x", "value": 1})
    codes = {store("n1", {"type": "read", "key": "x"}).get("code") for _ in range(50)}
    assert codes == {None, 20}, "some replicas have it, others do not"
    now += 1000 * GOSSIP_NS
    for _ in range(5):
        now += 1000 * GOSSIP_NS
        store("n1", {"type": "read", "key": "x"})
    assert {store("n1", {"type": "read", "key": "x"}).get("value") for _ in range(50)} == {1}
