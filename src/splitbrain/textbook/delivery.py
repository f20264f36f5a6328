"""Measurements about delivery: what a consumer has to remember and when to commit it, to count each message once."""

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, found_if
from splitbrain.textbook.consumers import CheckpointedSum, CommitOrder, consumed, redelivered
from splitbrain.textbook.simulated import block, simulate

RUNS = 2
MESSAGES, BITS_EACH, HASHES = 20_000, 10, 7
"""A Bloom filter as it is usually laid out: one in a hundred of what it never saw is taken for known in the end."""
CRASHES = 0.01
"""The chance that a consumer crashes at a step."""
WINDOW, KEYS = 100, 500


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
    shares, lost, doubled = {}, {}, {}
    for order in CommitOrder:
        draw = RandomStream(seed, "textbook", "consumer", order.value)
        counted = consumed(MESSAGES, order, CRASHES, draw)
        lost[order] = sum(not counted[message] for message in range(MESSAGES))
        doubled[order] = sum(counted[message] > 1 for message in range(MESSAGES))
        shares[f"messages lost, offset committed {order.value}"] = lost[order], MESSAGES
        shares[f"messages counted twice, offset committed {order.value}"] = doubled[order], MESSAGES
    before, after, together = CommitOrder
    as_said = lost[before] and not doubled[before] and doubled[after] and not lost[after]
    neither = not lost[together] and not doubled[together]
    refuted = doubled[before] > 0 or lost[after] > 0
    return ClaimSample(found_if(confirmed=bool(as_said and neither), refuted=refuted), shares)


def checkpoints(seed: int) -> ClaimSample:
    """A stream processor with checkpoints: its state, and what two kinds of sinks were told twice."""
    shares, right, twice = {}, [], []
    for name, transactional in (("at once", False), ("with the checkpoint", True)):
        draw = RandomStream(seed, "textbook", "checkpoints", name)
        runs = [CheckpointedSum(1000, transactional, CRASHES, draw) for _ in range(20)]
        right.append(sum(run.total == sum(range(1000)) for run in runs))
        twice.append(sum(times > 1 for run in runs for times in run.shown.values()))
        shares[f"runs whose state was right in the end, a sink that shows results {name}"] = right[-1], len(runs)
        shares[f"results shown more than once, a sink that shows them {name}"] = (
            twice[-1], sum(len(run.shown) for run in runs),
        )  # fmt: skip
    plain, transactions = twice
    depends = min(right) == 20 and plain > 0 and transactions == 0
    return ClaimSample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, shares)


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
    draw = RandomStream(seed, "textbook", "upsert")
    keys = [draw.below(KEYS) for _ in range(MESSAGES)]
    singles = [message for message, _ in redelivered(MESSAGES, 0.1, 2 * WINDOW, draw)]
    replayed: list[int] = []
    for message in range(MESSAGES):
        replayed.append(message)
        if draw.chance(0.01):
            replayed += range(max(0, message - WINDOW), message + 1)
    last = {key: message for message, key in enumerate(keys)}
    shares = {}
    for name, came, compared in (
        ("single messages come again", singles, False),
        ("all since an offset come again", replayed, False),
        ("single messages come again, and versions are compared", singles, True),
    ):
        value: dict[int, int] = {}
        back = 0
        for message in came:
            older = message < value.get(keys[message], -1)
            back += older and not compared
            if not (older and compared):
                value[keys[message]] = message
        wrong = sum(value[key] != message for key, message in last.items())
        shares[f"keys with an older value in the end, {name}"] = wrong, len(last)
        shares[f"upserts that put an older value back, {name}"] = back, len(came)
    single, single_back, replay, replay_back, versions, versions_back = (part for part, _ in shares.values())
    refuted = single > 0 and single_back > 0 and replay == 0 and replay_back > 0 and versions == versions_back == 0
    return ClaimSample(found_if(confirmed=single == 0, refuted=refuted), shares)


MEASUREMENTS = {
    "delivery-idempotent": consumers,
    "delivery-bloom": bloom,
    "delivery-commit-order": commit_order,
    "delivery-checkpoints": checkpoints,
    "delivery-window": window,
    "delivery-upsert": upsert,
}
