"""Messages between nodes: those of Raft, each with the group whose members speak; and the entries that move a slot, or
keep a global index.

| entry | log of | key | value |
|---|---|---|---|
| `plan` | `map` | slot | epoch, source, destination |
| `freeze` | the source | slot | epoch, destination |
| `install` | the destination | slot | epoch, state of the slot |
| `drop` | the source | slot | epoch |
| `publish` | `map` | slot | epoch |
| `enter` | the group of the index's slot | "index", value | key of the row, revision, whether it has the value |
| `sent` | the group of the row's slot | key of the row | revision |
"""

from typing import Any

from msgspec import Struct

from splitbrain.targets.stores.raft.messages import RaftMessage

MAP = "map"
"""The group that holds the table of slots."""

PLAN, FREEZE, INSTALL, DROP, PUBLISH = "plan", "freeze", "install", "drop", "publish"

FIND, ENTER, SENT = "find", "enter", "sent"

MOVED = "moved"
"""Error of a group that does not serve the slot of a key. value: the slot, and the epoch since which, as far as the
group knows, another group has it, and which one. It is an answer to nodes; no client hears it."""


def index_key(value: Any) -> list[Any]:
    """The key of a value's entry in a global index."""
    return ["index", value]


class GroupMessage(Struct, frozen=True, gc=False):
    """A message between the members of one group."""

    group: str
    message: RaftMessage

    @property
    def elects(self) -> int | None:
        """See `harness.program.Election`."""
        return getattr(self.message, "elects", None)

    @property
    def leads(self) -> int | None:
        """See `harness.program.Election`."""
        return getattr(self.message, "leads", None)
