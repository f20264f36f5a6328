"""Isolation of each server with SQL: which of three anomalies it lets through at each level, by fixed interleavings."""

import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.deployment import Process
from splitbrain.harness.environments.linux import namespaces
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.options import settle
from splitbrain.targets.embedded import DuckDB, SQLite
from splitbrain.targets.mariadb import MariaDB
from splitbrain.targets.postgresql import PostgreSQL

from .test_contract import RUN


@dataclass(frozen=True)
class IsolationCase:
    """One server. levels: value of the option isolation ("": there is none) → what is let through."""

    kind: type[Any]
    levels: Mapping[str, Collection[str]]
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "-".join((self.kind.name, *self.options))


DIRTY, LOST, SKEW = "dirty read", "lost update", "skew"
CASES = (
    IsolationCase(
        PostgreSQL, {"read-committed": {LOST, SKEW}, "repeatable-read": {SKEW}, "serializable": set()}, {"fsync": "off"}
    ),
    IsolationCase(SQLite, {"serializable": set()}, {"busy_seconds": "0.1"}),
    IsolationCase(DuckDB, {"": {SKEW}}),
    IsolationCase(
        MariaDB,
        {
            "read-uncommitted": {DIRTY, LOST, SKEW},
            "read-committed": {LOST, SKEW},
            "repeatable-read": {LOST, SKEW},
            "serializable": set(),
        },
    ),
    IsolationCase(MariaDB, {"repeatable-read": {SKEW}}, {"snapshot": "on"}),
)


def made(kind: type[Any], **options: str) -> Any:
    return kind(settle(kind.options, options, kind.name))


@pytest.mark.skipif(namespaces.unavailable() is not None, reason=namespaces.unavailable() or "")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_let_through(case: IsolationCase) -> None:
    server = made(case.kind, **case.options)
    try:
        server.provide(next(one for one in server.deployments if isinstance(one, Process)), lambda sentence: None)
    except InfrastructureError as error:
        pytest.skip(str(error))
    live = Path(__file__).with_name("isolation_live.py")
    command = [sys.executable, "-c", RUN, "-q", "-x", "-p", "no:xdist", f"{live}::test_levels[{case}]"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout
