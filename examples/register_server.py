"""A register server for `register.toml`: every node forwards to the first, which keeps what it is told in a file.

python register_server.py ADDRESS PORT FILE PRIMARY
"""

import http.client
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ADDRESS, PORT, FILE, PRIMARY = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
LOCK, DATA = threading.Lock(), {}


def answer(method, key, body):
    """(status, JSON) of a request. A change is answered once it is on the disk."""
    with LOCK:
        if method == "GET":
            return (200, {"value": DATA[key]}) if key in DATA else (404, {})
        if method == "POST" and DATA.get(key) != body["old"]:
            return 409, {}
        value = body["new"] if method == "POST" else body["value"]
        with FILE.open("a") as file:
            file.write(json.dumps([key, value]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        DATA[key] = value
        return 200, {}


def forward(method, path, content):
    """The answer of the first node; 503: it was not reached, 504: nobody knows."""
    connection = http.client.HTTPConnection(PRIMARY, timeout=2)
    try:
        connection.connect()
    except OSError:
        return 503, {}
    try:
        connection.request(method, path, content)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError):
        return 504, {}
    finally:
        connection.close()


class RegisterRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/health":
            status, body = 200, {}
        elif f"{ADDRESS}:{PORT}" != PRIMARY:
            status, body = forward(self.command, self.path, content)
        else:
            status, body = answer(self.command, self.path.rsplit("/", 1)[1], json.loads(content or "null"))
        out = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    do_PUT = do_POST = do_GET

    def log_message(self, *words):
        pass


class RegisterServer(ThreadingHTTPServer):
    def handle_error(self, request, address):
        """A client that went away is no error of ours: a traceback in the log would make the run `unknown`."""


if __name__ == "__main__":
    for line in FILE.read_text().splitlines() if FILE.exists() else ():
        try:
            name, last = json.loads(line)
        except ValueError:  # cut off by a kill, and never acknowledged
            continue
        DATA[name] = last
    RegisterServer((ADDRESS, PORT), RegisterRequest).serve_forever()
