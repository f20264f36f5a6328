"""CPU seconds of the checkers of transactions, from columns to verdict with witnesses, and memory.

    python benchmarks/transactions.py [--sizes 1000 10000 100000] [--only WORKLOAD/LEVEL …] [--command] [--json]
                                      [--alone LEVEL …] [--apart EVENTS] [--elle-cli JAR] [--awdit PROGRAM]

The histories are those of a toy database with ten clients, whose transactions of one to four micro-operations overlap,
on ten keys of which each is half as popular as the one before and is replaced after 32 writes. With level `serial`
reads and writes are validated at commit, so that strict serializability holds, and so with `rmw`, where each write is
preceded by a read of the key; with `snapshot` writes alone, so that there are write skews; with `none` nothing is. A
conflict makes the transaction begin again inside the database. `apart` is `serial` with more clients, whose
transactions begin and are answered up to twenty events (`--apart`) away from where they were carried out.

Of lists, where there is a C compiler, the same file is judged by `transactions_floor.c` beside: how fast six levels can
be decided in C, with no words and no direct anomalies. `--command` measures the whole command too, from JSON lines;
with `--alone` for each of these levels by itself (`--set levels=asked`). Of each command the second turn counts.
Peers that are installed judge the same histories; the figures of others are quoted, see `transaction_peers.py`.
CPU time counts, so a busy machine disturbs little.
"""

import argparse
import heapq
import json
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import transaction_peers

from splitbrain.checkers.transactions.check import TransactionCheck
from splitbrain.harness.budget import Budget
from splitbrain.harness.histories import read
from splitbrain.harness.history import Event, History

CASES = (
    "list-append/serial", "list-append/snapshot", "list-append/none", "rw-register/rmw", "rw-register/serial",
    "rw-register/snapshot", "rw-register/apart",
)  # fmt: skip
CLIENTS, KEYS, LONGEST, WRITES_MAX, TRIES = 10, 10, 4, 32, 20
APART = 20
BLOCK = 100_000
"""The number of transactions that are made at once."""
FLOOR = Path(__file__).with_name("transactions_floor.c")
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
MIB = 1 << 10
"""In the unit of `ru_maxrss`."""


@dataclass
class OpenTransaction:
    """asked, answered: its micro-operations. own: what it wrote. seen: the version of each key on its snapshot."""

    asked: list[Any]
    tries: int
    answered: list[Any] = field(default_factory=list)
    own: dict[int, Any] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)


class ToyDatabase:
    """A store of versions with interleaved clients. level: what is validated at commit."""

    def __init__(self, *, lists: bool, level: str, seed: int = 1) -> None:
        self.lists, self.level, self.random = lists, level, Random(seed)
        self.read_first = level == "rmw"
        self.word = "append" if lists else "w"
        self.initial: Any = () if lists else None
        self.keys, self.fresh = list(range(KEYS)), KEYS
        self.written: dict[int, int] = {}
        self.values: dict[int, Any] = {}
        self.versions: dict[int, int] = {}
        self.open: dict[int, OpenTransaction] = {}

    def events(self, count: int) -> Iterator[Event]:
        """The events of so many transactions."""
        at = 0
        while count or self.open:
            client = self.random.randrange(CLIENTS)
            if client in self.open:
                done = self._commit(client)
                if done is None:
                    continue
                kind, value = done
            elif count:
                count -= 1
                kind, value = "invoke", self._asked()
                self.open[client] = self._carried_out(value, 0)
            else:
                continue
            yield Event(index=at, time=at, process=client, type=kind, f="txn", value=value)
            at += 1

    def _asked(self) -> list[Any]:
        """Choose micro-operations."""
        asked: list[Any] = []
        for _ in range(self.random.randint(1, LONGEST)):
            place = min(int(self.random.expovariate(0.69)), KEYS - 1)
            key = self.keys[place]
            if self.random.random() < 0.5:
                asked.append(("r", key, None))
                continue
            new = self.written[key] = self.written.get(key, 0) + 1
            if new == WRITES_MAX:
                self.keys[place], self.fresh = self.fresh, self.fresh + 1
            if self.read_first:
                asked.append(("r", key, None))
            asked.append((self.word, key, new))
        return asked

    def _carried_out(self, asked: list[Any], tries: int) -> "OpenTransaction":
        """Carry out micro-operations on a snapshot."""
        out = OpenTransaction(asked, tries)
        for f, key, new in asked:
            value = out.own.get(key, self.values.get(key, self.initial))
            out.seen.setdefault(key, self.versions.get(key, 0))
            if f == "r":
                out.answered.append(("r", key, value))
                continue
            out.own[key] = (*value, new) if self.lists else new
            out.answered.append((f, key, new))
        return out

    def _commit(self, client: int) -> tuple[str, list[Any]] | None:
        """The outcome of a transaction; None where a conflict makes it begin again, which nobody sees."""
        done = self.open.pop(client)
        validated = {"snapshot": set(done.own), "none": set[int]()}.get(self.level, set(done.seen))
        if any(self.versions.get(key, 0) != done.seen[key] for key in validated):
            if done.tries == TRIES:
                return "fail", done.asked
            self.open[client] = self._carried_out(done.asked, done.tries + 1)
            return None
        for key in done.own:
            now = self.values.get(key, self.initial)
            kept = done.seen[key] == self.versions.get(key, 0)
            fresh = [value for f, k, value in done.answered if f == "append" and k == key]
            self.values[key] = done.own[key] if kept or not self.lists else (*now, *fresh)
            self.versions[key] = self.versions.get(key, 0) + 1
        return "ok", done.answered


