"""Releases of NATS: those that can be had, and the sentence for others."""

from pathlib import Path

import pytest

from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.targets.nats.target import BUILT, SOFTWARE
from splitbrain.targets.packages import GoProgram


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a cache and without a nats-server."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_release_that_cannot_be_had_is_refused_with_those_that_can() -> None:
    with pytest.raises(
        InfrastructureError, match=r"^NATS 2\.11\.0 is not here: there are 2\.15\.1, or 2\.10\.22, .*Go"
    ):
        SOFTWARE.obtain("2.11.0")
    with pytest.raises(UsageError, match=r"option version is 2\.15\.1, or 2\.10\.22, .*, not 'new'"):
        SOFTWARE.resolve("new")


@pytest.mark.parametrize("version", BUILT)
def test_an_older_release_is_built(version: str) -> None:
    (source,) = (one for one in SOFTWARE.sources if one.provides(version))
    assert isinstance(source, GoProgram)


def test_the_newest_is_taken_unless_another_one_is_named() -> None:
    assert SOFTWARE.resolve("") == "2.15.1"
