"""Machines that cannot be used, and machines that fall silent: each is one sentence, in bounded time."""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from splitbrain.harness.environments.ssh.agent_client import AgentClient, open_all
from splitbrain.harness.environments.ssh.connection import SESSIONS, SshConnection
from splitbrain.harness.environments.ssh.hosts import read
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import Cut, Impair, SkewClock

from .machines import SUDOERS, USER, Machines, SshMachine, needs_machines, new_key

pytestmark = needs_machines


def refused(file: Path, *words: str) -> tuple[int, str]:
    """The exit code of a run on the first host of a file, and what it says."""
    command = [sys.executable, "-m", "splitbrain", "run", "etcd", "--env", "ssh", "--hosts", str(file), "--nodes", "1"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False, cwd=file.parent)
    assert done.stdout == "" and done.stderr.count("\n") == 1, done.stdout + done.stderr
    return done.returncode, done.stderr


@contextlib.contextmanager
def connected(five: Machines, count: int = 1, **common: Any) -> Iterator[list[AgentClient]]:
    """Links to the first machines."""
    agents = open_all(read(five.file(**common), count))
    try:
        yield agents
    finally:
        for agent in agents:
            agent.close()


@contextlib.contextmanager
def without(machine: SshMachine, path: str) -> Iterator[None]:
    """Context in which a machine lacks a file."""
    machine.do("mv", path, f"{path}.away")
    try:
        yield
    finally:
        machine.do("mv", f"{path}.away", path)


