"""MessageRouter: takes what nodes print to its receiver: another node over a link, a client, or a service.

Links between nodes have the network's latency and faults. Services are near every node: they answer after a latency,
in order, whatever is cut between nodes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from splitbrain.harness.deployment import Body, Service
from splitbrain.harness.environments.sim.network import Network
from splitbrain.harness.environments.sim.scheduler import Timeline
from splitbrain.harness.environments.stdio.wire import Envelope, line_of, number_in

NO_SUCH_NODE = 1
"""The error code for a request to nobody."""


class LineReceiver(Protocol):
    """A receiver of lines: a node."""

    def write(self, line: bytes) -> None:
        """Hand over a line; it is lost if no process is there to read it."""


@dataclass
class ServiceWay:
    """The way from a node to a service, and back. last: when what was sent so far arrives."""

    latency: Callable[[], int]
    last: int = 0

    def arrival(self, now: int) -> int:
        """The time at which what is sent now arrives: not before what was sent earlier."""
        self.last = max(self.last, now + self.latency())
        return self.last


class MessageRouter:
    """The messages of one cluster. latency: of the way between a node and a service, by the name of the way."""

    def __init__(
        self,
        timeline: Timeline,
        network: Network,
        services: Mapping[str, Service],
        latency: Callable[[str], Callable[[], int]],
    ) -> None:
        self._timeline = timeline
        self._network = network
        self._services = services
        self._nodes: dict[str, LineReceiver] = {}
        self._ways: dict[tuple[str, str], tuple[ServiceWay, ServiceWay]] = {}
        self._latency = latency
        self._numbers = count(1)
        self._between_nodes = self._to_services = 0

    def attach(self, name: str, node: LineReceiver) -> None:
        """Name a node, which gets the messages to it."""
        self._nodes[name] = node
        self._network.attach(name, lambda sender, line: node.write(line))

    def counts(self) -> Mapping[str, int]:
        """Counts of what nodes have sent each other, lost or not, and services."""
        return {"messages_between_nodes": self._between_nodes, "requests_to_services": self._to_services}

    def send(self, envelope: Envelope) -> None:
        """Take a message of a node on its way. A request to nobody is answered with an error."""
        if envelope.dest in self._nodes:
            self._between_nodes += 1
            self._network.link((envelope.src, envelope.dest)).send(envelope.line)
        elif envelope.dest in self._services:
            self._to_services += 1
            up, _ = self._between(envelope.src, envelope.dest)
            self._timeline.at(up.arrival(self._timeline.now), self._serve, (envelope,))
        elif number_in(envelope.body, "msg_id") is not None:
            there = ", ".join((*self._nodes, *self._services))
            text = f"there is no node {envelope.dest}; there are {there}"
            self._answer(envelope, {"type": "error", "code": NO_SUCH_NODE, "text": text})

    def _serve(self, envelope: Envelope) -> None:
        reply = self._services[envelope.dest](envelope.src, envelope.body)
        if number_in(envelope.body, "msg_id") is not None:
            self._answer(envelope, reply)

    def _answer(self, envelope: Envelope, reply: Body) -> None:
        body = {**reply, "msg_id": next(self._numbers), "in_reply_to": envelope.body["msg_id"]}
        _, down = self._between(envelope.src, envelope.dest)
        line = line_of(envelope.dest, envelope.src, body)
        self._timeline.at(down.arrival(self._timeline.now), self._nodes[envelope.src].write, (line,))

    def _between(self, node: str, service: str) -> tuple[ServiceWay, ServiceWay]:
        pair = node, service
        if pair not in self._ways:
            self._ways[pair] = (
                ServiceWay(self._latency(f"{node} {service}")),
                ServiceWay(self._latency(f"{service} {node}")),
            )
        return self._ways[pair]
