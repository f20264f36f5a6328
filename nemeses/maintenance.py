"""What if administrators do their work meanwhile? A store forgets its history, or gives back space and stands still.

The trap: nothing is broken by it, so nothing may be seen of it. A watcher that lags behind a compaction is told so, and
cannot be judged.
"""

from collections.abc import Mapping, Sequence

from splitbrain.harness.fault import Plan, View
from splitbrain.harness.injection import Compact, Defragment, Injection
from splitbrain.harness.options import Option, settle
from splitbrain.harness.stream import Stream
from splitbrain.nemeses.sizes import Sized


class CompactNodes(Sized):
    """Have the history compacted up to now, through one node or several."""

    name = "compact"
    summary = "the history that the store keeps is compacted up to now"
    options: Sequence[Option] = Sized.options
    needs: tuple[type[Injection], ...] = (Compact,)
    default = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        super().__init__(settle(self.options, given, self.name))

    def plan(self, variant: str, view: View, random: Stream) -> Plan | None:
        """Asked of all chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        return Plan(value, (Compact(nodes),))


class DefragmentNodes(Sized):
    """Have one node, a minority, a majority or all defragment their stores."""

    name = "defragment"
    summary = "nodes give back the space they do not use, and do not serve meanwhile"
    options: Sequence[Option] = Sized.options
    needs: tuple[type[Injection], ...] = (Defragment,)
    default = False

    def __init__(self, given: Mapping[str, str]) -> None:
        """UsageError if an option is wrong."""
        super().__init__(settle(self.options, given, self.name))

    def plan(self, variant: str, view: View, random: Stream) -> Plan | None:
        """Asked of all chosen nodes at once."""
        group = self.group(variant, view, random)
        if group is None:
            return None
        nodes, value = group
        return Plan(value, (Defragment(nodes),))
