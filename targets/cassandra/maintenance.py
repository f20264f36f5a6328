"""What can an administrator have a node of Cassandra do? What its own tool asks of it over JMX, run beside the node.

The trap: without a keyspace the tool means all but the system's own; so whatever workload there is, it is meant.
"""

from collections.abc import Callable, Mapping, Sequence

from splitbrain.harness.deployment import Place
from splitbrain.harness.injection import Compact, Flush, Maintenance, Repair
from splitbrain.targets.cassandra.java import nodetool

WORDS: Mapping[type[Maintenance], Sequence[str]] = {
    Flush: ("flush",),
    Compact: ("compact",),
    Repair: ("repair", "--full"),
}


def admin_commands(
    program: Callable[[], str], classpath: Callable[[], str]
) -> Mapping[type[Maintenance], Callable[[Place], Sequence[str]]]:
    """See `harness.deployment.Served`. program, classpath: where Java and the jars are."""

    def command(words: Sequence[str]) -> Callable[[Place], Sequence[str]]:
        return lambda place: nodetool(program(), classpath(), place, *words)

    return {kind: command(words) for kind, words in WORDS.items()}
