"""DynamoDB's protocol as a system under test, played by a mock: moto, a Python library. It is no DynamoDB.

Operations, each on an object K (K None: a set): read, write, cas (old None: absent), add to a set, append to a list. An
object is an item with a text, a set is an item with a set of texts. With more nodes than one the others pass
connections on to the first.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar

from splitbrain.harness.announce import Say
from splitbrain.harness.client import ErrorTable
from splitbrain.harness.deployment import Deployment, Place, Process
from splitbrain.harness.node import Node
from splitbrain.harness.operation import ErrorKind, Operation, Outcome
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.forward import forwarded
from splitbrain.targets.operations import shapes
from splitbrain.targets.pointless import NOTHING_ON_DISK
from splitbrain.targets.servers.client import ANY, ServerClient, VersionedObjects
from splitbrain.targets.servers.errors import ServerError, code, table
from splitbrain.targets.servers.http import HttpConnection, Json, translated
from splitbrain.targets.servers.server import require
from splitbrain.targets.values import in_order, packed, unpacked

PORT = 5000
TABLE, JSON = "splitbrain", "application/x-amz-json-1.0"
FALSE, THERE, MISSING = "ConditionalCheckFailedException", "ResourceInUseException", "ResourceNotFoundException"
SIGNED = "AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x"
"""A signature that moto does not look at, but for the service and its region."""
SCHEMA = {
    "TableName": TABLE,
    "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ERRORS: ErrorTable = table(
    # moto 5, dynamodb/models: a condition is looked at before an item is put (Table.put_item), a table before that
    # (get_table). An item that is too large is found to be so when part of an update is done (update_item).
    code(FALSE, ErrorKind.PRECONDITION, definite=True),
    code(MISSING, ErrorKind.UNAVAILABLE, definite=True),
    code("ValidationException", ErrorKind.OTHER),
    code("InternalServerError", ErrorKind.OTHER),
)


class DynamoConnection(HttpConnection):
    """Connections to one node."""

    port, basic = PORT, False

    async def asked(self, action: str, **body: Any) -> Json:
        """The answer to a request about the table, which is made if it is not there: a mock that was killed has none.
        ServerError with the name of DynamoDB's error."""
        try:
            return await self._asked(action, **body)
        except ServerError as error:
            if error.code != MISSING:
                raise
        try:
            await self._asked("CreateTable", **SCHEMA)
        except ServerError as error:
            if error.code != THERE:
                raise
        return await self._asked(action, **body)

    async def _asked(self, action: str, **body: Any) -> Json:
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{action}", "Authorization": SIGNED, "Content-Type": JSON}
        with translated():
            response = await self.http.post("/", content=packed({"TableName": TABLE, **body}), headers=headers)
        return self._body(response)

    def failure(self, status: int, body: Any, content: bytes) -> Exception:
        name = str(body.get("__type", "")).rpartition("#")[2] if isinstance(body, dict) else ""
        return ServerError(f"HTTP {status}: {content[:200].decode(errors='replace')}", name or status)


class DynamoClient(VersionedObjects, ServerClient):
    """One logical client. The version of an object is its text."""

    errors = ERRORS
    connection: Any

    async def open(self) -> None:
        self.connection = DynamoConnection(self.address)
        with translated():
            await self.connection.http.get("/moto-api/")

    async def found(self, operation: Operation) -> tuple[str | None, Any]:
        """The text of an object, twice."""
        text = (await self._item(operation)).get("text", {}).get("S")
        return text, text

    async def replaced(self, operation: Operation, version: Any, text: str) -> Outcome | None:
        """See `VersionedObjects`. version: the text that stands there."""
        condition: dict[str, Any] = {}
        if version is None:
            condition = {"ConditionExpression": "attribute_not_exists(#n)", "ExpressionAttributeNames": {"#n": "name"}}
        elif version is not ANY:
            condition = {
                "ConditionExpression": "#t = :old",
                "ExpressionAttributeNames": {"#t": "text"},
                "ExpressionAttributeValues": {":old": {"S": version}},
            }
        try:
            await self.connection.asked("PutItem", Item={**_key(operation), "text": {"S": text}}, **condition)
        except ServerError as error:
            if error.code != FALSE:
                raise
            return None
        return Outcome.ok(operation.value)

    async def read(self, operation: Operation) -> Outcome:
        item = await self._item(operation)
        if operation.key is None or "elements" in item:
            return Outcome.ok(in_order(item.get("elements", {}).get("SS", ())))
        return Outcome.ok(unpacked(item["text"]["S"]) if item else None)

    async def add(self, operation: Operation) -> Outcome:
        """Add to a set, by one update."""
        await self.connection.asked(
            "UpdateItem",
            Key=_key(operation),
            UpdateExpression="ADD #e :one",
            ExpressionAttributeNames={"#e": "elements"},
            ExpressionAttributeValues={":one": {"SS": [packed(operation.value)]}},
        )
        return Outcome.ok(operation.value)

    async def _item(self, operation: Operation) -> Json:
        found: Json = await self.connection.asked("GetItem", Key=_key(operation), ConsistentRead=True)
        item: Json = found.get("Item", {})
        return item


class DynamoDB:
    """A mock of DynamoDB; see `harness.target.Target`."""

    name: ClassVar[str] = "dynamodb"
    summary: ClassVar[str] = "a mock of DynamoDB (moto, which is none): its protocol, in one process"
    options: ClassVar[Sequence[Option]] = ()
    operations = shapes("read", "write", "cas", "add", "append")
    errors = ERRORS
    endpoints = ()
    one_copy = one_server = True
    port = PORT

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        self.settings = settings

    claims_source = "docs.getmoto.org: it mocks services for tests, and keeps them in memory"

    @property
    def claims(self) -> Sequence[str]:
        """Nothing: see `claims_source`."""
        return ()

    @property
    def deployments(self) -> Sequence[Deployment]:
        """One process a node."""
        return (Process(argv=self.command, ready=self.ready, port=PORT, pointless=NOTHING_ON_DISK),)

    def command(self, place: Place) -> Sequence[str]:
        """The command of a node."""
        own = [sys.executable, "-m", "moto.server", "-H", place.address, "-p", str(PORT)]
        return forwarded(place, PORT) or own

    async def ready(self, place: Place) -> bool:
        """Whether a node answers."""
        async with aclosing(DynamoConnection(place.address)) as connection:
            with translated():
                return (await connection.http.get("/moto-api/")).status_code == 200

    def provide(self, deployment: Deployment, say: Say) -> None:
        """See `harness.target.Provided`."""
        for library in ("moto", "flask", "httpx2"):
            require(self.name, library)

    def notices(self) -> Sequence[str]:
        """See `harness.target.Provided`."""
        return ("this is moto, a mock: what it does says nothing of DynamoDB",)

    def client(self, node: Node) -> DynamoClient:
        """A new client, not yet open."""
        return DynamoClient(node.address, self)

    async def roles(self, nodes: Sequence[Node]) -> Mapping[str, str]:
        """None: there is one copy."""
        return {}


def _key(operation: Operation) -> Json:
    return {"name": {"S": f"k{'' if operation.key is None else operation.key}"}}
