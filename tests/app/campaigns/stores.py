"""Stores that campaigns must survive: one that eats memory, one that never answers to anything, one whose checkers
hang. Each is written into a folder of its own, from which the campaign is started."""

HEAD = """
from splitbrain.harness.program import Reply
from splitbrain.targets.stores import Request, Response, StoreTarget

class Node:
    message_type, request_type, reply_type = type(None), Request, Response
    def __init__(self, name, nodes, random):
        self.data = {}
    def on_start(self, now, disk):
        return []
    def on_request(self, now, request, message):
        if message.f == "write":
            self.data[message.key] = message.value
        elif message.f == "cas" and self.data.get(message.key) != message.value[0]:
            return [Reply(request, Response(error="precondition", text="another value is there"))]
        elif message.f == "cas":
            self.data[message.key] = message.value[1]
        return [Reply(request, Response(self.data.get(message.key)))]
"""

TARGET = """
class Target(StoreTarget):
    name, summary, options = "own", "for a test", ()
    claims, program = (), {program}
"""

GREEDY = (
    HEAD
    + """
class Greedy(Node):
    def on_request(self, now, request, message):
        self.held = [*getattr(self, "held", ()), bytearray(64 << 20)]
        return super().on_request(now, request, message)
"""
    + TARGET.format(program="Greedy")
)

ENDLESS = (
    HEAD
    + """
import time
class Endless(Node):
    def on_request(self, now, request, message):
        time.sleep(1000)
"""
    + TARGET.format(program="Endless")
)

UNCHECKABLE = (
    HEAD
    + """
import time
from splitbrain.checkers.domain.service import ServiceCheck
ServiceCheck.check = lambda self, history, budget: time.sleep(1000)
"""
    + TARGET.format(program="Node")
)

HUNGRY = (
    HEAD
    + """
from splitbrain.checkers.domain.service import ServiceCheck
ServiceCheck.check = lambda self, history, budget: bytearray(64 << 30)
"""
    + TARGET.format(program="Node")
)

SUDDEN = (
    HEAD
    + """
import os
class Sudden(Node):
    def on_request(self, now, request, message):
        os.kill(os.getpid(), 9)
"""
    + TARGET.format(program="Sudden")
)

ABSENT = (
    HEAD
    + """
class Absent(Node):
    def on_request(self, now, request, message):
        return []
"""
    + TARGET.format(program="Absent")
)
