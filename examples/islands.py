"""A first test of your own: a store whose nodes never talk to each other.  splitbrain run examples.islands:Islands"""

from splitbrain.harness.program import Reply
from splitbrain.targets.stores import Request, Response, StoreTarget, shapes


class Island:
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


class Islands(StoreTarget):
    name, summary, options = "islands", "five nodes, each on its own", ()
    claims, program = ("linearizable",), Island
    operations = shapes("read", "write", "cas")
