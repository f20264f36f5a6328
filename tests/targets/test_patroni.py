"""Patroni as a target: what its nodes are told of replication, and what it claims of it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import InfrastructureError, UsageError
from splitbrain.harness.logs import examine
from splitbrain.harness.options import settle
from splitbrain.harness.verdict import Validity
from splitbrain.targets.etcd.target import SOFTWARE as ETCD
from splitbrain.targets.patroni import PROXY, TIMES, Patroni, PatroniClient
from splitbrain.targets.postgresql.client import PostgreSQLSession
from splitbrain.targets.servers.server import ServerProgram

PLACE = Place("n2", "198.18.0.12", Path("/n2"), {"n1": "198.18.0.11", "n2": "198.18.0.12"})


def made(**options: str) -> Patroni:
    return Patroni(settle(Patroni.options, options, "patroni"))


def told(tmp_path: Path, **options: str) -> Any:
    """The file of a node, whose PostgreSQL lies in a folder of ours."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("postgres", "psql", "pg_basebackup"):
        (programs / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.2'\n")
        (programs / name).chmod(0o755)
    return json.loads(made(binary=str(tmp_path), **options).files(PLACE)["patroni.json"])


@pytest.mark.parametrize(
    ("synchronous", "modes"),
    [("off", (None, None)), ("on", (True, None)), ("strict", (True, True))],
)
def test_the_mode_of_replication_stands_in_the_configuration_of_all(
    synchronous: str, modes: tuple[bool | None, bool | None], tmp_path: Path
) -> None:
    file = told(tmp_path, synchronous=synchronous)
    common = file["bootstrap"]["dcs"]
    assert (common.get("synchronous_mode"), common.get("synchronous_mode_strict")) == modes
    assert file["etcd3"]["hosts"] == ["198.18.0.11:2379", "198.18.0.12:2379"]
    assert file["postgresql"]["bin_dir"] == str(tmp_path / "bin")


def test_patroni_accepts_the_times() -> None:
    """Patroni's rule, without which it takes its own: "Dynamic configuration settings" of its documentation."""
    assert TIMES["loop_wait"] + 2 * TIMES["retry_timeout"] <= TIMES["ttl"] and TIMES["ttl"] >= 20
    assert TIMES["retry_timeout"] >= 3 and TIMES["loop_wait"] >= 1


def test_it_claims_nothing_where_a_commit_waits_for_no_standby() -> None:
    assert made().claims == made(synchronous="strict", fsync="off").claims == ()
    assert made(synchronous="strict").claims == made(synchronous="on").claims == ("serializable",)
    assert made(synchronous="on", isolation="repeatable-read").claims == ("snapshot-isolation",)


def test_a_node_is_told_of_the_etcd_of_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(type(ETCD), "obtain", lambda self, version, binary="", say=None: tmp_path / "etcd")
    words = made().command(PLACE, ServerProgram(str(tmp_path)), "18.6")
    assert "--initial-cluster=n1=http://198.18.0.11:2380,n2=http://198.18.0.12:2380" in words
    assert "--name=n2" in words and str(tmp_path / "etcd") in words


def test_a_client_goes_by_its_node_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    reached = []

    class Session:
        def __init__(self, address: str, port: int) -> None:
            reached.append((address, port))

        async def rows(self, statement: str) -> list[list[str]]:
            return [["198.18.0.11"]]

    async def connect(address: str, port: int, access: object = None) -> Session:
        return Session(address, port)

    monkeypatch.setattr(PostgreSQLSession, "connect", connect)
    for route in ("straight", "node"):
        client = PatroniClient("198.18.0.12", made(route=route))
        asyncio.run(client.open())
    assert reached == [("198.18.0.12", 5432), ("198.18.0.11", 5432), ("198.18.0.12", 5432), ("198.18.0.12", PROXY)]
    with pytest.raises(UsageError, match="with endpoints leave it out"):
        made(route="node", endpoints="postgresql://127.0.0.1:1")


def test_every_library_that_a_node_needs_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("patroni", "psycopg", "asyncpg"):
        with monkeypatch.context() as patch:
            patch.setattr("importlib.util.find_spec", lambda name, gone=missing: None if name == gone else object())
            with pytest.raises(InfrastructureError, match=rf"needs {missing}: pip install 'splitbrain\[patroni\]'"):
                made().check_library()


def test_a_traceback_in_the_log_is_no_crash(tmp_path: Path) -> None:
    (tmp_path / "n1.log").write_text(
        "2026-11-30 20:39:47,551 ERROR: \nTraceback (most recent call last):\n"
        '  File "connectionpool.py", line 540, in _make_request\nTimeoutError: timed out\n'
    )
    verdict = examine(tmp_path, made().log_patterns)
    assert verdict is not None and verdict.value is Validity.VALID
    (tmp_path / "n2.log").write_text("panic: runtime error\n")
    verdict = examine(tmp_path, made().log_patterns)
    assert verdict is not None and verdict.reason == "n2 panicked (n2.log:1: panic: runtime error)"
