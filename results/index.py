"""Index of run folders: a SQLite file beside them, rebuilt from them at any time and never the truth.

A folder is read again when its `verdict.json` or `test.toml` has changed, and forgotten when it is gone. An index that
cannot be read, or is of another version, is made anew; where none can be written, it is kept in memory. Folders of runs
may come from others: what links out of them, or no database takes, does not keep the rest from being listed.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from splitbrain.harness.errors import UsageError
from splitbrain.harness.verdict import Validity
from splitbrain.results.folder import RunFolder, held

FILE = ".index.sqlite"
VERSION = 1
WHOLE_MAX = 2**63 - 1
"""The largest whole number that SQLite takes."""
INTERRUPTED = "interrupted"
"""The verdict of a run that has none, because it was cut short or still goes on."""
SORTS = ("age", "target", "workload", "verdict", "seed", "operations")


@dataclass(frozen=True)
class IndexedRun:
    """The index's entry of a run. path: its folder, below the root. began: seconds since the epoch. faults: their names
    with commas around each, so that one can be searched for. changed: what tells whether it has to be read again.
    """

    path: str
    target: str
    workload: str
    env: str
    seed: int
    faults: str
    verdict: str
    reason: str
    operations: int
    began: float
    changed: str

    def line(self, root: Path) -> dict[str, Any]:
        """The data of `--json`."""
        return {
            "run": str(root / self.path),
            "target": self.target,
            "workload": self.workload,
            "env": self.env,
            "seed": self.seed,
            "faults": [name for name in self.faults.split(",") if name],
            "verdict": self.verdict,
            "reason": self.reason,
            "operations": self.operations,
            "began": datetime.fromtimestamp(self.began, UTC).isoformat(),
        }


@dataclass(frozen=True)
class RunFilter:
    """A filter of runs by what is asked for; None: any. target: a name without options fits all of its options. newer,
    older: seconds since the epoch."""

    target: str | None = None
    workload: str | None = None
    fault: str | None = None
    verdict: str | None = None
    newer: float | None = None
    older: float | None = None

    def condition(self) -> tuple[str, list[Any]]:
        """The filter as SQL, with its parameters."""
        parts: list[tuple[str, list[Any]]] = []
        if self.target is not None:
            parts.append(("(target = ? OR substr(target, 1, ?) = ?)",
                          [self.target, len(self.target) + 1, f"{self.target}:"]))  # fmt: skip
        if self.fault is not None:
            parts.append(("instr(faults, ?) > 0", [f",{self.fault},"]))
        for column, wanted in (("workload", self.workload), ("verdict", self.verdict)):
            if wanted is not None:
                parts.append((f"{column} = ?", [wanted]))
        if self.newer is not None:
            parts.append(("began >= ?", [self.newer]))
        if self.older is not None:
            parts.append(("began <= ?", [self.older]))
        return " AND ".join(sql for sql, _ in parts) or "1", [value for _, values in parts for value in values]


def find_runs(root: Path, wanted: RunFilter, sort: str = SORTS[0], limit: int | None = None) -> list[IndexedRun]:
    """The runs below a folder, as the folders say now. sort: of SORTS; the newest first for age. UsageError if there is
    no such folder."""
    if not root.is_dir():
        raise UsageError(f"{root}: no such folder of runs")
    condition, values = wanted.condition()
    order = "began DESC" if sort == "age" else f"{sort}, began DESC"
    with closing(_opened(root)) as database:
        _refresh(database, root)
        rows = database.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM runs WHERE {condition} ORDER BY {order}, path LIMIT ?",
            [*values, -1 if limit is None else limit],
        )
        return [IndexedRun(*row) for row in rows]


_COLUMNS = [column.name for column in fields(IndexedRun)]


def _opened(root: Path) -> sqlite3.Connection:
    """The index of a folder, empty if there was none that can be used."""
    for attempt in range(2):
        try:
            database = sqlite3.connect(root / FILE, timeout=30)
            if database.execute("PRAGMA user_version").fetchone()[0] == VERSION:
                database.execute(f"SELECT {', '.join(_COLUMNS)} FROM runs LIMIT 1")
                return database
            database.execute("DROP TABLE IF EXISTS runs")
            return _created(database)
        except sqlite3.Error:
            if attempt == 0:
                with suppress(OSError):
                    (root / FILE).unlink(missing_ok=True)
    return _created(sqlite3.connect(":memory:"))


def _created(database: sqlite3.Connection) -> sqlite3.Connection:
    columns = ", ".join(f"{name}{' PRIMARY KEY' if name == 'path' else ''}" for name in _COLUMNS)
    with database:
        database.execute(f"CREATE TABLE runs ({columns})")
        database.execute(f"PRAGMA user_version = {VERSION}")
    return database


def _refresh(database: sqlite3.Connection, root: Path) -> None:
    """Bring the index to what the folders say."""
    known = dict(database.execute("SELECT path, changed FROM runs"))
    found: set[str] = set()
    fresh: list[IndexedRun] = []
    for folder in _folders(root):
        path = folder.relative_to(root).as_posix()
        found.add(path)
        changed = _stamp(folder)
        if known.get(path) != changed:
            with suppress(UsageError):  # one that cannot be understood is not listed, and looked at again next time
                fresh.append(_read(folder, path, changed, root))
    gone = [(path,) for path in known if path not in found]
    if not fresh and not gone:
        return
    with database:
        database.executemany("DELETE FROM runs WHERE path = ?", gone)
        marks = ", ".join("?" * len(_COLUMNS))
        database.executemany(f"INSERT OR REPLACE INTO runs VALUES ({marks})", [astuple(run) for run in fresh])


def _folders(root: Path) -> Iterator[Path]:
    """All run folders below a folder: those that hold a test.toml. A name that is no text is none of ours."""
    whole = root.resolve()
    for place, inside, names in os.walk(root):
        if "test.toml" in names:
            inside.clear()
            if held(Path(place, "test.toml"), whole) and _text(place) == place:
                yield Path(place)


def _stamp(folder: Path) -> str:
    parts: list[str] = []
    for name in ("test.toml", "verdict.json"):
        with suppress(OSError):
            about = (folder / name).stat()
            parts.append(f"{about.st_mtime_ns}-{about.st_size}")
    return " ".join(parts)


def _read(folder: Path, path: str, changed: str, root: Path) -> IndexedRun:
    run = RunFolder(folder)
    record = run.record()
    plain = _verdict(run, root.resolve()) if (folder / "verdict.json").is_file() else {}
    return IndexedRun(
        path,
        record.spec.target,
        record.workload,
        record.env,
        record.seed,
        "".join(f",{name}," for name in record.faults),
        plain.get("verdict", INTERRUPTED),
        _text(str(plain.get("reason", "it was cut short, or still goes on")).partition("\n")[0]),
        _number(plain.get("operations")),
        _began(folder),
        changed,
    )


def _verdict(run: RunFolder, root: Path) -> dict[str, Any]:
    """The content of `verdict.json`; unknown, and why, where it cannot be read."""
    path = run.path / "verdict.json"
    if not held(path, root):
        return {"verdict": Validity.UNKNOWN.value, "reason": f"{path}: it is a link to another folder, and not read"}
    try:
        return run.verdict()
    except UsageError as error:
        return {"verdict": Validity.UNKNOWN.value, "reason": str(error)}


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value <= WHOLE_MAX else 0


def _text(text: str) -> str:
    """A text without halves of characters, which no encoding writes."""
    return text.encode("utf-8", "replace").decode()


def _began(folder: Path) -> float:
    """The time at which a run began: its folder's name says it, or else the time of its test.toml."""
    try:
        return datetime.strptime(folder.name.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return (folder / "test.toml").stat().st_mtime
