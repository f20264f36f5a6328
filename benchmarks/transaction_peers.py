"""Peers of the checkers of transactions: run on the same histories where they are installed, else quoted.

elle-cli is a jar that `--elle-cli` names (Java 21 or later); AWDIT a program on the PATH, or what `--awdit` names. CPU
seconds are of the whole process, reading included. Quoted figures are CPU seconds too, of two shared cores: Elle's
without reading and with a warm JIT, on the same kind of histories; those of AWDIT and VeriStrong with reading.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from splitbrain.harness.history import Event, History
from splitbrain.harness.operation import EventType

ELLE = "Elle 0.2.8-SNAPSHOT (ccdee6f, July 2026), OpenJDK 17"
AWDIT = "AWDIT 0.2.1, Rust 1.95"
VERISTRONG = "VeriStrong b5cc58f (July 2025), g++ 12"
QUOTED: Mapping[tuple[str, int], Sequence[str]] = {
    ("list-append/serial", 10_000): (f"{ELLE}: 0.62 s, 146 MB",),
    ("list-append/serial", 100_000): (f"{ELLE}: 5.6 s, 640 MB",),
    ("list-append/serial", 1_000_000): (f"{ELLE}: 88 s, 5.0 GB",),
    ("list-append/snapshot", 100_000): (f"{ELLE}: 8.4 s, 1.2 GB",),
    ("list-append/none", 10_000): (f"{ELLE}: 6.9 s, 1.4 GB, 25 time-outs",),
    ("rw-register/rmw", 10_000): (f"{ELLE}: 0.82 s",),
    ("rw-register/rmw", 100_000): (f"{ELLE}: 7.2 s",),
    ("rw-register/rmw", 1_000_000): (f"{ELLE}: 65 s, 4.6 GB",),
    ("rw-register/serial", 1000): (f"{VERISTRONG}: serializable 0.74 s, snapshot isolation 5.7 s",),
    ("rw-register/serial", 10_000): (f"{VERISTRONG}: serializable 60 s, snapshot isolation more than 118 s",),
    ("rw-register/serial", 100_000): (f"{AWDIT}: read committed 0.13 s, read atomic 0.20 s, causal 0.30 s",),
    ("rw-register/serial", 1_000_000): (f"{AWDIT}: read committed 2.1 s, read atomic 2.6 s, causal 4.5 s",),
}  # fmt: skip
"""Case and transactions → figures of others; their histories of registers are of the same sizes, not the same."""


@dataclass(frozen=True)
class InstalledPeer:
    """A checker that is here. workloads: those it judges. words: its command line for a file; levels: one command for
    each, "" for one that judges all at once. export: how a history becomes its file."""

    name: str
    workloads: Sequence[str]
    levels: Sequence[str]
    words: Callable[[str, str, Path], Sequence[str]]
    export: Callable[[History], Iterator[bytes]]

    def commands(self, workload: str, history: History, folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
        """A name and the command line for each level; none for a workload that it does not know."""
        if workload not in self.workloads:
            return
        file = folder / f"{self.name}.json"
        with file.open("wb") as out:
            out.writelines(self.export(history))
        for level in self.levels:
            yield f"{self.name} {level}".strip(), self.words(workload, level, file)


def installed(elle_cli: Path | None, awdit: Path | None) -> list[InstalledPeer]:
    """The peers that are here."""
    out = []
    if elle_cli is not None:
        jar = ("java", "-Xmx10g", "-jar", str(elle_cli))
        out.append(
            InstalledPeer(
                "elle-cli", ("list-append", "rw-register"), ("",),
                lambda workload, _, file: (*jar, "--model", workload, str(file)), as_array,
            )
        )  # fmt: skip
    program = awdit or shutil.which("awdit")
    if program is not None:
        out.append(
            InstalledPeer(
                "awdit", ("rw-register",), ("read-committed", "read-atomic", "causal"),
                lambda _, level, file: (str(program), "-s", "4000", "check", "-i", level, str(file)), as_plume,
            )
        )  # fmt: skip
    return out


def run(words: Sequence[str]) -> str | None:
    """Run a peer; the last line of what it said if it could not judge."""
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    said = (done.stdout + done.stderr).strip().splitlines() or ["no word"]
    return None if done.returncode in (0, 1) else said[-1]


def as_array(history: History) -> Iterator[bytes]:
    """One array of objects, as elle-cli reads it."""
    yield b"["
    for event in history:
        yield (b",\n" if event.index else b"") + msgspec.json.encode(_plain(event))
    yield b"]\n"


def as_plume(history: History) -> Iterator[bytes]:
    """Text as of Plume: a line for each micro-operation of the transactions that succeeded, `w(key,value,session,txn)`.

    Keys and values are numbers from 1; 0 is the initial value."""
    operations, values = history.operations(), history.pool.values
    numbers: dict[object, int] = {None: 0}
    for txn, (ended, result, process) in enumerate(
        zip(operations.ended, operations.result, operations.process, strict=True)
    ):
        if ended != EventType.OK:
            continue
        for f, key, value in values[result]:
            place, written = (numbers.setdefault(one, len(numbers)) for one in (("key", key), value))
            yield f"{f}({place},{written},{process},{txn})\n".encode()


def _plain(event: Event) -> dict[str, object]:
    return {field: getattr(event, field) for field in ("index", "time", "process", "type", "f", "value")}
