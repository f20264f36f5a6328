"""Packet reader: a process that the kernel asks about each packet, by NFQUEUE over netlink.

It is started by path, so it imports nothing but the standard library:

    python nfqueue.py ADDRESS=NAMESPACE_FILE…

for each node its address and a file of its network namespace, where a rule hands incoming packets to our queue. Orders
come as lines of JSON: `{"add": {"id": …, "links": [[from, to], …], "delay_ms": …, …}}` is answered by `{}`,
`{"remove": id}` by what it did, counted; `{"port": [address, namespace file]}` says that a node lives in another
namespace now. At the end of the orders everything held is let through.

Pitfall: packets of one link keep their order unless reordering was asked for, as on a real wire; and a changed packet
gets a right checksum, else TCP would drop it and corruption would be mere loss.
"""

import ctypes
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from itertools import count

QUEUE = 5342
"""A number that nobody else is likely to use, as a namespace may be a whole machine's."""
QUEUE_LENGTH = 65536
RECEIVE_BYTES = 8 << 20
HELD_SECONDS = 0.1
"""Seconds for which a packet held back to be overtaken waits, at most, for the next one on its link."""
BACKLOG_SECONDS = 1.0
"""Longest wait under a rate limit, which drops what would have to wait longer."""

NETLINK_NETFILTER, SOL_NETLINK, NETLINK_NO_ENOBUFS = 12, 270, 5
SUBSYSTEM = 3 << 8
PACKET, VERDICT, CONFIG = SUBSYSTEM | 0, SUBSYSTEM | 1, SUBSYSTEM | 2
REQUEST, REQUEST_ACK = 1, 5
DROP, ACCEPT = 0, 1
CLONE_NEWNET = 0x40000000

Link = tuple[str, str]