@dataclass(frozen=True)
class MeasuredCheck:
    """One case. mib: of the process, history included. floor, floor_read: seconds of the floor to judge and to
    read. ratio: ours to those of the floor. command: seconds of the whole command. alone: level → those for it by
    itself. peers: seconds of those that are here, or why there are none. quoted: figures of others."""

    case: str
    transactions: int
    verdict: str
    anomalies: Sequence[str]
    undecided: int
    seconds: float
    mib: int
    floor: float | None = None
    floor_read: float | None = None
    ratio: float | None = None
    command: float | None = None
    alone: Mapping[str, float] = field(default_factory=dict)
    peers: Mapping[str, float | str] = field(default_factory=dict)
    quoted: Sequence[str] = ()

    def line(self) -> str:
        """The case on one line."""
        told = f"{self.case:22} {self.transactions:>9,}  {self.verdict:8} {self.seconds:8.2f} s {self.mib:6,} MiB"
        if self.floor is not None:
            told += f"  floor {self.floor:.3f} s, ratio {self.ratio:.1f}, to read {self.floor_read:.2f} s"
        if self.command is not None:
            told += f"  command {self.command:.2f} s"
        measured = [f"{level} alone {seconds} s" for level, seconds in self.alone.items()]
        measured += [f"{name} {found}{' s' if type(found) is float else ''}" for name, found in self.peers.items()]
        return "\n    ".join(
            ["  ".join([told, *self.anomalies]), *measured, *(f"quoted: {one}" for one in self.quoted)]
        )


def built_floor(folder: Path) -> Path | None:
    """The floor, compiled into a folder; None without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    program = folder / "floor"
    subprocess.run([compiler, "-O2", "-o", str(program), str(FLOOR)], check=True)
    return program


def children() -> float:
    """CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def beside(file: Path, case: str, floor: Path | None, *, command: bool, alone: Sequence[str]) -> dict[str, Any]:
    """The seconds of the floor and of the command for a file, for all levels and for some alone."""
    out: dict[str, Any] = {}
    workload = case.partition("/")[0]
    if floor is not None and workload == "list-append":
        told = subprocess.run([str(floor), str(file)], check=True, capture_output=True, text=True).stdout
        rows = dict(line.split(maxsplit=1) for line in told.splitlines())
        out |= {"floor": float(rows["judge"]), "floor_read": float(rows["read"])}
    if command:
        out["command"] = whole_command(file, workload)
        out["alone"] = {one: whole_command(file, workload, f"consistency={one}", "levels=asked") for one in alone}
    return out


def whole_command(file: Path, workload: str, *settings: str) -> float:
    """The seconds of `splitbrain check` once its compiled sources are kept, as Python does unless it is told not to."""
    settled = {name: value for name, value in os.environ.items() if name != NO_BYTECODE}
    command = [sys.executable, "-m", "splitbrain"]
    words = [*command, "check", str(file), "--model", workload, "--budget", "600"]
    words += [word for setting in settings for word in ("--set", setting)]
    turns = list[float]()
    for _ in range(2):
        before = children()
        subprocess.run(words, check=False, capture_output=True, env=settled)
        turns.append(round(children() - before, 2))
    return turns[-1]


