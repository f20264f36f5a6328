"""Sessions of table formats, Delta Lake and Iceberg: a table of named texts in a folder that all nodes share.

A statement is a verb: `found NAME` gives a row with the text, `replace NAME OLD NEW` counts 1 if it stood there and was
replaced (OLD "": whatever stands there; "null": nothing does), `add ELEMENT`, and `elements` gives a row each. A change
compares with a snapshot and commits upon that snapshot: another node's commit in between is a conflict, after which it
looks anew, for nothing was committed.
"""

import fcntl
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TRIES = 8
SNAPSHOTS = 20
"""Snapshots of a table of Iceberg after which the older half is let go of: the library copies them all, some forty
times a commit."""
MERGED = {"commit.manifest-merge.enabled": "true", "commit.manifest.min-count-to-merge": "4"}
"""Properties of a table of Iceberg: a read looks at every manifest, and each commit adds one unless they are merged."""
# delta-rs, kernel/transaction: the number of tries after each of which the version was there, or a conflict by name.
TOO_LATE = re.compile(
    r"Failed to commit transaction: (?:\d+$|Commit failed: a concurrent transaction|Metadata changed since last commit)"
)
"""Messages of Delta Lake for a commit that came too late."""
NOTHING, ANYTHING = "null", ""
OBJECTS, ELEMENTS = "objects", "elements"
Carry = Callable[[str, Sequence[str]], tuple[list[Any], int]]
"""Executor of statements, as in `server`."""


class LakeConflict(Exception):
    """Conflict with other commits, each time: nothing was committed."""


