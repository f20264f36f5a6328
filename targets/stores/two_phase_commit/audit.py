"""Audit of two-phase-commit after a run: a transaction was committed by all its participants or by none, those that
were acknowledged are there, those that were refused are not, and none stays open.

How long participants that had voted were in doubt, and held locks, is told with it.

Pitfall: a participant may still be waiting for its coordinator, so what is missing, and what is open, counts only if it
is so for all of `SECONDS`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome, Value
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.stores.client import Sessions, StoreClient, StoreError, ask
from splitbrain.targets.stores.messages import PRECONDITION, UNAVAILABLE
from splitbrain.targets.stores.two_phase_commit.coordinator import CONFLICT

CHECK = "audit"
SECONDS = 15.0
"""Time that nodes may take to end all transactions."""
PAUSE_SECONDS = 0.25
ANSWER_SECONDS = 2.0
Requests = dict[tuple[str, int], None]


class KnownEnds:
    """Requests of which clients know the end: those that were acknowledged and have written, and those that were
    refused."""

    def __init__(self) -> None:
        self.acknowledged: Requests = {}
        self.refused: Requests = {}


class CommitClient(StoreClient):
    """A client that remembers how its transactions ended."""

    def __init__(self, node: Node, sessions: Sessions, ends: KnownEnds) -> None:
        super().__init__(node, sessions, compares=False)
        self._ends = ends

    async def invoke(self, operation: Operation) -> Outcome:
        """See `StoreClient`."""
        try:
            outcome = await super().invoke(operation)
        except StoreError as error:
            if error.code in (CONFLICT, PRECONDITION, UNAVAILABLE):
                self._ends.refused[self.last_request] = None
            raise
        if writes(operation):
            self._ends.acknowledged[self.last_request] = None
        return outcome


def writes(operation: Operation) -> bool:
    """Whether an operation that succeeded has written."""
    if operation.f == "txn":
        return any(step[0] != "r" for step in operation.value)
    if operation.f == "transfer":
        return bool(operation.value["from"] != operation.value["to"])
    return operation.f != "read"


async def audited(nodes: Sequence[Node], ends: KnownEnds) -> Verdict:
    """The verdict on these nodes."""
    loop = asyncio.get_running_loop()
    until = loop.time() + SECONDS
    always_open: set[str] | None = None
    while True:
        answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
        accounts = {node.name: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}
        if len(accounts) == len(nodes):
            still = {txn for account in accounts.values() for txn in account["open"]}
            always_open = still if always_open is None else always_open & still
            verdict = judge(accounts, ends, sorted(always_open))
            if verdict.value is Validity.VALID and not still:
                return verdict
            if loop.time() >= until:
                return verdict
        elif loop.time() >= until:
            return unknown(CHECK, f"{len(accounts)} of {len(nodes)} nodes could be asked", **told(accounts))
        await asyncio.sleep(PAUSE_SECONDS)


def judge(accounts: Mapping[str, Any], ends: KnownEnds, left_open: Sequence[str]) -> Verdict:
    """The verdict on the accounts of all nodes. left_open: transactions that have not ended for all the time."""
    details = told(accounts)
    words = [*halves(accounts), *strange(accounts, ends)]
    for txn in left_open:
        where = ", ".join(name for name, account in accounts.items() if txn in account["open"])
        words.append(f"transaction {txn} is open at {where} though all nodes have answered for {SECONDS:g} s")
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)), details=details)
    doubt = details["in_doubt"]
    reason = (
        f"{details['committed']:,} transactions were committed by all their participants; of these and of others "
        f"{doubt['transactions']:,} were in doubt, and held locks for {doubt['held_ms'] / 1000:.1f} s in all, "
        f"{doubt['longest_ms'] / 1000:.1f} s at most"
    )
    return Verdict(Validity.VALID, reason, CHECK, details=details)


def told(accounts: Mapping[str, Any]) -> dict[str, Value]:
    """Details of a verdict: how many transactions were committed, and how many participants held locks in doubt for how
    long."""
    doubts = [account["in_doubt"] for account in accounts.values()]
    return {
        "committed": len({txn: None for account in accounts.values() for txn in account["committed"]}),
        "in_doubt": {
            "transactions": sum(doubt["transactions"] for doubt in doubts),
            "held_ms": sum(doubt["held_ms"] for doubt in doubts),
            "longest_ms": max((doubt["longest_ms"] for doubt in doubts), default=0),
        },
    }


def halves(accounts: Mapping[str, Any]) -> list[str]:
    """The transactions that one participant has committed and another has not, in words."""
    words = []
    for name, account in accounts.items():
        for txn, (participants, _) in account["committed"].items():
            for other in participants:
                if txn not in accounts[other]["committed"]:
                    words.append(f"{name} has committed transaction {txn}, and {other}, which takes part, has not")
    return words


def strange(accounts: Mapping[str, Any], ends: KnownEnds) -> list[str]:
    """The acknowledged requests that are missing, and the refused ones that were committed, in words."""
    there = {
        (request[0], request[1]): txn
        for account in accounts.values()
        for txn, (_, request) in account["committed"].items()
    }
    lost = [name for name in ends.acknowledged if name not in there]
    kept = [name for name in ends.refused if name in there]
    return [
        *(f"request {number} of session {session} was acknowledged, and no node has it" for session, number in lost),
        *(
            f"request {number} of session {session} was refused, and committed as {there[session, number]}"
            for session, number in kept
        ),
    ]
