"""Measurements about the availability of stores whose nodes fail: beside the binomial formula, and where it fails.

Nodes are killed and started again by Poisson processes. Every few seconds one client at each node writes, and one
reads; a moment counts as served if one of a node that lives is answered. So what is measured is the store, not the
luck of a client.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import msgspec

from splitbrain.harness.generator import Completion, Context, Generator, Wait
from splitbrain.harness.generator.core import Answer
from splitbrain.harness.operation import Operation
from splitbrain.harness.random_stream import RandomStream
from splitbrain.textbook.claim import ClaimFinding, ClaimSample, found_if
from splitbrain.textbook.failures import FailureModel, kills
from splitbrain.textbook.simulated import SECOND, SimulatedRun, simulate
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Workload

ALONE = FailureModel(mtbf_s=32.0, mttr_s=8.0)
"""Machines that are down a fifth of their time."""
TOGETHER = FailureModel(mtbf_s=72.0, mttr_s=8.0, common_s=72.0)
"""The same share for a machine, but for half of the time it is because all are."""
RUN_S, LOOK_S = 3200.0, 16.0
"""Two mean repairs lie between two looks, and the state is forgotten at the sum of both rates: looks are nearly
independent. Pitfall: an operation that waits for a node until it is back is answered, so it must not wait for long."""
MOST = 5
FAR = 4.0
"""Standard deviations by which a share may differ from the formula."""


class Looks(msgspec.Struct, frozen=True):
    """A write and a read through each node every `LOOK_S` seconds, each under the key of its node. done: thread → the
    number of the look that it has made."""

    nodes: int
    done: Mapping[int, int]

    def next(self, context: Context) -> tuple[Answer, Generator]:
        """The operation of the look that is due, or the time of the next one."""
        every, thread = int(LOOK_S * SECOND), context.thread
        number = context.now // every
        if number == self.done.get(thread, 0):
            return Wait(until=(number + 1) * every), self
        key = f"k{thread % self.nodes}"
        operation = Operation(READ, None, key) if thread >= self.nodes else Operation(WRITE, number, key)
        return operation, Looks(self.nodes, {**self.done, thread: number})

    def update(self, completion: Completion) -> Generator:
        """Go on as before."""
        return self


def served(target: str, nodes: int, model: FailureModel, seed: int) -> Mapping[str, tuple[int, int]]:
    """Moments at which writes and reads of a store were served, and all. Stores of as many nodes fail alike."""
    changes = list(model.changes(nodes, RUN_S, RandomStream(seed, "textbook", "nodes", nodes)))
    looks = Workload("looks", "", READ_WRITE, (), lambda size, _: Looks(nodes, {}), lambda _: ())
    run = simulate(
        target, seed, looks, workload="availability", nodes=nodes, concurrency=2 * nodes, rate=0.0, timeout=0.2,
        time_limit=RUN_S, schedule=kills(changes, RUN_S),
    )  # fmt: skip
    found = {}
    for kind in (WRITE, READ):
        moments: dict[int, bool] = dict.fromkeys(range(1, int(RUN_S / LOOK_S)), False)
        for number, good in _answers(run, kind):
            if number in moments:
                moments[number] |= good
        found[kind] = sum(moments.values()), len(moments)
    return found


def _answers(run: SimulatedRun, kind: str) -> Iterator[tuple[int, bool]]:
    """The operations of a kind: the number of the look, and whether it was answered within a second of it."""
    for one in run.operations(kind):
        number, late = divmod(one.at, int(LOOK_S * SECOND))
        yield number, one.ok and late < SECOND


def quorums(seed: int) -> ClaimSample:
    """All (N, W) and (N, R) of up to five nodes, and majorities of raft, beside the formula."""
    shares, apart = {}, []
    for nodes in range(1, MOST + 1):
        for write in range(1, nodes + 1):
            need = {WRITE: write, READ: nodes + 1 - write}
            target = f"quorum:n={nodes},w={need[WRITE]},r={need[READ]},version=lww,anti_entropy=off"
            for kind, found in served(target, nodes, ALONE, seed).items():
                letter = "W" if kind == WRITE else "R"
                formula = ALONE.at_least(need[kind], nodes)
                words = f"moments at which {kind}s were served, N = {nodes}, {letter} = {need[kind]}"
                shares[f"{words}; {_in_words(formula)}"] = found
                apart.append(_apart(*found, formula))
    for nodes in (3, MOST):
        found, formula = served("raft", nodes, ALONE, seed)[WRITE], ALONE.at_least(nodes // 2 + 1, nodes)
        shares[f"moments at which writes were served, raft of {nodes}; {_in_words(formula)}"] = found
        apart.append(_apart(*found, formula))
    finding = found_if(confirmed=max(apart) < FAR, refuted=max(apart) > 2 * FAR)
    return ClaimSample(finding, shares, served=dict.fromkeys(shares, True))


def _in_words(formula: float) -> str:
    return f"by the formula {100 * formula:.4g} %, {-math.log10(1 - formula):.3g} nines"


def _apart(part: int, whole: int, expected: float) -> float:
    """Difference of a share from what was expected, in standard deviations."""
    return abs(part / whole - expected) / max(math.sqrt(expected * (1 - expected) / whole), 1 / whole)


def nines(seed: int) -> ClaimSample:
    """Stores any node of which will do (W = R = 1), of one to three nodes, whose failures are independent or not."""
    shares = {}
    for words, model in (("each by itself", ALONE), ("half of the time all at once", TOGETHER)):
        for nodes in (1, 2, 3):
            target = f"quorum:n={nodes},w=1,r=1,version=lww,anti_entropy=off"
            good, whole = served(target, nodes, model, seed)[WRITE]
            name = f"{nodes} cop{'ies' if nodes > 1 else 'y'}, nodes fail {words}"
            by_formula = f"by the formula {-nodes * math.log10(model.down_in_all):.3g} nines"
            shares[f"moments at which writes were not served, {name}; {by_formula}"] = whole - good, whole
    independent, together = list(shares.values())[:3], list(shares.values())[3:]
    fits = all(
        _apart(none, whole, ALONE.down_in_all**nodes) < FAR for nodes, (none, whole) in enumerate(independent, 1)
    )
    none, whole = together[2]
    fails = none / whole > 5 * TOGETHER.down_in_all**3
    finding = ClaimFinding.DEPENDS if fits and fails else ClaimFinding.UNSETTLED
    return ClaimSample(finding, shares, served=dict.fromkeys(shares, False))


MEASUREMENTS: Mapping[str, Callable[[int], ClaimSample]] = {
    "availability-quorums": quorums,
    "availability-nines": nines,
}
