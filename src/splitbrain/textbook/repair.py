"""Measurement about read repair: copies that a split left behind, of keys that are read afterwards and of others."""

from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from splitbrain.harness.generator import Context, Generator, calls
from splitbrain.harness.marks import MarkEvent, Marking
from splitbrain.harness.operation import Operation
from splitbrain.harness.options import Setting
from splitbrain.registry import simulator
from splitbrain.targets.stores.versions import Rank
from splitbrain.textbook.claim import ClaimSample, RunShares, found_if
from splitbrain.textbook.simulated import SECOND, block, script, simulate
from splitbrain.workloads.register import READ, READ_WRITE, WRITE
from splitbrain.workloads.workload import Size, Workload

RUNS, KEYS, NODES = 2, 200, 3
SPLIT_S, HEAL_S, END_S = 1.0, 5.0, 15.0
STORE = "quorum:n=3,w=2,r=2,version=lww,read_repair=async"
ALONE = script({"fault": "partition:topology=one-node,mode=lose", "variant": "one-node", "start": SPLIT_S,
                "duration": HEAL_S - SPLIT_S, "nodes": ["n3"]})  # fmt: skip


def _main(size: Size, settings: Mapping[str, Setting]) -> Generator:
    """Writes of all keys while a node is alone, and reads of every second key afterwards."""

    def operation(context: Context) -> Operation:
        number = context.draws.below(KEYS)
        if context.now < HEAL_S * SECOND:
            return Operation(WRITE, size.unique(context.thread, context.ordinal), f"k{number}")
        return Operation(READ, None, f"k{number // 2 * 2}")

    return calls(operation)


HALF_READ = Workload("half-read", "keys of which every second one is read", READ_WRITE, (), _main, lambda settings: ())


def read_repair(seed: int) -> ClaimSample:
    """Keys whose copies differ ten seconds after the heal, with read repair alone and with comparison of copies."""
    found = RunShares()
    for words, target in (("read repair alone", f"{STORE},anti_entropy=off"), ("copies compared too", STORE)):
        for one in block(seed, RUNS):
            differing = {"read since": 0, "not read since": 0}
            whole = dict(differing)
            for key, same in _copies(target, one).items():
                kind = "not read since" if int(key[1:]) % 2 else "read since"
                whole[kind] += 1
                differing[kind] += not same
            for kind, number in differing.items():
                name = f"keys {kind} whose copies differ ten seconds after a split, {words}"
                found.add(name, [(number, whole[kind])])
    (read, _), (unread, _), (read_too, _), (unread_too, _) = found.shares.values()
    seen = all(whole for _, whole in found.shares.values())
    confirmed = seen and unread > 0 == read and not read_too + unread_too
    return found.sample(found_if(confirmed=confirmed, refuted=seen and unread == 0))


def _copies(target: str, seed: int) -> dict[str, bool]:
    """Keys that were written, and whether all copies are the same in the end."""
    environment = simulator(seed, "")
    copies: dict[str, dict[str, Rank]] = defaultdict(dict)

    def hear(event: MarkEvent) -> None:
        key, rank = event.values
        copies[key][event.node] = rank

    cast("Marking", environment).marks.subscribe(hear, "copy")
    simulate(
        target, seed, HALF_READ, environment, workload="availability", nodes=NODES, rate=200.0, timeout=1.0,
        time_limit=END_S, schedule=ALONE,
    )  # fmt: skip
    return {key: len(found) == NODES and len(set(found.values())) == 1 for key, found in copies.items()}


MEASUREMENTS = {"quorums-read-repair": read_repair}
