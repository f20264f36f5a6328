"""Errors of etcd and what they mean for an operation. Checked on a socket: cut, refused, silent, and every reply."""

import asyncio
import socket
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from splitbrain.harness.controller import Test, run_test
from splitbrain.harness.environments.external import Existing, ExternalNode
from splitbrain.harness.generator import once
from splitbrain.harness.histories.recorder import Recorder
from splitbrain.harness.history import Event
from splitbrain.harness.operation import ErrorKind, EventType, Operation
from splitbrain.harness.options import settle
from splitbrain.targets.etcd import Etcd
from splitbrain.targets.etcd.errors import ERRORS, EtcdError
from splitbrain.targets.servers.errors import Row

from .fake_etcd import CUT, HALF, HEADER, SILENT, FakeMemberOfEtcd, member

WRITE, READ = Operation("write", 1, "k"), Operation("read", None, "k")


def etcd(url: str, **options: str) -> Etcd:
    return Etcd(settle(Etcd.options, {"endpoints": url, **options}, "etcd"))


def node_at(url: str) -> ExternalNode:
    return ExternalNode("n1", url)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


async def conducted(fake_url: str, operation: Operation) -> Event:
    """The end of one operation of a whole test, as it stands in the history."""
    environment = Existing()
    target = etcd(fake_url)
    recorder = Recorder(None, environment.now)
    test = Test(target, target.deployments[0], environment, ("n1",), once(operation), concurrency=1, timeout=1.0)
    await run_test(test, recorder)
    return list(recorder.history)[1]


def ready(fake: FakeMemberOfEtcd) -> None:
    fake.answers |= {
        "/v3/kv/range": [HEADER],
        "/v3/kv/deleterange": [HEADER],
        "/v3/maintenance/alarm": [HEADER],
        "/v3/maintenance/hash": [{**HEADER, "hash": 5}],
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (CUT, ErrorKind.CONNECTION),
        (HALF, ErrorKind.CONNECTION),
        (SILENT, ErrorKind.TIMEOUT),
        ((503, "upstream"), ErrorKind.UNAVAILABLE),
        ((503, {"error": "etcdserver: leader changed", "code": 14}), ErrorKind.NO_LEADER),
        ((504, {"error": "etcdserver: request timed out", "code": 14}), ErrorKind.TIMEOUT),
        ((500, {"message": "etcdserver: server stopped", "code": 14}), ErrorKind.UNAVAILABLE),
        ((429, {"error": "etcdserver: mvcc: database space exceeded", "code": 8}), ErrorKind.UNAVAILABLE),
    ],
)
def test_a_write_that_breaks_after_it_was_sent_is_sent_once_and_nobody_knows(answer: Any, kind: ErrorKind) -> None:
    async def scene() -> None:
        async with member() as fake:
            ready(fake)
            fake.answers["/v3/kv/put"] = [answer]
            event = await conducted(fake.url, WRITE)
            assert len(fake.sent("/v3/kv/put")) == 1, "no hidden retry"
            assert (event.type, event.error and event.error[0]) == ("info", kind)

    run(scene())


def test_a_read_that_breaks_has_failed() -> None:
    async def scene() -> None:
        async with member() as fake:
            ready(fake)
            fake.answers["/v3/kv/range"] = [HEADER, CUT, HEADER]
            event = await conducted(fake.url, READ)
            assert (event.type, len(fake.sent("/v3/kv/range"))) == ("fail", 3)

    run(scene())


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (503, "etcdserver: no leader", ErrorKind.NO_LEADER),
        (429, "etcdserver: too many requests", ErrorKind.UNAVAILABLE),
    ],
)
def test_a_write_that_etcd_refused_has_failed(status: int, text: str, kind: ErrorKind) -> None:
    async def scene() -> None:
        async with member() as fake:
            ready(fake)
            fake.answers["/v3/kv/put"] = [(status, {"error": text, "message": text, "code": 14})]
            event = await conducted(fake.url, WRITE)
            assert (event.type, event.error and event.error[0]) == ("fail", kind)

    run(scene())


def test_nothing_was_sent_where_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def scene() -> None:
            target = etcd(url)
            client = target.client(node_at(url))
            with pytest.raises(ConnectionRefusedError) as raised:
                await client.open()
            assert ERRORS.outcome(WRITE, raised.value, effects=True).type is EventType.FAIL
            with pytest.raises(ConnectionRefusedError) as raised:
                await client.invoke(WRITE)
            assert ERRORS.outcome(WRITE, raised.value, effects=True).type is EventType.FAIL
            assert ERRORS.classify(raised.value) == (ErrorKind.REFUSED, True)
            await client.close()

        run(scene())


def test_every_message_finds_its_own_row() -> None:
    for row in [rule for rule in ERRORS.rules if isinstance(rule, Row) and rule.text]:
        error = EtcdError(f"{row.text}, and more", 14)
        assert next(one for one in ERRORS.rules if one.fits(error)) is row
        assert ERRORS.classify(error) == (row.kind, row.definite)
    assert ERRORS.classify(EtcdError("something new", 14)) == (ErrorKind.UNAVAILABLE, False)
    assert ERRORS.classify(EtcdError("something new", 13)) == (ErrorKind.OTHER, False)


