"""A small node for tests: it sends a numbered datagram to every member each 5 ms, and answers questions over TCP.

    python chatter.py ADDRESS FOLDER MEMBER_ADDRESS…

A line with a word gets a line of JSON: `heard` the datagrams received, by sender; `time` its clocks; `sync` the
seconds that a write and its fsync took, or the error; `threads` how often its wall clock went backwards in a second
thread. `die` ends it.
"""

import asyncio
import json
import os
import sys
import threading
import time

TCP, UDP = 7000, 7001
PERIOD = 0.005


class Heard(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.by_sender: dict[str, list[int]] = {}
        self.odd = 0

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        text = data[:8].decode(errors="replace")
        if text.isdecimal() and data[8:] == b"." * 40:
            self.by_sender.setdefault(address[0], []).append(int(text))
        else:
            self.odd += 1


async def chatter(address: str, folder: str, members: list[str]) -> None:
    loop = asyncio.get_running_loop()
    transport, heard = await loop.create_datagram_endpoint(Heard, local_addr=(address, UDP))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := (await reader.readline()).decode().strip():
            if line == "die":
                print("told to die", flush=True)
                os._exit(3)
            writer.write((json.dumps(reply(line)) + "\n").encode())
        writer.close()

    def reply(word: str) -> object:
        if word == "heard":
            return {"by_sender": heard.by_sender, "odd": heard.odd}
        if word == "sync":
            return sync(folder)
        return {"wall": time.time_ns(), "monotonic": time.monotonic_ns(), "threads": threading.active_count()}

    await asyncio.start_server(answer, address, TCP)
    print("serving", flush=True)
    number = 0
    while True:
        for member in members:
            if member != address:
                transport.sendto(b"%08d" % number + b"." * 40, (member, UDP))
        number += 1
        await asyncio.sleep(PERIOD)


def sync(folder: str) -> float | str:
    began = time.monotonic()
    try:
        with open(os.path.join(folder, "data"), "ab", buffering=0) as file:  # noqa: PTH118, PTH123
            file.write(b"x" * 100)
            os.fsync(file.fileno())
    except OSError as error:
        return os.strerror(error.errno or 0)
    return time.monotonic() - began


asyncio.run(chatter(sys.argv[1], sys.argv[2], sys.argv[3:]))
