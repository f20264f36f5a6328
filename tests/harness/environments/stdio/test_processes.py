"""Processes on standard input and output: cut, killed, paused, refused, and ended with all that they started."""

import asyncio
import os
import sys
import time
from pathlib import Path

import pytest

from splitbrain.harness.deployment import Piped
from splitbrain.harness.environments.linux.processes import alive
from splitbrain.harness.environments.stdio import Stdio
from splitbrain.harness.errors import InfrastructureError
from splitbrain.harness.injection import Cut, CutClients, Kill, Pause, SkewClock, WithholdVotes, links_between
from splitbrain.harness.logs import crashed
from splitbrain.harness.node import ChannelClosed

NODE = """
import json, os, subprocess, sys
child = subprocess.Popen(["sleep", "60"], stdout=subprocess.DEVNULL) if "child" in sys.argv else None
heard = []
for line in sys.stdin:
    message = json.loads(line)
    body = message["body"]
    def say(dest, **body):
        print(json.dumps({"src": name, "dest": dest, "body": body}), flush=True)
    kind = body["type"]
    if kind == "init":
        name = body["node_id"]
        print("up", os.getpid(), child and child.pid, file=sys.stderr, flush=True)
    if kind == "tell":
        say(body["to"], type="note", text=body["text"], msg_id=1)
    if kind in ("note", "error", "ts_ok"):
        heard.append(body)
    elif kind == "rubbish":
        print("not JSON", flush=True)
    elif kind == "strange":
        say(message["src"], type="what", in_reply_to=body["msg_id"])
    elif kind == "exit":
        sys.exit(7)
    else:
        say(message["src"], type=kind + "_ok", in_reply_to=body["msg_id"], heard=heard)
"""
NAMES = ("n1", "n2", "n3")


def piped(*arguments: str, **fields) -> Piped:
    """Nodes of that program."""
    return Piped(
        argv=lambda place: [sys.executable, "-c", NODE, *arguments],
        opening=lambda place: [{"type": "init", "node_id": place.name}],
        services=lambda seed, now: {"tso": lambda sender, request: {"type": "ts_ok", "ts": 1}},
        **fields,
    )


def tried(what, tmp_path: Path, deployment: Piped | None = None):
    """The result of a function of a cluster that is up; it is down afterwards."""

    async def main():
        environment = Stdio(1)
        cluster = await environment.up(deployment or piped(), NAMES, tmp_path)
        try:
            return await what(cluster)
        finally:
            await cluster.down()
            await cluster.down()

    return Stdio(1).run(main)


async def ask(node, **body):
    """A node's reply to a request over a new channel."""
    channel = await node.connect()
    try:
        return await channel.request(body)
    finally:
        await channel.close()


async def heard(node, count: int):
    """The texts that a node was told, once there are so many."""
    for _ in range(500):
        texts = [note.get("text", note["type"]) for note in (await ask(node, type="look"))["heard"]]
        if len(texts) >= count:
            return texts
        await asyncio.sleep(0.005)
    raise AssertionError(f"{node.name} heard only {texts}")


async def talking(cluster):
    n1, n2, _ = cluster.nodes
    await ask(n1, type="tell", to="n2", text="before")
    await heard(n2, 1)
    cut = await cluster.inject(Cut(links_between(["n1"], ["n2", "n3"])))
    await ask(n1, type="tell", to="n2", text="during")
    bite = await cut.heal()
    await ask(n1, type="tell", to="n2", text="after")
    texts = await heard(n2, 2)
    return bite, texts, cluster.coverage()["messages_between_nodes"]


def test_a_cut_loses_messages_between_nodes_and_no_clients(tmp_path: Path) -> None:
    assert tried(talking, tmp_path) == ({"messages_dropped": 1}, ["before", "after"], 3)


async def asking(cluster):
    n1 = cluster.nodes[0]
    await ask(n1, type="tell", to="tso", text="")
    await heard(n1, 1)
    await ask(n1, type="tell", to="n9", text="")
    return await heard(n1, 2)


def test_services_answer_and_nobody_is_an_error(tmp_path: Path) -> None:
    assert tried(asking, tmp_path) == ["ts_ok", "there is no node n9; there are n1, n2, n3, tso"]


