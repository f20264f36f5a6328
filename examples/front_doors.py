"""A store of your own, broken and mended: n1 holds the data, the others pass requests on. See test_front_doors.py."""

from splitbrain.harness.program import Reply, Send
from splitbrain.targets.stores import Request, Response, StoreTarget
from splitbrain.targets.stores.messages import Answer, Forward


class FrontDoor:
    message_type, request_type, reply_type = Forward | Answer, Request, Response

    def __init__(self, name, nodes, random):
        self.name, self.holder, self.data, self.waiting = name, nodes[0], {}, {}

    def on_start(self, now, disk):
        return []

    def on_request(self, now, request, message):
        if self.name == self.holder:
            return [Reply(request, self.serve(message))]
        self.waiting[message.session, message.sequence] = request
        return [Send(self.holder, Forward(message))]

    def on_message(self, now, sender, message):
        if isinstance(message, Forward):
            asked = message.request
            return [Send(sender, Answer(asked.session, asked.sequence, self.serve(asked)))]
        request = self.waiting.pop((message.session, message.sequence), None)
        return [] if request is None else [Reply(request, message.response)]

    def serve(self, asked):
        if asked.f == "cas" and self.data.get(asked.key) != asked.value[0]:
            return Response(error="precondition", text="another value is there")
        if asked.f != "read":
            self.data[asked.key] = asked.value[1] if asked.f == "cas" else asked.value
        return Response(self.data.get(asked.key))


class CachingFrontDoor(FrontDoor):
    def on_request(self, now, request, message):
        """The bug: what this front door once heard of a key, it takes for true for ever."""
        if message.f == "read" and message.key in self.data:
            return [Reply(request, Response(self.data[message.key]))]
        self.keys = {**getattr(self, "keys", {}), (message.session, message.sequence): message.key}
        return super().on_request(now, request, message)

    def on_message(self, now, sender, message):
        if isinstance(message, Answer) and message.response.error is None:
            self.data[self.keys[message.session, message.sequence]] = message.response.value
        return super().on_message(now, sender, message)


class Mended(StoreTarget):
    name, summary, options = "front-doors", "one copy, and four nodes that pass requests on", ()
    claims, program = ("linearizable",), FrontDoor


class Broken(StoreTarget):
    name, summary, options = "caching-front-doors", "front doors that keep what they read", ()
    claims, program = ("linearizable",), CachingFrontDoor
