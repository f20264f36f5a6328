#!/usr/bin/env python3
"""Nodes like the example's, each with one mistake: `broken.py MISTAKE`. Without one it is the example itself."""

import importlib.util
import sys
import threading
import time
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[3] / "examples" / "maelstrom" / "node.py"
spec = importlib.util.spec_from_file_location("node", EXAMPLE)
assert spec is not None
assert spec.loader is not None
node: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(node)


class RightNode(node.Everything):
    """The example."""


class NoRetry(node.MaelstromNode):
    """A broadcast that tells each neighbour once, and never again."""

    def __init__(self):
        super().__init__()
        self.elements, self.lock = set(), threading.Lock()

    def on_topology(self, request):
        self.neighbours = request["topology"][self.name]

    def on_broadcast(self, request):
        with self.lock:
            new = request["message"] not in self.elements
            self.elements.add(request["message"])
        if new:
            for neighbour in self.neighbours:
                self.send(neighbour, {"type": "broadcast", "message": request["message"]})

    def on_read(self, request):
        return {"messages": sorted(self.elements)}


class ForgetsAtDeath(node.Everything):
    """A set that promises what it has only in memory."""

    def begin(self):
        while True:
            time.sleep(1)

    def keep(self, elements, deltas):
        self.learn(elements, deltas)


class NoCas(node.Everything):
    """Every change as a read and then a write: what others changed between them is lost."""

    def replace(self, key, change):
        new = change(self.value(key))
        self.ask("lin-kv", type="write", key=key, value=new)
        return new


class SharedCounter(NoCas):
    """A counter in one place, changed by a read and then a write."""

    def on_add(self, request):
        self.replace("counter", lambda total: (total or 0) + request["delta"])

    def on_read(self, request):
        return {"value": self.value("counter") or 0}


class LocalReads(node.Everything):
    """A key-value store that answers reads from what it saw last."""

    def __init__(self):
        super().__init__()
        self.cache = {}

    def on_read(self, request):
        if request["key"] not in self.cache:
            self.cache[request["key"]] = super().on_read(request)["value"]
        return {"value": self.cache[request["key"]]}

    def on_write(self, request):
        super().on_write(request)
        self.cache[request["key"]] = request["value"]


class SameIds(node.MaelstromNode):
    """Identifiers counted by each node alone."""

    def on_generate(self, request):
        return {"id": next(self.numbers)}


class OtherEcho(node.MaelstromNode):
    """An echo of the wrong length."""

    def on_echo(self, request):
        return {"echo": request["echo"][:-1]}


MISTAKES = {
    "no-retry": NoRetry, "forgets": ForgetsAtDeath, "no-cas": NoCas, "shared": SharedCounter, "local": LocalReads,
    "ids": SameIds, "echo": OtherEcho, "counter": RightNode,
}  # fmt: skip

if __name__ == "__main__":
    made: Any = MISTAKES.get(sys.argv[-1], RightNode)()
    made.run()
