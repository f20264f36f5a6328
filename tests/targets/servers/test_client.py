"""Reads before a change: their failure is certain not to have changed anything, and a mistake of ours is no failure."""

import asyncio
from pathlib import Path

import pytest

from splitbrain import registry
from splitbrain.harness.client import ErrorTable
from splitbrain.harness.deployment import Place
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.targets.etcd.errors import ERRORS as ETCD
from splitbrain.targets.servers.client import reading
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.server import Server
from splitbrain.targets.zookeeper_errors import ERRORS as ZOOKEEPER

APPEND = Operation("append", 1, "l")


async def broken(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    ("errors", "error", "kind"),
    [
        (ETCD, ServerError("something new"), ErrorKind.OTHER),
        (ETCD, TimeoutError(), ErrorKind.TIMEOUT),
        (ETCD, OSError("no route to host"), ErrorKind.OTHER),
    ],
)
def test_what_fails_while_reading_has_changed_nothing(errors: ErrorTable, error: Exception, kind: ErrorKind) -> None:
    outcome: Outcome = asyncio.run(reading(broken(error), APPEND, errors))
    assert (outcome.type, outcome.error and outcome.error.kind) == (EventType.FAIL, kind)


def test_a_drivers_own_error_is_known_by_its_row() -> None:
    exceptions = pytest.importorskip("kazoo.exceptions")
    outcome: Outcome = asyncio.run(reading(broken(exceptions.ConnectionLoss()), APPEND, ZOOKEEPER))
    assert (outcome.type, outcome.error and outcome.error.kind) == (EventType.FAIL, ErrorKind.CONNECTION)


def test_a_server_that_answers_an_error_is_not_ready_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    server = registry.target("memcached")
    assert isinstance(server, Server)
    monkeypatch.setattr(server, "ready", lambda place: broken(ServerError("no leader in sight")))
    with pytest.raises(OSError, match="it answered: no leader in sight"):
        asyncio.run(server.serves(Place("n1", "127.0.0.1", Path("nowhere"), {})))


def test_a_mistake_of_ours_is_raised() -> None:
    with pytest.raises(TypeError):
        asyncio.run(reading(broken(TypeError("ours")), APPEND, ETCD))