def attribute(kind: int, data: bytes) -> bytes:
    """A netlink attribute, padded."""
    return struct.pack("<HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def message(kind: int, flags: int, body: bytes) -> bytes:
    """A netlink message for our queue."""
    body = struct.pack(">BBH", 0, 0, QUEUE) + body
    return struct.pack("<IHHII", 16 + len(body), kind, flags, 0, 0) + body


@dataclass
class Impairment:
    """Impairment of some links: what is to happen, and how often it did."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    corrupt: float = 0.0
    rate_kbit: float = 0.0
    delayed: int = 0
    dropped: int = 0
    duplicated: int = 0
    reordered: int = 0
    corrupted: int = 0
    free: dict[Link, float] = field(default_factory=dict)
    """The time at which a rate limit lets the next packet of a link begin."""


@dataclass
class Way:
    """One directed link: who impairs it, when the last packet leaves, and which are held back to be overtaken."""

    impairments: list[Impairment] = field(default_factory=list)
    last: float = 0.0
    held: list[int] = field(default_factory=list)


def enter(namespace: str) -> None:
    """Move this process into a network namespace; its sockets stay where they were made."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(namespace, os.O_RDONLY)
    try:
        if libc.setns(handle, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")
    finally:
        os.close(handle)


class Port:
    """One node's queue: packets arrive here before the node sees them."""

    def __init__(self, address: str, namespace: str) -> None:
        self.address = address
        # Back again afterwards: what lives in a node's namespace is killed and stopped with the node.
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        enter(namespace)
        self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.netlink.bind((0, 0))
        self.netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        self.netlink.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)
        self._configure(attribute(1, struct.pack(">BxH", 1, 0)))  # bind
        self._configure(attribute(2, struct.pack(">IB", 0xFFFF, 2)))  # whole packets
        self._configure(attribute(3, struct.pack(">I", QUEUE_LENGTH)))
        self.netlink.setblocking(False)
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        enter(f"/proc/self/fd/{home}")
        os.close(home)

    def _configure(self, body: bytes) -> None:
        self.netlink.send(message(CONFIG, REQUEST_ACK, body))
        error: int = struct.unpack_from("<i", self.netlink.recv(4096), 16)[0]
        if error:
            raise OSError(-error, f"NFQUEUE: {os.strerror(-error)}")

    def decide(self, packet: int, verdict: int, payload: bytes | None = None) -> None:
        """Let a packet through, perhaps changed, or drop it."""
        body = attribute(2, struct.pack(">II", verdict, packet))
        if payload is not None:
            body += attribute(10, payload)
        self.netlink.send(message(VERDICT, REQUEST, body))

    def packets(self) -> list[tuple[int, bytes]]:
        """(id, packet from the IP header on) of those that wait."""
        found: list[tuple[int, bytes]] = []
        try:
            while len(found) < 64:
                found += _parse(self.netlink.recv(1 << 17))
        except BlockingIOError:
            pass
        return found

    def close(self) -> None:
        """Let go; the kernel lets through what waits."""
        self.netlink.close()
        self.raw.close()

    def repeat(self, packet: bytes) -> None:
        """Let the node receive a packet once more, through its loopback, where no rule asks us."""
        self.raw.sendto(packet, (self.address, 0))


def _parse(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("<IH", data, at)
        if kind == PACKET:
            number, payload, inner = 0, b"", at + 20
            while inner + 4 <= at + length:
                size, what = struct.unpack_from("<HH", data, inner)
                if what == 1:
                    (number,) = struct.unpack_from(">I", data, inner + 4)
                elif what == 10:
                    payload = data[inner + 4 : inner + size]
                inner += size + 3 & ~3
            found.append((number, payload))
        at += length + 3 & ~3
    return found


class Reader:
    """The decisions about the packets of all ports."""

    def __init__(self, ports: list[Port]) -> None:
        self.ports = ports
        self.ways: dict[Link, Way] = {}
        self.impairments: dict[int, Impairment] = {}
        self.random = random.Random()
        self._due: list[tuple[float, int, Port, int, bytes | None, Way | None]] = []
        self._order = count()

    def obey(self, order: dict[str, object]) -> dict[str, int]:
        """Carry out an order; the answer."""
        if "add" in order:
            given = dict(order["add"])  # type: ignore[call-overload]
            number, links = given.pop("id"), given.pop("links")
            impairment = self.impairments[number] = Impairment(**given)
            for source, target in links:
                self.ways.setdefault((source, target), Way()).impairments.append(impairment)
            return {}
        if "port" in order:
            self._move(*map(str, list(order["port"])))  # type: ignore[call-overload]
            return {}
        gone = self.impairments.pop(int(order["remove"]))  # type: ignore[call-overload]
        for way in self.ways.values():
            way.impairments = [other for other in way.impairments if other is not gone]
        return {name: getattr(gone, name) for name in ("delayed", "dropped", "duplicated", "reordered", "corrupted")}

    def _move(self, address: str, namespace: str) -> None:
        """Move a node to another namespace: packets that were held for it are gone with the one it lived in."""
        for old in [port for port in self.ports if port.address == address]:
            self.ports.remove(old)
            self._due = [entry for entry in self._due if entry[2] is not old]
            old.close()
        heapq.heapify(self._due)
        for (_, target), way in self.ways.items():
            if target == address:
                way.held.clear()
        self.ports.append(Port(address, namespace))

    def judge(self, port: Port, number: int, packet: bytes) -> None:
        """Decide about one packet, now or later."""
        link = (socket.inet_ntoa(packet[12:16]), port.address)
        way = self.ways.get(link)
        if way is None or not (way.impairments or self._due):
            port.decide(number, ACCEPT)
            return
        now = time.monotonic()
        leaves, changed, lost, twice, held = now, None, False, False, False
        for one in way.impairments:
            if self._chance(one.loss):
                one.dropped += 1
                lost = True
                continue
            wait = one.delay_ms / 1e3 + self.random.uniform(-one.jitter_ms, one.jitter_ms) / 1e3
            if one.rate_kbit:
                begin = max(now, one.free.get(link, 0.0))
                wait += begin + len(packet) * 8 / (one.rate_kbit * 1e3) - now
                if wait > BACKLOG_SECONDS:
                    one.dropped += 1
                    lost = True
                    continue
                one.free[link] = now + wait
            one.delayed += wait > 0
            leaves += max(0.0, wait)
            if self._chance(one.duplicate):
                one.duplicated += 1
                twice = True
            if self._chance(one.corrupt) and (spoiled := corrupted(packet, self.random)) is not None:
                one.corrupted += 1
                changed = spoiled
            if self._chance(one.reorder):
                one.reordered += 1
                held = True
        if lost:
            port.decide(number, DROP)
            return
        if twice:
            port.repeat(packet)
        if held:
            way.held.append(number)
            self._later(leaves + HELD_SECONDS, port, number, changed, way)
            return
        way.last = leaves = max(leaves, way.last)
        self._later(leaves, port, number, changed, None)
        for waiting in way.held:
            self._later(leaves, port, waiting, None, way)

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def _later(self, when: float, port: Port, number: int, payload: bytes | None, way: Way | None) -> None:
        heapq.heappush(self._due, (when, next(self._order), port, number, payload, way))

    def release(self, now: float) -> float | None:
        """Let through what is due; seconds until the next is, None if nothing waits."""
        while self._due and self._due[0][0] <= now:
            _, _, port, number, payload, way = heapq.heappop(self._due)
            if way is not None:
                if number not in way.held:
                    continue  # It was let through when the next one overtook it.
                way.held.remove(number)
            port.decide(number, ACCEPT, payload)
        return max(0.0, self._due[0][0] - now) if self._due else None

    def run(self) -> None:
        """Carry out orders until they end."""
        orders = b""
        while True:
            ports = {port.netlink.fileno(): port for port in self.ports}
            ready, _, _ = select.select([0, *ports], [], [], self.release(time.monotonic()))
            for handle in ready:
                if handle:
                    for number, packet in ports[handle].packets():
                        self.judge(ports[handle], number, packet)
            if 0 in ready:
                read = os.read(0, 1 << 20)
                if not read:
                    self.release(float("inf"))
                    return
                *lines, orders = (orders + read).split(b"\n")
                for line in lines:
                    print(json.dumps(self.obey(json.loads(line))), flush=True)


def corrupted(packet: bytes, draw: random.Random) -> bytes | None:
    """The packet with one bit of its contents flipped and its checksum made right; None if it has no contents."""
    header = (packet[0] & 15) * 4
    protocol = packet[9]
    if protocol == socket.IPPROTO_TCP and len(packet) >= header + 20:
        contents, checksum = header + (packet[header + 12] >> 4) * 4, header + 16
    elif protocol == socket.IPPROTO_UDP:
        contents, checksum = header + 8, header + 6
    else:
        return None
    if contents >= len(packet):
        return None
    spoiled = bytearray(packet)
    spoiled[draw.randrange(contents, len(packet))] ^= 1 << draw.randrange(8)
    spoiled[checksum : checksum + 2] = b"\0\0"
    body = bytes(spoiled[header:])
    pseudo = packet[12:20] + struct.pack(">BBH", 0, protocol, len(body)) + body + b"\0" * (len(body) % 2)
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    spoiled[checksum : checksum + 2] = struct.pack(">H", ~total & 0xFFFF or 0xFFFF)
    return bytes(spoiled)


if __name__ == "__main__":
    reader = Reader([Port(*word.split("=", 1)) for word in sys.argv[1:]])
    print("{}", flush=True)
    reader.run()