def test_only_requests_that_need_a_leader_ask_for_one() -> None:
    async def scene() -> None:
        async with member() as fake:
            ready(fake)
            fake.answers["/v3/kv/put"] = [HEADER]
            for reads, asked in (("linearizable", True), ("serializable", False)):
                client = etcd(fake.url, reads=reads).client(node_at(fake.url))
                await client.invoke(READ)
                assert ("grpc-metadata-hasleader" in fake.headers[-1]) is asked
                assert fake.requests[-1][1].get("serializable", False) is not asked
                await client.invoke(WRITE)
                assert "grpc-metadata-hasleader" in fake.headers[-1]
                await client.close()

    run(scene())


def test_an_append_that_only_read_has_failed_and_conflicts_end() -> None:
    async def scene() -> None:
        async with member() as fake:
            fake.answers |= {"/v3/kv/range": [CUT, HEADER], "/v3/kv/txn": [HEADER]}
            client = etcd(fake.url).client(node_at(fake.url))
            lost = await client.invoke(Operation("append", 1, "l"))
            assert (lost.type, lost.error and lost.error.kind) == (EventType.FAIL, ErrorKind.CONNECTION)
            assert fake.sent("/v3/kv/txn") == []
            late = await client.invoke(Operation("append", 1, "l"))
            assert (late.type, late.error and late.error.kind) == (EventType.FAIL, ErrorKind.CONFLICT)
            assert len(fake.sent("/v3/kv/txn")) == 8
            fake.answers["/v3/kv/txn"] = [CUT]
            with pytest.raises(ConnectionResetError):
                await client.invoke(Operation("append", 1, "l"))
            await client.close()

    run(scene())


def test_a_lock_not_acquired_is_certain_only_once_its_lease_is_gone() -> None:
    async def scene() -> None:
        async with member() as fake:
            fake.answers |= {
                "/v3/lease/grant": [{"ID": "9", "TTL": "2"}],
                "/v3/lock/lock": [SILENT],
                "/v3/lease/revoke": [HEADER, (503, {"error": "x", "code": 14}), CUT],
            }
            client = etcd(fake.url, lock_wait_seconds="0.05").client(node_at(fake.url))
            acquire = Operation("acquire", None, "m")
            assert (await client.invoke(acquire)).type is EventType.FAIL
            assert (await client.invoke(acquire)).type is EventType.INFO
            with pytest.raises(ConnectionResetError):
                await client.invoke(acquire)
            await client.close()
            patient = etcd(fake.url).client(node_at(fake.url))
            fake.answers["/v3/lock/lock"] = [CUT]
            broken = await patient.invoke(acquire)
            assert (broken.type, broken.error and broken.error.kind) == (EventType.INFO, ErrorKind.CONNECTION)
            fake.answers["/v3/lease/grant"] = [CUT]
            assert (await patient.invoke(acquire)).type is EventType.FAIL
            await patient.close()

    run(scene())


def test_a_lock_that_is_gone_when_its_token_is_asked_for_is_not_acquired() -> None:
    async def scene() -> None:
        async with member() as fake:
            fake.answers |= {
                "/v3/lease/grant": [{"ID": "9", "TTL": "2"}],
                "/v3/lock/lock": [{"key": "bQ=="}],
                "/v3/kv/range": [HEADER, {**HEADER, "kvs": [{"create_revision": "5"}]}],
            }
            client = etcd(fake.url).client(node_at(fake.url))
            acquire = Operation("acquire", None, "m")
            lost = await client.invoke(acquire)
            assert (lost.type, lost.error and lost.error.kind) == (EventType.FAIL, ErrorKind.CONFLICT)
            held = await client.invoke(acquire)
            assert (held.type, held.token) == (EventType.OK, 5)
            await client.close()

    run(scene())


def test_a_holder_that_cannot_renew_knows_after_one_lease() -> None:
    async def scene() -> None:
        async with member() as fake:
            fake.answers |= {
                "/v3/lease/grant": [{"ID": "9", "TTL": "1"}],
                "/v3/lock/lock": [{"key": "bQ=="}],
                "/v3/kv/range": [{**HEADER, "kvs": [{"create_revision": "5"}]}],
                "/v3/lease/keepalive": [SILENT],
            }
            client = etcd(fake.url, lease_loss="timed", lock_ttl_seconds="1").client(node_at(fake.url))
            began = time.monotonic()
            assert (await client.invoke(Operation("acquire", None, "m"))).type is EventType.OK
            lost = await client.invoke(Operation("hold", 15.0, "m"))
            assert (lost.type, lost.error and lost.error.kind) == (EventType.FAIL, ErrorKind.CONFLICT)
            assert time.monotonic() - began > 0.9, "not before the lease can have run out"
            await client.close()

    run(scene())


def test_what_a_run_left_on_a_cluster_that_stays_is_deleted() -> None:
    async def scene() -> None:
        async with member() as fake:
            ready(fake)
            fake.answers["/v3/kv/put"] = [HEADER]
            assert (await conducted(fake.url, WRITE)).type == "ok"
            assert len(fake.sent("/v3/kv/deleterange")) == 1

    run(scene())
