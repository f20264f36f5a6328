"""Names: ours, those of other packages, those of a user's own, and what is said of one that does not exist."""

import subprocess
import sys
from pathlib import Path

import pytest

from splitbrain import registry, run
from splitbrain.checkers import SUMMARIES
from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.harness.errors import UsageError
from splitbrain.targets import TARGETS
from splitbrain.workloads import WORKLOADS

PLUGIN = """
from splitbrain.checkers.catalogue import CATALOGUE
from splitbrain.nemeses.kill import KillNodes
from splitbrain.targets.stores import Single
from splitbrain.workloads.register import REGISTER
MODEL = CATALOGUE["cas-register"]
class Another(Single):
    name = "another"
class Crash(KillNodes):
    name = "crash"
"""
GROUPS = {
    "targets": "another = a_plugin:Another\nraft = a_plugin:Another\nbroken = a_plugin:Nothing",
    "workloads": "mine = a_plugin:REGISTER",
    "nemeses": "crash = a_plugin:Crash",
    "models": "my-model = a_plugin:MODEL",
    "environments": "my-sim = splitbrain.harness.environments.sim:Sim",
}


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that adds one of each kind."""
    (tmp_path / "a_plugin.py").write_text(PLUGIN)
    folder = tmp_path / "a_plugin-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: a-plugin\nVersion: 1.0\n")
    text = "\n".join(f"[splitbrain.{group}]\n{lines}" for group, lines in GROUPS.items())
    (folder / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    for kind in (registry.TARGETS, registry.WORKLOADS, registry.ENVIRONMENTS):
        monkeypatch.delitem(kind.__dict__, "_others", raising=False)


@pytest.fixture(autouse=True)
def forgotten():
    yield
    for kind in (registry.TARGETS, registry.WORKLOADS, registry.ENVIRONMENTS):
        kind.__dict__.pop("_others", None)


@pytest.mark.usefixtures("plugin")
def test_a_package_of_somebody_elses_adds_names(splitbrain, tmp_path):
    finished = run("another", nemesis="crash", workload="mine", time_limit=6, seed=1, out=tmp_path)
    assert finished.result.summary.faults["crash"].times >= 1
    listed = splitbrain("list").out
    assert all(f"  {name} " in listed for name in ("another", "mine", "crash", "my-model", "my-sim"))
    assert splitbrain("check", finished.folder.recorded(), "--model", "my-model").code == 0
    assert splitbrain("check", finished.folder.path).code == 0 and finished.result.judged_by == "mine"


@pytest.mark.usefixtures("plugin")
def test_a_name_of_ours_is_never_anothers_and_a_broken_one_is_told():
    assert registry.target("raft").name == "raft"
    with pytest.raises(UsageError, match="broken of the package a-plugin cannot be loaded from a_plugin:Nothing"):
        registry.target("broken")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: registry.target("rafft"), "no target 'rafft', did you mean raft?"),
        (lambda: registry.target("raft:read=local"), "has no option 'read', did you mean reads?"),
        (lambda: registry.workload("registr"), "no workload 'registr', did you mean register?"),
        (lambda: registry.parse_faults("partitoin"), "no fault 'partitoin', did you mean partition?"),
        (lambda: registry.environment("dokcer"), "no environment 'dokcer', did you mean docker?"),
        (lambda: registry.model("cas-registr"), "no model 'cas-registr', did you mean cas-register?"),
        (lambda: registry.target("raft:"), "after the colon come options, as in raft:OPTION=VALUE"),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_the_closest_that_does(wrong, told):
    with pytest.raises(UsageError) as said:
        wrong()
    assert told in str(said.value) and "\n" not in str(said.value)


def test_nothing_else_is_imported_to_look_up_a_name():
    others = registry.TARGETS.__dict__.get("_others")
    assert "raft" in registry.TARGETS and registry.TARGETS.__dict__.get("_others") is others


BROKEN = {
    "syntax": ("class Store(:\n", r"target_syntax\.py:1: "),
    "missing": ("import no_such_library\n", r"No module named 'no_such_library', at .*target_missing\.py:1"),
    "fails": ("\n1 / 0\n", r"ZeroDivisionError: division by zero, at .*target_fails\.py:2"),
    "exits": ("raise SystemExit(0)\n", r"SystemExit: 0, at .*target_exits\.py:1"),
    "not_a_class": ("Store = 3\n", r"'Store' is no class but int"),
    "not_a_target": ("class Store: pass\n", r"no target: the class has no name, summary, options"),
    "nothing": ("", r"has no 'Store'"),
    "made": (
        "from splitbrain.targets.stores import Single\n"
        "class Store(Single):\n    def __init__(self, settings):\n        raise KeyError('x')\n",
        r"cannot be made: KeyError: 'x', at .*target_made\.py:4",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("form", ["target_{}:Store", "./target_{}.py:Store"])
def test_a_target_of_ones_own_that_is_wrong_is_told_with_its_place(tmp_path, monkeypatch, name, form):
    text, told = BROKEN[name]
    (tmp_path / f"target_{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, f"target_{name}", raising=False)
    with pytest.raises(UsageError, match=told):
        registry.target(form.format(name))


def test_a_file_is_a_target_too_and_no_library_is_replaced(tmp_path, monkeypatch):
    store = "from splitbrain.targets.stores import Single\nclass Store(Single):\n    pass\n"
    (tmp_path / "json.py").write_text(store)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"'json' is another module, .*; name the file as \./json\.py:Class"):
        registry.target("json:Store")
    (tmp_path / "a_store_here.py").write_text(store)
    assert registry.target("./a_store_here.py:Store:sync=off").settings["sync"] == "off"
    with pytest.raises(UsageError, match="there is no file"):
        registry.target("./nothing.py:Store")


def test_summaries_for_the_list_are_those_of_workloads_and_models() -> None:
    assert dict(SUMMARIES) == {name: check.summary for name, check in CATALOGUE.items()}
    assert list(SUMMARIES) == list(CATALOGUE), "in the same order"
    summaries = {name: summary for name, (_, summary) in WORKLOADS.items()}
    assert {name: registry.workload(name).summary for name in WORKLOADS} == summaries


def test_summaries_for_the_list_are_those_of_the_targets() -> None:
    assert {name: registry.target_class(name).summary for name in TARGETS} == {
        n: told for n, (_, told) in TARGETS.items()
    }


def test_a_list_imports_no_target_and_no_search() -> None:
    script = "import sys; from splitbrain.cli import command\ncommand(['list'])\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "splitbrain.nemeses.catalogue" in loaded
    assert {"asyncio", "splitbrain.targets.stores", "splitbrain.targets.etcd"}.isdisjoint(loaded)
    assert {"splitbrain.checkers.porcupine.check_history", "splitbrain.checkers.porcupine.decide"}.isdisjoint(loaded)
