"""ZooKeeper's protocol (Jute in frames, as `zookeeper.jute` defines it) and what each of its errors means."""

import struct
from dataclasses import dataclass

from splitbrain.harness.operation import ErrorKind, Value
from splitbrain.targets.servers.access import Access
from splitbrain.targets.servers.errors import ServerError, code, table
from splitbrain.targets.servers.tcp import FramedConnection

NO_NODE, BAD_VERSION, NODE_EXISTS = -101, -103, -110

ERRORS = table(
    # A condition was false, or the request was refused before it was proposed: org.apache.zookeeper.KeeperException.
    code(NO_NODE, ErrorKind.PRECONDITION, definite=True),
    code(BAD_VERSION, ErrorKind.PRECONDITION, definite=True),
    code(NODE_EXISTS, ErrorKind.PRECONDITION, definite=True),
    code(-5, ErrorKind.OTHER, definite=True),  # it could not be read
    code(-6, ErrorKind.OTHER, definite=True),  # there is no such operation
    code(-8, ErrorKind.OTHER, definite=True),  # bad arguments
    code(-102, ErrorKind.OTHER, definite=True),  # no permission
    code(-112, ErrorKind.UNAVAILABLE, definite=True),  # the session has expired
    code(-115, ErrorKind.OTHER, definite=True),  # authentication failed
    code(-118, ErrorKind.UNAVAILABLE, definite=True),  # the session has moved to another server
    code(-119, ErrorKind.UNAVAILABLE, definite=True),  # the server is read-only
    code(-127, ErrorKind.UNAVAILABLE, definite=True),  # throttled before it was begun
    code(-4, ErrorKind.CONNECTION),
    code(-7, ErrorKind.TIMEOUT),
    code(-122, ErrorKind.TIMEOUT),
)

ROOT = "/splitbrain"
SESSION_MS = 600_000
"""Longer than a run is silent: sessions hold nothing here that should end with them."""
CREATE, DELETE, GET, SET, CHILDREN, SYNC, AUTH = 1, 2, 4, 5, 8, 9, 100
STAT = struct.Struct(">qqqqiiiqiiq")
"""czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeral owner, length, children, pzxid."""

ZooKeeperRequest = tuple[int, bytes]
"""Its type and body."""


@dataclass(frozen=True)
class ZooKeeperReply:
    """error: 0, or as in the table. zxid: of the last transaction that the server has seen."""

    error: int
    zxid: int
    body: bytes

    def checked(self) -> "ZooKeeperReply":
        """Itself. ServerError if it is an error."""
        if self.error:
            raise ServerError(f"ZooKeeper's error {self.error}", self.error)
        return self


@dataclass(frozen=True)
class Znode:
    """mzxid: of its last change."""

    text: str
    version: int
    mzxid: int


class ZooKeeperSession(FramedConnection):
    """One session. Requests are answered in order."""

    _xid = 0

    async def begin(self, access: Access) -> None:
        """Begin it, which takes a majority; log in if there is a user."""
        await self.ask(struct.pack(">iqiqi17x", 0, 0, SESSION_MS, 0, 16))
        if access.user:
            body = struct.pack(">i", 0) + packed_text("digest") + packed_text(f"{access.user}:{access.password}")
            (reply,) = await self.replies((AUTH, body))
            reply.checked()

    async def replies(self, *requests: ZooKeeperRequest) -> list[ZooKeeperReply]:
        """The replies to requests that are sent together, in order."""
        frames = []
        for kind, body in requests:
            self._xid += 1
            frames.append(struct.pack(">ii", -4 if kind == AUTH else self._xid, kind) + body)
        found = []
        for frame, answer in zip(frames, await self.ask(*frames), strict=True):
            xid, zxid, error = struct.unpack_from(">iqi", answer)
            if frame[:4] != answer[:4]:
                raise ConnectionResetError(f"the reply is to request {xid}, which was not sent now")
            found.append(ZooKeeperReply(error, zxid, answer[16:]))
        return found

    async def asked(self, request: ZooKeeperRequest, *but: int) -> ZooKeeperReply:
        """The reply to one request. ServerError if it is an error, but for some."""
        (reply,) = await self.replies(request)
        return reply if reply.error in but else reply.checked()

    async def found(self, path: str) -> Znode | None:
        """What stands there, after the server has caught up with its leader."""
        synced, reply = await self.replies(sync(path), get(path))
        synced.checked()
        return None if reply.error == NO_NODE else znode(reply.checked().body)

    async def put_or_create(self, path: str, text: str) -> ZooKeeperReply:
        """Put a text at a path, whatever stands there; what was there is not deleted, so the third try finds it."""
        reply = await self.asked(put(path, text), NO_NODE)
        if reply.error:
            reply = await self.asked(create(path, text), NODE_EXISTS)
        return await self.asked(put(path, text)) if reply.error else reply

    async def replace(self, path: str, before: Znode | None, text: str) -> ZooKeeperReply:
        """Put a text where a znode has not changed since, or still is not; whether it was so, the reply says."""
        if before is None:
            return await self.asked(create(path, text), NODE_EXISTS)
        return await self.asked(put(path, text, before.version), BAD_VERSION)

    async def remove(self, path: str) -> None:
        """Delete a znode, and all below it."""
        for child in names((await self.asked(children(path))).body):
            await self.remove(f"{path}/{child}")
        await self.asked(delete(path), NO_NODE)


def create(path: str, text: str) -> ZooKeeperRequest:
    """A znode that anybody may use, and that stays."""
    anybody = struct.pack(">ii", 1, 31) + packed_text("world") + packed_text("anyone")
    return CREATE, packed_text(path) + packed_text(text) + anybody + struct.pack(">i", 0)


def delete(path: str) -> ZooKeeperRequest:
    """Whatever its version is."""
    return DELETE, packed_text(path) + struct.pack(">i", -1)


def get(path: str) -> ZooKeeperRequest:
    """Answered with what `znode` reads."""
    return GET, packed_text(path) + b"\0"


def put(path: str, text: str, version: int = -1) -> ZooKeeperRequest:
    """version: that it must have; -1: any. Answered as `get`, without the text."""
    return SET, packed_text(path) + packed_text(text) + struct.pack(">i", version)


def children(path: str) -> ZooKeeperRequest:
    """Answered with what `names` reads."""
    return CHILDREN, packed_text(path) + b"\0"


def sync(path: str) -> ZooKeeperRequest:
    """The server catches up with its leader before it answers what follows."""
    return SYNC, packed_text(path)


def znode(body: bytes) -> Znode:
    """A znode that was read."""
    (length,) = struct.unpack_from(">i", body)
    stat = STAT.unpack_from(body, 4 + max(length, 0))
    return Znode(body[4 : 4 + max(length, 0)].decode(), stat[4], stat[1])


def names(body: bytes) -> list[str]:
    """The children of a znode."""
    (count,) = struct.unpack_from(">i", body)
    found, at = [], 4
    for _ in range(count):
        (length,) = struct.unpack_from(">i", body, at)
        found.append(body[at + 4 : at + 4 + length].decode())
        at += 4 + length
    return found


def path_of(key: Value) -> str:
    """The path of an object of a run."""
    return f"{ROOT}/{'set' if key is None else f'k{key}'}"


def packed_text(words: str) -> bytes:
    """A string, or data."""
    encoded = words.encode()
    return struct.pack(">i", len(encoded)) + encoded