@contextlib.contextmanager
def silent(machine: SshMachine) -> Iterator[None]:
    """Context in which nothing arrives that is sent to a machine's SSH server."""
    machine.do("iptables-nft", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP")
    try:
        yield
    finally:
        machine.do("iptables-nft", "-F", "INPUT")


def test_a_key_that_is_refused(five: Machines) -> None:
    (five.folder / "other").write_bytes(new_key().private)
    code, said = refused(five.file(key="other"))
    assert code == 3 and "user root was refused with key" in said and five.all[0].address in said


def test_another_host_key(five: Machines) -> None:
    machine = five.all[0]
    right, machine.key = machine.key, new_key()
    try:
        code, said = refused(five.file())
    finally:
        machine.key = right
    assert code == 3 and "which is not the one expected" in said


def test_nobody_listens_and_nobody_answers(five: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InfrastructureError, match=r"port 2222: .*: is the SSH server running there"):
        SshConnection.connect(read(five.file(port=2222))[0])
    monkeypatch.setattr("splitbrain.harness.environments.ssh.connection.CONNECT_SECONDS", 1.0)
    with silent(five.all[0]), pytest.raises(InfrastructureError, match="no answer within 1 s: is the host up"):
        SshConnection.connect(read(five.file())[0])


def test_sudo_that_asks_for_a_password(five: Machines) -> None:
    five.all[0].put("/etc/sudoers.d/tester", SUDOERS.replace("NOPASSWD: ", ""), 0o440)
    try:
        with pytest.raises(InfrastructureError, match="sudo asks user tester for a password"):
            open_all(read(five.file(user=USER, sudo=True), 1))
    finally:
        five.all[0].put("/etc/sudoers.d/tester", SUDOERS, 0o440)


def test_what_is_missing_is_named_with_its_package(five: Machines) -> None:
    with pytest.raises(InfrastructureError, match=r"python9 cannot be run there .*apt install python3"):
        open_all(read(five.file(python="python9"), 1))
    five.all[0].put("/usr/local/bin/old", "#!/bin/sh\necho splitbrain 3 9\n", 0o755)
    with pytest.raises(InfrastructureError, match=r"old there is Python 3\.9, and 3\.11 or newer is needed"):
        open_all(read(five.file(python="old"), 1))
    with without(five.all[0], "/usr/sbin/nft"):
        code, said = refused(five.file(), "--nemesis", "partition", "--nodes", "2")
    assert code == 254 and f"on {five.all[0].address}: nft not found: install nftables" in said
    assert five.all[0].leftovers() == ""


def test_what_takes_root_is_refused_to_others_and_sudo_makes_root(five: Machines) -> None:
    with connected(five, user=USER) as (agent,):
        assert agent.about["user"] != 0
        reasons = agent.ask_now("able", relative_waits=True, members=[])
        assert all("it takes root" in reasons[kind.__name__] for kind in (Cut, Impair))
        assert reasons[SkewClock.__name__] is None and reasons["Kill"] is None
    with connected(five, user=USER, sudo=True) as (agent,):
        assert agent.about["user"] == 0
        assert agent.ask_now("able", relative_waits=True, members=[])["Cut"] is None


def test_cuts_are_refused_where_the_harness_is_a_node(five: Machines) -> None:
    with connected(five) as (agent,):
        ours = agent.about["control"]
        reasons = agent.ask_now("able", relative_waits=True, members=[ours])
        assert "would cut its clients" in reasons["Cut"] and "would cut its clients" in reasons["Impair"]
        assert reasons["Kill"] is None


def test_a_paused_host_is_an_error_in_time_and_may_come_back(five: Machines) -> None:
    machine = five.all[0]
    with connected(five) as (agent,):
        machine.daemon.api.pause(machine.container)
        try:
            for call in (
                lambda: agent.ask_now("able", relative_waits=True, members=[], limit=1.0),
                lambda: agent.connection.run(["true"], 1.0),
                lambda: agent.connection.with_files(lambda sftp: sftp.listdir("."), 1.0),
            ):
                with pytest.raises(InfrastructureError, match="did not answer within 1 s"):
                    call()
        finally:
            machine.daemon.api.unpause(machine.container)
        assert agent.ask_now("able", relative_waits=True, members=[])["Kill"] is None
        assert agent.connection.run(["echo", "back"])[1] == "back\n"


def test_a_host_that_is_cut_off_is_an_error_in_time(five: Machines) -> None:
    late = pytest.raises(InfrastructureError, match="did not answer within 1 s")
    with connected(five) as (agent,), silent(five.all[0]), late:
        agent.ask_now("able", relative_waits=True, members=[], limit=1.0)


def test_few_sessions_are_open_at_a_time_and_all_are_closed(five: Machines) -> None:
    machine = five.all[1]
    machine.configure("few", f"MaxSessions {2 * SESSIONS}\n")
    try:
        connection = SshConnection.connect(read(five.file())[1])
        said: list[str] = []
        threads = [
            threading.Thread(target=lambda: said.extend(connection.run(["echo", "here"])[1] for _ in range(5)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        connection.close()
        assert said == ["here\n"] * 40
    finally:
        machine.configure("few", None)


def test_a_command_that_ends_before_we_have_no_more_to_say_does_not_cost_the_connection(
    five: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    import paramiko

    send = paramiko.Transport._send_user_message

    def late(transport: paramiko.Transport, message: paramiko.Message) -> None:
        if message.asbytes()[:1] == paramiko.common.cMSG_CHANNEL_EOF and threading.current_thread() is not transport:
            time.sleep(0.5)
        send(transport, message)

    monkeypatch.setattr(paramiko.Transport, "_send_user_message", late)
    connection = SshConnection.connect(read(five.file())[1])
    assert [connection.run(["echo", "here"])[1] for _ in range(3)] == ["here\n"] * 3
    connection.close()


def test_what_is_there_already_is_not_copied_and_what_is_spoilt_is_copied_again(five: Machines, tmp_path: Path) -> None:
    from splitbrain.harness.environments.ssh.upload import upload

    (tmp_path / "thing").write_bytes(b"contents" * 1000)
    connection = SshConnection.connect(read(five.file(user=USER))[0])
    machine = five.all[0]
    path = upload(connection, {"thing": tmp_path / "thing"})["thing"]
    first = machine.do("stat", "-c", "%i", path)
    assert path.startswith(f"/home/{USER}/.cache/splitbrain/")
    assert upload(connection, {"thing": tmp_path / "thing"}) == {"thing": path}
    assert machine.do("stat", "-c", "%i", path) == first
    machine.do("sh", "-c", f"echo spoilt > {path}")
    upload(connection, {"thing": tmp_path / "thing"})
    assert machine.do("stat", "-c", "%s %a", path) == "8000 755\n"
    connection.close()
