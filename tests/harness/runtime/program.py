"""A program for tests of the runner: it keeps a list of words in files, and answers questions about what it saw.

python program.py FOLDER SEED NAME NAME=ADDRESS…
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from msgspec import Struct

from splitbrain.harness.program import (
    Append,
    CancelTimer,
    Effect,
    Effects,
    Log,
    Now,
    Replace,
    Reply,
    Send,
    SetTimer,
    Sync,
    Truncate,
)
from splitbrain.harness.random_stream import RandomStream
from splitbrain.harness.runtime.runner import serve


class NotesRequest(Struct, frozen=True):
    what: str
    text: str = ""


class Told(Struct, frozen=True):
    what: str
    words: list[str] = []


class Note(Struct, frozen=True):
    text: str


class Notes:
    """Requests: `append` and `replace` answer when durable; `timers`, `seen`, `files`, `tell`, `raise` at once."""

    message_type: ClassVar[Any] = Note
    request_type: ClassVar[Any] = NotesRequest
    reply_type: ClassVar[Any] = Told

    def __init__(self, name: str, nodes: Sequence[str], random: RandomStream) -> None:
        self.others = [node for node in nodes if node != name]
        self.draw = random.random()
        self.events: list[str] = []
        self.files: Mapping[str, bytes] = {}
        self.waiting: dict[int, int] = {}

    def on_start(self, now: Now, disk: Mapping[str, bytes]) -> Effects:
        self.files = disk
        return [Log("started"), SetTimer("late", 50_000_000), SetTimer("never", 20_000_000), CancelTimer("never")]

    def on_message(self, now: Now, sender: str, message: Note) -> Effects:
        self.events.append(f"{sender}: {message.text}")
        return []

    def on_timer(self, now: Now, name: str) -> Effects:
        self.events.append(f"timer {name}")
        return []

    def on_request(self, now: Now, request: int, message: NotesRequest) -> Effects:
        self.waiting[request] = request
        text = message.text.encode()
        effects: list[Effect] = []
        match message.what:
            case "append":
                effects = [Append("log", text), Sync(request)]
            case "replace":
                effects = [Replace("state", text), Sync(request)]
            case "truncate":
                effects = [Truncate("log", int(message.text)), Sync(request)]
            case "bad":
                effects = [Append("no/such", text), Sync(request)]
            case "tell":
                effects = [*(Send(node, Note(message.text)) for node in self.others), Reply(request, Told("told"))]
            case "seen":
                effects = [Reply(request, Told("seen", self.events))]
            case "files":
                effects = [Reply(request, Told("files", [f"{k}={v.decode()}" for k, v in sorted(self.files.items())]))]
            case "raise":
                raise ValueError("as asked")
        return effects

    def on_durable(self, now: Now, token: int) -> Effects:
        return [Reply(token, Told("durable"))]

    def on_disk_error(self, now: Now, token: int, errno: int) -> Effects:
        return [Reply(token, Told(f"errno {errno}"))]


if __name__ == "__main__":
    folder, seed, me, *words = sys.argv[1:]
    serve(Notes, me, dict(word.split("=", 1) for word in words), Path(folder), int(seed))
