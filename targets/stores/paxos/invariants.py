"""Invariants of paxos, watched while a simulated run goes on; `node` says what each mark tells.

Lamport 2001, section 2.2: P1a (an acceptor accepts nothing below what it promised) and P2c (a proposal builds upon what
may have been chosen in lower ballots) make all that is chosen one chain of states.
"""

from collections import OrderedDict, deque
from typing import Any

from splitbrain.harness.invariants import Invariant, Watch, done_once
from splitbrain.harness.marks import START, MarkEvent

WINDOW = 50_000
"""The number of the latest ballots that are remembered, over all keys."""
PROPOSALS = 64
"""Likewise of proposals, of each key."""


def one_life_a_ballot() -> Invariant:
    """One life of one node to which a ballot belongs: no other begins a round with it (section 2.4: a proposer never
    issues two proposals with one number)."""

    def watch() -> Watch:
        lives: dict[str, int] = {}
        begun: OrderedDict[Any, tuple[str, int]] = OrderedDict()

        def see(event: MarkEvent) -> str | None:
            if event.name == START:
                lives[event.node] = lives.get(event.node, 0) + 1
                return None
            key, ballot = event.values
            life = event.node, lives.get(event.node, 0)
            first = begun.setdefault((key, ballot), life)
            if len(begun) > WINDOW:
                begun.popitem(last=False)
            if first == life:
                return None
            return (
                f"{event.node} begins a round with ballot {ballot} of key {key!r} after its start {life[1]}, and "
                f"{first[0]} had begun one with it after its start {first[1]}"
            )

        return see

    return Invariant("one life a ballot", (START, "begun"), watch)


def one_proposal_a_ballot() -> Invariant:
    """At most one state proposed in one ballot of a key."""

    def watch() -> Watch:
        proposals: OrderedDict[Any, MarkEvent] = OrderedDict()

        def see(event: MarkEvent) -> str | None:
            key, ballot, _, digest = event.values
            first = proposals.setdefault((key, ballot), event)
            if len(proposals) > WINDOW:
                proposals.popitem(last=False)
            if first.values[3] == digest and first.node == event.node:
                return None
            return (
                f"{event.node} proposes in ballot {ballot} of key {key!r}, in which {first.node} proposed another state"
            )

        return see

    return Invariant("one proposal a ballot", ("proposed",), watch)


def chosen_by_majority() -> Invariant:
    """Choice by a majority: what a proposer takes to be chosen is on the disks of a majority of all nodes."""

    def watch() -> Watch:
        nodes: dict[str, None] = {}
        accepted: OrderedDict[Any, dict[str, None]] = OrderedDict()

        def see(event: MarkEvent) -> str | None:
            if event.name == START:
                nodes[event.node] = None
                return None
            key, ballot = event.values[:2]
            if event.name == "accepted":
                accepted.setdefault((key, ballot), {})[event.node] = None
                if len(accepted) > WINDOW:
                    accepted.popitem(last=False)
                return None
            having = accepted.get((key, ballot), {})
            if len(having) > len(nodes) // 2:
                return None
            where = ", ".join(having) or "nobody"
            return (
                f"{event.node} takes ballot {ballot} of key {key!r} for chosen, which {where} of {len(nodes)} accepted"
            )

        return see

    return Invariant("chosen by a majority", (START, "accepted", "chosen"), watch)


def builds_on_chosen() -> Invariant:
    """A proposal builds upon what was chosen in lower ballots (P2c)."""

    def watch() -> Watch:
        chosen: dict[Any, Any] = {}
        proposals: dict[Any, deque[tuple[Any, Any]]] = {}

        def see(event: MarkEvent) -> str | None:
            key, ballot = event.values[:2]
            if event.name == "chosen":
                chosen[key] = max(ballot, chosen.get(key, ballot))
                past = [pair for pair in proposals.get(key, ()) if pair[1] < ballot < pair[0]]
            else:
                parent = event.values[2]
                proposals.setdefault(key, deque(maxlen=PROPOSALS)).append((ballot, parent))
                past = [(ballot, parent)] if key in chosen and parent < chosen[key] < ballot else []
            if not past:
                return None
            later, parent = past[0]
            between = ballot if event.name == "chosen" else chosen[key]
            return f"ballot {later} of key {key!r} builds upon ballot {parent}, though ballot {between} is chosen"

        return see

    return Invariant("a proposal builds upon what is chosen", ("proposed", "chosen"), watch)


def keeps_promises() -> Invariant:
    """Acceptors that accept nothing below what they have promised (P1a), and tell of the latest that they have
    accepted; over restarts too."""

    def watch() -> Watch:
        promised: dict[tuple[str, Any], Any] = {}
        accepted: dict[tuple[str, Any], Any] = {}

        def see(event: MarkEvent) -> str | None:
            key, ballot = event.values[:2]
            place = event.node, key
            if event.name == "promised":
                promised[place] = max(ballot, promised.get(place, ballot))
                told, known = event.values[2], accepted.get(place)
                if known is None or told >= known:
                    return None
                return f"{event.node} tells that it accepted {told} last of key {key!r}, and had accepted {known}"
            accepted[place] = max(ballot, accepted.get(place, ballot))
            if place not in promised or ballot >= promised[place]:
                return None
            return f"{event.node} accepts ballot {ballot} of key {key!r}, and had promised {promised[place]}"

        return see

    return Invariant("an acceptor keeps its promises", ("promised", "accepted"), watch)


INVARIANTS = (
    one_life_a_ballot(),
    one_proposal_a_ballot(),
    chosen_by_majority(),
    builds_on_chosen(),
    keeps_promises(),
    done_once(),
)
