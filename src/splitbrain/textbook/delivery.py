"""Measurements about delivery: what a consumer has to remember and when to commit it, to count each message once."""

from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, RunShares, found_if
from splitbrain.textbook.consumers import CheckpointedSum, CommitOrder, Effects, consumed, redelivered, stored_effects
from splitbrain.textbook.simulated import block, simulate

RUNS = 2
MESSAGES, BITS_EACH, HASHES = 20_000, 10, 7
"""A Bloom filter as it is usually laid out: one in a hundred of what it never saw is taken for known in the end."""
CRASHES = 0.01
"""The chance that a consumer crashes at a step."""
WINDOW, KEYS = 100, 500
LOGS = 10
"""Logs that messages are spread over, where those of one log depend on one another."""
STORES = {
    CommitOrder.BEFORE: "log:delivery=at-most-once",
    CommitOrder.AFTER: "log:delivery=at-least-once",
    CommitOrder.WITH: "log:delivery=exactly-once",
}
BROKER: Mapping[str, Any] = {
    "workload": "consume", "nemesis": "partition,kill", "rate": 100.0, "time_limit": 10.0, "model": "claim",
}  # fmt: skip
"""Runs of a broker with five nodes, whose consumers and leaders are cut off and die."""


def consumers(seed: int) -> ClaimSample:
    """Consumers that know again all letters, the last sixteen of a sender, its last one, and none."""
    runs = {
        memory: [
            simulate(f"saga:dedup={memory}", one, workload="transfers", nemesis="packet", rate=60.0, time_limit=10.0)
            for one in block(seed, RUNS)
        ]
        for memory in ("all", "window", "last", "none")
    }
    forgetful = [run for memory, them in runs.items() if memory != "all" for run in them]
    told = all(run.held for run in runs["all"]) and all(run.refuted for run in forgetful)
    words = {"all": "all", "window": "the last sixteen", "last": "the last one", "none": "none"}
    shares = {
        f"runs that made or lost money, consumers that know {words[memory]} again": (
            sum(run.refuted for run in them), len(them),
        )
        for memory, them in runs.items()
    }  # fmt: skip
    return ClaimSample(ClaimFinding.DEPENDS if told else ClaimFinding.UNSETTLED, shares)


def bloom(seed: int) -> ClaimSample:
    """New messages that a Bloom filter of ten bits a message takes for known ones: they are dropped."""
    draw = RandomStream(seed, "textbook", "bloom")
    size = MESSAGES * BITS_EACH
    filled = bytearray(size)
    lost = 0
    for _ in range(MESSAGES):
        places = [draw.below(size) for _ in range(HASHES)]
        lost += all(filled[place] for place in places)
        for place in places:
            filled[place] = 1
    return ClaimSample(
        found_if(confirmed=lost == 0, refuted=lost > 0), {"new messages that were taken for known": (lost, MESSAGES)}
    )


