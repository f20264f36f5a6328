"""TLS and passwords of every server on the kit, on a stand-in behind TLS: a stranger's certificate is refused."""

import ssl
from pathlib import Path

import pytest

from splitbrain.harness.environments.external import ExternalNode
from splitbrain.harness.operation import EventType
from splitbrain.targets.memcached import Memcached
from splitbrain.targets.servers.server import Server

from .fronts import front, self_signed
from .test_contract import SERVERS, WRITE, ended, fake, made, run

SECRET = "hush"
PASSED_ON = {"redis", "valkey", "zookeeper", "nats", "memcached", "ignite", "consul", "ferretdb", "infinispan"}
"""Servers whose password is sent as it is, once the connection is secret."""


OTHERS = {"cassandra", "hazelcast", "kafka", "rabbitmq"}
"""Drivers that connect to the addresses and ports that nodes tell them, so that a front is out of their reach; and
servers whose stand-in is their test's own."""


class FurtherServer(Memcached):
    """A server of another package, with schemes that nobody else has."""

    name, schemes = "further", ("further", "furthers")


@pytest.mark.parametrize(
    "kind", [FurtherServer, *(kind for kind in SERVERS if kind.name not in OTHERS)], ids=lambda kind: kind.name
)
def test_tls_and_a_password(kind: type[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca, key = self_signed(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ca, key)
    monkeypatch.setenv("HERE", SECRET)
    user = {"user": "somebody", "password_env": "HERE"} if kind.name in PASSED_ON else {}

    async def scene() -> None:
        async with (
            fake(Memcached if kind is FurtherServer else kind) as node,
            front(node.endpoint, kind.schemes[1], context) as secured,
        ):
            server = made(kind, endpoints=secured.endpoint, ca=str(ca), **user)
            client = server.client(ExternalNode("n1", secured.endpoint))
            await client.open()
            assert (await ended(server, client, WRITE)).type is EventType.OK
            await client.close()
            assert (SECRET.encode() in secured.heard) == bool(user)
            stranger = made(kind, endpoints=secured.endpoint).client(ExternalNode("n1", secured.endpoint))
            with pytest.raises(ConnectionRefusedError):
                await stranger.open()
            await stranger.close()

    run(scene())
