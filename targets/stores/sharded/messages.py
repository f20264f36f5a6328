"""Messages between nodes: those of Raft, each with the group whose members speak; and the entries that move a slot.

| entry | log of | key | value |
|---|---|---|---|
| `plan` | `map` | slot | epoch, source, destination |
| `freeze` | the source | slot | epoch, destination |
| `install` | the destination | slot | epoch, state of the slot |
| `drop` | the source | slot | epoch |
| `publish` | `map` | slot | epoch |
"""

from msgspec import Struct

from splitbrain.targets.stores.raft.messages import RaftMessage

MAP = "map"
"""The group that holds the table of slots."""

PLAN, FREEZE, INSTALL, DROP, PUBLISH = "plan", "freeze", "install", "drop", "publish"

MOVED = "moved"
"""Error of a group that does not serve the slot of a key. value: the slot, and the epoch since which, as far as the
group knows, another group has it, and which one. It is an answer to nodes; no client hears it."""


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