def commit_order(seed: int) -> ClaimSample:
    """Messages that a consumer lost or counted twice, by when it commits its offset."""
    found, lost, doubled = RunShares(), {}, {}
    for order in CommitOrder:
        draw = RandomStream(seed, "textbook", "consumer", order.value)
        logs = [consumed(MESSAGES // LOGS, order, CRASHES, draw) for _ in range(LOGS)]
        effects = [[counted[message] for message in range(MESSAGES // LOGS)] for counted in logs]
        runs = [simulate(STORES[order], one, **BROKER) for one in block(seed, RUNS)]
        for words, of_logs, of_store in (
            ("a consumer alone", [Effects.of(counts) for counts in effects], False),
            (STORES[order], [stored_effects(run) for run in runs], True),
        ):
            name = f"offset committed {order.value}, {words}"
            lost[order, of_store], _ = found.add(f"messages lost, {name}", [(one.lost, one.all) for one in of_logs])
            doubled[order, of_store], _ = found.add(
                f"messages counted twice, {name}", [(one.doubled, one.all) for one in of_logs]
            )
    before, after, together = CommitOrder
    as_said = all(
        lost[before, store] and doubled[after, store] and not lost[together, store] + doubled[together, store]
        for store in (False, True)
    )
    refuted = any(doubled[before, store] + lost[after, store] > 0 for store in (False, True))
    return found.sample(found_if(confirmed=as_said and not refuted, refuted=refuted))


def checkpoints(seed: int) -> ClaimSample:
    """A stream processor with checkpoints: its state, and what two kinds of sinks were told twice."""
    found, states, right, twice, whole = RunShares(), {}, [], [], True
    for name, transactional in (("at once", False), ("with the checkpoint", True)):
        draw = RandomStream(seed, "textbook", "checkpoints", name)
        runs = [CheckpointedSum(1000, transactional, CRASHES, draw) for _ in range(20)]
        right.append(sum(run.total == sum(range(1000)) for run in runs))
        states[f"runs whose state was right in the end, a sink that shows results {name}"] = right[-1], len(runs)
        again, _ = found.add(
            f"results shown more than once, a sink that shows them {name}",
            [(sum(times > 1 for times in run.shown.values()), len(run.shown)) for run in runs],
        )
        twice.append(again)
        whole = whole and all(len(run.shown) == 1000 for run in runs)
    plain, transactions = twice
    depends = min(right) == 20 and whole and plain > 0 and transactions == 0
    return found.sample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, states)


def window(seed: int) -> ClaimSample:
    """Copies that a consumer counts once more that remembers each message while 100 new ones come, by how late they
    come."""
    counts = {"within the window": [0, 0], "later": [0, 0]}
    forgets: dict[int, int] = {}
    now = 0
    for message, late in redelivered(MESSAGES, 0.1, 2 * WINDOW, RandomStream(seed, "textbook", "window")):
        now = max(now, message)
        known = forgets.get(message, now) > now
        forgets[message] = now + WINDOW
        if late:
            side = counts["within the window" if late < WINDOW else "later"]
            side[0] += not known
            side[1] += 1
    shares = {f"copies counted again that come {name}": (again, whole) for name, (again, whole) in counts.items()}
    (within, _), (later, whole) = counts.values()
    depends = within == 0 and later == whole > 0
    return ClaimSample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, shares)


def upsert(seed: int) -> ClaimSample:
    """Keys that end with an older value where single messages come again, and where all come again from an offset; and
    ones with a version that is compared."""
    draw, found = RandomStream(seed, "textbook", "upsert"), RunShares()
    for _ in range(LOGS):
        keys = [draw.below(KEYS // LOGS) for _ in range(MESSAGES // LOGS)]
        singles = [message for message, _ in redelivered(len(keys), 0.1, 2 * WINDOW, draw)]
        replayed: list[int] = []
        for message in range(len(keys)):
            replayed.append(message)
            if draw.chance(0.01):
                replayed += range(max(0, message - WINDOW), message + 1)
        for name, came, compared in (
            ("single messages come again", singles, False),
            ("all since an offset come again", replayed, False),
            ("single messages come again, and versions are compared", singles, True),
        ):
            back, wrong, whole = _upserted(keys, came, compared=compared)
            found.add(f"keys with an older value in the end, {name}", [(wrong, whole)])
            found.add(f"upserts that put an older value back, {name}", [(back, len(came))])
    single, single_back, replay, replay_back, versions, versions_back = (part for part, _ in found.shares.values())
    refuted = single > 0 and single_back > 0 and replay == 0 and replay_back > 0 and versions == versions_back == 0
    return found.sample(found_if(confirmed=single == 0, refuted=refuted))


def _upserted(keys: Sequence[int], came: Sequence[int], *, compared: bool) -> tuple[int, int, int]:
    """Upserts that put an older value back; keys with one in the end, and all. keys: of each message. came: messages as
    they come. compared: whether versions are."""
    value: dict[int, int] = {}
    back = 0
    for message in came:
        older = message < value.get(keys[message], -1)
        back += older and not compared
        if not (older and compared):
            value[keys[message]] = message
    last = {key: message for message, key in enumerate(keys)}
    return back, sum(value[key] != message for key, message in last.items()), len(last)


MEASUREMENTS = {
    "delivery-idempotent": consumers,
    "delivery-bloom": bloom,
    "delivery-commit-order": commit_order,
    "delivery-checkpoints": checkpoints,
    "delivery-window": window,
    "delivery-upsert": upsert,
}
