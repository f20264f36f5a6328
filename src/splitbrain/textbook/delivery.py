"""Measurements about delivery: how much a consumer has to remember so that each message counts once."""

from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, found_if
from splitbrain.textbook.simulated import block, simulate

RUNS = 2
MESSAGES, BITS_EACH, HASHES = 20_000, 10, 7
"""A Bloom filter as it is usually laid out: one in a hundred of what it never saw is taken for known in the end."""


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


MEASUREMENTS = {"delivery-idempotent": consumers, "delivery-bloom": bloom}
