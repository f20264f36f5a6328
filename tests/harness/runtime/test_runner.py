"""Programs as processes, on loopback addresses: files, timers, messages, requests, and what ends a connection."""

import asyncio
import errno
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from splitbrain.harness.node import ChannelClosed
from splitbrain.harness.runtime import frames
from splitbrain.harness.runtime.channel import TcpChannel, connect
from splitbrain.harness.runtime.runner import CLIENT_PORT

from .program import NotesRequest, Told

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
MEMBERS = {"n1": f"127.41.{WORKER}.1", "n2": f"127.41.{WORKER}.2"}
"""Addresses of this worker's own, as ports are fixed."""
SECONDS = 60.0


@asynccontextmanager
async def node(name: str, folder: Path) -> AsyncIterator[tuple[TcpChannel, "subprocess.Popen[str]"]]:
    words = [f"{member}={address}" for member, address in MEMBERS.items()]
    program = str(Path(__file__).with_name("program.py"))
    process = subprocess.Popen(
        [sys.executable, program, str(folder / name), "7", name, *words], stdout=subprocess.PIPE, text=True
    )
    try:
        yield await dial(name), process
    finally:
        process.kill()
        process.communicate()


async def dial(name: str) -> TcpChannel:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await connect(MEMBERS[name], CLIENT_PORT, Told)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)


async def ask(channel: TcpChannel, what: str, text: str = "") -> Told:
    async with asyncio.timeout(SECONDS):
        told: Told = await channel.request(NotesRequest(what, text))
        return told


def run(test: Callable[[Path], Awaitable[None]]) -> Callable[[Path], None]:
    def wrapped(tmp_path: Path) -> None:
        async def body() -> None:
            await test(tmp_path)

        asyncio.run(body())

    wrapped.__name__ = test.__name__
    return wrapped


@run
async def test_what_is_durable_is_there_after_a_kill(folder: Path) -> None:
    async with node("n1", folder) as (channel, process):
        assert (await ask(channel, "files")).words == []
        for word in ("one", "two", "three"):
            assert (await ask(channel, "append", word)).what == "durable"
        assert (await ask(channel, "truncate", "6")).what == "durable"
        assert (await ask(channel, "append", "!")).what == "durable"
        assert (await ask(channel, "replace", "old")).what == "durable"
        assert (await ask(channel, "replace", "new")).what == "durable"
        process.kill()
        with pytest.raises((ChannelClosed, ConnectionRefusedError)):
            await ask(channel, "files")
        with pytest.raises(ConnectionRefusedError):
            await ask(channel, "files")
    (folder / "n1" / "state.tmp").write_text("a Replace that was never finished")
    async with node("n1", folder) as (channel, _):
        assert (await ask(channel, "files")).words == ["log=onetwo!", "state=new"]


@run
async def test_timers_and_messages_between_nodes(folder: Path) -> None:
    async with node("n1", folder) as (n1, _), node("n2", folder) as (n2, _):
        await ask(n1, "tell", "hello")
        async with asyncio.timeout(SECONDS):
            while set((await ask(n2, "seen")).words) != {"timer late", "n1: hello"}:
                await asyncio.sleep(0.02)
                if "n1: hello" not in (await ask(n2, "seen")).words:
                    await ask(n1, "tell", "hello")  # A message sent before n2 listened was lost.


OVERSIZED = struct.pack(">II", 0xFFFFFFFF, 0) + zlib.crc32(struct.pack(">II", 0xFFFFFFFF, 0)).to_bytes(4, "big")


def flipped(byte: int) -> bytes:
    """A frame with one wrong bit."""
    spoiled = bytearray(frames.frame((1, NotesRequest("files"))))
    spoiled[byte] ^= 1
    return bytes(spoiled)


@run
async def test_bad_frames_close_the_connection_and_nothing_else(folder: Path) -> None:
    async with node("n1", folder) as (channel, process):
        for garbage in (OVERSIZED, flipped(0), flipped(12), frames.frame(["x", 1, 2])):
            reader, writer = await asyncio.open_connection(MEMBERS["n1"], CLIENT_PORT)
            writer.write(garbage)
            assert await asyncio.wait_for(reader.read(), SECONDS) == b""
            writer.close()
        assert (await ask(channel, "files")).words == []
        process.terminate()
        out, _ = process.communicate(timeout=SECONDS)
        assert out.count("closing the connection from client 127.") == 4
        assert "beyond the bound" in out and "cannot be decoded" in out
        assert out.count("does not match its checksum") == 2


@run
async def test_a_failed_write_is_told_once_by_the_next_sync(folder: Path) -> None:
    (folder / "n1").mkdir()
    (folder / "n1" / "log").symlink_to("/dev/full")
    async with node("n1", folder) as (channel, process):
        assert (await ask(channel, "append", "x")).what == f"errno {errno.ENOSPC}"
        assert (await ask(channel, "replace", "x")).what == "durable"
        with pytest.raises(ChannelClosed):
            await ask(channel, "bad", "a name that is no file's")
        process.communicate(timeout=SECONDS)
        assert process.returncode == 1


@run
async def test_an_exception_ends_the_process_and_stands_in_its_log(folder: Path) -> None:
    async with node("n1", folder) as (channel, process):
        with pytest.raises(ChannelClosed):
            await ask(channel, "raise")
        out, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 1
        assert "ValueError: as asked" in out


@run
async def test_replies_find_their_requests_by_number(folder: Path) -> None:
    async with node("n1", folder) as (channel, _):
        answers = await asyncio.gather(ask(channel, "append", "x"), ask(channel, "seen"), ask(channel, "files"))
        assert [answer.what for answer in answers] == ["durable", "seen", "files"]
        slow = asyncio.ensure_future(channel.request(NotesRequest("nothing")))
        await asyncio.sleep(0.05)
        await channel.close()
        with pytest.raises(ChannelClosed):
            await slow
