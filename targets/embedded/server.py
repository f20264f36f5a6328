"""The process of a node: sessions of a library over TCP, one statement a line.

    python -m splitbrain.targets.embedded.server sqlite FILE ADDRESS PORT '{"pragmas": ["synchronous=FULL"]}'

A request is `[statement, [word, …]]`, a reply `{"rows": …, "count": …}` or `{"error": name, "text": …}`.
"""

import contextlib
import json
import socketserver
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from splitbrain.targets.embedded.lakes import LAKES

Carry = Callable[[str, Sequence[str]], tuple[list[Any], int]]
"""Executor of a statement: its rows, and how many it changed."""


def sqlite_sessions(file: str, settings: Mapping[str, Any]) -> Callable[[], Carry]:
    """Maker of sessions of SQLite. settings: pragmas of each, shared (one cache for all), busy_seconds."""
    shared = "?cache=shared" if settings.get("shared") else ""

    def session() -> Carry:
        connection = sqlite3.connect(
            f"file:{file}{shared}", uri=True, isolation_level=None, timeout=settings.get("busy_seconds", 1)
        )
        for pragma in settings.get("pragmas", ()):
            connection.execute(f"PRAGMA {pragma}").fetchall()

        def carry(statement: str, words: Sequence[str]) -> tuple[list[Any], int]:
            done = connection.execute(statement.replace("$", "?"), tuple(words))
            return done.fetchall(), max(done.rowcount, 0)

        return carry

    session()  # the file and its journal are there before the first client
    return session


def duckdb_sessions(file: str, settings: Mapping[str, Any]) -> Callable[[], Carry]:
    """Maker of sessions of DuckDB, all of one database."""
    import duckdb

    database = duckdb.connect(file, config=dict(settings.get("config", {})))

    def session() -> Carry:
        connection = database.cursor()

        def carry(statement: str, words: Sequence[str]) -> tuple[list[Any], int]:
            found = connection.execute(statement, list(words)).fetchall()
            changes = statement.startswith(("INSERT", "UPDATE", "DELETE"))
            return ([], int(found[0][0])) if changes and found else (found, 0)

        return carry

    return session


ENGINES = {"sqlite": sqlite_sessions, "duckdb": duckdb_sessions, **LAKES}


class SessionServer(socketserver.ThreadingTCPServer):
    """Connections, each on a thread with a session of its own."""

    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sessions: Callable[[], Carry]) -> None:
        self.sessions = sessions
        super().__init__(address, SessionHandler)


class SessionHandler(socketserver.StreamRequestHandler):
    """One connection. What it did not commit is rolled back when it ends."""

    server: SessionServer
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer until the client goes. One that gave up, perhaps in the middle of a line, is no error of this node."""
        carry = self.server.sessions()
        with contextlib.suppress(ConnectionError):
            while (line := self.rfile.readline()).endswith(b"\n"):
                self.wfile.write(json.dumps(answer(carry, *json.loads(line))).encode() + b"\n")


def answer(carry: Carry, statement: str, words: Sequence[str]) -> Mapping[str, Any]:
    """The reply to a request."""
    try:
        rows, count = carry(statement, words)
    except Exception as error:  # noqa: BLE001 - the client's table says what it means
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return {"error": name, "text": f"{name}: {error}"}
    return {"rows": rows, "count": count}


def main() -> None:
    engine, file, address, port, settings = sys.argv[1:]
    with SessionServer((address, int(port)), ENGINES[engine](file, json.loads(settings))) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
