"""The catalogue: names of earlier releases, and checks of other packages."""

import sys
from pathlib import Path

import pytest

from splitbrain.checkers import catalogue
from splitbrain.harness.budget import Budget
from splitbrain.harness.errors import UsageError
from splitbrain.harness.history import Event, History

READ_OF_NOTHING = (
    Event(index=0, time=0, process=0, type="invoke", f="read"),
    Event(index=1, time=1, process=0, type="ok", f="read", value=7),
)
MODULE = """
from splitbrain.checkers.catalogue import CATALOGUE, CatalogueEntry
from splitbrain.checkers.porcupine import MODELS
constant = CatalogueEntry("constant", "never changes", (), lambda settings: MODELS["register"].make({"initial": 7}))
fences = CATALOGUE["fencing"]
nonsense = 3
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that adds models, some of which cannot be used."""
    (tmp_path / "somebodys.py").write_text(MODULE)
    told = tmp_path / "somebodys_models-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys-models\nVersion: 1.0\n")
    names = ("constant", "fences", "nonsense", "absent", "register")
    lines = "\n".join(f"{name} = somebodys:{name}" for name in names)
    (told / "entry_points.txt").write_text(f"[splitbrain.models]\n{lines}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "somebodys", raising=False)


def test_a_former_name_is_the_same_check() -> None:
    for former, now in catalogue.FORMER_NAMES.items():
        assert catalogue.entry(former) is catalogue.entry(now) is catalogue.CATALOGUE[now]
        assert former not in catalogue.CATALOGUE


def test_a_name_that_is_no_model_but_means_something_is_told() -> None:
    """Jepsen's `causal` is not causal consistency, of which there are two more: none is taken for another."""
    with pytest.raises(UsageError) as refused:
        catalogue.entry("causal")
    for words in ("Jepsen's test of this name is jepsen-causal", "--set consistency=causal;", "causal-consistency"):
        assert words in str(refused.value)
    with pytest.raises(UsageError, match=r"isolation level, .* --set consistency=snapshot-isolation$"):
        catalogue.entry("snapshot-isolation")
    with pytest.raises(UsageError, match=r"--set consistency=strict-serializable$"):
        catalogue.entry("PL-SS")
    with pytest.raises(UsageError, match=r"test of this name is jepsen-comments$"):
        catalogue.entry("comments")


@pytest.mark.usefixtures("package")
def test_another_package_adds_a_model_and_a_checker() -> None:
    history = History.of(READ_OF_NOTHING)
    assert catalogue.entry("constant").make().check(history, Budget()).value == "valid"
    assert catalogue.entry("register").make().check(history, Budget()).value == "invalid", "ours has the name"
    assert catalogue.entry("fences").make().name == "fencing"


@pytest.mark.usefixtures("package")
def test_what_cannot_be_loaded_is_told_with_its_package() -> None:
    with pytest.raises(UsageError, match="absent of the package somebodys-models cannot be loaded from somebodys:abs"):
        catalogue.entry("absent")
    with pytest.raises(UsageError, match="nonsense is no CatalogueEntry but int"):
        catalogue.entry("nonsense")
    with pytest.raises(UsageError, match=r"there is no model 'unheard'; there are register, .*absent"):
        catalogue.entry("unheard")
    with pytest.raises(UsageError, match="absent"):
        catalogue.catalogue()
