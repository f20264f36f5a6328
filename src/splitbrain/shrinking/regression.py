"""The files of a reduced run: its folder beside the original, with `schedule.toml` and `test_regression.py`."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.results.folder import RunFolder
from splitbrain.runner.execute import FinishedRun, execute
from splitbrain.runner.plan import SIM, plan
from splitbrain.runner.script import FILE
from splitbrain.runner.spec import RunSpec
from splitbrain.runner.token import wanted
from splitbrain.shrinking.attempt import Attempt, Refutation, attempt
from splitbrain.shrinking.candidate import operations_of
from splitbrain.shrinking.reduction import Extent, Reduction
from splitbrain.version import __version__

TEST = "test_regression.py"


@dataclass(frozen=True)
class Shrunk:
    """A reduced run. target: what is refuted in both. before, after: how much there was of each. attempts: runs that
    were tried. complete: whether nothing is left that could go, as far as is tried."""

    target: Refutation
    run: FinishedRun
    before: Extent
    after: Extent
    attempts: int
    complete: bool


def shrink(
    run: Path, budget: float = 60.0, check: str | None = None, tell: Callable[[str], None] = lambda line: None
) -> Shrunk | None:
    """Reduce a simulated run that was refuted. None if the anomaly did not come again.

    run: its folder. budget: seconds. check: the check that has to stay refuted; by default the first that is. tell:
    called with a line now and then. UsageError for a run that was not refuted, or not simulated, or of another version.
    """
    folder = RunFolder.open(run)
    record = folder.record()
    if record.env != SIM:
        raise UsageError(f"{folder.path}: only simulated runs can be shrunk, and this is one of --env {record.env}")
    if record.version != __version__:
        raise UsageError(f"{folder.path}: {wanted(record.version)}")
    status = folder.verdict().get("verdict")
    if status != "invalid":
        raise UsageError(f"{folder.path}: only what is invalid can be shrunk, and this run is {status}")
    first = attempt(plan(record.spec))
    refuted = {} if first is None else first.refuted()
    target = next((found for found in refuted if check in (None, found.check)), None)
    if first is None or target is None:
        if check is not None and refuted:
            names = ", ".join(found.check for found in refuted)
            raise UsageError(f"{folder.path}: there is no check {check!r} that was refuted; there are {names}")
        return None
    search = Reduction(target, budget, tell)
    if not search.begin(first):
        return None
    search.exhaust()
    return _written(folder, search, first)


def _written(original: RunFolder, search: Reduction, first: Attempt) -> Shrunk:
    case = search.best
    assert case is not None
    place = _claimed(original.path)
    schedule = place / FILE
    schedule.write_text(case.script.to_toml(), encoding="utf-8")
    asked = replace(case.spec, schedule=str(schedule), world=first.plan.spec.world)
    finished = execute(plan(asked), place / "run")
    for made in finished.folder.path.iterdir():
        if made.name != FILE:
            shutil.move(made, place / made.name)
    shutil.rmtree(place / "run")
    finished = FinishedRun(finished.result, RunFolder(place))
    if finished.status.value != "invalid":
        raise InfrastructureError(f"{place}: the smallest run was refuted while shrinking, but not when it was kept")
    finished.folder.write(TEST, regression_test(finished, asked, search.target))
    return Shrunk(search.target, finished, _extent(first), search.extent(), search.attempts, not search.spent)


def _claimed(original: Path) -> Path:
    """A new folder beside the original."""
    number = 1
    while True:
        place = original.with_name(f"{original.name}-shrunk" + (f".{number}" if number > 1 else ""))
        try:
            place.mkdir()
            return place
        except FileExistsError:
            number += 1


def _extent(first: Attempt) -> Extent:
    spec = first.plan.spec
    operations = [entry for _, entry in operations_of(first.history, first.origin, spec.concurrency)]
    keys = {repr(entry.operation.key) for entry in operations}
    return Extent(len(operations), len(first.happened.faults), spec.concurrency, len(keys), spec.time_limit)


def regression_test(run: FinishedRun, spec: RunSpec, target: Refutation) -> str:
    """The text of `test_regression.py`: it fails as long as the anomaly comes."""
    fields = {
        declared.name: getattr(spec, declared.name)
        for declared in RunSpec.fields()
        if declared.name not in ("target", "schedule") and getattr(spec, declared.name) != declared.default
    }
    given = "".join(f"        {name}={_python(value)},\n" for name, value in fields.items())
    reason = run.result.sentence.replace("\\", "\\\\").replace('"""', "'''")
    return f'''"""{spec.target}: {target} is refuted. Fails until that is mended.

{reason}
"""

from pathlib import Path

import splitbrain

TARGET = {_python(spec.target)}


def test_regression(tmp_path: Path) -> None:
    run = splitbrain.run(
        TARGET,
        schedule=str(Path(__file__).with_name("{FILE}")),
{given}        out=tmp_path,
    )
    assert run.status in ("valid", "unknown"), run.told()
'''


def _python(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(dict(value)) if isinstance(value, dict) else repr(value)
