"""Options of paxos, and what it promises with them.

- `reads=change`, `reads=quorum`: linearizable and CP. Every node serves while it reaches a majority.
- `reads=local`: nothing. A node answers from what it accepted last, which may be old, or never chosen.

With `disk=memory` nothing is promised: an acceptor that forgets breaks its promises.
"""

import asyncio
from collections.abc import Mapping, Sequence

from splitbrain.harness.errors import UsageError
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.harness.verdict import Verdict
from splitbrain.targets.stores.audit import ANSWER_SECONDS, BUG, RETRIES, AuditedStore
from splitbrain.targets.stores.client import ask
from splitbrain.targets.stores.paxos.audit import judge_kept, understood
from splitbrain.targets.stores.paxos.invariants import INVARIANTS
from splitbrain.targets.stores.paxos.node import CORRECT, PaxosNode
from splitbrain.targets.stores.paxos.replica import PaxosSettings


class Paxos(AuditedStore):
    """The target `paxos`."""

    name = "paxos"
    summary = "a register under each key, changed by Paxos without a log or a leader (CASPaxos, Rystsov 2018)"
    options = (
        Option(
            "reads",
            "change",
            "change: a change that changes nothing; quorum: what a majority holds, if it agrees; local: what the asked "
            "node happens to have",
            ("change", "quorum", "local"),
        ),
        Option("disk", "sync", "sync: promise only what is on disk; memory: keep nothing", ("sync", "memory")),
        Option("resend_ms", 100, "silence after which a message is sent again, milliseconds"),
        Option("backoff_ms", 20, "the first wait of a node that was outbid is drawn below twice this, milliseconds"),
        Option(
            "patience_ms",
            300,
            "how long a request is tried until it is refused, milliseconds; three times as long if it was proposed",
        ),
        RETRIES,
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:PAXOS"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self._paxos = PaxosSettings(
            reads=self._word("reads"),
            persistent=self._word("disk") == "sync",
            resend=self._nanoseconds("resend_ms"),
            backoff=self._nanoseconds("backoff_ms"),
            patience=self._nanoseconds("patience_ms"),
        )
        if not 0 < self._paxos.backoff <= self._paxos.backoff_max or not 0 < self._paxos.resend < self._paxos.patience:
            raise UsageError(
                "paxos: resend_ms and backoff_ms are more than 0, patience_ms is more than resend_ms, and backoff_ms "
                f"is at most {self._paxos.backoff_max // 1_000_000}"
            )

    invariants = INVARIANTS

    @property
    def claims(self) -> Sequence[str]:
        """See the table above."""
        if self._paxos.reads == "local" or not self._paxos.persistent:
            return ()
        return "linearizable", "CP"

    @property
    def program(self) -> ProgramFactory:
        """Make a PaxosNode."""
        return self.program_of((PaxosNode, CORRECT), settings=self._paxos)

    async def audit(self, nodes: Sequence[Node]) -> Verdict:
        """See `audit`."""
        answers = await asyncio.gather(*(ask(node, "audit", ANSWER_SECONDS) for node in nodes))
        kept = {
            node.name: understood(answer) for node, answer in zip(nodes, answers, strict=True) if answer is not None
        }
        return judge_kept(kept, len(nodes), self._sessions)