async def dying(cluster):
    n1, n2, _ = cluster.nodes
    await ask(n2, type="tell", to="n1", text="forgotten")
    await heard(n1, 1)
    channel = await n1.connect()
    pause = await cluster.inject(Pause(("n1",)))
    waiting = asyncio.ensure_future(channel.request({"type": "look"}))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    kill = await cluster.inject(Kill(("n1",)))
    with pytest.raises(ChannelClosed):
        await waiting
    with pytest.raises(ConnectionRefusedError):
        await n1.connect()
    bites = await pause.heal(), await kill.heal()
    await n1.wait_ready(asyncio.get_running_loop().time() + 10)
    return bites, (await ask(n1, type="look"))["heard"], cluster.deaths()


def test_a_killed_node_breaks_its_channels_and_comes_back_empty(tmp_path: Path) -> None:
    (paused, killed), left, deaths = tried(dying, tmp_path)
    assert paused["paused_ms"] > 50
    assert killed == {"processes_killed": 1}
    assert left == []
    assert deaths == []


async def cut_off(cluster):
    n1 = cluster.nodes[0]
    cut = await cluster.inject(CutClients(("n1",)))
    with pytest.raises(ConnectionRefusedError):
        await n1.connect()
    await cut.heal()
    return (await ask(n1, type="look"))["type"]


def test_clients_can_be_cut_off(tmp_path: Path) -> None:
    assert tried(cut_off, tmp_path) == "look_ok"


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("rubbish", "n1 printed 'not JSON' on standard output, which is no message"),
        ("strange", "n1 answered strange with a message of type 'what'; due is strange_ok, or error"),
        ("exit", "n1 exited with code 7 by itself"),
    ],
)
def test_a_node_that_breaks_the_protocol_or_dies_is_told(kind: str, told: str, tmp_path: Path) -> None:
    async def breaks(cluster):
        with pytest.raises(ChannelClosed):
            await ask(cluster.nodes[0], type=kind)
        return cluster.deaths()

    deaths = tried(breaks, tmp_path)
    assert len(deaths) == 1
    assert deaths[0].text.startswith(told)
    assert (crashed(deaths) is not None) == (kind != "exit")
    assert "up" in (tmp_path / "n1.log").read_text()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo hello", "n1 printed 'hello' on standard output"),
        ("exit 3", "n1 exited with code 3 before it was ready"),
        ("sleep 60", "n1 did not answer within 0.3 s; before it is ready, due is init_ok"),
        ("""read x; echo '{"src":"n2","dest":"c0","body":{}}'; sleep 60""", 'its own name is "n1"'),
        (
            """read x; echo '{"src":"n1","dest":"c0","body":{"type":"error","code":12,"in_reply_to":1}}'; sleep 60""",
            "n1 answered init with an error: 12",
        ),
    ],
)
def test_a_node_that_never_comes_up_is_told_in_a_sentence(script: str, told: str, tmp_path: Path) -> None:
    deployment = Piped(
        argv=lambda place: ["sh", "-c", script], opening=lambda place: [{"type": "init"}], ready_seconds=0.3
    )

    async def main():
        await Stdio(1).up(deployment, ("n1",), tmp_path)

    with pytest.raises(InfrastructureError) as raised:
        Stdio(1).run(main)
    assert told in str(raised.value)


def test_a_script_without_its_interpreter_is_told(tmp_path: Path) -> None:
    script = tmp_path / "node"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)

    async def main():
        await Stdio(1).up(Piped(argv=lambda place: [str(script)]), ("n1",), tmp_path / "logs")

    with pytest.raises(InfrastructureError, match="the interpreter that its first line names is not there"):
        Stdio(1).run(main)


async def numbers(cluster):
    lines = [(cluster.folder / f"{node.name}.log").read_text().split("up ")[1].split() for node in cluster.nodes]
    return [int(number) for line in lines for number in line[:2]]


def test_nothing_is_left_of_nodes_and_their_children(tmp_path: Path) -> None:
    pids = tried(numbers, tmp_path, piped("child"))
    assert len(pids) == 6
    deadline = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not [pid for pid in pids if alive(pid)]
    assert os.getpid() not in pids


def test_what_is_not_in_our_hands_is_refused() -> None:
    environment = Stdio(1)
    assert environment.unsupported(Cut, piped()) is None
    for kind in (SkewClock, WithholdVotes):
        refused = environment.unsupported(kind, piped())
        assert refused is not None
        assert "processes and their messages only" in refused.reason
