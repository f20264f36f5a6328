"""The five properties of Figure 3 of the Raft paper, watched on a workbench after every step; and bad odds for it.

Besides: an entry is committed only while a majority has it *on disk*, an acknowledged write is a committed one, and a
request takes effect once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from splitbrain.harness.random_stream import RandomStream
from splitbrain.targets.stores.codec import unframe
from splitbrain.targets.stores.log import Ballot, Placed, _decode
from splitbrain.targets.stores.messages import Entry

from .bench import RaftBench


class SafetyWatch:
    """Facts that were seen so far, and must stay true."""

    def __init__(self, bench: RaftBench) -> None:
        self.bench = bench
        self.leader_of: dict[int, str] = {}
        """Term → its leader."""
        self.committed: list[Entry] = []
        self.committed_in: list[int] = []
        """The lowest term in which each of them was seen to be committed."""

    def look(self) -> None:
        """AssertionError if a property does not hold."""
        for name in self.bench.up():
            self._election_safety(name)
            self._state_machine_safety(name)
        self._leader_completeness()
        self._log_matching()
        self._acknowledged()

    def _election_safety(self, name: str) -> None:
        server = self.bench.server(name)
        if server.role == "leader":
            assert self.leader_of.setdefault(server.term, name) == name, f"two leaders in term {server.term}"

    def _voters(self, name: str) -> Sequence[str]:
        """The servers of which a majority has what a server applies first."""
        return self.bench.names

    def _state_machine_safety(self, name: str) -> None:
        server = self.bench.server(name)
        assert server.applied <= server.commit <= server.log.last
        for index in range(1, server.applied + 1):
            entry = server.log.entry(index)
            if index <= len(self.committed):
                assert self.committed[index - 1] == entry, f"{name} applied another entry at {index}"
                continue
            voters = self._voters(name)
            holders = sum(self._on_disk(other, index, entry) for other in voters)
            assert holders > len(voters) // 2, f"entry {index} is committed and on {holders} disks of {len(voters)}"
            self.committed.append(entry)
            self.committed_in.append(server.term)

    def _on_disk(self, name: str, index: int, entry: Entry) -> bool:
        entries: list[Entry] = []
        for payload in unframe(bytes(self.bench.beds[name].durable.get("log", b"")))[0]:
            record: Ballot | Placed = _decode(payload)
            if isinstance(record, Placed):
                del entries[record.index - 1 :]
                entries.append(record.entry)
        return len(entries) >= index and entries[index - 1] == entry

    def _leader_completeness(self) -> None:
        for name in self.bench.leaders():
            server = self.bench.server(name)
            for index, (entry, term) in enumerate(zip(self.committed, self.committed_in, strict=True), 1):
                if term < server.term:
                    assert server.log.term_at(index) == entry.term, f"{name} leads without committed entry {index}"

    def _log_matching(self) -> None:
        logs = [self.bench.server(name).log for name in self.bench.up()]
        for log, other in pairwise(logs):
            same = False
            for index in range(min(log.last, other.last), 0, -1):
                if log.term_at(index) == other.term_at(index):
                    same = True
                    assert log.entry(index) == other.entry(index)
                else:
                    assert not same, f"logs agree behind {index} and not there"

    def _acknowledged(self) -> None:
        written = [entry.request.value for entry in self.committed if entry.request is not None]
        for handle, value in self.bench.writes.items():
            response = self.bench.replies.get(handle)
            if response is not None and response.error is None:
                assert value in written, f"the write of {value} was acknowledged and is not committed"


@dataclass(frozen=True)
class StepOdds:
    """Probabilities of each kind of step. A storm of one kind finds other mistakes than a storm of all kinds."""

    timer: float
    crash: float
    restart: float
    write: float
    sync: float
    loss: float
    twice: float
    orderly: float
    """The probability that the oldest message comes first."""

    @staticmethod
    def drawn(stream: RandomStream) -> "StepOdds":
        """Draw probabilities."""
        return StepOdds(
            timer=stream.choice([0.02, 0.05, 0.2]),
            crash=stream.choice([0.0, 0.003, 0.02]),
            restart=stream.choice([0.01, 0.05, 0.2]),
            write=stream.choice([0.02, 0.1]),
            sync=stream.choice([0.1, 0.3, 0.6]),
            loss=stream.choice([0.0, 0.05, 0.3]),
            twice=stream.choice([0.0, 0.05, 0.3]),
            orderly=stream.choice([0.0, 0.5, 0.9]),
        )


def storm(watch: SafetyWatch, odds: StepOdds, stream: RandomStream, steps: int) -> None:
    """Let so many things happen."""
    for _ in range(steps):
        _happen(watch.bench, odds, stream)
        watch.look()


def _happen(bench: RaftBench, odds: StepOdds, stream: RandomStream) -> None:
    up = bench.up()
    down = [name for name in bench.names if name not in up]
    busy = [name for name in up if bench.beds[name].syncs]
    leaders = bench.leaders()
    if down and stream.chance(odds.restart):
        bench.start(stream.choice(down))
    elif up and stream.chance(odds.crash):
        bench.crash(stream.choice(up), keep=stream.below(3), torn=stream.below(60))
    elif up and stream.chance(odds.timer):
        if leaders and stream.chance(0.7):
            bench.fire(stream.choice(leaders), "heartbeat")
        else:
            bench.fire(stream.choice(up), "election")
    elif up and stream.chance(odds.write):
        bench.write(stream.choice(leaders or up), bench.fresh())
    elif busy and stream.chance(odds.sync):
        bench.sync(stream.choice(busy))
    elif bench.flights:
        position = 0 if stream.chance(odds.orderly) else stream.below(len(bench.flights))
        if stream.chance(odds.loss):
            del bench.flights[position]
        else:
            bench.deliver(position, keep=stream.chance(odds.twice))
        if len(bench.flights) > 300:
            del bench.flights[::2]
