"""Options of quorum, and what it promises with each combination of them.

The rule of the textbooks, w + r > n (Gifford, "Weighted Voting for Replicated Data", SOSP 1979), is about one thing: a
read meets the last write that has ended. With `version=vector` a write asks r replicas first, and so replaces all that
was written before it. Then:

- `w + r > n`, `read_repair=off` or `async`: regular. A write under way may be read, and then not be read any more: not
  linearizable, with any number of replicas.
- `w + r > n`, `read_repair=blocking`: linearizable, as `abd` is. With majorities, CP.
- `w + r <= n`, or `sloppy=on` (two quorums of different nodes need not meet): nothing of a model. With `w=1,r=1` and
  all nodes as replicas: AP; and convergence with anti-entropy, as a node answers from its own copy first, so that a
  write replaces what its client has seen there.
- `version=lww`: nothing of a model, whatever w and r. The wall clock of the coordinator decides what is newer, and a
  write whose clock is behind is acknowledged and lost.

With `disk=memory` nothing is promised: a restart forgets. A key may be read while `n - r` replicas are away, and
written while `n - w` are (with `version=vector`, `n - max(w, r)`).

`read_repair=async`: after the answer, replicas that were heard get what they lack. `sloppy=on`: nodes stand in for
replicas that are silent, and hand over what they kept (needs n below the number of nodes). Replicas
compare Merkle trees and exchange what differs, unless `anti_entropy=off`.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.errors import UsageError
from splitbrain.harness.options import Option, Setting
from splitbrain.harness.program import ProgramFactory
from splitbrain.targets.stores.leaderless import LeaderlessStore
from splitbrain.targets.stores.planted import BUG
from splitbrain.targets.stores.quorum.node import ALL, CORRECT, MAJORITY, QuorumNode, QuorumSettings, size
from splitbrain.targets.stores.replicas import ReplicaSettings


class Quorum(LeaderlessStore):
    """The target `quorum`."""

    name = "quorum"
    summary = "replicas without a leader (Dynamo, 2007): w of n write, r of n are read, newer versions win"
    options = (
        Option("n", ALL, "replicas of a key: a number, or all nodes"),
        Option("w", MAJORITY, "replicas that a write waits for: a number, majority or all"),
        Option("r", MAJORITY, "replicas that a read waits for: a number, majority or all"),
        Option(
            "read_repair",
            "async",
            "off; async: replicas that are behind get what they lack after a read; blocking: before its answer",
            ("off", "async", "blocking"),
        ),
        Option("version", "vector", "vector: version vectors; lww: the wall clock", ("vector", "lww")),
        Option("sloppy", False, "whether other nodes stand in for silent replicas, and hand over later"),
        Option("hint_ms", 150, "silence of a replica after which another stands in, milliseconds", least=1),
        Option("anti_entropy", True, "whether replicas compare their copies by Merkle trees"),
        Option("compare_ms", 1000, "how often they do, milliseconds", least=1),
        Option("disk", "sync", "memory: keep nothing over a restart", ("sync", "memory")),
        Option("timeout_ms", 1000, "how long a coordinator waits for replicas, milliseconds", least=1),
        BUG,
    )
    bugs = "splitbrain.targets.stores.bugs.catalogue:QUORUM"

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        n, w, r = (self._size(name) for name in ("n", "w", "r"))
        if n == MAJORITY:
            raise UsageError("quorum: n is a number of replicas, 1 or more, or all")
        for name, number in (("w", w), ("r", r)):
            if isinstance(n, int) and isinstance(number, int) and number > n:
                raise UsageError(f"quorum: {name}={number} is more than the n={n} replicas of a key")
        self._node = QuorumSettings(
            ReplicaSettings(self._word("disk") == "sync", patience=self._nanoseconds("timeout_ms")),
            None if isinstance(n, str) else n, w, r, self._word("version") == "vector", self._word("read_repair"),
            self._nanoseconds("hint_ms") if settings["sloppy"] else None,
            compare_every=self._nanoseconds("compare_ms") if settings["anti_entropy"] else None,
        )  # fmt: skip

    def _size(self, option: str) -> int | str:
        """The value of an option that is a number of replicas, or a word."""
        value = self._word(option)
        if value in (ALL, MAJORITY):
            return value
        if not value.isascii() or not value.isdecimal() or int(value) == 0:
            raise UsageError(f"quorum: {option} is a number of replicas, 1 or more, {MAJORITY} or {ALL}, not {value!r}")
        return int(value)

    @property
    def claims(self) -> Sequence[str]:
        """See the table above."""
        node = self._node
        if not node.replica.persistent:
            return ()
        if node.n is None and node.w == node.r == 1:
            return ("convergence", "AP") if node.vectors and node.compare_every is not None else ("AP",)
        if node.hint_after is not None or not node.vectors or not meets(node):
            return ()
        if node.repair != "blocking":
            return ("regular",)
        return ("linearizable", "CP") if node.n is None and node.w == node.r == MAJORITY else ("linearizable",)

    def copies(self, nodes: int) -> int:
        """w, if the disk is used."""
        node = self._node
        return size(node.w, nodes if node.n is None else node.n) if node.replica.persistent else 0

    @property
    def program(self) -> ProgramFactory:
        """Make a QuorumNode."""
        return self.program_of((QuorumNode, CORRECT), settings=self._node)


def meets(settings: QuorumSettings) -> bool:
    """Whether each quorum of reads meets each of writes. Numbers say nothing where n depends on the cluster."""
    if settings.n is None:
        return ALL in (settings.w, settings.r) or settings.w == settings.r == MAJORITY
    return size(settings.w, settings.n) + size(settings.r, settings.n) > settings.n
