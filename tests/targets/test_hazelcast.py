"""Clients of Hazelcast on a driver that the test plays: what a false comparison means, and a member that goes away."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from splitbrain.harness.deployment import Place
from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import ErrorKind, EventType, Operation, Outcome
from splitbrain.harness.options import settle
from splitbrain.targets.hazelcast import Hazelcast, HazelcastClient, HazelcastSession

hazelcast = pytest.importorskip("hazelcast")
from hazelcast.errors import OperationTimeoutError, TargetDisconnectedError  # noqa: E402
from hazelcast.future import ImmediateExceptionFuture, ImmediateFuture  # noqa: E402

CAS, WRITE, READ = (Operation(f, value, "k") for f, value in (("cas", (7, 8)), ("write", 1), ("read", None)))


class Entries:
    """A map or a reference that holds 7. answer: to a change. asked: the changes that came."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0

    def get(self, *key: str) -> Any:
        return ImmediateFuture("7")

    def change(self, *words: str) -> Any:
        self.asked += 1
        return (
            ImmediateExceptionFuture(self.answer)
            if isinstance(self.answer, Exception)
            else ImmediateFuture(self.answer)
        )

    set = compare_and_set = put_if_absent = replace_if_same = change


class PlayedHazelcast(Hazelcast):
    """Sessions with a driver of the test's. sessions_made: so many were."""

    entries: Entries
    sessions_made, running = 0, True

    def connect(self, address: str) -> HazelcastSession:
        self.sessions_made += 1
        lifecycle = SimpleNamespace(is_running=lambda: self.running)
        self.running = True
        driver = SimpleNamespace(get_map=lambda name: self.entries, lifecycle_service=lifecycle, shutdown=lambda: None)
        return HazelcastSession(driver, entries=self.word("objects") == "map")


async def reference(session: HazelcastSession, name: str) -> Any:
    return session.driver.get_map(name)


def carried_out(
    objects: str, answer: Any, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> tuple[Outcome, int]:
    """The outcome as the harness records it, and how many changes came."""
    monkeypatch.setattr(HazelcastSession, "reference", reference)

    async def scene() -> tuple[Outcome, int]:
        server = PlayedHazelcast(settle(Hazelcast.options, {"objects": objects}, "hazelcast"))
        server.entries = Entries(answer)
        client = server.client(ExternalNode("n1", "hazelcast://n1:5701"))
        await client.open()
        try:
            outcome = await client.invoke(operation)
        except Exception as error:  # noqa: BLE001 - the table is looked at
            outcome = server.errors.outcome(operation, error, effects=True)
        await client.close()
        return outcome, server.entries.asked

    return asyncio.run(asyncio.wait_for(scene(), 10))


@pytest.mark.parametrize(("objects", "type"), [("cp", EventType.FAIL), ("map", EventType.INFO)])
def test_a_false_comparison_tells_the_end_where_members_say_what_they_do_not_know(
    objects: str, type: EventType, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, asked = carried_out(objects, False, CAS, monkeypatch)
    assert (outcome.type, outcome.error and outcome.error.kind, asked) == (type, ErrorKind.CONFLICT, 1)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(TargetDisconnectedError("gone"), ErrorKind.CONNECTION), (OperationTimeoutError("late"), ErrorKind.TIMEOUT)],
)
def test_no_error_of_a_change_is_definite(answer: Any, kind: ErrorKind, monkeypatch: pytest.MonkeyPatch) -> None:
    for objects in ("cp", "map"):
        outcome, asked = carried_out(objects, answer, WRITE, monkeypatch)
        assert (outcome.type, outcome.error and outcome.error.kind, asked) == (EventType.INFO, kind, 1)


def test_a_session_that_ended_is_made_anew() -> None:
    async def scene() -> None:
        server = PlayedHazelcast(settle(Hazelcast.options, {"objects": "map"}, "hazelcast"))
        server.entries = Entries(None)
        client = server.client(ExternalNode("n1", "hazelcast://n1:5701"))
        assert isinstance(client, HazelcastClient)
        await client.open()
        server.running = False
        assert (await client.invoke(READ)).value == 7
        assert server.sessions_made == 2
        await client.close()

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_members_of_the_replicated_subsystem(tmp_path: Path) -> None:
    def server(objects: str) -> Hazelcast:
        return Hazelcast(settle(Hazelcast.options, {"objects": objects}, "hazelcast"))

    place = Place("n1", "198.18.0.1", tmp_path, {f"n{number}": f"198.18.0.{number}" for number in (1, 2, 3)})
    assert server("cp").least_nodes == {"objects=cp": 3} and server("map").least_nodes == {}
    assert "cp-member-count: 3" in str(server("cp").files(place)["hazelcast.yaml"])
    assert "cp-member-count: 0" in str(server("map").files(place)["hazelcast.yaml"])
