"""Fronts that put TLS before a stand-in for a node, as each server's protocol begins it."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Begin = Callable[[socket.socket, asyncio.StreamReader], Coroutine[Any, Any, None]]
"""The talk in clear before TLS begins: with a client, and of what its node says first."""
MYSQL_SSL = 0x08
"""The flag of TLS in the second byte of what a server of MySQL's protocol is able to do."""


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return cert_file, key_file


@dataclass
class Front:
    """endpoint: for the option endpoints. heard: all that clients sent, deciphered."""

    endpoint: str = ""
    heard: bytes = b""


async def _heard(client: socket.socket, count: int) -> bytes:
    """Bytes up to this count and no more: those of TLS may follow at once."""
    found = b""
    while len(found) < count:
        more = await asyncio.get_running_loop().sock_recv(client, count - len(found))
        if not more:
            raise ConnectionResetError("the client went away")
        found += more
    return found


async def _postgresql(client: socket.socket, _: asyncio.StreamReader) -> None:
    """Agree to TLS with a client, which asks for it first, in eight bytes."""
    assert (await _heard(client, 8))[4:] == b"\x04\xd2\x16\x2f"
    await asyncio.get_running_loop().sock_sendall(client, b"S")


async def _mysql(client: socket.socket, node: asyncio.StreamReader) -> None:
    """Offer TLS in the greeting, after which a client asks for it in a packet of 32 bytes."""
    head = await node.readexactly(4)
    greeting = bytearray(await node.readexactly(int.from_bytes(head[:3], "little")))
    greeting[greeting.index(0) + 15] |= MYSQL_SSL
    await asyncio.get_running_loop().sock_sendall(client, head + greeting)
    await _heard(client, 36)


async def _nats(client: socket.socket, node: asyncio.StreamReader) -> None:
    """Say in the greeting that TLS begins after it."""
    line = await node.readuntil(b"\r\n")
    await asyncio.get_running_loop().sock_sendall(client, line.replace(b"{", b'{"tls_required":true,', 1))


BEGINS: Mapping[str, Begin] = {"postgresqls": _postgresql, "mysqls": _mysql, "natss": _nats}
"""By scheme; elsewhere a connection begins with TLS."""


@asynccontextmanager
async def front(endpoint: str, scheme: str, context: ssl.SSLContext) -> AsyncIterator[Front]:
    """A front of the node at an endpoint, until the block ends."""
    made, loop, url = Front(), asyncio.get_running_loop(), urlsplit(endpoint)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, hear: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                made.heard += data if hear else b""
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(client: socket.socket) -> None:
        near, out = await asyncio.open_connection(url.hostname, url.port)
        reader = asyncio.StreamReader()
        with suppress(OSError):
            if begin := BEGINS.get(scheme):
                await begin(client, near)
            transport, protocol = await loop.connect_accepted_socket(
                lambda: asyncio.StreamReaderProtocol(reader), client, ssl=context
            )
            back = asyncio.StreamWriter(transport, protocol, reader, loop)
            await asyncio.gather(pump(reader, out, hear=True), pump(near, back, hear=False))
        client.close()
        out.close()

    async def accept(listener: socket.socket) -> None:
        async with asyncio.TaskGroup() as clients:
            while True:
                clients.create_task(serve((await loop.sock_accept(listener))[0]))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        made.endpoint = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        accepting = asyncio.create_task(accept(listener))
        try:
            yield made
        finally:
            accepting.cancel()
            await asyncio.wait([accepting])
