"""Kafka as a system under test: brokers that are controllers too (KRaft), a log copied from its leader."""

from collections.abc import Mapping, Sequence

from splitbrain.harness.deployment import Place
from splitbrain.harness.errors import UsageError
from splitbrain.harness.node import Node
from splitbrain.harness.options import Option, Setting
from splitbrain.targets.kafka.client import KafkaClient
from splitbrain.targets.kafka.errors import ERRORS, ERRORS_OF_THE_LAST_TRY
from splitbrain.targets.kafka.session import TransactionalIds, leader, members
from splitbrain.targets.operations import shapes
from splitbrain.targets.servers.driver import on_thread
from splitbrain.targets.servers.jvm import LOGBACK, heap_option, java_command
from splitbrain.targets.servers.server import Server, ServerProgram, server_options
from splitbrain.targets.servers.software import Software, jar_version
from splitbrain.targets.servers.sources import Maven

ALSO = ("ch.qos.logback:logback-classic:1.2.13",)
PINNED = {"4.1.0": "sha256:208c2d4aaed318d4f7a899598b40a47d3b4d011e45c889fd12977d85104d715d"}
SOFTWARE = Software(
    name="Kafka",
    sources=(Maven("org.apache.kafka:kafka_2.13", "about 50 files, 45 MB", ALSO, version="4.1.0", pinned=PINNED),),
    described="a release from 3.9 on, such as 4.1.0",
    told=lambda jars: jar_version("kafka_2.13", jars),
    releases=r"(3\.9|[4-9]\.\d+)\.\d+",
)
FIRST_LOG = "log0"
# A broker that is cut off is noticed within two seconds, so that short runs see a new leader.
CONFIGURATION = """process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{here}:9092,CONTROLLER://{here}:9093
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
default.replication.factor={copies}
min.insync.replicas={min_isr}
unclean.leader.election.enable={unclean}
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
replica.lag.time.max.ms=2000
replica.socket.timeout.ms=2000
replica.fetch.wait.max.ms=200
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={transaction_isr}
transaction.state.log.num.partitions=3
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
{sync}
"""
IDENTITY = "version=1\ncluster.id=c3BsaXRicmFpbi10ZXN0cw\nnode.id={node}\n"
COPIES, REMEMBERED = 3, 5


class Kafka(Server):
    """Kafka with the given settings."""

    name, summary = (
        "kafka",
        "Kafka, partitioned logs copied from a leader each: real processes, containers, or a cluster",
    )
    software, port, schemes, java, library = SOFTWARE, 9092, ("kafka", "kafkas"), True, "confluent_kafka"
    operations, errors, client_class = shapes("send", "send-batch", "poll"), ERRORS, KafkaClient
    ready_seconds, recovery_seconds = 60.0, 10.0
    options = server_options(
        SOFTWARE,
        Option("acks", "all", "which copies have a message when it is acknowledged", ("all", "1", "0")),
        Option("min_isr", 2, "with acks=all: how many copies are in sync at least", least=1, most=COPIES),
        Option(
            "sync",
            "default",
            "when a message is synced to disk: when the system likes, or always",
            ("default", "always"),
        ),
        Option("unclean", "off", "whether a copy that is not in sync may become leader", ("on", "off")),
        Option(
            "idempotence", "off", "on: a producer numbers its messages, and tries again for up to 3 s", ("on", "off")
        ),
        Option("retries", 0, "how often a producer tries again without idempotence; 0: it sends once"),
        Option("in_flight", 1, "messages of a producer that may be under way: each is a request of its own", least=1),
        Option("transactions", "off", "on: each operation sends in a transaction, with numbers as well", ("on", "off")),
        Option(
            "isolation",
            "read-committed",
            "messages of transactions that a poll has: those that are committed, or all",
            ("read-committed", "read-uncommitted"),
        ),
        heap_option(256),
    )

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        super().__init__(settings)
        self.names = TransactionalIds()
        if self.transactional:
            self.operations = shapes("send", "send-batch", "send-aborted", "poll")
        numbered = "transactions" if self.transactional else "idempotence"
        if self.idempotent and self.word("acks") != "all":
            raise UsageError(f"kafka: option {numbered}=on takes acks=all: the leader numbers what all copies have")
        if self.idempotent and self.number("in_flight") > REMEMBERED:
            raise UsageError(
                f"kafka: option {numbered}=on takes in_flight up to {REMEMBERED}: a leader remembers so many numbers"
            )
        if not self.once:
            self.errors = ERRORS_OF_THE_LAST_TRY

    claims_source = (
        'kafka.apache.org, "Replication": what is acknowledged is not lost as long as one copy in sync lives; a '
        "producer that tries again without numbers may leave a message twice"
    )

    @property
    def claims(self) -> Sequence[str]:
        """The order of a log."""
        keeps = self.word("acks") == "all" and self.word("unclean") == "off"
        all_seen = self.transactional and self.word("isolation") == "read-uncommitted"
        return ("ordered-log",) if keeps and (self.once or self.idempotent) and not all_seen else ()

    @property
    def least_nodes(self) -> Mapping[str, int]:
        """See `Demanding`: brokers take `min_isr` to be no more than there are copies, and say nothing."""
        return {f"min_isr={self.word('min_isr')}": self.number("min_isr")} if self.word("acks") == "all" else {}

    @property
    def idempotent(self) -> bool:
        """Whether producers number their messages."""
        return self.word("idempotence") == "on" or self.transactional

    @property
    def transactional(self) -> bool:
        """Whether clients send in transactions."""
        return self.word("transactions") == "on"

    @property
    def once(self) -> bool:
        """Whether a producer sends a message once, whatever it is told."""
        return not self.idempotent and not self.number("retries")

    def files(self, place: Place) -> Mapping[str, str | bytes]:
        words = {
            "node": place.number + 1,
            "voters": ",".join(f"{i + 1}@{address}:9093" for i, address in enumerate(place.members.values())),
            "here": place.address,
            "folder": place.folder,
            "copies": min(COPIES, len(place.members)),
            "min_isr": self.word("min_isr"),
            "transaction_isr": min(2, len(place.members)),
            "sync": "log.flush.interval.messages=1" if self.word("sync") == "always" else "",
            "unclean": "true" if self.word("unclean") == "on" else "false",
        }
        identity = IDENTITY.format(**words)
        return {
            "server.properties": CONFIGURATION.format(**words),
            "data/meta.properties": identity,
            "logback.xml": LOGBACK,
        }

    def command(self, place: Place, program: ServerProgram, version: str) -> Sequence[str]:
        conf = f"{place.folder}/server.properties"
        return java_command(*program, place.folder, self.number("heap_mb"), {}, "kafka.Kafka", conf)

    async def ready(self, place: Place) -> bool:
        """Whether a broker knows itself as a member: the controller has admitted it."""
        return place.number + 1 in await on_thread(members, self, place.address)

    async def role(self, node: Node) -> str | None:
        """The role of a node for the first log, as it sees that itself; None while there is no leader."""
        found = await on_thread(leader, self, node.address, FIRST_LOG)
        own, _, _ = self.access.host_and_port(node.address, self.port)
        return None if found is None else "leader" if found == own else "follower"
