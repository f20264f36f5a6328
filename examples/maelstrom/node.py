#!/usr/bin/env python3
"""A node for every workload of Maelstrom, in one file and without libraries.

Sets and counters are gossiped until every node has them. Whatever needs one order for all goes through the service
`lin-kv`. A node that is killed forgets what it knew, so what it promises a client is in `lin-kv` before.

    splitbrain run maelstrom:bin=./node.py --workload lin-kv --nodes 5
    splitbrain run maelstrom:bin="./node.py counter" --workload pn-counter --nodes 5
"""

import itertools
import json
import queue
import sys
import threading
import time

GOSSIP_SECONDS = 0.1
RPC_SECONDS = 1.0
TRIES = 10
COUNTS = "counter" in sys.argv[1:]  # a read of a counter looks like a read of a set


class RpcError(Exception):
    """An error that was answered, to us or by us."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


class MaelstromNode:
    """Reads messages, answers each request on a thread of its own, and asks nodes and services."""

    def __init__(self):
        self.name, self.others = "", []
        self.printing = threading.Lock()
        self.numbers = itertools.count(1)
        self.waiting = {}

    def send(self, dest, body):
        with self.printing:
            print(json.dumps({"src": self.name, "dest": dest, "body": body}), flush=True)

    def ask(self, dest, **body):
        """The reply of a node or a service; RpcError if it is an error, and if none comes."""
        number, box = next(self.numbers), queue.Queue()
        self.waiting[number] = box
        try:
            self.send(dest, {**body, "msg_id": number})
            reply = box.get(timeout=RPC_SECONDS)
        except queue.Empty:
            raise RpcError(0, f"{dest} did not answer") from None
        finally:
            del self.waiting[number]
        if reply["type"] == "error":
            raise RpcError(reply["code"], reply.get("text", ""))
        return reply

    def run(self):
        for line in sys.stdin:
            message = json.loads(line)
            body = message["body"]
            if body.get("in_reply_to") in self.waiting:
                self.waiting[body["in_reply_to"]].put(body)
            elif body["type"] == "init":
                self.name = body["node_id"]
                self.others = [name for name in body["node_ids"] if name != self.name]
                self.send(message["src"], {"type": "init_ok", "in_reply_to": body["msg_id"]})
                threading.Thread(target=self.begin, daemon=True).start()
            elif "in_reply_to" not in body:
                threading.Thread(target=self.answer, args=(message["src"], body), daemon=True).start()

    def begin(self):
        """Do what is done without being asked, from the start on."""

    def answer(self, sender, request):
        kind = request["type"]
        handler = getattr(self, f"on_{kind}", None)
        try:
            if handler is None:
                raise RpcError(10, f"this node knows no {kind}")
            reply = {"type": f"{kind}_ok", **(handler(request) or {})}
        except RpcError as error:
            reply = {"type": "error", "code": error.code, "text": error.text}
        if "msg_id" in request:
            self.send(sender, {**reply, "in_reply_to": request["msg_id"]})

    def value(self, key):
        """The value of a key in lin-kv; None if there is none."""
        try:
            return self.ask("lin-kv", type="read", key=key)["value"]
        except RpcError as error:
            if error.code == 20:
                return None
            raise

    def replace(self, key, change):
        """Replace a value in lin-kv by what becomes of it, which is returned."""
        for _ in range(TRIES):
            old = self.value(key)
            new = change(old)
            try:
                self.ask("lin-kv", **{"type": "cas", "key": key, "from": old, "to": new, "create_if_not_exists": True})
                return new
            except RpcError as error:
                if error.code != 22:
                    raise
        raise RpcError(30, f"{key} changed {TRIES} times meanwhile")


class Everything(MaelstromNode):
    """All workloads."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()
        self.elements, self.deltas = set(), {}

    # echo, unique-ids

    def on_echo(self, request):
        return {"echo": request["echo"]}

    def on_generate(self, request):
        return {"id": self.ask("lin-tso", type="ts")["ts"]}

    # broadcast, g-set, g-counter, pn-counter

    def begin(self):
        while True:
            try:
                self.learn(**self.value(f"kept by {self.name}") or {})
                break
            except RpcError:
                time.sleep(GOSSIP_SECONDS)
        while True:
            time.sleep(GOSSIP_SECONDS)
            with self.lock:
                known = {"elements": list(self.elements), "deltas": dict(self.deltas)}
            for other in self.others:
                self.send(other, {"type": "gossip", **known})

    def learn(self, elements=(), deltas=()):
        with self.lock:
            self.elements.update(elements)
            self.deltas.update(deltas)

    def on_gossip(self, request):
        self.learn(request["elements"], request["deltas"])

    def on_topology(self, request):
        pass  # everybody gossips with everybody here

    def on_broadcast(self, request):
        self.keep([request["message"]], {})

    def on_add(self, request):
        if "delta" in request:
            place = f"{self.name} {time.time_ns()} {next(self.numbers)}"
            self.keep([], {place: request["delta"]})
        else:
            self.keep([request["element"]], {})

    def keep(self, elements, deltas):
        def longer(kept):
            kept = kept or {"elements": [], "deltas": {}}
            return {"elements": kept["elements"] + elements, "deltas": {**kept["deltas"], **deltas}}

        self.replace(f"kept by {self.name}", longer)
        self.learn(elements, deltas)

    def on_read(self, request):
        if "key" in request:
            return {"value": self.ask("lin-kv", type="read", key=request["key"])["value"]}
        with self.lock:
            if COUNTS:
                return {"value": sum(self.deltas.values())}
            return {"value": list(self.elements), "messages": list(self.elements)}

    # lin-kv

    def on_write(self, request):
        self.ask("lin-kv", type="write", key=request["key"], value=request["value"])

    def on_cas(self, request):
        self.ask("lin-kv", **{"type": "cas", "key": request["key"], "from": request["from"], "to": request["to"]})

    # txn-list-append, txn-rw-register

    def on_txn(self, request):
        done = []

        def run(state):
            state = dict(state or {})
            done.clear()
            for f, key, value in request["txn"]:
                at = str(key)
                if f == "append":
                    state[at] = [*state.get(at, []), value]
                elif f == "w":
                    state[at] = value
                done.append([f, key, state.get(at) if f == "r" else value])
            return state

        self.replace("state", run)
        return {"txn": done}

    # kafka

    def on_send(self, request):
        log = self.replace(f"log {request['key']}", lambda log: [*(log or []), request["msg"]])
        return {"offset": len(log) - 1}

    def on_poll(self, request):
        logs = {key: list(enumerate(self.value(f"log {key}") or [])) for key in request["offsets"]}
        return {"msgs": {key: log[request["offsets"][key] :] for key, log in logs.items()}}

    def on_commit_offsets(self, request):
        for key, offset in request["offsets"].items():
            self.replace(f"committed {key}", lambda known, offset=offset: max(offset, known or 0))

    def on_list_committed_offsets(self, request):
        found = {key: self.value(f"committed {key}") for key in request["keys"]}
        return {"offsets": {key: offset for key, offset in found.items() if offset is not None}}


if __name__ == "__main__":
    Everything().run()
