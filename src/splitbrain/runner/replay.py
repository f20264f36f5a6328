"""Replay: a simulated run once more, and whether it is the same, byte for byte."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from splitbrain import registry
from splitbrain.harness.errors import UsageError
from splitbrain.results.folder import RUNS, RunFolder
from splitbrain.runner.execute import FinishedRun, execute
from splitbrain.runner.plan import SIM, RunPlan, plan
from splitbrain.runner.record import RunRecord
from splitbrain.runner.spec import RunSpec
from splitbrain.runner.token import Token, is_token, wanted
from splitbrain.version import __version__


@dataclass(frozen=True)
class Replay:
    """A run and its repetition. first: the folder of the run; None for that of a token, which then was carried out
    twice. event: the number of the first line of the history that differs; None if all are the same."""

    again: FinishedRun
    first: Path | None
    digest: str
    event: int | None

    @property
    def same(self) -> bool:
        """Whether the histories are the same, byte for byte."""
        return self.event is None


def replay(run: str, out: Path = RUNS) -> Replay:
    """Repeat a run. run: its folder, or its token. out: where the folder of the repetition goes.

    UsageError for what was not simulated, and for a run of another version, which it names.
    """
    if is_token(run):
        spec = Token.read(run).spec
        with registry.scratch() as place:
            return _compared(spec, execute(_simulated(spec), place).folder, None, out)
    folder = RunFolder.open(Path(run))
    return _compared(repeatable(folder).spec, folder, folder.path, out)


def repeatable(folder: RunFolder) -> RunRecord:
    """The record of a run that can be repeated byte for byte. UsageError for what was not simulated, and for a run of
    another version."""
    record = folder.record()
    if record.version != __version__:
        raise UsageError(f"{folder.path}: {wanted(record.version)}")
    if record.env != SIM:
        raise UsageError(f"{folder.path}: {_only_simulated(record.env)}")
    return record


def _simulated(spec: RunSpec) -> RunPlan:
    made = plan(spec)
    if made.spec.env != SIM:
        raise UsageError(_only_simulated(made.spec.env))
    return made


def _only_simulated(env: str | None) -> str:
    return f"only simulated runs can be repeated byte for byte, and this is one of --env {env}"


def _compared(spec: RunSpec, first: RunFolder, named: Path | None, out: Path) -> Replay:
    before = lines_of(first)
    again = execute(_simulated(spec), out)
    after = lines_of(again.folder)
    digest = hashlib.sha256(b"".join(after)).hexdigest()
    differs = (number for number, (a, b) in enumerate(zip(before, after, strict=False)) if a != b)
    event = None if before == after else next(differs, min(len(before), len(after)))
    return Replay(again, named, digest, event)


def lines_of(folder: RunFolder) -> list[bytes]:
    """The lines of a run's history. UsageError if they cannot be read."""
    path = folder.recorded()
    try:
        whole = path.read_bytes()
        return (gzip.decompress(whole) if path.suffix == ".gz" else whole).splitlines(keepends=True)
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
