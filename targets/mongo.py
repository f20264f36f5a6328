"""MongoDB's protocol: a connection whose every request is one document in an OP_MSG, and so is its reply."""

import struct
from collections.abc import Mapping
from typing import Any, Self

from splitbrain.targets.servers.access import PLAIN, Access
from splitbrain.targets.servers.errors import ServerError
from splitbrain.targets.servers.tcp import TcpConnection

HEAD, OP_MSG, DUPLICATE = 16, 2013, 11000
FLAGS = bytes(5)
"""No flags, and a body that is one document."""


class MongoConnection(TcpConnection):
    """A connection of MongoDB's protocol, logged in where there is a user."""

    @classmethod
    async def connect(cls, address: str, port: int, access: Access = PLAIN) -> Self:
        """A new connection to a node that answers. ServerError if it refuses the user."""
        connection = await super().connect(address, port, access)
        if access.user:
            secret = f"\0{access.user}\0{access.password}".encode()
            await connection.command({"saslStart": 1, "mechanism": "PLAIN", "payload": secret}, "$external")
        await connection.command({"ping": 1})
        return connection

    async def command(self, words: Mapping[str, Any], database: str = "splitbrain") -> Mapping[str, Any]:
        """The answer to a command. ServerError with the code if it, or the write that it asks for, fails."""
        import bson

        body = FLAGS + bson.encode({**words, "$db": database})
        request = struct.pack("<iiii", HEAD + len(body), next(self.numbers), 0, OP_MSG) + body
        async with self.exchange(request) as reader:
            (length,) = struct.unpack_from("<i", await reader.readexactly(HEAD))
            answer: Mapping[str, Any] = bson.decode((await reader.readexactly(length - HEAD))[len(FLAGS) :])
        for error in (*answer.get("writeErrors", ()), *(() if answer["ok"] else (answer,))):
            raise ServerError(str(error["errmsg"]), error["code"])
        return answer

    async def found(self, collection: str, name: str | None = None) -> list[Any]:
        """The documents of a collection, or that of a name."""
        first = await self.command({"find": collection, "filter": {} if name is None else {"_id": name}})
        cursor = first["cursor"]
        documents = list(cursor["firstBatch"])
        while cursor["id"]:
            cursor = (await self.command({"getMore": cursor["id"], "collection": collection}))["cursor"]
            documents += cursor["nextBatch"]
        return documents

    async def inserted(self, collection: str, document: Mapping[str, Any]) -> bool:
        """Insert a document; False if there is one of its name."""
        try:
            await self.command({"insert": collection, "documents": [document]})
        except ServerError as error:
            if error.code != DUPLICATE:
                raise
            return False
        return True

    async def updated(self, collection: str, found: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
        """Change the document that has these fields; False if there is none."""
        return bool((await self.command({"update": collection, "updates": [{"q": found, "u": change}]}))["n"])