class Lake(ABC):
    """The tables of one process, one change of which goes on at a time."""

    conflict: type[Exception] | tuple[type[Exception], ...]
    """The library's errors for a commit that came too late."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def came_too_late(self, error: Exception) -> bool:
        """Whether one of `conflict` says that another commit came first: then nothing was committed."""
        return True

    @abstractmethod
    def refresh(self, table: str) -> None:
        """See the latest snapshot of a table."""

    @abstractmethod
    def texts(self, table: str, name: str) -> Sequence[str]:
        """The texts under a name in the snapshot."""

    @abstractmethod
    def put(self, name: str, text: str) -> None:
        """Commit upon the snapshot that this text, and no other, stands under a name. Raises `conflict`."""

    @abstractmethod
    def append(self, element: str) -> None:
        """Commit one more element. Raises `conflict`."""

    def carry(self, verb: str, words: Sequence[str]) -> tuple[list[Any], int]:
        """Carry out a statement."""
        with self.lock:
            if verb == "replace":
                return [], int(self._replace(*words))
            if verb == "add":
                self._committed(ELEMENTS, lambda: self.append(*words))
                return [], 1
            table, name = (OBJECTS, *words) if verb == "found" else (ELEMENTS, "")
            self.refresh(table)
            return [[text] for text in self.texts(table, name)], 0

    def _replace(self, name: str, old: str, new: str) -> bool:
        def once() -> bool:
            stands = next(iter(self.texts(OBJECTS, name)), NOTHING)
            if old not in (ANYTHING, stands):
                return False
            self.put(name, new)
            return True

        return bool(self._committed(OBJECTS, once))

    def _committed(self, table: str, once: Callable[[], Any]) -> Any:
        for _ in range(TRIES):
            try:
                self.refresh(table)
                return once()
            except self.conflict as error:
                if not self.came_too_late(error):
                    raise
        raise LakeConflict(f"other commits came first, {TRIES} times")


class DeltaLake(Lake):
    """Delta Lake's two tables. The library commits by a file that must not be there yet.

    Pitfall: it has one error for all ends of a commit, also for that of a file system that failed meanwhile.
    """

    def __init__(self, folder: Path, retries: int) -> None:
        from deltalake import CommitProperties, DeltaTable, write_deltalake
        from deltalake.exceptions import CommitFailedError

        super().__init__()
        self.conflict = CommitFailedError
        self.write: Any = write_deltalake
        self.told = CommitProperties(max_commit_retries=retries)
        with alone(folder):
            for name in (OBJECTS, ELEMENTS):
                write_deltalake(folder / name, rows(), mode="ignore")
        self.tables = {name: DeltaTable(folder / name) for name in (OBJECTS, ELEMENTS)}

    def came_too_late(self, error: Exception) -> bool:
        return TOO_LATE.match(str(error)) is not None

    def refresh(self, table: str) -> None:
        self.tables[table].update_incremental()

    def texts(self, table: str, name: str) -> Sequence[str]:
        found = self.tables[table].to_pyarrow_table(columns=["text"], filters=[("name", "=", name)])
        texts: Sequence[str] = found["text"].to_pylist()
        return texts

    def put(self, name: str, text: str) -> None:
        here = rows((name, text))
        words = {"mode": "overwrite", "predicate": f"name = '{name}'", "commit_properties": self.told}
        self.write(self.tables[OBJECTS], here, **words)

    def append(self, element: str) -> None:
        self.write(self.tables[ELEMENTS], rows(("", element)), mode="append", commit_properties=self.told)


class Iceberg(Lake):
    """Iceberg's two tables, in a catalog of SQLite: a commit replaces the name of the file that describes a table."""

    def __init__(self, folder: Path, retries: int) -> None:
        from pyiceberg.catalog.sql import SqlCatalog
        from pyiceberg.exceptions import CommitFailedException, ValidationException

        super().__init__()
        self.conflict = CommitFailedException, ValidationException
        self.expires = not retries
        where = {"uri": f"sqlite:///{folder}/catalog.db?timeout=10", "warehouse": f"file://{folder}"}
        told = {"commit.retry.num-retries": str(retries), **MERGED}
        with alone(folder):
            self.catalog = SqlCatalog("splitbrain", **where)
            self.catalog.create_namespace_if_not_exists("splitbrain")
            self.tables = {
                name: self.catalog.create_table_if_not_exists(f"splitbrain.{name}", rows().schema, properties=told)
                for name in (OBJECTS, ELEMENTS)
            }

    def refresh(self, table: str) -> None:
        self.tables[table].refresh()

    def texts(self, table: str, name: str) -> Sequence[str]:
        found = self.tables[table].scan(f"name = '{name}'").to_arrow()
        texts: Sequence[str] = found["text"].to_pylist()
        return texts

    def put(self, name: str, text: str) -> None:
        with self._commit(OBJECTS) as commit:
            commit.overwrite(rows((name, text)), f"name = '{name}'")

    def append(self, element: str) -> None:
        with self._commit(ELEMENTS) as commit:
            commit.append(rows(("", element)))

    @contextmanager
    def _commit(self, name: str) -> Iterator[Any]:
        """One commit, which lets go of old snapshots too. Where the library tries again by itself it compares with all
        that came since its snapshot, which must then be there still: so they all stay."""
        from pyiceberg.table.update.snapshot import ExpireSnapshots

        table = self.tables[name]
        with table.transaction() as commit:
            yield commit
            if self.expires and len(table.metadata.snapshots) > SNAPSHOTS:
                first_kept = table.metadata.snapshots[-SNAPSHOTS // 2].timestamp_ms / 1000
                ExpireSnapshots(commit).older_than(datetime.fromtimestamp(first_kept, UTC)).commit()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Make the tables while no other process does: nodes begin at once."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def rows(*pairs: tuple[str, str]) -> Any:
    """A table of names and texts."""
    import pyarrow as pa

    schema = pa.schema([pa.field("name", pa.string()), pa.field("text", pa.string())])
    return pa.Table.from_pylist([{"name": name, "text": text} for name, text in pairs], schema)


def lake_sessions(kind: Callable[[Path, int], Lake]) -> Callable[[str, Mapping[str, Any]], Callable[[], Carry]]:
    """Maker of a maker of sessions, as in `server`: all sessions of a process see its one lake."""

    def sessions(folder: str, settings: Mapping[str, Any]) -> Callable[[], Carry]:
        lake = kind(Path(folder), int(settings["retries"]))
        return lambda: lake.carry

    return sessions


LAKES: Mapping[str, Callable[[str, Mapping[str, Any]], Callable[[], Carry]]] = {
    "deltalake": lake_sessions(DeltaLake),
    "iceberg": lake_sessions(Iceberg),
}
