"""Measurements about locks and who outlives whom: transactions whose coordinator is gone, and holders that are late."""

from collections import defaultdict

from splitbrain.targets.stores.two_phase_commit.shard import owner
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, RunShares, found_if
from splitbrain.textbook.simulated import SECOND, SimulatedOperation, SimulatedRun, block, script, simulate

RUNS = 3
COORDINATOR, NODES = "n2", [f"n{number}" for number in range(1, 6)]
DOWN_S, LATEST_NS = 3.0, 2 * SECOND
"""The time that a coordinator is away, and its last part, in which transactions in doubt alone hold locks."""
STUCK = "keys of living nodes that no transaction got in the last part of an outage of the coordinator"
TRIED = 4
"""Transactions on a key from which on one counts."""


def two_phase_commit(seed: int) -> ClaimSample:
    """Keys of living nodes that no transaction got while a coordinator was away, and after it came back."""
    found, waits = RunShares(), list[float]()
    for one in block(seed, RUNS):
        run = simulate(
            "two-phase-commit:isolation=2pl,patience_ms=200", one, workload="transfers", rate=200.0, timeout=0.3,
            time_limit=27.0, settings={"read_share": "0", "accounts": "60"}, concurrency=20, world="disk.sync=20",
            schedule=script(*({"fault": "kill", "variant": "one", "start": 2.0 + 5.0 * number, "duration": DOWN_S,
                               "nodes": [COORDINATOR]} for number in range(5))),
        )  # fmt: skip
        tried = freed = before = tried_before = stuck = 0
        for window in run.windows("kill"):
            back = window.stop_ns
            during, blocked = _blocked(run, back - LATEST_NS, back)
            usual, by_chance = _blocked(run, window.start_ns - LATEST_NS, window.start_ns)
            tried_before, before = tried_before + usual, before + len(by_chance)
            later = transfers_by_key(run, back, back + 2 * SECOND)
            tried, stuck = tried + during, stuck + len(blocked)
            for key in blocked:
                ends = [transfer.ended for transfer in later[key] if transfer.ok and transfer.ended is not None]
                freed += bool(ends)
                waits += [(end - back) / 1e6 for end in ends[:1]]
        found.add(STUCK, [(stuck, tried)])
        found.add("of these, keys that one got when it was back", [(freed, stuck)])
        found.add("the same before the outage, from locks of others by chance", [(before, tried_before)])
    (stuck, tried), (freed, _), (before, tried_before) = found.shares.values()
    confirmed = stuck == freed and stuck > 3 * before and tried_before > 0
    finding = found_if(confirmed=confirmed, refuted=stuck == 0 < tried)
    return found.sample(finding, amounts={"ms from its return to that": waits})


def _blocked(run: SimulatedRun, start: int, stop: int) -> tuple[int, list[str]]:
    """Count the keys that transactions tried in this time, and name those that none of them got."""
    tried = {key: them for key, them in transfers_by_key(run, start, stop).items() if len(them) >= TRIED}
    return len(tried), [key for key, them in tried.items() if not any(transfer.ok for transfer in them)]


def transfers_by_key(run: SimulatedRun, start: int, stop: int) -> dict[str, list[SimulatedOperation]]:
    """Transactions of this time between clients and keys of other nodes than the coordinator, by key."""
    found: dict[str, list[SimulatedOperation]] = defaultdict(list)
    for transfer in run.operations("transfer"):
        keys = [transfer.value["from"], transfer.value["to"]] if isinstance(transfer.value, dict) else []
        elsewhere = COORDINATOR not in [transfer.node, *(owner(key, NODES) for key in keys)]
        if elsewhere and start <= transfer.at < stop:
            for key in keys:
                found[key].append(transfer)
    return found


def fencing(seed: int) -> ClaimSample:
    """Holders of a lock that are late and do not look at the clock: what the resource accepts, and who used it when."""
    shares, held = {}, {}
    for fenced in ("off", "on"):
        for judge, words in (
            ("fencing", "that accepted an older holder after a newer one"),
            ("exclusion", "in which two held the lock at once"),
        ):
            runs = [
                simulate(
                    f"lock:holders=paused,fencing={fenced}", one, workload="lock", settings={"judge": judge},
                    rate=100.0, time_limit=20.0, nemesis="pause,partition",
                )
                for one in block(seed, 2)
            ]  # fmt: skip
            shares[f"runs {words}, fencing={fenced}"] = sum(run.refuted for run in runs), len(runs)
            held[fenced, judge] = all(run.held for run in runs)
    plain, _, _, still = (part for part, _ in shares.values())
    depends = plain > 0 and still > 0 and held["on", "fencing"]
    return ClaimSample(ClaimFinding.DEPENDS if depends else ClaimFinding.UNSETTLED, shares)


MEASUREMENTS = {"agreement-two-phase-commit": two_phase_commit, "agreement-fencing": fencing}
