"""Audit of saga after a run: all money is there, every saga has ended, and those that were acknowledged moved theirs.

Pitfall: while a saga is under way its money is nowhere, so balances are added up once none is, and a saga that is open
for all of `SECONDS`, though every node answers, will never end.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.harness.node import Node
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.harness.verdict import Validity, Verdict, Witness, unknown
from splitbrain.targets.stores.client import Sessions, StoreClient, StoreError, ask
from splitbrain.targets.stores.messages import PRECONDITION
from splitbrain.targets.stores.saga.plan import OPENING

CHECK = "audit"
SECONDS = 15.0
"""Time that sagas may take to end."""
PAUSE_SECONDS = 0.25
ANSWER_SECONDS = 2.0


class TransferEnds:
    """Requests of transfers of which clients know the end."""

    def __init__(self) -> None:
        self.moved: dict[tuple[str, int], None] = {}
        self.undone: dict[tuple[str, int], None] = {}


class SagaClient(StoreClient):
    """A client that remembers how its transfers ended."""

    def __init__(self, node: Node, sessions: Sessions, ends: TransferEnds) -> None:
        super().__init__(node, sessions, compares=False)
        self._ends = ends

    async def invoke(self, operation: Operation) -> Outcome:
        """See `StoreClient`."""
        try:
            outcome = await super().invoke(operation)
        except StoreError as error:
            if error.code == PRECONDITION:
                self._ends.undone[self.last_request] = None
            raise
        if operation.f == "transfer":
            self._ends.moved[self.last_request] = None
        return outcome


async def settled(nodes: Sequence[Node]) -> None:
    """Return when no saga is under way."""
    while True:
        answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
        if all(answer is not None and quiet(answer) for answer in answers):
            return
        await asyncio.sleep(PAUSE_SECONDS)


def quiet(account: Mapping[str, Any]) -> bool:
    """Whether a node waits for nothing."""
    return not account["open"] and not account["letters"]


async def audited(nodes: Sequence[Node], ends: TransferEnds) -> Verdict:
    """The verdict on these nodes."""
    loop = asyncio.get_running_loop()
    until = loop.time() + SECONDS
    always_open: set[str] | None = None
    while True:
        answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
        accounts = {node.name: answer for node, answer in zip(nodes, answers, strict=True) if answer is not None}
        if len(accounts) == len(nodes):
            still = {saga for account in accounts.values() for saga in account["open"]}
            always_open = still if always_open is None else always_open & still
            if all(map(quiet, accounts.values())):
                return judge(accounts, ends)
            if loop.time() >= until:
                return left_open(accounts, sorted(always_open))
        elif loop.time() >= until:
            return unknown(CHECK, f"{len(accounts)} of {len(nodes)} nodes could be asked")
        await asyncio.sleep(PAUSE_SECONDS)


def left_open(accounts: Mapping[str, Any], sagas: Sequence[str]) -> Verdict:
    """The verdict where not all has ended. sagas: those that were open all the time."""
    if not sagas:
        return unknown(CHECK, f"letters are still on their way after {SECONDS:g} s")
    words = [f"saga {saga} has not ended though all nodes have answered for {SECONDS:g} s" for saga in sagas]
    return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)))


def judge(accounts: Mapping[str, Any], ends: TransferEnds) -> Verdict:
    """The verdict on the accounts of all nodes, when no saga is under way."""
    balances = {account: balance for told in accounts.values() for account, balance in told["balances"].items()}
    moved = {(request[0], request[1]) for told in accounts.values() for request in told["moved"]}
    undone = sum(len(told["undone"]) for told in accounts.values())
    expected, found = OPENING * len(balances), sum(balances.values())
    clearing = sum(told["clearing"] for told in accounts.values())
    words = []
    if found != expected:
        words.append(f"{len(balances)} accounts have {found} in all, and had {expected} at first")
    if clearing:
        words.append(f"the clearing house counts {clearing} open transfers, and no saga is open")
    words += [f"account {account} has {balance}" for account, balance in balances.items() if balance < 0]
    words += [
        f"transfer {number} of session {session} was acknowledged, and no saga of it moved money"
        for session, number in ends.moved
        if (session, number) not in moved
    ]
    words += [
        f"transfer {number} of session {session} was refused, and its saga moved money"
        for session, number in ends.undone
        if (session, number) in moved
    ]
    details = {"moved": len(moved), "undone": undone, "total": found}
    if words:
        return Verdict(Validity.INVALID, words[0], CHECK, witness=Witness((), tuple(words)), details=details)
    reason = f"all money is there after {len(moved):,} sagas that moved it and {undone:,} that were undone"
    return Verdict(Validity.VALID, reason, CHECK, details=details)
