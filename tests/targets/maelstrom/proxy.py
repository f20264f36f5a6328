#!/usr/bin/env python3
"""A node that passes reads, writes and comparisons on to a service: `proxy.py SERVICE`."""

import json
import sys

NAME, SERVICE, WAITING = "", sys.argv[-1], {}


def send(dest, body):
    print(json.dumps({"src": NAME, "dest": dest, "body": body}), flush=True)


for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    if body["type"] == "init":
        NAME = body["node_id"]
        send(message["src"], {"type": "init_ok", "in_reply_to": body["msg_id"]})
    elif "in_reply_to" in body:
        client, number = WAITING.pop(body["in_reply_to"])
        send(client, {**body, "in_reply_to": number})
    else:
        WAITING[max(WAITING, default=0) + 1] = message["src"], body["msg_id"]
        send(SERVICE, {**body, "msg_id": max(WAITING)})
