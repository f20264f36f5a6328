"""Small parts: what is said where a tool is missing, checksums, counters, scratch folders, whom signals reach."""

import asyncio
import contextlib
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from splitbrain.harness.environments.linux import nfqueue, processes, scratch, tools, tracing
from splitbrain.harness.environments.linux.netns import NetworkNamespace
from splitbrain.harness.environments.linux.partitions import dropped
from splitbrain.harness.errors import InfrastructureError

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux only")


def test_a_missing_tool_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "PATH", "/nowhere")
    assert tools.missing("nft", "ip") == (
        "nft and ip not found: install iproute2 and nftables (apt install iproute2 nftables)"
    )
    with pytest.raises(InfrastructureError, match="install strace"):
        tools.path("strace")
    assert tracing.unable() == "strace not found: install strace (apt install strace)"


def packet(protocol: int, contents: bytes) -> bytes:
    header = struct.pack(">HHIIBBHHH", 1, 2, 3, 4, 5 << 4, 0, 5, 0, 0)
    if protocol == socket_udp:
        header = struct.pack(">HHHH", 1, 2, 8 + len(contents), 0)
    body = header + contents
    return (
        struct.pack(
            ">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0, b"\xc6\x12\0\x0b", b"\xc6\x12\0\x0c"
        )
        + body
    )


socket_tcp, socket_udp = 6, 17


@pytest.mark.parametrize("protocol", [socket_tcp, socket_udp])
@pytest.mark.parametrize("size", [1, 2, 100, 1001])
def test_corruption_flips_one_bit_and_mends_the_checksum(protocol: int, size: int) -> None:
    whole = packet(protocol, b"\x55" * size)
    spoiled = nfqueue.corrupted(whole, random.Random(size))
    assert spoiled is not None and len(spoiled) == len(whole)
    flipped = sum((a ^ b).bit_count() for a, b in zip(spoiled[-size:], whole[-size:], strict=True))
    assert flipped == 1
    body = spoiled[20:]
    pseudo = spoiled[12:20] + struct.pack(">BBH", 0, protocol, len(body)) + body + b"\0" * (len(body) % 2)
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF


def test_what_has_no_contents_is_not_corrupted() -> None:
    assert nfqueue.corrupted(packet(socket_tcp, b""), random.Random(1)) is None
    assert nfqueue.corrupted(packet(1, b"ping"), random.Random(1)) is None


def test_counters_of_nft() -> None:
    assert dropped({"nftables": [{"metainfo": {}}, {"counter": {"packets": 7}}]}) == 7  # type: ignore[dict-item]


@linux
def test_a_held_scratch_folder_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    made = scratch.Scratch()
    os.utime(made.folder, (0, 0))
    assert scratch.abandoned() == []
    made.remove()
    assert list(tmp_path.iterdir()) == []


@linux
def test_stopping_killing_and_measuring_processes() -> None:
    with processes.example() as pid:
        assert pid in processes.in_namespace(NetworkNamespace.open(f"/proc/{pid}/ns/net").inode)
        assert not processes.stopped(pid)
        assert processes.stop_all(lambda: [pid]) == [pid]
        assert processes.stopped(pid)
        assert processes.send([pid], signal.SIGCONT) == 1
        used = processes.usage([pid, 2**22 - 1])
        assert (used.processes, used.threads) == (1, 1) and used.memory_bytes > 1 << 20
        assert processes.kill_all(lambda: [pid] if processes.alive(pid) else []) == 1
    assert processes.threads(pid) == []


@linux
def test_a_thread_that_waits_in_the_kernel_counts_as_stopped() -> None:
    # Its child runs in its memory, so it waits until that has ended, and no signal but a fatal one reaches it.
    waiting = "import ctypes, time; ctypes.CDLL(None).vfork(); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", waiting], start_new_session=True)
    try:
        while "D" not in (Path("/proc") / str(process.pid) / "stat").read_text().rpartition(")")[2].split()[0]:
            time.sleep(0.01)
        assert processes.stop_all(lambda: [process.pid]) == [process.pid]
        assert not processes.stopped(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@linux
def test_what_does_not_stop_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "stopped", lambda pid, states: False)
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.0)
    with processes.example() as pid, pytest.raises(InfrastructureError, match=rf"\[{pid}\] did not stop"):
        processes.stop_all(lambda: [pid])


@linux
def test_a_process_without_rights_is_told_apart_from_one_that_ended() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not processes.alive(ended.pid)
    assert processes.send([ended.pid], signal.SIGKILL) == 0


@linux
@pytest.mark.parametrize("ended", [True, False], ids=["detached", "could-not-attach"])
def test_nothing_that_strace_began_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: bool) -> None:
    program, child = tmp_path / "strace", tmp_path / "child"
    program.write_text(f"#!/bin/sh\nsleep 300 &\necho $! > {child}.new && mv {child}.new {child}\nwait\n")
    program.chmod(0o755)
    monkeypatch.setattr(tools, "path", lambda name: str(program))
    monkeypatch.setattr(tracing, "ATTACH_SECONDS", 0.5)

    async def attached(pid: int) -> None:
        session = tracing.Tracing(tracing.SyscallFaults(delay_us=1), tmp_path)
        await session.start([pid])
        while not child.exists():
            await asyncio.sleep(0.01)
        await session.stop()

    over = subprocess.Popen(["true"])
    os.waitid(os.P_PID, over.pid, os.WEXITED | os.WNOWAIT)
    try:
        with processes.example() as pid, contextlib.nullcontext() if ended else pytest.raises(InfrastructureError):
            asyncio.run(attached(over.pid if ended else pid))
    finally:
        over.wait()
    deadline = time.monotonic() + 10
    while processes.alive(int(child.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not processes.alive(int(child.read_text()))


@linux
@pytest.mark.skipif(tools.missing("strace") is not None, reason="strace not found")
def test_what_has_ended_or_is_about_to_is_no_trouble_for_tracing(tmp_path: Path) -> None:
    async def attached(session: tracing.Tracing, *pids: int) -> tuple[int, int]:
        await session.start(pids)
        return await session.stop()

    faults = tracing.SyscallFaults(delay_us=1000)
    over = subprocess.Popen(["true"])
    os.waitid(os.P_PID, over.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has taken note of it
    try:
        assert asyncio.run(attached(tracing.Tracing(faults, tmp_path), over.pid)) == (0, 0)
        with processes.example() as pid:
            assert asyncio.run(attached(tracing.Tracing(faults, tmp_path), over.pid, pid)) == (0, 0)
    finally:
        over.wait()
    with processes.example() as pid:
        other = subprocess.Popen(["strace", "-p", str(pid), "-o", os.devnull], stderr=subprocess.DEVNULL)
        try:
            while not tracing.traced(pid, other.pid):
                time.sleep(0.01)
            with pytest.raises(InfrastructureError, match="could not attach"):
                asyncio.run(attached(tracing.Tracing(faults, tmp_path), pid))
        finally:
            other.terminate()
            other.wait()
