"""Measurement about two-phase commit whose coordinator comes back with its log, without it, or not at all."""

from collections.abc import Mapping

from splitbrain.textbook.claim import ClaimSample, RunShares, found_if
from splitbrain.textbook.locks import COORDINATOR, TRIED, transfers_by_key
from splitbrain.textbook.simulated import SECOND, SimulatedRun, block, script, simulate

STORE = "two-phase-commit:isolation=2pl"
FORGETFUL = "decision-forgotten"
"""The planted bug: a coordinator keeps its decisions in memory alone, and takes what it does not know for aborted."""
RUNS, TORN_RUNS = 2, 6
CRASH_S, BACK_S, END_S = 3.0, 9.0, 20.0
ENDS: Mapping[str, float] = {"gone for good": END_S, "back with its log": BACK_S}
"""The time at which the coordinator is started again."""
SETTLED_NS = SECOND
"""The time after the crash from which on transactions in doubt alone hold locks for long, and after the return."""


def log_lost(seed: int) -> ClaimSample:
    """Keys in doubt that no transaction gets any more, by how the coordinator's outage ends; and runs in which one was
    committed here and aborted there, by whether it comes back with its log."""
    found, torn, held = RunShares(), {}, []
    for words, until in ENDS.items():
        found.add(
            f"keys in doubt that no transaction got any more, coordinator {words}",
            [_locked(_outage(one, until)) for one in block(seed, RUNS)],
        )
    for words, bug in (("back with its log", ""), ("back without it", f",bug={FORGETFUL}")):
        runs = [_crashes(f"{STORE},patience_ms=400{bug}", one) for one in block(seed, TORN_RUNS)]
        torn[f"runs in which a transaction was committed here and aborted there, coordinator {words}"] = (
            sum(run.refuted for run in runs), len(runs),
        )  # fmt: skip
        held.append(all(run.held for run in runs))
    (gone, of_gone), (back, of_back) = found.shares.values()
    confirmed = 0 < of_gone == gone and of_back > 0 == back and held == [True, False]
    return found.sample(found_if(confirmed=confirmed, refuted=back > 0 or gone == 0 < of_gone), torn)


def _outage(seed: int, until: float) -> SimulatedRun:
    """A run whose coordinator is killed once, and started again at that time; its end is that of all that counts."""
    return simulate(
        f"{STORE},patience_ms=200", seed, workload="transfers", rate=100.0, timeout=0.3, time_limit=END_S,
        concurrency=20, settings={"read_share": "0", "accounts": "60"}, world="disk.sync=20",
        schedule=script({"fault": "kill", "variant": "one", "start": CRASH_S, "duration": until - CRASH_S,
                         "nodes": [COORDINATOR]}),
    )  # fmt: skip


def _crashes(target: str, seed: int) -> SimulatedRun:
    """A run whose coordinator crashes again and again, where disks are slow and some messages are lost."""
    return simulate(
        target, seed, workload="transfers", rate=100.0, timeout=0.3, time_limit=12.0, concurrency=10,
        settings={"read_share": "0", "accounts": "16"}, world="disk.sync=60,net.loss=0.03",
        schedule=script(*({"fault": "kill", "variant": "one", "start": 1.5 + 1.2 * number, "duration": 0.4,
                           "nodes": [COORDINATOR]} for number in range(8))),
    )  # fmt: skip


def _locked(run: SimulatedRun) -> tuple[int, int]:
    """Keys that no transaction got from a second after the return on, and those that none got in the outage before."""
    end = int(END_S * SECOND)
    outage = _blocked(run, int(CRASH_S * SECOND) + SETTLED_NS, int(BACK_S * SECOND))
    return len(outage & _blocked(run, int(BACK_S * SECOND) + SETTLED_NS, end)), len(outage)


def _blocked(run: SimulatedRun, start: int, stop: int) -> set[str]:
    """Keys of living nodes that transactions tried in this time, and none got."""
    return {
        key for key, them in transfers_by_key(run, start, stop).items()
        if len(them) >= TRIED and not any(transfer.ok for transfer in them)
    }  # fmt: skip


MEASUREMENTS = {"agreement-lost-log": log_lost}
