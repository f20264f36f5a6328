"""pytest plugin: tests of stores as tests of pytest. Nothing of splitbrain is imported until a test asks for it.

    @pytest.mark.splitbrain(target="stores:Mine", workload="register", nemesis="partition", runs=20)
    def test_mine(splitbrain):
        assert splitbrain.result.status == "valid"

The marker runs its runs before the body, each with another seed, those that failed before first; the first that is not
valid fails the test. In the body, `splitbrain.run("raft", …)` runs one more by hand.
"""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from splitbrain.runner.execute import FinishedRun

MARKER = "splitbrain"
RUNS = 1
_OWN = ("runs", "seed", "expect")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("splitbrain")
    group.addoption("--splitbrain-seed", type=int, default=None, metavar="N", help="run with this one seed")
    group.addoption("--splitbrain-runs", type=int, default=None, metavar="N", help="so many runs of each marked test")
    group.addoption("--splitbrain-out", default=None, metavar="DIR", help="where run folders go, if not to pytest's")
    group.addoption(
        "--splitbrain-regressions",
        default=None,
        metavar="DIR",
        help="where failing seeds are, if not in regressions/",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(target, workload, nemesis, runs=1, …): run a target with any option of `splitbrain run`; "
        "the test fails if a run is not valid",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give marked tests the fixture, whether or not they name it."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and item.get_closest_marker(MARKER) is not None and MARKER not in names:
            names.append(MARKER)


class SplitbrainRuns:
    """The runs of a test, as its fixture. results: of the marker, and of `run`, in order."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self.results: list[FinishedRun] = []

    @property
    def result(self) -> "FinishedRun":
        """The last run. LookupError if there was none."""
        if not self.results:
            raise LookupError("there was no run: name a target in the marker, or call splitbrain.run(…)")
        return self.results[-1]

    def run(self, target: Any, **fields: Any) -> "FinishedRun":
        """Run a target once, as `splitbrain.run` does, with the same fields; `seed` is 1 unless given. Nothing is
        asserted."""
        from splitbrain.runner.calls import run

        if isinstance(target, str):
            fields.setdefault("seed", 1)
        made = run(target, **{"out": self._out, **fields})
        self.results.append(made)
        return made

    def check(self, target: Any, **fields: Any) -> "FinishedRun":
        """Run a target once, and fail the test if it is not valid: with witness, seed, command and report."""
        made = self.run(target, **fields)
        if made.status.value != "valid":
            pytest.fail(explained(made), pytrace=False)
        return made


def explained(run: "FinishedRun") -> str:
    """The explanation that a failing test prints."""
    return f"{run.told()}\nreport: {run.folder.report_path}"


@pytest.fixture
def splitbrain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SplitbrainRuns:
    """Runs of splitbrain: those of the marker, done before the body, and `splitbrain.run(…)`."""
    chosen = request.config.getoption("--splitbrain-out")
    return SplitbrainRuns(Path(chosen) if chosen else tmp_path_factory.mktemp("splitbrain"))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Make the runs of the marker as the first part of the test, so that what they refute is a failure of it, and no
    error of a fixture."""
    marker = pyfuncitem.get_closest_marker(MARKER)
    if marker is None or not (marker.args or "target" in marker.kwargs):
        return
    made = pyfuncitem.funcargs.get(MARKER)
    if not isinstance(made, SplitbrainRuns):
        pytest.fail(f"the marker {MARKER} needs the fixture {MARKER} of the plugin, and another one hides it", False)
    _run_marked(pyfuncitem, made, marker)


def _run_marked(item: pytest.Item, made: SplitbrainRuns, marker: pytest.Mark) -> None:
    """The runs of a marker, until one is not as expected."""
    from splitbrain.harness.errors import SplitbrainError
    from splitbrain.regressions import FOLDER, Regressions

    config = item.config
    fields: Mapping[str, Any] = {name: value for name, value in marker.kwargs.items() if name not in _OWN}
    fields = {**dict(zip(("target",), marker.args, strict=False)), **fields}
    kept = Regressions(Path(config.getoption("--splitbrain-regressions") or config.rootpath / FOLDER), item.nodeid)
    expected = marker.kwargs.get("expect", "valid")
    try:
        for seed in _seeds(config, marker, kept, item.nodeid):
            run = made.run(**fields, seed=seed)
            if run.status.value == expected and expected != "valid":
                return
            if expected == "valid" and run.status.value != "valid":
                if run.status.value == "invalid":
                    record = run.result.record
                    kept.keep(seed, record.token if record else "", run.result.sentence)
                pytest.fail(explained(run), pytrace=False)
    except SplitbrainError as error:
        pytest.fail(str(error), pytrace=False)
    if expected != "valid":
        pytest.fail(f"expected {expected}, which none of {len(made.results)} runs was", pytrace=False)


def _seeds(config: pytest.Config, marker: pytest.Mark, kept: Any, test: str) -> list[int]:
    """The seeds to run with: the one asked for; or those that failed before, then those of the test, which its name
    fixes, so that tests look at different ones."""
    asked = config.getoption("--splitbrain-seed")
    if asked is None:
        asked = marker.kwargs.get("seed")
    if asked is not None:
        return [asked]
    count = config.getoption("--splitbrain-runs") or marker.kwargs.get("runs", RUNS)
    first = zlib.crc32(test.encode())
    return list(dict.fromkeys([*kept.seeds(), *(first + number for number in range(count))]))
