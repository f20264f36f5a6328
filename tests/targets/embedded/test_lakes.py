"""Table formats under two processes' worth of sessions on one folder: a commit that comes too late changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from splitbrain.targets.embedded import lakes
from splitbrain.targets.embedded.lake_target import ERRORS
from splitbrain.targets.embedded.lakes import ANYTHING, NOTHING, OBJECTS, TRIES, DeltaLake, Iceberg, Lake, LakeConflict
from splitbrain.targets.servers.errors import ServerError

pytest.importorskip("pyarrow")


def made(kind: Callable[[Path, int], Lake], folder: Path) -> Lake:
    pytest.importorskip("deltalake" if kind is DeltaLake else "pyiceberg")
    return kind(folder, 0)


def text(lake: Lake, name: str) -> str | None:
    rows, _ = lake.carry("found", [name])
    assert len(rows) <= 1, "one text under each name"
    return rows[0][0] if rows else None


@pytest.mark.parametrize("kind", [DeltaLake, Iceberg])
def test_a_change_is_compared_with_what_another_process_committed(
    kind: Callable[[Path, int], Lake], tmp_path: Path
) -> None:
    one, two = made(kind, tmp_path / "shared"), made(kind, tmp_path / "shared")
    assert text(two, "a") is None
    assert one.carry("replace", ["a", NOTHING, "1"])[1] == 1
    assert two.carry("replace", ["a", NOTHING, "2"])[1] == 0
    assert two.carry("replace", ["a", "1", "3"])[1] == 1
    assert one.carry("replace", ["a", "1", "4"])[1] == 0
    assert one.carry("replace", ["b", ANYTHING, "5"])[1] == 1
    assert [text(lake, name) for lake in (one, two) for name in "ab"] == ["3", "5"] * 2
    one.carry("add", ["6"])
    two.carry("add", ["7"])
    assert sorted(row[0] for row in one.carry("elements", [])[0]) == ["6", "7"]


@pytest.mark.parametrize("kind", [DeltaLake, Iceberg])
def test_a_commit_upon_an_old_snapshot_is_refused(kind: Callable[[Path, int], Lake], tmp_path: Path) -> None:
    one, two = made(kind, tmp_path / "shared"), made(kind, tmp_path / "shared")
    one.refresh(OBJECTS)
    two.carry("replace", ["a", NOTHING, "1"])
    with pytest.raises(one.conflict):
        one.put("a", "2")
    assert text(one, "a") == text(two, "a") == "1"


@pytest.mark.parametrize(("retries", "kept"), [(0, range(2, 5)), (1, range(8, 20))])
def test_old_snapshots_go_unless_the_library_compares_with_them(
    retries: int, kept: range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyiceberg")
    monkeypatch.setattr(lakes, "SNAPSHOTS", 4)
    one, two = Iceberg(tmp_path / "shared", retries), Iceberg(tmp_path / "shared", retries)
    for number in range(8):
        (one, two)[number % 2].carry("replace", ["ab"[number % 2], ANYTHING, str(number)])
    one.carry("replace", ["c", NOTHING, "8"])
    assert [text(lake, name) for lake in (one, two) for name in "abc"] == ["6", "7", "8"] * 2
    assert len(two.tables[OBJECTS].metadata.snapshots) in kept


class AlwaysLate(Lake):
    """A lake whose every commit comes too late."""

    conflict = KeyError
    commits = 0

    def refresh(self, table: str) -> None:
        """Do nothing."""

    def texts(self, table: str, name: str) -> tuple[str, ...]:
        return ()

    def put(self, name: str, text: str) -> None:
        self.commits += 1
        raise KeyError(name)

    def append(self, element: str) -> None:
        self.put("", element)


def test_what_never_comes_first_certainly_did_not_happen() -> None:
    lake = AlwaysLate()
    with pytest.raises(LakeConflict):
        lake.carry("replace", ["a", NOTHING, "1"])
    assert lake.commits == TRIES
    assert ERRORS.classify(ServerError("LakeConflict: late", "LakeConflict"))[1]
    assert not ERRORS.classify(ServerError("OSError: full", "OSError"))[1]


def test_delta_lake_tells_a_late_commit_from_one_whose_end_is_unknown(tmp_path: Path) -> None:
    from deltalake.exceptions import CommitFailedError

    lake = DeltaLake(tmp_path / "shared", 0)
    for retries in (0, 3):
        ahead, late = DeltaLake(tmp_path / "shared", retries), DeltaLake(tmp_path / "shared", retries)
        ahead.put("a", "1")
        with pytest.raises(CommitFailedError) as told:
            late.put("a", "2")
        assert late.came_too_late(told.value), told.value
    broken = "Failed to commit transaction: Error interacting with object store: Generic LocalFileSystem error"
    assert not lake.came_too_late(CommitFailedError(broken))
    tries = []

    def failing(name: str, text: str) -> None:
        tries.append(name)
        raise CommitFailedError(broken)

    lake.put = failing  # type: ignore[method-assign]
    with pytest.raises(CommitFailedError):
        lake.carry("replace", ["a", ANYTHING, "3"])
    assert tries == ["a"]
    assert not ERRORS.classify(ServerError(broken, "CommitFailedError"))[1]