def of_peers(
    peers: Sequence[transaction_peers.InstalledPeer], file: Path, case: str, folder: Path
) -> dict[str, float | str]:
    """The seconds of each peer for a file, or what it said."""
    out: dict[str, float | str] = {}
    history = read(file) if peers else History()
    for peer in peers:
        for name, words in peer.commands(case.partition("/")[0], history, folder):
            before = children()
            said = transaction_peers.run(words)
            out[name] = said or round(children() - before, 2)
    return out


def apart(events: Sequence[Event], most: int) -> list[Event]:
    """The same transactions, which begin earlier and are answered later, by so many events at most, by as many clients
    as that takes."""
    random, begun = Random(1), dict[int | str, Event]()
    spans, moments = list[tuple[float, float, Event, Event]](), list[tuple[float, int, Event]]()
    for event in events:
        if event.type == "invoke":
            begun[event.process] = event
        else:
            first = begun.pop(event.process)
            low, high = random.random() * most, random.random() * most
            spans.append((first.index - low, event.index + high, first, event))
    busy: list[tuple[float, int]] = []
    for begins, ends, first, last in sorted(spans, key=lambda span: span[0]):
        free = heapq.heappop(busy)[1] if busy and busy[0][0] < begins else len(busy)
        heapq.heappush(busy, (ends, free))
        moments += [(begins, free, first), (ends, free, last)]
    moments.sort(key=lambda moment: moment[0])
    return [
        msgspec.structs.replace(event, index=at, time=at, process=client)
        for at, (_, client, event) in enumerate(moments)
    ]


def write(file: Path, case: str, size: int, most: int = APART) -> None:
    """Write a history as JSON lines; a long one in blocks one after the other, with keys of their own."""
    workload, level = case.split("/")
    encode, replaced = msgspec.json.encode, msgspec.structs.replace
    made = "serial" if level == "apart" else level
    block = list(ToyDatabase(lists=workload == "list-append", level=made).events(min(size, BLOCK)))
    if level == "apart":
        block = apart(block, most)
    with file.open("wb") as out:
        for number in range(max(1, size // BLOCK)):
            first, shift = number * len(block), number * BLOCK
            for event in block:
                value = [(f, key + shift, seen) for f, key, seen in event.value]
                at = first + event.index
                out.write(encode(replaced(event, index=at, time=at, value=value)) + b"\n")


def measure(case: str, size: int, file: Path) -> MeasuredCheck:
    """Judge one history."""
    workload = case.partition("/")[0]
    history = read(file)
    history.operations()
    TransactionCheck(workload).check(History(), Budget())  # imports what it needs
    began = time.process_time()
    verdict = TransactionCheck(workload).check(history, Budget(seconds=600))
    seconds = time.process_time() - began
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB
    found = verdict.details
    return MeasuredCheck(
        case, size, verdict.value.value, found["anomalies"], len(found["undecided"]), round(seconds, 3), mib
    )


def main() -> None:
    """Measure each case in a process of its own."""
    parser = argparse.ArgumentParser(description="CPU seconds and memory of the checkers of transactions.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--only", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--command", action="store_true", help="measure `splitbrain check` as a whole too")
    parser.add_argument("--alone", nargs="+", default=(), metavar="LEVEL", help="with --command: each by itself too")
    parser.add_argument("--apart", type=int, default=APART, metavar="EVENTS", help="of the case `apart`")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--elle-cli", type=Path, metavar="JAR", help="measure elle-cli too")
    parser.add_argument("--awdit", type=Path, metavar="PROGRAM", help="AWDIT, if it is not on the PATH")
    options = parser.parse_args()
    peers = transaction_peers.installed(options.elle_cli, options.awdit)
    with tempfile.TemporaryDirectory() as name:
        floor, file = built_floor(Path(name)), Path(name, "history.jsonl")
        for case in options.only:
            for size in options.sizes:
                write(file, case, size, options.apart)
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    found = pool.apply(measure, (case, size, file))
                more = beside(file, case, floor, command=options.command, alone=options.alone)
                if "floor" in more:
                    more["ratio"] = round(found.seconds / max(more["floor"], 0.001), 1)
                more["peers"] = of_peers(peers, file, case, Path(name))
                found = replace(found, **more, quoted=transaction_peers.QUOTED.get((case, size), ()))
                print(json.dumps(asdict(found)) if options.json else found.line(), flush=True)


if __name__ == "__main__":
    main()
